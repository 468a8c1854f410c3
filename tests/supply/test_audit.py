"""pip-audit itself, before advisories of our own."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.supply.audit import Audit, Reach, audit

DIGEST = "ab" * 32
LOCK = "".join(f"{pin} \\\n    --hash=sha256:{DIGEST}\n" for pin in ("six==1.17.0", "idna==3.20"))
OUTDATED: dict[str, Any] = {
    "vulns": [
        {
            "id": "PYSEC-0000-1",
            "summary": "made up",
            "affected": [
                {
                    "package": {"name": "six", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.18.0"}]}],
                }
            ],
        }
    ]
}
Answer = Callable[[str], tuple[int, Any]]  # what is said of a package


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text(LOCK)
    return file


@pytest.fixture
def advisories() -> Iterator[Callable[[Answer], str]]:
    with ExitStack() as stack:

        def serve(answer: Answer) -> str:
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _asking(answer)))
            thread = Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/v1/query"

        yield serve


def _asking(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Advisories(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said = answer(asked["package"]["name"])
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
            pass

    return Advisories


def test_packages_of_which_nothing_is_known_pass(lock: Path, advisories: Callable[[Answer], str]) -> None:
    found = audit(lock, advisories(lambda _: (200, {})))

    assert found == Audit(Reach.CHECKED, (), "0 known vulnerabilities in requirements.lock")
    assert found.is_sound


def test_a_known_vulnerability_fails_and_says_which_release_is_free_of_it(
    lock: Path, advisories: Callable[[Answer], str]
) -> None:
    found = audit(lock, advisories(lambda package: (200, OUTDATED if package == "six" else {})))

    assert found.found == ("six 1.17.0: PYSEC-0000-1, fixed in 1.18.0",)
    assert not found.is_sound


def test_where_the_advisories_cannot_be_reached_that_is_said_and_nothing_fails(lock: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1/query"  # bound, and nobody listens

        found = audit(lock, url)

    assert found == Audit(Reach.UNREACHABLE, (), f"{url} cannot be reached: nothing was checked")
    assert found.is_sound


def test_advisories_that_keep_silent_are_not_waited_for(lock: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/query"

        assert audit(lock, url, patience_s=0.1).reach is Reach.UNREACHABLE


def test_advisories_that_fail_half_way_do_not_pass_for_a_clean_bill(
    lock: Path, advisories: Callable[[Answer], str]
) -> None:
    found = audit(lock, advisories(lambda package: (500 if package == "idna" else 200, {})))

    assert found.reach is Reach.BROKEN
    assert not found.is_sound


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path, advisories: Callable[[Answer], str]) -> None:
    broken = tmp_path / "requirements.lock"
    broken.write_text("six>=1\n")

    assert not audit(broken, advisories(lambda _: (200, {}))).is_sound

"""Downloads from a server on this machine, which answers by the path it is asked for."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from recognizer.engine.fetch import FileState, fetch, inventory, listing, trust
from recognizer.engine.weights import (
    Backend,
    Checksum,
    OptionalWeights,
    Role,
    WeightsFile,
    recorded_checksums,
    sha256_of,
)
from recognizer.errors import StartError, WeightsMissing

CONTENT = bytes(range(256)) * 800
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "net_weights.onnx"


class Upstream(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []
        self.content = CONTENT

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class _Answer(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        match self.path:
            case "/whole":
                self._send(200, self.server.content)
            case "/cut":
                self._send(200, self.server.content[:-100], length=len(self.server.content))
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/whole")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/page":
                self._send(200, b"<html>not found</html>", kind="text/html; charset=utf-8")
            case "/endless":
                self._send(200, self.server.content, length=None)
            case _:
                self._send(404, b"no such file")

    def _send(
        self, status: int, body: bytes, *, length: int | None = -1, kind: str = "application/octet-stream"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Goes to 127.0.0.1 itself, whatever proxy the environment names."""
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=5) as opened:
        yield opened


def catalogue(*urls: str, sha256: str | None = SHA256, size_bytes: int | None = None) -> tuple[OptionalWeights, ...]:
    file = WeightsFile(FILE, urls, sha256=sha256, size_bytes=size_bytes, aliases=("net.onnx",))
    return (OptionalWeights(Role.MODEL, "Net", (Backend.ONNX,), (file,), "MIT"),)


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("path", ["whole", "moved"])
def test_a_whole_file_arrives_under_deepfaces_name(
    tmp_path: Path, upstream: Upstream, client: httpx.Client, path: str
) -> None:
    models_dir = tmp_path / "models"

    (file,) = fetch("Net", models_dir, catalogue=catalogue(upstream.url(path)), client=client)

    assert file == models_dir / FILE
    assert file.read_bytes() == CONTENT
    assert names_in(models_dir) == [FILE]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("cut", "closed"),
        ("absent", "answered 404"),
        ("page", "web page"),
        ("endless", "how long"),
    ],
)
def test_what_is_not_the_whole_file_leaves_nothing_behind(
    tmp_path: Path, upstream: Upstream, client: httpx.Client, path: str, reason: str
) -> None:
    source = catalogue(upstream.url(path), sha256=None)

    with pytest.raises(WeightsMissing, match=reason) as failed:
        fetch("Net", tmp_path, catalogue=source, client=client)

    assert upstream.url(path) in str(failed.value)
    assert names_in(tmp_path) == []


def test_another_file_than_the_published_one_is_refused(
    tmp_path: Path, upstream: Upstream, client: httpx.Client
) -> None:
    upstream.content = CONTENT[::-1]

    with pytest.raises(WeightsMissing, match=f"expected {SHA256}"):
        fetch("Net", tmp_path, catalogue=catalogue(upstream.url("whole")), client=client)

    assert names_in(tmp_path) == []


def test_a_failing_source_is_followed_by_the_next(tmp_path: Path, upstream: Upstream, client: httpx.Client) -> None:
    source = catalogue(upstream.url("cut"), upstream.url("absent"), upstream.url("whole"))

    (file,) = fetch("Net", tmp_path, catalogue=source, client=client)

    assert file.read_bytes() == CONTENT
    assert upstream.asked == ["/cut", "/absent", "/whole"]


def test_without_a_network_the_address_is_named(tmp_path: Path, client: httpx.Client) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}/whole"

        with pytest.raises(WeightsMissing, match=f"{url}.*refused"):
            fetch("Net", tmp_path, catalogue=catalogue(url), client=client)

    assert names_in(tmp_path) == []


def test_an_unpublished_checksum_is_recorded_at_the_first_download_and_holds_the_second(
    tmp_path: Path, upstream: Upstream, client: httpx.Client
) -> None:
    source = catalogue(upstream.url("whole"), sha256=None)
    (file,) = fetch("Net", tmp_path, catalogue=source, client=client)
    recorded = recorded_checksums(tmp_path)
    file.unlink()
    upstream.content = b"another release under the same name"

    with pytest.raises(WeightsMissing, match=f"expected {SHA256}"):
        fetch("Net", tmp_path, catalogue=source, client=client)

    assert recorded == recorded_checksums(tmp_path) == {FILE: Checksum(SHA256, len(CONTENT))}
    assert not file.exists()


@pytest.mark.parametrize("name", [FILE, "net.onnx"])
def test_what_is_there_and_right_is_not_downloaded_again(
    tmp_path: Path, upstream: Upstream, client: httpx.Client, name: str
) -> None:
    (tmp_path / name).write_bytes(CONTENT)

    (file,) = fetch("Net", tmp_path, catalogue=catalogue(upstream.url("whole")), client=client)

    assert (file, upstream.asked) == (tmp_path / name, [])


def test_a_damaged_file_is_replaced(tmp_path: Path, upstream: Upstream, client: httpx.Client) -> None:
    (tmp_path / FILE).write_bytes(CONTENT[:10])

    (file,) = fetch("Net", tmp_path, catalogue=catalogue(upstream.url("whole")), client=client)

    assert sha256_of(file) == SHA256


def test_a_damaged_file_stays_when_nothing_better_is_to_be_had(
    tmp_path: Path, upstream: Upstream, client: httpx.Client
) -> None:
    (tmp_path / FILE).write_bytes(CONTENT[:10])

    with pytest.raises(WeightsMissing):
        fetch("Net", tmp_path, catalogue=catalogue(upstream.url("cut")), client=client)

    assert (tmp_path / FILE).read_bytes() == CONTENT[:10]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, upstream: Upstream, client: httpx.Client) -> None:
    models_dir = tmp_path / "models"
    models_dir.write_text("not a folder")

    with pytest.raises(StartError, match=f"{models_dir} cannot be written"):
        fetch("Net", models_dir, catalogue=catalogue(upstream.url("whole")), client=client)


@pytest.mark.parametrize(("name", "backend"), [("Nett", Backend.ONNX), ("Net", Backend.TENSORFLOW)])
def test_a_name_with_nothing_to_fetch_is_refused(tmp_path: Path, name: str, backend: Backend) -> None:
    with pytest.raises(StartError, match=f"nothing to fetch for '{name}' on the backend {backend}"):
        fetch(name, tmp_path, backend=backend, catalogue=catalogue("http://127.0.0.1:9/"))


def test_the_inventory_tells_present_from_missing_and_damaged(tmp_path: Path) -> None:
    source = catalogue("http://127.0.0.1:9/", size_bytes=len(CONTENT))
    states = []
    for content in (None, CONTENT, CONTENT[:5]):
        if content is not None:
            (tmp_path / FILE).write_bytes(content)
        (row,) = inventory(tmp_path, catalogue=source)
        states.append((row.state, row.size_bytes))

    assert states == [(FileState.MISSING, len(CONTENT)), (FileState.PRESENT, len(CONTENT)), (FileState.DAMAGED, 5)]
    assert (row.name, row.file, row.licence, row.restricted) == ("Net", FILE, "MIT", False)


def test_the_listing_is_a_table_of_every_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(CONTENT)

    head, line = listing(tmp_path, catalogue=catalogue("http://127.0.0.1:9/")).splitlines()

    assert head.split() == ["name", "for", "file", "state", "MB", "licence"]
    assert line.split() == ["Net", "onnx", FILE, "present", "0.2", "MIT"]
    assert head.index("licence") == line.index("MIT")


def test_weights_of_ones_own_are_taken_once_they_are_trusted(tmp_path: Path) -> None:
    source = catalogue("http://127.0.0.1:9/")
    (tmp_path / "net.onnx").write_bytes(b"my own")

    (trusted,) = trust("Net", tmp_path, catalogue=source)

    assert source[0].locate(tmp_path) == (trusted,)
    assert trusted.sha256 == hashlib.sha256(b"my own").hexdigest()


def test_nothing_cannot_be_trusted(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=FILE):
        trust("Net", tmp_path, catalogue=catalogue("http://127.0.0.1:9/"))

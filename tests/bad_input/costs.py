"""What bad input costs a recognizer: memory at its worst and afterwards, and time, of a process of its own."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.bad_input.files import BOUNDARY, FORM_TYPE, archive, disposition, form
from tests.bad_input.pictures import bomb, one_bit_png
from tests.bad_input.texts import DEEP, JSON
from tests.bench.processes import Service, memory_mb, processor_s

MAX_LEFT_MB, MAX_BOMB_MB, MAX_BOMB_CPU_MS = 50.0, 20.0, 50.0
PATIENCE_S = 60.0
_ROUNDS = 10
_MB = 1_000_000
_FILE_MB, _BASE64_MB, _ENDLESS_MB = 30, 60, 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the dearest of several rounds; memory is what the process had on top of what it had before all rounds."""

    name: str
    status: int
    best_ms: float
    cpu_ms: float  # the mean
    peak_mb: float
    left_mb: float
    sent_mb: float

    @property
    def line(self) -> str:
        return (
            f"{self.name:34} {self.status}  {self.best_ms:8.1f} ms  {self.cpu_ms:7.1f} ms of processor  "
            f"{self.peak_mb:+7.1f} MB at most  {self.left_mb:+7.1f} MB left  {self.sent_mb:6.1f} MB sent"
        )

    def figures(self) -> dict[str, Any]:
        return {name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    sent_bytes: int


Ask = Callable[[], _Answer]


def measure(service: Service, key: str) -> list[Cost]:
    """Each input several times over, after one round that is not counted."""
    with httpx.Client(base_url=service.url, timeout=PATIENCE_S, trust_env=False) as client:
        inputs = dict(_inputs(client, service, key))
        for ask in inputs.values():
            ask()
        return [_cost(name, ask, service.pid) for name, ask in inputs.items()]


def _cost(name: str, ask: Ask, pid: int) -> Cost:
    before_mb, before_s = memory_mb(pid), processor_s(pid)
    _forget_peak(pid)
    spent_s, answers = [], []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        answers.append(ask())
        spent_s.append(time.perf_counter() - started)
    worst = max(answers, key=lambda answer: answer.status)
    return Cost(
        name,
        worst.status,
        best_ms=min(spent_s) * 1e3,
        cpu_ms=(processor_s(pid) - before_s) / _ROUNDS * 1e3,
        peak_mb=memory_mb(pid, "VmHWM") - before_mb,
        left_mb=memory_mb(pid) - before_mb,
        sent_mb=worst.sent_bytes / _MB,
    )


def _forget_peak(pid: int) -> None:
    """`VmHWM` begins anew: proc(5), clear_refs."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _inputs(client: httpx.Client, service: Service, key: str) -> Iterator[tuple[str, Ask]]:
    def post(content: bytes, content_type: str, path: str = "/recognize") -> Ask:
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {key}"}
        return lambda: _Answer(client.post(path, content=content, headers=headers).status_code, len(content))

    def picture(data: bytes) -> Ask:
        return post(form(disposition("image", "frame.jpg") + data), FORM_TYPE)

    part = disposition("image", "a.jpg")
    yield "1-bit PNG, 20,000 × 20,000", picture(bomb())
    yield "1-bit PNG, 5,000 × 5,000", picture(one_bit_png(5_000, 5_000))
    yield "1-bit PNG, 16,384 × 16", picture(one_bit_png(16_384, 16))
    yield "30 MB file, announced", _refused(service, FORM_TYPE, part, _FILE_MB * _MB)
    yield "60 MB of JSON base64, announced", _refused(service, JSON, b'{"image": "', _BASE64_MB * _MB)
    yield "endless chunked body", _refused(service, FORM_TYPE, b"--frame\r\n" + part, None)
    yield "JSON 50,000 deep", post(DEEP, JSON)
    yield "a thousand parts", post(form(*[disposition("a") + b"1"] * 1_000), FORM_TYPE)
    yield "a part header of 1 MB", post(form(disposition("image", "f" * 1_000_000)), FORM_TYPE)
    yield "a ZIP of 50 MB of zeros", post(_zip_bomb(), "application/zip", "/people/bulk")
    yield "200,000 boundaries", post(f"--{BOUNDARY}\r\n".encode() * 200_000, FORM_TYPE)


def _zip_bomb() -> bytes:
    return archive(lambda zip_: zip_.writestr("Carol_7/1.jpg", bytes(50 * _MB)))


def _refused(service: Service, content_type: str, begun: bytes, length: int | None) -> Ask:
    """On a socket of its own, so that sending stops when the service has had enough."""

    def ask() -> _Answer:
        announced = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        head = f"POST /recognize HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n{announced}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
            connection.sendall(head.encode())
            sent = _send(
                connection, begun, chunked=length is None, most=min(length or _ENDLESS_MB * _MB, _ENDLESS_MB * _MB)
            )
            return _Answer(_status(connection), sent)

    return ask


def _send(connection: socket.socket, begun: bytes, *, chunked: bool, most: int) -> int:
    """How much was sent before there was an answer."""
    connection.setblocking(True)
    sent, data = 0, begun + b"A" * (65_536 - len(begun))
    with suppress(ConnectionError):
        while sent < most and not _is_answered(connection):
            connection.sendall(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
            sent += len(data)
    return sent


def _is_answered(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(PATIENCE_S)
    return True


def _status(connection: socket.socket) -> int:
    return int(connection.recv(65_536).split()[1])


def summary(costs: list[Cost]) -> dict[str, Any]:
    pixels = next(cost for cost in costs if "20,000" in cost.name)
    return {
        "worst_peak_mb": round(max(cost.peak_mb for cost in costs), 1),
        "worst_left_mb": round(max(cost.left_mb for cost in costs), 1),
        "bomb_ms": round(pixels.best_ms, 1),
        "bomb_cpu_ms": round(pixels.cpu_ms, 1),
        "bomb_peak_mb": round(pixels.peak_mb, 1),
        "inputs": [json.loads(json.dumps(cost.figures())) for cost in costs],
    }

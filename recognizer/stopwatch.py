"""How long each step of a frame took."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self._steps_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started_s = time.perf_counter()
        try:
            yield
        finally:
            self._steps_ms[name] = (time.perf_counter() - started_s) * 1e3

    def readings_ms(self) -> dict[str, float]:
        """Milliseconds by step, and the `total` since the watch was made."""
        total_ms = (time.perf_counter() - self._started_s) * 1e3
        return {name: round(ms, 2) for name, ms in {**self._steps_ms, "total": total_ms}.items()}


def sum_ms(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """The readings of two watches that ran one after the other."""
    return {name: round(first.get(name, 0) + second.get(name, 0), 2) for name in {**first, **second}}

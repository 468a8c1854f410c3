"""How often a person has begun a challenge without passing it: whoever plays a recording again and again waits longer
each time. Pure but for what it remembers."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

_Who: TypeAlias = tuple[str, str]  # a client and a person


@dataclass(frozen=True, slots=True)
class TriesPolicy:
    free: int = 5  # tries without a pause between them
    first_pause_s: float = 30  # between the beginnings of two tries; doubles with each
    longest_pause_s: float = 1_800
    forgotten_after_s: float = 7_200
    max_remembered: int = 10_000


@dataclass(frozen=True, slots=True)
class _Begun:
    count: int
    last_at_s: float


class Tries:
    """Of all connections together. A person waits at the client where they failed, and nobody else does: neither others
    at the same kiosk, nor they at another one.

    A try counts from the moment at which it shows what is asked for, so that hanging up early saves nothing.
    """

    def __init__(self, policy: TriesPolicy | None = None) -> None:
        self._policy = policy or TriesPolicy()
        self._begun: OrderedDict[_Who, _Begun] = OrderedDict()  # the last to begin last

    def __len__(self) -> int:
        return len(self._begun)

    def wait_s(self, client: str, person_id: str, now_s: float) -> float:
        """Until they may begin another; 0 when they may now."""
        begun = self._begun.get((client, person_id))
        if begun is None or begun.count < self._policy.free:
            return 0.0
        return max(0.0, begun.last_at_s + self._pause_s(begun.count) - now_s)

    def begin(self, client: str, person_id: str, now_s: float) -> None:
        self._forget(now_s)
        before = self._begun.pop((client, person_id), _Begun(0, now_s))
        self._begun[client, person_id] = _Begun(before.count + 1, now_s)

    def succeed(self, client: str, person_id: str) -> None:
        self._begun.pop((client, person_id), None)

    def _pause_s(self, count: int) -> float:
        doublings = min(count - self._policy.free, 32)  # beyond them every pause is the longest
        return min(self._policy.first_pause_s * 2.0**doublings, self._policy.longest_pause_s)

    def _forget(self, now_s: float) -> None:
        too_old_s = now_s - self._policy.forgotten_after_s
        while self._begun:
            oldest = next(iter(self._begun.values()))
            if oldest.last_at_s > too_old_s and len(self._begun) < self._policy.max_remembered:
                return
            self._begun.popitem(last=False)

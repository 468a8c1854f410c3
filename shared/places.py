"""A number of places, and nobody who takes them all while others come."""

from collections import Counter

_SHARE = 3  # of a client's own places to those that are free


class FairPlaces:
    """A client may hold three times as many places as are free: one alone gets three quarters of them, two that want
    all get three sevenths each, and there is always one left for somebody who has none. Up to three places, one client
    may hold all.

    After Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches" (1998).
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._held: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._held.total()

    def has_one_for(self, client: str) -> bool:
        return self._held.get(client, 0) < _SHARE * self._free

    def take(self, client: str) -> bool:
        """Whether there was one for this client. Who was given one gives it back."""
        if not self.has_one_for(client):
            return False
        self._free -= 1
        self._held[client] += 1
        return True

    def give_back(self, client: str) -> None:
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]

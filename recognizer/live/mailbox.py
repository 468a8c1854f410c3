"""Room for one item: a newer one takes the place of one that still waits."""

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Taken(Generic[Item]):
    item: Item
    dropped: int  # items that were replaced since the last one was taken


class Mailbox(Generic[Item]):
    """For one writer and one reader in the same event loop."""

    def __init__(self) -> None:
        self._waiting: Item | None = None
        self._dropped = 0
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, item: Item) -> None:
        if self._waiting is not None:
            self._dropped += 1
        self._waiting = item
        self._changed.set()

    async def take(self) -> Taken[Item] | None:
        """The newest item, as soon as there is one; None once the box is closed, whatever lies in it."""
        while self._waiting is None and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed or self._waiting is None:
            return None
        taken = Taken(self._waiting, self._dropped)
        self._waiting, self._dropped = None, 0
        return taken

    def close(self) -> None:
        self._closed = True
        self._changed.set()

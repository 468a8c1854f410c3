"""The frames that were recorded a moment ago, by their digests: the same bytes are the same event, however often they
are sent and under whatever event_id.

Of a camera no two frames are alike. Who changes one bit of a recorded picture comes past this; against pictures of
people there is liveness.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

MAX_FRAMES = 50_000  # remembered at once; a few megabytes


class RecordedFrames:
    """Remembers in this process alone, and nothing with a window of 0."""

    def __init__(
        self, window_s: float, *, max_frames: int = MAX_FRAMES, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._window_s = window_s
        self._max_frames = max_frames
        self._now_s = now_s
        self._events: OrderedDict[tuple[bytes, str], tuple[float, UUID]] = OrderedDict()  # the oldest first

    def __len__(self) -> int:
        return len(self._events)

    def event_of(self, frame: bytes, person_id: str, event_id: UUID) -> UUID:
        """What this frame of this person became within the window, or else this event; `frame` is a digest."""
        now_s = self._now_s()
        self._forget(now_s)
        if self._window_s:
            return self._events.setdefault((frame, person_id), (now_s, event_id))[1]
        return event_id

    def _forget(self, now_s: float) -> None:
        while self._events:
            recorded_at_s, _ = next(iter(self._events.values()))
            if now_s - recorded_at_s < self._window_s and len(self._events) < self._max_frames:
                return
            self._events.popitem(last=False)

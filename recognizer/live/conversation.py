"""One connection: frames come at the client's pace, and each one that is taken is answered once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import ValidationError

from recognizer.live.mailbox import Mailbox
from shared.contracts.live import CloseCode, Restart

_MAX_TEXT = 1_000  # characters; a `Restart` has twenty
_PATIENCE_S = 5.0  # with an answer under way when the connection ends


class Gone(Exception):
    """The client has hung up."""


class Channel(Protocol):
    """The client. Both raise Gone."""

    async def receive(self) -> bytes | str: ...
    async def send(self, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveFrameIn:
    seq: int  # among all that this connection has received, from 1
    at_s: float  # when it came
    picture: bytes


class Replies(Protocol):
    """What is said to the client, in the words of the wire."""

    def welcome(self) -> str: ...
    async def reply(self, frame: LiveFrameIn, dropped: int) -> str: ...
    def restart(self) -> None: ...


class FrameFate(StrEnum):
    ANSWERED = "answered"
    DROPPED = "dropped"  # a newer one came while it waited


@dataclass(frozen=True, slots=True)
class LiveLimits:
    max_connections: int
    max_bytes: int  # of one message
    max_fps: float  # frames taken from one connection; what comes faster is dropped
    idle_s: float  # without any message


class Conversation:
    def __init__(
        self,
        channel: Channel,
        replies: Replies,
        limits: LiveLimits,
        *,
        observe: Callable[[FrameFate, int], None],
        now_s: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._channel = channel
        self._replies = replies
        self._limits = limits
        self._observe = observe
        self._now_s = now_s
        self._pause = pause
        self._frames: Mailbox[LiveFrameIn] = Mailbox()

    async def run(self, stopping: asyncio.Event) -> CloseCode | None:
        """Until there is a reason to close, which is returned, or the client has hung up: None. A frame that was taken
        is finished all the same."""
        reading = asyncio.create_task(self._read())
        answering = asyncio.create_task(self._answer())
        leaving = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({reading, answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._frames.close()
            reading.cancel()
            leaving.cancel()
            await asyncio.wait({answering}, timeout=_PATIENCE_S)
            answering.cancel()
            answered, read, _ = await asyncio.gather(answering, reading, leaving, return_exceptions=True)
        return _reason(answered, read)

    async def _read(self) -> CloseCode:
        seq = 0
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_s):
                    message = await self._channel.receive()
            except TimeoutError:
                return CloseCode.GOING_AWAY
            if isinstance(message, str):
                if not _is_restart(message):
                    return CloseCode.POLICY_VIOLATION
                self._replies.restart()
                continue
            if len(message) > self._limits.max_bytes:  # where the server underneath has let it through
                return CloseCode.MESSAGE_TOO_BIG
            seq += 1
            self._frames.put(LiveFrameIn(seq, self._now_s(), message))

    async def _answer(self) -> None:
        await self._channel.send(self._replies.welcome())
        while (taken := await self._frames.take()) is not None:
            next_at_s = self._now_s() + 1 / self._limits.max_fps
            await self._channel.send(await self._replies.reply(taken.item, taken.dropped))
            self._observe(FrameFate.ANSWERED, 1)
            self._observe(FrameFate.DROPPED, taken.dropped)
            await self._pause(max(0.0, next_at_s - self._now_s()))


def _is_restart(message: str) -> bool:
    if len(message) > _MAX_TEXT:
        return False
    try:
        Restart.model_validate_json(message)
    except ValidationError:
        return False
    return True


def _reason(answered: object, read: object) -> CloseCode | None:
    """From what the two tasks ended with, values or exceptions. Raises what nobody expected."""
    for ended in (answered, read):
        if isinstance(ended, Exception) and not isinstance(ended, Gone):
            raise ended
    if isinstance(answered, Gone) or isinstance(read, Gone):
        return None
    return read if isinstance(read, CloseCode) else CloseCode.SERVICE_RESTART

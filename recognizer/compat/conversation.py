"""The conversation of the WebSocket client: a frame, an answer, a frame."""

import asyncio
from collections.abc import Awaitable, Callable

from recognizer.live.conversation import Channel, Gone
from shared.contracts.live import CloseCode


async def converse(
    channel: Channel, answer: Callable[[bytes], Awaitable[str]], *, max_bytes: int, idle_s: float
) -> CloseCode | None:
    """Until the client hangs up, which is None, or there is a reason to. Every message is answered, in its order: the
    client may count on it, so no frame gives way to a newer one."""
    try:
        while True:
            async with asyncio.timeout(idle_s):
                message = await channel.receive()
            if len(message) > max_bytes:
                return CloseCode.MESSAGE_TOO_BIG
            await channel.send(await answer(message if isinstance(message, bytes) else b""))
    except Gone:
        return None
    except TimeoutError:
        return CloseCode.GOING_AWAY

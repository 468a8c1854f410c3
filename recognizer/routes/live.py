"""`WS /live`: frames in, answers out, and attendance once several frames agree."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect

from recognizer.deps import DistancesDep, LiveDep, require_key_when_closed, require_own_origin
from recognizer.live.conversation import Gone
from recognizer.live.handshake import chosen_subprotocol
from shared.contracts.base import Source
from shared.web.errors import request_id
from shared.web.limits import client_of

router = APIRouter(dependencies=[Depends(require_own_origin), Depends(require_key_when_closed)])


@router.websocket("/live")
async def live(
    websocket: WebSocket,
    service: LiveDep,
    distances: DistancesDep,
    source: Annotated[Source | None, Query()] = None,
    record: Annotated[bool, Query()] = True,
) -> None:
    client = client_of(websocket)
    with service.place(client), suppress(WebSocketDisconnect):
        await websocket.accept(chosen_subprotocol(websocket.scope["subprotocols"]))
        code = await service.converse(
            SocketChannel(websocket),
            client=client,
            source=source,
            record=record,
            request_id=request_id(websocket),
            with_distances=distances,
        )
        if code is not None:
            await websocket.close(code)


class SocketChannel:
    """A WebSocket as a conversation sees it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> bytes | str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        data: bytes | str | None = message.get("bytes")
        return message["text"] if data is None else data

    async def send(self, message: str) -> None:
        try:
            await self._websocket.send_text(message)
        except WebSocketDisconnect:
            raise Gone from None

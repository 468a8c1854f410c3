"""Live connections: how many there are, what each is given, and their end when the service stops."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recognizer.errors import Closed, TooManyConnections
from recognizer.live.conversation import Channel, Conversation, FrameFate, LiveFrameIn, LiveLimits
from recognizer.live.gates import Gate
from recognizer.live.session import LiveSession
from recognizer.live.visit import VisitPolicy
from recognizer.live.wire import to_error, to_frame
from recognizer.service import RecognitionService
from shared.contracts.base import Source
from shared.contracts.live import CloseCode, Welcome
from shared.places import FairPlaces
from shared.web.errors import ServiceError


class LiveService:
    def __init__(
        self,
        service: RecognitionService,
        *,
        policy: VisitPolicy,
        limits: LiveLimits,
        new_gate: Callable[[str], Gate],
        observe: Callable[[FrameFate, int], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`new_gate` is given the client whose connection it is for."""
        self._service = service
        self._policy = policy
        self._limits = limits
        self._new_gate = new_gate
        self._observe = observe
        self._now_s = now_s
        self._places = FairPlaces(limits.max_connections)
        self._stopping = asyncio.Event()

    @property
    def connections(self) -> int:
        return self._places.taken

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """For one connection of this client. Raises TooManyConnections, or Closed after `close`."""
        if self._stopping.is_set():
            raise Closed("The service is stopping")
        if not self._places.take(client):
            raise TooManyConnections("As many cameras are connected as are allowed; try again later")
        try:
            yield
        finally:
            self._places.give_back(client)

    async def converse(
        self,
        channel: Channel,
        *,
        client: str,
        source: Source | None,
        record: bool,
        request_id: str,
        with_distances: bool,
    ) -> CloseCode | None:
        """Until the client hangs up, which is None, or there is a reason to."""
        gate = self._new_gate(client)
        session = LiveSession(self._service, gate, self._policy, client=client, source=source, record=record)
        welcome = Welcome(
            frames_needed=self._policy.frames_needed,
            window_s=self._policy.window_s,
            liveness=gate.mode,
            max_bytes=self._limits.max_bytes,
            max_fps=self._limits.max_fps,
            idle_s=self._limits.idle_s,
            record=record,
        )
        replies = _Replies(session, welcome, self._policy, request_id, with_distances=with_distances)
        conversation = Conversation(channel, replies, self._limits, observe=self._observe, now_s=self._now_s)
        return await conversation.run(self._stopping)

    def close(self) -> None:
        """Ends every conversation: one that is idle would otherwise hold up the stop."""
        self._stopping.set()


class _Replies:
    def __init__(
        self, session: LiveSession, welcome: Welcome, policy: VisitPolicy, request_id: str, *, with_distances: bool
    ) -> None:
        self._session = session
        self._welcome = welcome
        self._policy = policy
        self._request_id = request_id
        self._with_distances = with_distances

    def welcome(self) -> str:
        return self._welcome.model_dump_json()

    def restart(self) -> None:
        self._session.restart()

    async def reply(self, frame: LiveFrameIn, dropped: int) -> str:
        try:
            answer = await self._session.answer(frame.picture, frame.at_s)
        except ServiceError as error:
            return to_error(error, seq=frame.seq, dropped=dropped, request_id=self._request_id).model_dump_json()
        return to_frame(
            answer,
            self._policy,
            seq=frame.seq,
            dropped=dropped,
            request_id=self._request_id,
            with_distances=self._with_distances,
        ).model_dump_json()

"""What routes are given: services, the caller's right to be here, the posted body."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from logger.app_state import State
from logger.errors import InvalidJson
from logger.services.attendance import AttendanceService
from logger.services.ingest import IngestService
from logger.services.marking import MarkingService
from shared.contracts.events import EventBatch
from shared.security import Scope, presented_secret
from shared.web import strict_json
from shared.web.errors import Forbidden, Unauthenticated

Body = TypeVar("Body", bound=BaseModel)


def state_of(request: Request) -> State:
    return cast("State", request.state.logger)


# Async, though nothing is awaited: FastAPI would carry a plain function to a thread and back. And none stands on
# another: each one costs a request as much as reading an event does.


async def get_ingest(request: Request) -> IngestService:
    return state_of(request).ingest


async def get_attendance(request: Request) -> AttendanceService:
    return state_of(request).attendance


async def get_marking(request: Request) -> MarkingService:
    return state_of(request).marking


IngestDep = Annotated[IngestService, Depends(get_ingest)]
AttendanceDep = Annotated[AttendanceService, Depends(get_attendance)]
MarkingDep = Annotated[MarkingService, Depends(get_marking)]


def key_with(scope: Scope) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets holders of a key with this scope pass. Named first on a route, it runs before the body
    is read: who has no key does not have a body parsed."""

    async def check(request: Request) -> None:
        secret = presented_secret(request.headers)
        if secret is None:
            raise Unauthenticated("Send a key as Authorization: Bearer … or X-API-Key")
        key = await state_of(request).keys.find(secret)
        if key is None:
            raise Unauthenticated("The key is not known")
        if scope not in key.scopes:
            raise Forbidden(f"The key lacks the scope {scope}")

    return check


async def read_batch(request: Request) -> EventBatch:
    """Raises InvalidJson, and RequestValidationError for what is JSON and not a batch."""
    return await read_json(request, EventBatch)


async def read_anything(request: Request) -> object:
    """The body as JSON; None when it is none. For the route whose answers a client's own code expects."""
    try:
        return strict_json.parse_strict_json(await request.body())
    except strict_json.InvalidJson:
        return None


BatchDep = Annotated[EventBatch, Depends(read_batch)]
AnythingDep = Annotated[object, Depends(read_anything)]


async def read_json(request: Request, model: type[Body]) -> Body:
    try:
        return model.model_validate(strict_json.parse_strict_json(await request.body()))
    except strict_json.InvalidJson as error:
        raise InvalidJson(f"The body is not valid JSON: {error}") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None

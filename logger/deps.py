"""What routes are given: services, the caller's right to be here, the posted body."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection

from logger.app_state import State
from logger.domain.accounts import Action, Actor, Reach, Subject, reach_of
from logger.errors import Conflict, InvalidJson
from logger.services.access import AccessService, Caller, require
from logger.services.accounts import AccountsService
from logger.services.attendance import AttendanceService
from logger.services.audit import AuditService
from logger.services.ingest import IngestService
from logger.services.keys import KeyAdministration
from logger.services.live import LiveFeed
from logger.services.logins import LoginsService
from logger.services.marking import MarkingService
from logger.services.marks import MarksService
from logger.services.presence import PresenceService
from logger.services.presence_codes import PresenceCodesService
from logger.services.school import School
from logger.services.session_views import SessionViews
from logger.services.sessions import SessionsService
from logger.services.sign_in import SignInService
from logger.services.tallies import TalliesService
from shared.contracts.events import EventBatch
from shared.security import presented_secret
from shared.web import strict_json
from shared.web.errors import Forbidden, Unauthenticated

Body = TypeVar("Body", bound=BaseModel)


def state_of(request: HTTPConnection) -> State:
    return cast("State", request.state.logger)


# Async, though nothing is awaited: FastAPI would carry a plain function to a thread and back. And none stands on
# another: each one costs a request as much as reading an event does.


async def get_ingest(request: Request) -> IngestService:
    return state_of(request).ingest


async def get_attendance(request: Request) -> AttendanceService:
    return state_of(request).attendance


async def get_marking(request: Request) -> MarkingService:
    return state_of(request).marking


async def get_access(request: Request) -> AccessService:
    return state_of(request).access


async def get_accounts(request: Request) -> AccountsService:
    return state_of(request).accounts


async def get_sign_in(request: Request) -> SignInService:
    return state_of(request).sign_in


async def get_key_administration(request: Request) -> KeyAdministration:
    """Raises Conflict when the keys are those of a setting."""
    administration = state_of(request).key_administration
    if administration is None:
        raise Conflict("The keys are those of LOGGER_API_KEYS; without it they live in the store")
    return administration


async def get_sessions(request: Request) -> SessionsService:
    return state_of(request).sessions


async def get_session_views(request: Request) -> SessionViews:
    return state_of(request).session_views


async def get_presence(request: Request) -> PresenceService:
    return state_of(request).presence


async def get_presence_codes(request: Request) -> PresenceCodesService:
    return state_of(request).presence_codes


async def get_marks(request: Request) -> MarksService:
    return state_of(request).marks


async def get_tallies(request: Request) -> TalliesService:
    return state_of(request).tallies


async def get_audit(request: Request) -> AuditService:
    return state_of(request).audit


async def get_feed(request: Request) -> LiveFeed:
    return state_of(request).feed


async def get_school(request: Request) -> School:
    return state_of(request).school


async def get_logins(request: Request) -> LoginsService:
    return state_of(request).logins


IngestDep = Annotated[IngestService, Depends(get_ingest)]
AttendanceDep = Annotated[AttendanceService, Depends(get_attendance)]
MarkingDep = Annotated[MarkingService, Depends(get_marking)]
SchoolDep = Annotated[School, Depends(get_school)]
SessionsDep = Annotated[SessionsService, Depends(get_sessions)]
SessionViewsDep = Annotated[SessionViews, Depends(get_session_views)]
PresenceDep = Annotated[PresenceService, Depends(get_presence)]
PresenceCodesDep = Annotated[PresenceCodesService, Depends(get_presence_codes)]
MarksDep = Annotated[MarksService, Depends(get_marks)]
TalliesDep = Annotated[TalliesService, Depends(get_tallies)]
AuditDep = Annotated[AuditService, Depends(get_audit)]
FeedDep = Annotated[LiveFeed, Depends(get_feed)]
LoginsDep = Annotated[LoginsService, Depends(get_logins)]
AccessDep = Annotated[AccessService, Depends(get_access)]
AccountsDep = Annotated[AccountsService, Depends(get_accounts)]
SignInDep = Annotated[SignInService, Depends(get_sign_in)]
KeyAdministrationDep = Annotated[KeyAdministration, Depends(get_key_administration)]


COOKIE = "rollcall"
SECURE_COOKIE = "__Host-rollcall"  # a browser takes this name from https alone, for this host and every path
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def get_caller(request: Request) -> Caller:
    """Who asks: the holder of a key or a token, or else of a cookie. Raises Unauthenticated, and Forbidden for what a
    page elsewhere may have made a browser send."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = await _identify(request)
    return known


def same_origin(request: Request) -> bool:
    """Whether a form was sent by a page of ours, for what is asked before anybody is signed in and no token can be
    bound to them: another site's page must not sign a browser in as somebody else.

    A browser tells where a request comes from in `Sec-Fetch-Site` (Fetch Metadata) or else in `Origin`; a program tells
    nothing.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in {"same-origin", "none"}
    return origin is None or parts_of(origin).netloc == request.url.netloc


def parts_of(address: str) -> SplitResult:
    """Of an address as it was sent; all of them empty where it cannot be read."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


async def known_key_id(connection: HTTPConnection) -> str | None:
    """Of the API key that a program holds; None for everybody else, who are told apart by where they come from."""
    secret = presented_secret(connection.headers)
    return None if secret is None else await state_of(connection).access.program_key_id(secret)


async def _identify(request: Request) -> Caller:
    secret = presented_secret(request.headers)
    if secret is not None:
        caller = await state_of(request).access.by_secret(secret)
        if caller is None:
            raise Unauthenticated("The key is not known")
        return caller
    cookie = request.cookies.get(cookie_name(request))
    caller = None if cookie is None else await state_of(request).access.by_cookie(cookie)
    if caller is None:
        raise Unauthenticated("Sign in, or send a key as Authorization: Bearer … or X-API-Key")
    if request.method not in _READING:
        await _check_csrf(request, caller)
    return caller


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


async def _check_csrf(request: Request, caller: Caller) -> None:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.headers.get("content-type", "").lower().startswith(_FORMS):
        await request.body()  # kept, so that the route can read it once more
        field = (await request.form()).get(CSRF_FIELD)
        sent = field if isinstance(field, str) else None
    if not (sent and caller.csrf and hmac.compare_digest(sent.encode(), caller.csrf.encode())):
        raise Forbidden("This form is of another sign-in; open the page again")


SubjectOf = Callable[[Request, Actor], Awaitable[Subject]]


async def subject_in_path(request: Request, _actor: Actor) -> Subject:
    """The class, session, schedule, account or room that the path names."""
    access, path = state_of(request).access, request.path_params
    if "session_id" in path:
        return await access.subject_of_session(path["session_id"])
    if "class_id" in path:
        return await access.subject_of_class(path["class_id"])
    if "schedule_id" in path:
        return await access.subject_of_schedule(path["schedule_id"])
    return Subject(room=path.get("room"), account_id=path.get("account_id"))


async def own_subject(_request: Request, actor: Actor) -> Subject:
    """For routes that are about whoever asks: their account, their room, the classes they teach.

    A list that uses this has to be cut down to what `reach_of` says, and a body that names its subject has to be held
    against it with `require`.
    """
    return Subject(teacher_id=actor.account_id, room=actor.room, account_id=actor.account_id)


async def person_in_path(request: Request, actor: Actor) -> Subject:
    """The person that the path names: a teacher's own when in one of their classes."""
    return await state_of(request).access.subject_of_person(request.path_params["person_id"], actor)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A dependency that lets pass who may do this, and gives the route the Actor."""

    action: Action
    subject: SubjectOf

    async def __call__(self, request: Request) -> Actor:
        actor = (await get_caller(request)).actor
        if reach_of(actor, self.action) is not Reach.ANY:
            require(actor, self.action, await self.subject(request, actor))
        return actor


def allowed(action: Action, *, subject: SubjectOf = subject_in_path) -> Any:
    """`actor: Annotated[Actor, allowed(Action.SEE_AUDIT)]`, or in a route's `dependencies`. It runs before the body is
    checked: who may not be here is told nothing about what they sent."""
    return Depends(Allowed(action, subject))


CallerDep = Annotated[Caller, Depends(get_caller)]


def caller_of(request: Request) -> Caller:
    """Whom `allowed` has let in; their name and their form token beside the Actor."""
    return cast("Caller", request.state.caller)


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

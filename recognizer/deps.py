"""What routes are given: the state of the application, the caller's right to be here, the posted picture."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from recognizer.app_state import State
from recognizer.compat.register import RegisterService
from recognizer.compat.sightings import SightingService
from recognizer.enrolment.service import EnrolmentService
from recognizer.errors import InvalidField, InvalidForm, MissingImage
from recognizer.form import read_form
from recognizer.live.handshake import is_own_origin, offered_secret
from recognizer.live.service import LiveService
from recognizer.service import RecognitionService
from recognizer.vision.decode import decode_data_url
from shared.contracts.recognition import RecognizeFields
from shared.security import ApiKey, Scope, find_key, presented_secret
from shared.web.errors import Forbidden, Unauthenticated
from shared.web.limits import client_of
from shared.web.strict_json import InvalidJson, parse_strict_json

JSON = "application/json"
IMAGE_PARTS = ("image", "file")
NO_IMAGE = "No image file in request"

# All of these are `async`, though none awaits anything: FastAPI sends what is not to a thread and back.


async def get_state(connection: HTTPConnection) -> State:
    return cast("State", connection.state.recognizer)


StateDep = Annotated[State, Depends(get_state)]


async def get_service(state: StateDep) -> RecognitionService:
    return state.service


ServiceDep = Annotated[RecognitionService, Depends(get_service)]


async def get_live(state: StateDep) -> LiveService:
    return state.live


LiveDep = Annotated[LiveService, Depends(get_live)]


async def get_sightings(state: StateDep) -> SightingService:
    return state.compat.sightings


SightingsDep = Annotated[SightingService, Depends(get_sightings)]


async def get_register(state: StateDep) -> RegisterService:
    return state.compat.register


RegisterDep = Annotated[RegisterService, Depends(get_register)]


async def require_own_origin(connection: HTTPConnection, state: StateDep) -> None:
    """Of WebSockets, which browsers open from any page to any host: CORS does not apply to them."""
    headers = connection.headers
    if not is_own_origin(headers.get("origin"), headers.get("host", ""), state.settings.cors_origins):
        raise Forbidden("Pages of this origin may not connect; RECOGNIZER_CORS_ORIGINS names those that may")


async def require_key_when_closed(connection: HTTPConnection, state: StateDep) -> None:
    """With RECOGNIZER_AUTH=open anybody may be recognized; with `key`, holders of a key."""
    if state.settings.auth != "open":
        _key_with(Scope.RECOGNIZE, connection, state, "The key may not recognize")


async def known_key_id(connection: HTTPConnection) -> str | None:
    """Of the key that the caller holds, whether or not the route wants one; None where there is none that is known."""
    secret = _secret(connection)
    key = None if secret is None else find_key(secret, (await get_state(connection)).api_keys)
    return None if key is None else key.key_id


async def may_know_distances(connection: HTTPConnection, state: StateDep) -> bool:
    return state.settings.distances == "everyone" or await known_key_id(connection) is not None


DistancesDep = Annotated[bool, Depends(may_know_distances)]


async def require_enroll_key(connection: HTTPConnection, state: StateDep) -> ApiKey:
    """Who changes or reads people's photos has a key for it, with RECOGNIZER_AUTH=open too."""
    return _key_with(Scope.ENROLL, connection, state, "The key may not enrol")


EnrollKeyDep = Annotated[ApiKey, Depends(require_enroll_key)]


async def require_registrar(connection: HTTPConnection, state: StateDep) -> str:
    """Who enrols or reads about students as the clients do that know no keys: the id of a key that may enrol, or the
    setting that lets them in without one."""
    if state.settings.compat_open:
        return "RECOGNIZER_COMPAT_OPEN"
    return (await require_enroll_key(connection, state)).key_id


RegistrarDep = Annotated[str, Depends(require_registrar)]


async def may_know_students(connection: HTTPConnection, state: StateDep) -> bool:
    """Whether the caller may see a student's contacts, too."""
    secret = _secret(connection)
    key = None if secret is None else find_key(secret, state.api_keys)
    return state.settings.compat_open or (key is not None and Scope.ENROLL in key.scopes)


async def get_enrolment(state: StateDep) -> EnrolmentService:
    return state.enrolment


EnrolmentDep = Annotated[EnrolmentService, Depends(get_enrolment)]


def _secret(connection: HTTPConnection) -> str | None:
    return presented_secret(connection.headers) or offered_secret(connection.scope.get("subprotocols", ()))


def _key_with(scope: Scope, connection: HTTPConnection, state: State, otherwise: str) -> ApiKey:
    secret = _secret(connection)
    if secret is None:
        raise Unauthenticated("Send a key as Authorization: Bearer … or X-API-Key")
    key = find_key(secret, state.api_keys)
    if key is None:
        raise Unauthenticated("The key is not known")
    if scope not in key.scopes:
        raise Forbidden(otherwise)
    return key


@dataclass(frozen=True, slots=True)
class PostedPicture:
    data: bytes
    fields: RecognizeFields
    is_json: bool


async def read_picture(request: Request, state: StateDep) -> PostedPicture:
    """From a multipart form or from JSON with base64. Raises Overloaded before any of it is read, MissingImage,
    InvalidForm, InvalidField, ImageTooLarge."""
    state.service.check_room(client_of(request))
    kind = _media_type(request)
    if kind == JSON:
        return await _read_json(request, state)
    if kind == "multipart/form-data":
        return await _read_form(request, state.settings.max_bytes)
    raise MissingImage(NO_IMAGE)


PictureDep = Annotated[PostedPicture, Depends(read_picture)]


async def read_json_object(request: Request) -> dict[str, Any]:
    """Raises InvalidForm, also for JSON that is not announced as such: a page elsewhere can make a browser post text,
    and JSON only after it was allowed to."""
    if _media_type(request) != JSON:
        raise InvalidForm(f"Send the body as {JSON}")
    try:
        body = parse_strict_json(await request.body())
    except InvalidJson as error:
        raise InvalidForm(f"The body is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise InvalidForm("The body must be a JSON object")
    return body


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read_json(request: Request, state: State) -> PostedPicture:
    body = await read_json_object(request)
    text = body.pop("image", None)
    if text is None:
        raise MissingImage(NO_IMAGE)
    if not isinstance(text, str):
        raise InvalidField("image must be a string")
    fields = _fields(body)
    unwrap = partial(decode_data_url, text, state.settings.max_bytes)
    return PostedPicture(await asyncio.get_running_loop().run_in_executor(state.executor, unwrap), fields, is_json=True)


async def _read_form(request: Request, max_bytes: int) -> PostedPicture:
    parts = await read_form(request.headers["content-type"], request.stream(), max_file_bytes=max_bytes)
    pictures = [part for part in parts if part.name in IMAGE_PARTS and part.is_file]
    if len(pictures) > 1:
        raise InvalidField("Send one image, not several")
    if not pictures or not pictures[0].data:
        raise MissingImage(NO_IMAGE)
    fields = {part.name: part.text for part in parts if part not in pictures}
    if len(fields) + len(pictures) < len(parts):
        raise InvalidField("A field occurs twice")
    return PostedPicture(bytes(pictures[0].data), _fields(fields), is_json=False)


def _fields(given: Mapping[str, object]) -> RecognizeFields:
    try:
        return RecognizeFields.model_validate(given)
    except ValidationError as error:
        raise InvalidField(first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """What is wrong with the first field, without what was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"

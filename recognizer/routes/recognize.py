"""`POST /recognize`: a picture in, a decision out."""

from fastapi import APIRouter, Depends, Request, Response

from recognizer.answers import to_json_response, to_response
from recognizer.deps import DistancesDep, PictureDep, ServiceDep, require_key_when_closed
from recognizer.errors import (
    EngineFailed,
    ImageTooLarge,
    InvalidField,
    InvalidImage,
    Overloaded,
    UnsupportedImage,
)
from shared.contracts.recognition import RecognizeJsonResponse, RecognizeResponse
from shared.web.errors import problems, request_id
from shared.web.limits import client_of

router = APIRouter(tags=["recognition"], dependencies=[Depends(require_key_when_closed)])

_FIELDS = {
    "source": {"type": "string", "description": "camera or room"},
    "captured_at": {"type": "string", "format": "date-time", "description": "RFC 3339 with a zone; now, when absent"},
    "event_id": {"type": "string", "format": "uuid", "description": "a repeat with the same id is recorded once"},
    "faces": {"type": "string", "enum": ["one", "all"], "default": "one"},
    "record": {"type": "boolean", "default": True},
}
PICTURE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {"image": {"type": "string", "format": "binary"}, **_FIELDS},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {"image": {"type": "string", "description": "data:image/…;base64,…"}, **_FIELDS},
                }
            },
        },
    }
}


@router.post(
    "/recognize",
    response_model=RecognizeResponse | RecognizeJsonResponse,
    openapi_extra=PICTURE_BODY,
    responses=problems(InvalidImage, ImageTooLarge, UnsupportedImage, InvalidField, Overloaded, EngineFailed),
)
async def recognize(request: Request, picture: PictureDep, service: ServiceDep, distances: DistancesDep) -> Response:
    """Finds the faces, names the one that is known, and records the attendance.

    The picture (JPEG, PNG or WebP) comes as part `image` of a form, or as base64 in JSON. Every decision is a 200; only
    what cannot be read or stored is an error.
    """
    recognition = await service.recognize(picture.data, picture.fields, client=client_of(request))
    response = to_response(
        recognition,
        policy=service.policy,
        threshold_from=service.threshold_from,
        engine=service.engine,
        request_id=request_id(request),
        with_distances=distances,
    )
    answer = to_json_response(response) if picture.is_json else response
    return Response(answer.model_dump_json(), media_type="application/json")

"""The forms of enrolment, read: photos in parts `images`, and fields beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError

from recognizer.deps import EnrollKeyDep, StateDep, first_problem
from recognizer.enrolment.requests import EnrolRequest, PhotoUpload
from recognizer.errors import InvalidField, InvalidForm, MissingImage
from recognizer.form import Part, read_form
from shared.contracts.people import MAX_IMAGES, EnrolFields, MoreImagesFields

PHOTO_PARTS = ("images", "image")
_MAX_PARTS = MAX_IMAGES + len(EnrolFields.model_fields)
_MAX_FILENAME_CHARACTERS = 255

Fields = TypeVar("Fields", EnrolFields, MoreImagesFields)


@dataclass(frozen=True, slots=True)
class MoreImages:
    photos: Sequence[PhotoUpload]
    by: str
    allow_duplicate: bool


async def read_enrolment(request: Request, key: EnrollKeyDep, state: StateDep) -> EnrolRequest:
    """Asks for the key before it reads a byte of the body. Raises InvalidForm, InvalidField, MissingImage,
    ImageTooLarge."""
    fields, photos = await _read(request, EnrolFields, state.settings.max_bytes)
    return EnrolRequest.of(fields, photos, by=key.key_id)


async def read_more_images(request: Request, key: EnrollKeyDep, state: StateDep) -> MoreImages:
    """Raises what `read_enrolment` raises."""
    fields, photos = await _read(request, MoreImagesFields, state.settings.max_bytes)
    return MoreImages(photos, key.key_id, fields.allow_duplicate)


EnrolFormDep = Annotated[EnrolRequest, Depends(read_enrolment)]
MoreImagesDep = Annotated[MoreImages, Depends(read_more_images)]


def form_body(fields: type[EnrolFields | MoreImagesFields]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads such a form."""
    schema = TypeAdapter(fields).json_schema()
    schema["properties"]["images"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_IMAGES,
        "items": {"type": "string", "format": "binary"},
        "description": "JPEG, PNG or WebP pictures, each with this person's face alone",
    }
    schema["required"] = [*schema.get("required", ()), "images"]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def _read(request: Request, kind: type[Fields], max_file_bytes: int) -> tuple[Fields, list[PhotoUpload]]:
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise InvalidForm("Send a form (multipart/form-data) with the photos in parts named images")
    parts = await read_form(content_type, request.stream(), max_file_bytes=max_file_bytes, max_parts=_MAX_PARTS)
    photos = [part for part in parts if part.is_file and part.name in PHOTO_PARTS]
    if not photos:
        raise MissingImage("No image file in request")
    if len(photos) > MAX_IMAGES:
        raise InvalidForm(f"At most {MAX_IMAGES} photos are taken at once")
    others = [part for part in parts if not (part.is_file and part.name in PHOTO_PARTS)]
    return _validated(kind, others), [_upload(part) for part in photos]


def _validated(kind: type[Fields], parts: Sequence[Part]) -> Fields:
    """A field that is left empty, as forms of browsers have it, counts as left out."""
    given = {part.name: part.text for part in parts}
    if len(given) < len(parts):
        raise InvalidField("A field occurs twice")
    try:
        return kind.model_validate({name: text for name, text in given.items() if text.strip()})
    except ValidationError as error:
        raise InvalidField(first_problem(error)) from None


def _upload(part: Part) -> PhotoUpload:
    return PhotoUpload(part.filename[:_MAX_FILENAME_CHARACTERS], bytes(part.data))

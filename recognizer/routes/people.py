"""`/people`: who can be recognized. Every route needs a key with the scope `enroll`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from recognizer.deps import EnrollKeyDep, EnrolmentDep, require_enroll_key
from recognizer.errors import (
    DatasetUnavailable,
    ImageTooLarge,
    InvalidForm,
    NoSuchPerson,
    NoUsablePhoto,
    PossibleDuplicate,
)
from recognizer.routes.people_answers import to_page, to_receipt, to_record, to_result
from recognizer.routes.people_form import EnrolFormDep, MoreImagesDep, form_body
from shared.contracts.people import (
    EnrolFields,
    EnrolledPage,
    EnrolledRecord,
    EnrolmentResult,
    ErasureReceipt,
    MoreImagesFields,
)
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(
    prefix="/people",
    tags=["people"],
    dependencies=[Depends(require_enroll_key)],
    responses=problems(Unauthenticated, Forbidden, DatasetUnavailable),
)

_REFUSALS = problems(InvalidForm, ImageTooLarge, PossibleDuplicate, NoUsablePhoto)


@router.get("")
async def people(
    service: EnrolmentDep,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> EnrolledPage:
    """Everybody who is enrolled, by id."""
    return to_page(await service.people(cursor, limit))


@router.post("", status_code=201, openapi_extra=form_body(EnrolFields), responses=_REFUSALS)
async def enroll(form: EnrolFormDep, service: EnrolmentDep) -> EnrolmentResult:
    """Enrols a person, who is recognized from then on. Photos that cannot be used are named one by one; when none can,
    nothing is stored. For somebody who is enrolled already it adds photos; a repeat changes nothing."""
    return to_result(await service.enroll(form))


@router.post(
    "/{person_id:path}/images",
    status_code=201,
    openapi_extra=form_body(MoreImagesFields),
    responses={**_REFUSALS, **problems(NoSuchPerson)},
)
async def add_images(person_id: str, form: MoreImagesDep, service: EnrolmentDep) -> EnrolmentResult:
    """Adds photos of somebody who is enrolled."""
    added = await service.add_photos(person_id, form.photos, by=form.by, allow_duplicate=form.allow_duplicate)
    return to_result(added)


@router.get(
    "/{person_id:path}/images/{image_id}",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}, **problems(NoSuchPerson)},
)
async def image(person_id: str, image_id: str, service: EnrolmentDep) -> Response:
    """One photo, as it was sent."""
    data, media_type = await service.photo(person_id, image_id)
    return Response(data, media_type=media_type)


@router.delete("/{person_id:path}/images/{image_id}", status_code=204, responses=problems(NoSuchPerson))
async def remove_image(person_id: str, image_id: str, service: EnrolmentDep, key: EnrollKeyDep) -> None:
    """Removes one photo, but not the last."""
    await service.remove_photo(person_id, image_id, by=key.key_id)


@router.get("/{person_id:path}", responses=problems(NoSuchPerson))
async def person(person_id: str, service: EnrolmentDep) -> EnrolledRecord:
    """One person and their photos."""
    return to_record(await service.person(person_id))


@router.delete("/{person_id:path}", responses=problems(NoSuchPerson))
async def erase(person_id: str, service: EnrolmentDep, key: EnrollKeyDep) -> ErasureReceipt:
    """Removes a person's photos and templates, and what is kept of them here; they are unknown at once. Attendance is
    the logger's to erase."""
    return to_receipt(await service.erase(person_id, by=key.key_id))

"""Enrolments in the words of the wire."""

from recognizer.enrolment.filing import on_wire
from recognizer.enrolment.register import PeoplePage
from recognizer.enrolment.requests import EnrolledPerson, Enrolment, Receipt
from shared.contracts.people import (
    AcceptedImage,
    EnrolledPage,
    EnrolledRecord,
    EnrolledSummary,
    EnrolmentResult,
    ErasureReceipt,
    ImageRecord,
)


def to_result(enrolment: Enrolment) -> EnrolmentResult:
    registration = enrolment.registration
    return EnrolmentResult(
        person_id=enrolment.person.person_id,
        name=enrolment.person.name,
        person=enrolment.person.label,
        accepted=[
            AcceptedImage(index=photo.index, filename=photo.filename, image_id=photo.image_id)
            for photo in enrolment.accepted
        ],
        rejected_images=on_wire(enrolment.rejected),
        registration=None if registration is None else registration.note,
    )


def to_record(enrolled: EnrolledPerson) -> EnrolledRecord:
    images = [
        ImageRecord(image_id=photo.image_id, bytes=photo.size, media_type=photo.media_type) for photo in enrolled.photos
    ]
    person = enrolled.person
    return EnrolledRecord(
        person_id=person.person_id,
        name=person.name,
        person=person.label,
        recognizable=enrolled.recognizable,
        images=images,
    )


def to_page(page: PeoplePage) -> EnrolledPage:
    items = [
        EnrolledSummary(
            person_id=one.person.person_id,
            name=one.person.name,
            person=one.person.label,
            recognizable=one.recognizable,
            images=len(one.photos),
        )
        for one in page.people
    ]
    return EnrolledPage(items=items, next_cursor=items[-1].person_id if page.more else None)


def to_receipt(receipt: Receipt) -> ErasureReceipt:
    return ErasureReceipt(
        receipt_id=receipt.receipt_id,
        person_id=receipt.person_id,
        erased_at=receipt.erased_at,
        by=receipt.by,
        removed=dict(receipt.removed),
    )

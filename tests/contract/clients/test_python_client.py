"""Our own clients, against both services as they are."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, Protocol
from uuid import uuid4
from zipfile import ZipFile

import httpx
import pytest

from recognizer.client import (
    InConflict,
    LoggerClient,
    NamedPhoto,
    NotAllowed,
    NotTaken,
    NotThere,
    RecognizerClient,
)
from shared.contracts.events import Outcome, RecognitionEvent
from shared.contracts.people import BulkPerson, BulkReport, EnrolFields, HandedIn
from shared.contracts.profiles import ProfileChange
from shared.contracts.recognition import DecisionKind, FaceMode

Frame = Callable[..., bytes]
LOGGER_KEY, ENROLMENT_KEY = "k" * 40, "e" * 40
CAROL = EnrolFields(person_id="103", name="Carol", department="Physics", email="carol@example.org")


class Site(Protocol):
    to_recognizer: httpx.AsyncBaseTransport
    to_logger: httpx.AsyncBaseTransport
    clock: Any

    async def attendance(self) -> list[tuple[str, int]]: ...


@dataclass
class Clients:
    recognizer: RecognizerClient
    logger: LoggerClient
    site: Site


@pytest.fixture
async def clients(running: Callable[..., AbstractAsyncContextManager[Site]]) -> AsyncIterator[Clients]:
    async with (
        running(enroll_key=ENROLMENT_KEY) as site,
        RecognizerClient("http://recognizer", key=ENROLMENT_KEY, transport=site.to_recognizer) as recognizer,
        LoggerClient("http://logger", key=LOGGER_KEY, transport=site.to_logger) as logger,
    ):
        yield Clients(recognizer, logger, site)


async def test_a_recognition_and_its_repeat_are_recorded_once(clients: Clients, frame: Frame) -> None:
    event_id = uuid4()
    answers = [
        await clients.recognizer.recognize(frame("Alice_101"), source="room-1", event_id=event_id) for _ in range(2)
    ]
    assert [answer.person for answer in answers] == ["Alice 101"] * 2
    assert [answer.attendance and answer.attendance.event_id for answer in answers] == [event_id] * 2
    assert await clients.site.attendance() == [("101", 1)]


async def test_every_face_of_a_picture_and_nothing_recorded(clients: Clients, frame: Frame) -> None:
    picture = frame("Alice_101", "Mallory", "Bob_102")
    answer = await clients.recognizer.recognize(picture, faces=FaceMode.ALL, record=False)
    decisions = sorted((face.decision, face.person) for face in answer.faces if face.person)
    assert decisions == [(DecisionKind.KNOWN, "Alice 101"), (DecisionKind.KNOWN, "Bob 102")]
    assert len(answer.faces) == 3
    assert len((await clients.recognizer.detect(picture)).faces) == 3
    assert await clients.site.attendance() == []


async def test_somebody_is_enrolled_changed_and_erased(clients: Clients, frame: Frame) -> None:
    recognizer = clients.recognizer
    portrait = frame("Carol", suffix=".png")
    enrolled = await recognizer.enroll(CAROL, [NamedPhoto("one.png", portrait), NamedPhoto("none.png", frame())])
    assert (enrolled.person, len(enrolled.accepted)) == ("Carol 103", 1)
    assert [(one.index, one.filename) for one in enrolled.rejected_images] == [(1, "none.png")]
    assert (await clients.logger.person("103")).department == "Physics"
    assert (await recognizer.recognize(frame("Carol"))).person_id == "103"

    assert await recognizer.photo("103", enrolled.accepted[0].image_id) == portrait
    more = await recognizer.add_photos("103", [NamedPhoto("two.jpg", frame("Carol"))])
    await recognizer.remove_photo("103", enrolled.accepted[0].image_id)
    assert [one.image_id for one in (await recognizer.person("103")).images] == [more.accepted[0].image_id]
    assert [one.person_id async for one in recognizer.people()] == ["101", "102", "103", "UE245051"]

    assert (await recognizer.erase("103")).person_id == "103"
    with pytest.raises(NotThere):
        await recognizer.person("103")
    assert (await recognizer.recognize(frame("Carol"))).decision is DecisionKind.UNKNOWN


async def pieces(*entries: tuple[str, bytes]) -> AsyncIterator[bytes]:
    """A ZIP archive, as a program sends one that it does not hold in memory."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    for start in range(0, len(file.getvalue()), 1_000):
        yield file.getvalue()[start : start + 1_000]


async def test_an_archive_is_answered_person_by_person_and_with_what_became_of_their_profiles(
    clients: Clients, frame: Frame
) -> None:
    archive = pieces(("Carol_103/1.png", frame("Carol", suffix=".png")), ("Nobody_104/1.jpg", frame()))
    carol, nobody, report = [line async for line in clients.recognizer.enroll_archive(archive)]

    assert isinstance(carol, BulkPerson)
    assert isinstance(nobody, BulkPerson)
    assert carol.registration is not None
    assert carol.registration.delivery is HandedIn.DELIVERED
    assert (nobody.enrolled, nobody.code, nobody.registration) == (False, "no_usable_photo", None)
    assert isinstance(report, BulkReport)
    assert (report.people, report.enrolled, report.profiles) == (2, 1, {HandedIn.DELIVERED: 1})
    assert (await clients.logger.person("103")).name == "Carol"


async def test_what_is_no_archive_is_refused(clients: Clients) -> None:
    async def rubbish() -> AsyncIterator[bytes]:
        yield b"no archive"

    with pytest.raises(NotTaken) as refusal:
        await anext(clients.recognizer.enroll_archive(rubbish()))
    assert refusal.value.code == "invalid_archive"


async def test_what_enrolment_refuses_says_why(clients: Clients, frame: Frame) -> None:
    with pytest.raises(InConflict) as twin:
        await clients.recognizer.enroll(CAROL, [NamedPhoto("one.jpg", frame("Alice_101"))])
    assert twin.value.code == "possible_duplicate"
    with pytest.raises(NotTaken) as nothing:
        await clients.recognizer.enroll(CAROL, [NamedPhoto("one.jpg", frame())])
    assert nothing.value.code == "no_usable_photo"
    assert nothing.value.problem is not None
    assert [one.filename for one in nothing.value.problem.rejected_images or ()] == ["one.jpg"]


async def test_without_a_key_people_are_nobodys_business(clients: Clients) -> None:
    async with RecognizerClient("http://recognizer", transport=clients.site.to_recognizer) as stranger:
        with pytest.raises(NotAllowed) as refusal:
            await stranger.person("101")
    assert refusal.value.request_id


async def test_attendance_and_the_events_behind_it_are_read_day_by_day(clients: Clients, frame: Frame) -> None:
    for person in ("Alice_101", "Bob_102", "Alice_101"):
        await clients.recognizer.recognize(frame(person))
        clients.site.clock.forward(minutes=1)
    today = date(2026, 3, 3)  # at the site
    records = [one async for one in clients.logger.attendance(day=today)]
    assert [(one.person_id, one.events) for one in records] == [("102", 1), ("101", 2)]
    assert [one.person_id async for one in clients.logger.attendance(person_id="101", first_day=today)] == ["101"]
    assert [one.person_id async for one in clients.logger.attendance(last_day=date(2026, 3, 2))] == []
    assert [one.person_id async for one in clients.logger.events(day=today)] == ["101", "102", "101"]


async def test_a_profile_is_added_changed_and_not_overwritten(clients: Clients) -> None:
    added = await clients.logger.save_person("7", ProfileChange(name="Zoë", version=0))
    changed = await clients.logger.save_person("7", ProfileChange(phone="+49 30 1234", version=added.version))
    assert (changed.name, changed.phone) == ("Zoë", "+49 30 1234")
    with pytest.raises(InConflict):
        await clients.logger.save_person("7", ProfileChange(name="Zoe", version=added.version))
    assert [one.name async for one in clients.logger.people()] == ["Zoë"]


async def test_both_services_say_that_they_are_well(clients: Clients) -> None:
    for client in (clients.recognizer, clients.logger):
        assert (await client.health()).status == "ok"
        assert (await client.readiness()).ready
    assert (await clients.logger.sessions()).items == []


async def test_events_are_sent_in_order_and_a_second_time_without_harm(
    clients: Clients,
) -> None:
    events = [
        RecognitionEvent(
            event_id=uuid4(),
            person_id=person_id,
            person=f"Alice {person_id}",
            name="Alice",
            distance=0.1,
            similarity=0.9,
            threshold=0.2,
            engine="Fake/fake",
            captured_at=clients.site.clock.now(),
        )
        for person_id in ("101", "102")
    ]
    first = await clients.logger.send_events(events)
    again = await clients.logger.send_events(events)
    assert [one.outcome for one in first] == [Outcome.RECORDED] * 2
    assert [one.outcome for one in again] == [Outcome.DUPLICATE] * 2
    assert [one.event_id for one in first] == [event.event_id for event in events]

"""A school on the wire: what is posted, what is answered, and the conversions between the two and the domain."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from logger.domain.classes import Room, SchoolClass
from logger.domain.erasure import Erasure, Photos
from logger.domain.people import Consent, ConsentHow, PersonProfile, ProfileField
from logger.domain.people_import import ImportPreview
from logger.domain.policy import AttendancePolicy
from logger.domain.reports import Tally
from logger.domain.schedule import Exceptional, Schedule, SingleDate, WeeklyRule
from logger.services.classes import ClassDetails
from logger.services.cursor import MAX_PLACE_CHARACTERS
from logger.services.reports import Line
from logger.services.schedules import ScheduleDetails
from logger.store.tables import Row
from shared.contracts.base import Identifier, Name, Source, WireModel
from shared.contracts.events import AttendanceStatus
from shared.contracts.profiles import ConsentRecord, ProfileChange, ProfilePage, ProfileRecord, Version


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a plain name; a folder of zones
        raise ValueError("is not an IANA time zone such as Asia/Kolkata") from None
    return name


ZoneName = Annotated[str, Field(max_length=100), AfterValidator(_zone)]
Cursor = Annotated[str, Field(max_length=MAX_PLACE_CHARACTERS)]
Limit = Annotated[int, Field(ge=1, le=1_000)]


class PersonBody(ProfileChange):
    def fields(self) -> dict[ProfileField, str]:
        typed = {field: getattr(self, field.value) for field in ProfileField if field not in _NOT_TYPED}
        if self.active is not None:
            typed[ProfileField.ACTIVE] = "yes" if self.active else "no"
        return {field: value for field, value in typed.items() if value is not None}


_NOT_TYPED = frozenset({ProfileField.PERSON_ID, ProfileField.ACTIVE})


def _consent(consent: Consent | None) -> ConsentRecord | None:
    return None if consent is None else ConsentRecord.model_validate(consent, from_attributes=True)


class ConsentBody(WireModel):
    version: Annotated[Name, Field(max_length=100, description="of the text that was agreed to")]
    how: ConsentHow


class PersonRecord(ProfileRecord):
    @classmethod
    def of(cls, row: Row[PersonProfile], *, with_contacts: bool) -> "PersonRecord":
        person = row.value
        return cls(
            person_id=person.person_id,
            name=person.name,
            department=person.department,
            year=person.year,
            email=person.email if with_contacts else None,
            phone=person.phone if with_contacts else None,
            active=person.active,
            consent=_consent(person.consent),
            version=row.version,
        )


class PersonPage(ProfilePage):
    items: Sequence[PersonRecord]


class BadRowRecord(WireModel):
    line: int
    field: str | None
    problem: str


class ImportRecord(WireModel):
    """What an import did, or would do."""

    added: list[str]  # numbers
    changed: list[str]
    unchanged: int
    bad: list[BadRowRecord]
    ignored_columns: list[str]

    @classmethod
    def of(cls, preview: ImportPreview) -> "ImportRecord":
        bad = [
            BadRowRecord(line=row.line, field=row.field and row.field.value, problem=row.sentence)
            for row in preview.bad
        ]
        return cls(
            added=[person.person_id for person in preview.to_add],
            changed=[change.after.person_id for change in preview.to_change],
            unchanged=len(preview.unchanged),
            bad=bad,
            ignored_columns=list(preview.ignored_columns),
        )


class ClassBody(WireModel):
    title: Name
    teacher_id: Identifier
    room: Source | None = None
    zone: ZoneName | None = None
    policy: AttendancePolicy | None = None
    active: bool = True
    version: Version = 0

    def details(self) -> ClassDetails:
        zone = None if self.zone is None else ZoneInfo(self.zone)
        return ClassDetails(self.title, self.teacher_id, self.room, zone, self.policy, self.active)


class ClassRecord(WireModel):
    class_id: str
    title: str
    teacher_id: str
    zone: str
    room: str | None
    policy: AttendancePolicy
    active: bool
    people: int
    version: int

    @classmethod
    def of(cls, row: Row[SchoolClass]) -> "ClassRecord":
        one = row.value
        return cls(
            class_id=one.class_id,
            title=one.title,
            teacher_id=one.teacher_id,
            zone=one.zone.key,
            room=one.room,
            policy=one.policy,
            active=one.active,
            people=len(one.roster),
            version=row.version,
        )


class ClassPage(WireModel):
    items: list[ClassRecord]
    next_cursor: str | None


class RosterBody(WireModel):
    add: Annotated[tuple[Identifier, ...], Field(max_length=5_000)] = ()
    remove: Annotated[tuple[Identifier, ...], Field(max_length=5_000)] = ()


class WholeRosterBody(WireModel):
    people: Annotated[list[Identifier], Field(max_length=5_000)]


class RosterRecord(WireModel):
    items: list["NamedPerson"]


class NamedPerson(WireModel):
    person_id: str
    name: str

    @classmethod
    def of(cls, person: PersonProfile) -> "NamedPerson":
        return cls(person_id=person.person_id, name=person.name)


class RoomBody(WireModel):
    sources: Annotated[tuple[Source, ...], Field(max_length=100)] = ()


class RoomRecord(WireModel):
    name: str
    sources: list[str]

    @classmethod
    def of(cls, room: Room) -> "RoomRecord":
        return cls(name=room.name, sources=sorted(room.sources))


class RoomList(WireModel):
    items: list[RoomRecord]


class ScheduleBody(WireModel):
    rules: Annotated[list[WeeklyRule | SingleDate], Field(max_length=1_000)]
    exceptions: Annotated[tuple[Exceptional, ...], Field(max_length=1_000)] = ()
    room: Source | None = None
    zone: ZoneName | None = None
    version: Version = 0

    def details(self) -> ScheduleDetails:
        zone = None if self.zone is None else ZoneInfo(self.zone)
        return ScheduleDetails(tuple(self.rules), self.exceptions, self.room, zone)


class ScheduleRecord(WireModel):
    schedule_id: str
    class_id: str
    zone: str
    rules: list[WeeklyRule | SingleDate]
    exceptions: list[Exceptional]
    room: str | None
    version: int

    @classmethod
    def of(cls, row: Row[Schedule]) -> "ScheduleRecord":
        one = row.value
        return cls(
            schedule_id=one.schedule_id,
            class_id=one.class_id,
            zone=one.zone.key,
            rules=list(one.rules),
            exceptions=list(one.exceptions),
            room=one.room,
            version=row.version,
        )


class ScheduleList(WireModel):
    items: list[ScheduleRecord]


class RefusedEventRecord(WireModel):
    line: int
    title: str | None
    problem: str


class CalendarRecord(WireModel):
    """What an iCalendar file brought, or would bring."""

    taken: list[str]  # titles
    refused: list[RefusedEventRecord]


class TallyRecord(WireModel):
    sessions: int
    present: int
    late: int
    absent: int
    excused: int
    percent: float | None
    warning: bool

    @classmethod
    def of(cls, tally: Tally, threshold_percent: float) -> "TallyRecord":
        return cls(
            sessions=tally.total,
            present=tally.counted_as(AttendanceStatus.PRESENT),
            late=tally.counted_as(AttendanceStatus.LATE),
            absent=tally.counted_as(AttendanceStatus.ABSENT),
            excused=tally.counted_as(AttendanceStatus.EXCUSED),
            percent=tally.percent,
            warning=tally.warns(threshold_percent),
        )


class LineRecord(WireModel):
    """`key` is a person's number, a class's id or a month, and `name` what it is called."""

    key: str
    name: str
    tally: TallyRecord

    @classmethod
    def of(cls, line: Line, threshold_percent: float) -> "LineRecord":
        return cls(key=line.key, name=line.name, tally=TallyRecord.of(line.tally, threshold_percent))


class ReportRecord(WireModel):
    title: str
    first: date
    last: date
    threshold_percent: float
    total: TallyRecord
    months: list[LineRecord]
    people: list[LineRecord]
    classes: list[LineRecord]


class ReceiptRecord(WireModel):
    """What became of everything that was held on a person. `done` is false while photos could not be removed: ask
    again."""

    receipt_id: str
    begun_at: datetime
    done: bool
    profile: bool
    classes: int
    marks_under_pseudonym: int
    attendance_under_pseudonym: int
    events_under_pseudonym: int
    photos: Photos
    photos_detail: str

    @classmethod
    def of(cls, erasure: Erasure) -> "ReceiptRecord":
        return cls(
            receipt_id=erasure.erasure_id,
            begun_at=erasure.begun_at,
            done=erasure.is_done,
            profile=erasure.profile,
            classes=erasure.classes,
            marks_under_pseudonym=erasure.marks,
            attendance_under_pseudonym=erasure.attendance,
            events_under_pseudonym=erasure.events,
            photos=erasure.photos.photos,
            photos_detail=erasure.photos.detail,
        )

"""Tables for spreadsheets, read from the store while they are written."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from logger.domain.accounts import Account
from logger.domain.attendance import Attendance
from logger.domain.audit import AuditAction, AuditEntry
from logger.domain.classes import SchoolClass
from logger.domain.kept_marks import KeptMark, first_place, headcount_from_text, last_place
from logger.domain.marking import standing
from logger.domain.people import PersonProfile, consent_state
from logger.errors import NotFound
from logger.export.streams import Part, TableStream
from logger.export.tables import Cell
from logger.services.people import PeopleFilter
from logger.services.reports import Line, Report
from logger.services.rows import PART, every_row
from logger.services.schedules import Meeting
from logger.services.trail import AuditTrail
from logger.store.base import AttendanceFilter, Position, Store, StoredKey
from logger.store.kinds import ACCOUNTS, AUDIT, CLASSES, MARKS, PEOPLE, ROOMS, SESSIONS
from logger.store.tables import Row, Selection
from shared.clock import Clock
from shared.contracts.events import AttendanceStatus

Value = TypeVar("Value")

PEOPLE_COLUMNS = ("Roll number", "Name", "Department", "Year", "E-mail", "Phone", "Active", "Consent")
CLASS_COLUMNS = ("Class", "Title", "Teacher", "Room", "People", "Active")
ATTENDANCE_COLUMNS = ("Day", "Roll number", "Name", "Status", "First seen", "Last seen", "Sightings", "How", "Camera")
MARK_COLUMNS = ("Day", "Start", "Class", "Roll number", "Name", "Status", "First seen", "Stands on", "By", "Reason")
REPORT_COLUMNS = ("Key", "Name", "Sessions", "Present", "Late", "Absent", "Excused", "Percent", "Below the threshold")
MEETING_COLUMNS = ("Day", "Start", "End", "Class", "Teacher", "Room", "State")
SESSION_COLUMNS = (*MEETING_COLUMNS, "Marked", "Present", "Late", "Absent", "Excused")
AUDIT_COLUMNS = ("Number", "At", "By", "Action", "Subject", "Before", "After", "Reason", "Hash")

ACCOUNT_COLUMNS = ("Signs in as", "Name", "Role", "Room", "Active", "Password set at")
KEY_COLUMNS = ("Key", "Made for", "Scopes", "Made at", "Revoked at")
ROOM_COLUMNS = ("Room", "Cameras")

Contacts = Callable[[str], bool]  # whether e-mail and phone of this person may be seen


class ExportsService:
    """Every stream raises StoreUnavailable while it is read."""

    def __init__(self, store: Store, trail: AuditTrail, clock: Clock, *, site: ZoneInfo) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._site = site

    def now(self) -> datetime:
        """By the clock of the site, as files say when they were made."""
        return self._clock.now().astimezone(self._site)

    async def note(self, subject: str, *, by: str) -> None:
        """Writes down that this left the house. Raises StoreUnavailable."""
        await self._trail.note(AuditAction.DATA_EXPORTED, subject, by=by)

    def people(self, where: PeopleFilter, contacts: Contacts) -> TableStream:
        rows = every_row(self._store, PEOPLE, Selection(terms=where.terms))
        kept = (row.value async for row in rows if where.keeps(row.value))
        return TableStream("People", PEOPLE_COLUMNS, _parts(kept, lambda person: _person(person, contacts)))

    def classes(self, teacher_id: str | None) -> TableStream:
        """All, or those of a teacher."""
        terms = {} if teacher_id is None else {"teacher": teacher_id}
        classes = (row.value async for row in every_row(self._store, CLASSES, Selection(terms=terms)))
        return TableStream("Classes", CLASS_COLUMNS, _parts(classes, _school_class))

    async def class_roster(self, class_id: str, contacts: Contacts) -> TableStream:
        """By name. Raises NotFound."""
        school_class = await self._class(class_id)
        people = await self._store.load_many(PEOPLE, sorted(school_class.roster))
        named = sorted((row.value for row in people.values()), key=PEOPLE.order)
        rows = [_person(person, contacts) for person in named]
        return TableStream(f"Roster of {school_class.title}", PEOPLE_COLUMNS, _once(rows))

    def schedule(self, title: str, meetings: Iterable[Meeting]) -> TableStream:
        return TableStream(title, MEETING_COLUMNS, _once([self._meeting(one) for one in meetings]))

    async def sessions(self, first: date, last: date, meetings: Iterable[Meeting]) -> TableStream:
        """Those of the meetings that have begun or may begin, with how many have which mark."""
        span = Selection(first=first_place(first), last=last_place(last))
        counted: Counter[tuple[str, AttendanceStatus]] = Counter()
        for text, times in (await self._store.tally(MARKS, "headcount", span)).items():
            head = headcount_from_text(text)
            counted[head.session_id, head.counts_as] += times
        rows = [(*self._meeting(one), *_heads(one.session.session_id, counted)) for one in meetings if one.is_kept]
        return TableStream("Sessions", SESSION_COLUMNS, _once(rows))

    def attendance(self, where: AttendanceFilter) -> TableStream:
        """Newest first."""
        return TableStream("Attendance", ATTENDANCE_COLUMNS, self._attendance(where))

    async def class_marks(self, class_id: str, first: date, last: date) -> TableStream:
        """Raises NotFound."""
        school_class = await self._class(class_id)
        span = Selection(terms={"class": class_id}, first=first_place(first), last=last_place(last))
        return TableStream(school_class.title, MARK_COLUMNS, self._marks(span))

    def person_marks(self, person_id: str, first: date, last: date, seen: Collection[str]) -> TableStream:
        """In these classes, by id; in the order of time."""
        span = Selection(terms={"person": person_id}, first=first_place(first), last=last_place(last))
        return TableStream(
            f"Attendance of {person_id}", MARK_COLUMNS, self._marks(span, lambda one: one.class_id in seen)
        )

    async def session_marks(self, session_id: str) -> TableStream:
        """Raises NotFound."""
        row = await self._store.load(SESSIONS, session_id)
        if row is None:
            raise NotFound(f"There is no session {session_id}")
        start = row.value.starts_at.astimezone(self._site)
        marks = self._marks(Selection(terms={"session": session_id}))
        return TableStream(f"Session {start:%Y-%m-%d %H.%M}", MARK_COLUMNS, marks)

    def day_marks(self, day: date) -> TableStream:
        """All sessions of a day at the site."""
        span = Selection(first=first_place(day), last=last_place(day))
        return TableStream(day.isoformat(), MARK_COLUMNS, self._marks(span))

    def report(self, report: Report, lines: Iterable[Line]) -> TableStream:
        """These lines of the report, and its total."""
        rows = [_line(line, report) for line in [*lines, Line("", "Total", report.total)]]
        return TableStream(report.title, REPORT_COLUMNS, _once(rows))

    def audit(self) -> TableStream:
        entries = (row.value async for row in every_row(self._store, AUDIT))
        return TableStream("Audit", AUDIT_COLUMNS, _parts(entries, self._entry))

    def accounts(self) -> TableStream:
        """Nothing of a password but when it was set."""
        accounts = (row.value async for row in every_row(self._store, ACCOUNTS))
        return TableStream("Accounts", ACCOUNT_COLUMNS, _parts(accounts, self._account))

    def rooms(self) -> TableStream:
        rooms = (row.value async for row in every_row(self._store, ROOMS))
        return TableStream("Rooms", ROOM_COLUMNS, _parts(rooms, lambda one: (one.name, ", ".join(sorted(one.sources)))))

    def keys(self, keys: Iterable[StoredKey]) -> TableStream:
        """What each is for, and no part of its secret."""
        return TableStream("Keys", KEY_COLUMNS, _once([self._key(one) for one in keys]))

    async def _class(self, class_id: str) -> SchoolClass:
        row = await self._store.load(CLASSES, class_id)
        if row is None:
            raise NotFound(f"There is no class {class_id}")
        return row.value

    async def _attendance(self, where: AttendanceFilter) -> AsyncIterator[Part]:
        after: Position | None = None
        while True:
            page = await self._store.attendance_page(where, after=after, limit=PART)
            yield [self._record(record) for record in page.items]
            after = page.next
            if after is None:
                return

    async def _marks(
        self, selection: Selection, keep: Callable[[KeptMark], bool] = lambda _: True
    ) -> AsyncIterator[Part]:
        """With names as they are now; who was erased has a pseudonym."""
        marks: list[KeptMark] = []
        async for row in every_row(self._store, MARKS, selection):
            marks += [row.value] if keep(row.value) else []
            if len(marks) == PART:
                yield await self._named(marks)
                marks = []
        yield await self._named(marks)

    async def _named(self, marks: Sequence[KeptMark]) -> Part:
        people = await self._store.load_many(PEOPLE, sorted({one.person_id for one in marks}))
        classes = await self._store.load_many(CLASSES, sorted({one.class_id for one in marks}))
        titles = {class_id: row.value.title for class_id, row in classes.items()}
        return [self._mark(one, people.get(one.person_id), titles.get(one.class_id, one.class_id)) for one in marks]

    def _mark(self, kept: KeptMark, person: Row[PersonProfile] | None, title: str) -> Sequence[Cell]:
        word = standing(kept.facts)
        return (
            kept.local_date,
            self._local(kept.starts_at),
            title,
            kept.person_id,
            person.value.name if person else None,
            kept.mark.status.name if kept.mark else None,
            self._local(kept.facts.first_seen),
            kept.mark.basis.value if kept.mark else None,
            word.by if word else None,
            word.reason if word else None,
        )

    def _meeting(self, meeting: Meeting) -> Sequence[Cell]:
        session, one = meeting.session, meeting.school_class
        starts_at, ends_at = (at.astimezone(self._site) for at in (session.starts_at, session.ends_at))
        return (starts_at.date(), starts_at, ends_at, one.title, one.teacher_id, session.room, session.state.value)

    def _record(self, record: Attendance) -> Sequence[Cell]:
        return (
            record.local_date,
            record.key.person_id,
            record.name,
            record.status.value,
            self._local(record.first_seen),
            self._local(record.last_seen),
            record.events,
            record.method.value,
            record.source,
        )

    def _account(self, one: Account) -> Sequence[Cell]:
        set_at = self._local(one.password.set_at) if one.password else None
        return (one.account_id, one.name, one.role.value, one.room, one.active, set_at)

    def _key(self, stored: StoredKey) -> Sequence[Cell]:
        key, times = stored.key, (self._local(stored.created_at), self._local(stored.revoked_at))
        return (key.key_id, key.label, " ".join(sorted(key.scopes)), *times)

    def _entry(self, entry: AuditEntry) -> Sequence[Cell]:
        deed = entry.deed
        told = (deed.by, deed.action.value, deed.subject, deed.before, deed.after, deed.reason)
        return (entry.number, self._local(deed.at), *told, entry.hash)

    def _local(self, instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(self._site)


def _person(person: PersonProfile, contacts: Contacts) -> Sequence[Cell]:
    email, phone = (person.email, person.phone) if contacts(person.person_id) else (None, None)
    described = (person.person_id, person.name, person.department, person.year)
    return (*described, email, phone, person.active, consent_state(person).value)


def _school_class(one: SchoolClass) -> Sequence[Cell]:
    return (one.class_id, one.title, one.teacher_id, one.room, len(one.roster), one.active)


def _heads(session_id: str, counted: Mapping[tuple[str, AttendanceStatus], int]) -> Sequence[Cell]:
    heads = [counted.get((session_id, kind), 0) for kind in AttendanceStatus]
    return (sum(heads), *heads)


def _line(line: Line, report: Report) -> Sequence[Cell]:
    counts = [line.tally.counted_as(kind) for kind in AttendanceStatus]
    percent = None if line.tally.percent is None else round(line.tally.percent, 1)
    return (line.key, line.name, line.tally.total, *counts, percent, line.tally.warns(report.threshold_percent))


async def _parts(values: AsyncIterator[Value], row: Callable[[Value], Sequence[Cell]]) -> AsyncIterator[Part]:
    part: list[Sequence[Cell]] = []
    async for value in values:
        part.append(row(value))
        if len(part) == PART:
            yield part
            part = []
    yield part


async def _once(rows: Part) -> AsyncIterator[Part]:
    yield rows

"""Reports: attendance counted for a person, a class, a month."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from logger.domain.kept_marks import counted_from_texts, first_place, last_place
from logger.domain.people import PersonProfile
from logger.domain.reports import Counted, Tally, by_class, by_month, by_person, tally, tally_by
from logger.domain.text import sorting
from logger.errors import InvalidRequest, NotFound
from logger.services.rows import every_row
from logger.store.kinds import CLASSES, MARKS, PEOPLE
from logger.store.tables import RowStore, Selection

MAX_SPAN = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class Line:
    """One person, class or month of a report."""

    key: str
    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Report:
    """Both days are included. `people` and `classes` are by name, months by time."""

    title: str
    first: date
    last: date
    threshold_percent: float
    total: Tally
    months: tuple[Line, ...]
    people: tuple[Line, ...]
    classes: tuple[Line, ...]

    @property
    def warned(self) -> tuple[Line, ...]:
        """The people below the threshold, the lowest first."""
        low = [line for line in self.people if line.tally.warns(self.threshold_percent)]
        return tuple(sorted(low, key=lambda line: line.tally.percent or 0))


class ReportsService:
    """Every method raises StoreUnavailable, and InvalidRequest for days that make no span."""

    def __init__(self, store: RowStore, *, threshold_percent: float) -> None:
        self._store = store
        self._threshold_percent = threshold_percent

    async def person(self, person_id: str, first: date, last: date) -> Report:
        """Raises NotFound for a number under which nothing is kept."""
        counted = await self._counted({"person": person_id}, first, last)
        row = await self._store.load(PEOPLE, person_id)
        if row is None and not await self._store.count(MARKS, {"person": person_id}):
            raise NotFound(f"There is nobody with the number {person_id}")
        return await self._report(row.value.name if row else person_id, counted, first, last)

    async def school_class(self, class_id: str, first: date, last: date) -> Report:
        """With everybody on the roster, also who has no mark yet. Raises NotFound."""
        row = await self._store.load(CLASSES, class_id)
        if row is None:
            raise NotFound(f"There is no class {class_id}")
        counted = await self._counted({"class": class_id}, first, last)
        return await self._report(row.value.title, counted, first, last, expected=row.value.roster)

    async def month(self, year: int, month: int, *, teacher_id: str | None = None) -> Report:
        """The whole school, or the classes of a teacher."""
        if not (1970 <= year <= 2200 and 1 <= month <= 12):
            raise InvalidRequest("A month is given as a year from 1970 to 2200 and a number from 1 to 12")
        first = date(year, month, 1)
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return await self._report(f"{first} to {last}", await self._taught(teacher_id, first, last), first, last)

    async def span(self, first: date, last: date) -> Report:
        """The whole school."""
        return await self._report(f"{first} to {last}", await self._counted({}, first, last), first, last)

    async def overview(self, first: date, last: date, *, teacher_id: str | None = None) -> Report:
        """The whole school, or the classes of a teacher; of the people those below the threshold alone, so that no
        other name is looked up."""
        counted = await self._taught(teacher_id, first, last)
        return await self._report(f"{first} to {last}", counted, first, last, everybody=False)

    async def _taught(self, teacher_id: str | None, first: date, last: date) -> list[Counted]:
        if teacher_id is None:
            return await self._counted({}, first, last)
        own = every_row(self._store, CLASSES, Selection(terms={"teacher": teacher_id}))
        return [one async for row in own for one in await self._counted({"class": row.value.class_id}, first, last)]

    async def _counted(self, terms: Mapping[str, str], first: date, last: date) -> list[Counted]:
        if not timedelta(0) <= last - first <= MAX_SPAN:
            raise InvalidRequest("The first day must not be after the last, nor more than ten years before it")
        wanted = Selection(terms=terms, first=first_place(first), last=last_place(last))
        found = await self._store.tally(MARKS, "counted", wanted)
        return counted_from_texts(found)

    async def _report(
        self,
        title: str,
        counted: list[Counted],
        first: date,
        last: date,
        *,
        expected: Iterable[str] = (),
        everybody: bool = True,
    ) -> Report:
        people = {person_id: Tally({}) for person_id in expected} | tally_by(by_person, counted)
        if not everybody:
            people = {person_id: one for person_id, one in people.items() if one.warns(self._threshold_percent)}
        classes = tally_by(by_class, counted)
        months = tally_by(by_month, counted)
        names = await self._store.load_many(PEOPLE, list(people))
        titles = await self._store.load_many(CLASSES, list(classes))
        return Report(
            title=title,
            first=first,
            last=last,
            threshold_percent=self._threshold_percent,
            total=tally(counted),
            months=_lines(months, lambda month: month),
            people=_lines(people, lambda one: _name(names[one].value if one in names else None, one)),
            classes=_lines(classes, lambda one: titles[one].value.title if one in titles else one),
        )


def _name(person: PersonProfile | None, person_id: str) -> str:
    """Who was erased has a pseudonym and no name."""
    return person_id if person is None else person.name


def _lines(tallies: Mapping[str, Tally], name: Callable[[str], str]) -> tuple[Line, ...]:
    lines = [Line(key, name(key), one) for key, one in tallies.items()]
    return tuple(sorted(lines, key=lambda line: (sorting(line.name), line.key)))

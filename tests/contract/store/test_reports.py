"""The service of reports, the same on every store."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logger.domain.classes import SchoolClass
from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Basis, Facts, Mark
from logger.domain.people import PersonProfile
from logger.domain.policy import DEFAULT_STATUSES
from logger.errors import InvalidRequest, NotFound
from logger.services.reports import ReportsService
from logger.store.base import Store
from logger.store.kinds import CLASSES, MARKS, PEOPLE
from shared.contracts.events import AttendanceStatus

AT = datetime(2025, 3, 3, 8, tzinfo=UTC)
PRESENT, LATE, ABSENT, EXCUSED = range(4)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def kept(person_id: str, after_days: int, status: int, class_id: str = "c1") -> KeptMark:
    at = AT + timedelta(days=after_days)
    session_id = f"{class_id}-{after_days}"
    mark = Mark(session_id, person_id, list(DEFAULT_STATUSES)[status], Basis.SIGHTING, at)
    return KeptMark(session_id, person_id, class_id, at.date(), at, Facts(at), mark)


@pytest.fixture
async def reports(store: Store) -> ReportsService:
    await store.save_many(PEOPLE, [PersonProfile("101", "Ada"), PersonProfile("102", "Émile")])
    zone = ZoneInfo("UTC")
    await store.save_many(
        CLASSES,
        [
            SchoolClass("c1", "Physics", "t1", zone, frozenset({"101", "102", "103"})),
            SchoolClass("c2", "Art", "t1", zone),
        ],
    )
    await store.save_many(
        MARKS,
        [
            kept("101", 0, PRESENT),
            kept("101", 7, LATE),
            kept("101", 28, ABSENT),
            kept("101", 35, EXCUSED),
            kept("101", 1, PRESENT, "c2"),
            kept("102", 0, ABSENT),
            kept("102", 7, PRESENT),
        ],
    )
    return ReportsService(store, threshold_percent=75)


async def test_a_person_is_counted_over_classes_and_months(reports: ReportsService) -> None:
    report = await reports.person("101", *YEAR)
    assert report.title == "Ada"
    assert (report.total.total, report.total.percent) == (5, 75)
    assert not report.total.warns(75)
    assert [(line.name, line.tally.total, line.tally.percent) for line in report.classes] == [
        ("Art", 1, 100),
        ("Physics", 4, pytest.approx(200 / 3)),
    ]
    assert [(line.key, line.tally.total) for line in report.months] == [("2025-03", 4), ("2025-04", 1)]
    with pytest.raises(NotFound):
        await reports.person("nobody", *YEAR)


async def test_a_class_shows_all_of_its_people_and_who_is_below(reports: ReportsService) -> None:
    report = await reports.school_class("c1", *YEAR)
    assert [(line.name, line.tally.percent) for line in report.people] == [
        ("103", None),
        ("Ada", pytest.approx(200 / 3)),
        ("Émile", 50),
    ]
    assert [line.key for line in report.warned] == ["102", "101"]
    assert report.total.counted_as(AttendanceStatus.LATE) == 1
    with pytest.raises(NotFound):
        await reports.school_class("c9", *YEAR)


async def test_both_days_of_a_span_are_in_it_and_no_other(reports: ReportsService) -> None:
    one = await reports.school_class("c1", date(2025, 3, 3), date(2025, 3, 3))
    assert one.total.total == 2
    nothing = await reports.school_class("c1", date(2025, 3, 4), date(2025, 3, 9))
    assert (nothing.total.total, nothing.total.percent) == (0, None)
    with pytest.raises(InvalidRequest):
        await reports.school_class("c1", date(2025, 3, 4), date(2025, 3, 3))
    with pytest.raises(InvalidRequest):
        await reports.person("101", date(1, 1, 1), date(2025, 1, 1))


async def test_a_month_is_of_the_whole_school(reports: ReportsService) -> None:
    march = await reports.month(2025, 3)
    assert (march.first, march.last) == (date(2025, 3, 1), date(2025, 3, 31))
    assert [(line.key, line.tally.total) for line in march.classes] == [("c2", 1), ("c1", 5)]
    assert (await reports.month(2025, 3, teacher_id="t1")).classes == march.classes
    assert (await reports.month(2025, 3, teacher_id="somebody")).total.total == 0
    december = await reports.month(2025, 12)
    assert (december.last, december.total.total) == (date(2025, 12, 31), 0)
    for year, month in ((2025, 13), (2025, 0), (1, 1)):
        with pytest.raises(InvalidRequest):
            await reports.month(year, month)


async def test_an_overview_counts_everybody_and_names_those_below_the_threshold(reports: ReportsService) -> None:
    march = (date(2025, 3, 1), date(2025, 3, 31))
    whole, overview = await reports.span(*march), await reports.overview(*march)
    assert (overview.total, overview.classes, overview.months) == (whole.total, whole.classes, whole.months)
    assert [line.name for line in overview.people] == ["Émile"]
    assert overview.warned == whole.warned

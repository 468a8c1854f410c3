"""Charts: what they draw is what they were given, and they say it in words."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from logger.web.charts import MOST_BARS, Bar, percents, shares
from shared.contracts.events import AttendanceStatus

PRESENT, LATE, ABSENT = AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.ABSENT


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - what we have drawn ourselves


def widths(svg: str) -> dict[str, float]:
    return {one.get("class", ""): float(one.get("width", "0")) for one in parsed(svg).iter("rect")}


def test_each_part_is_as_wide_as_its_share_of_those_expected() -> None:
    drawn = widths(shares({PRESENT: 5, LATE: 3, ABSENT: 0}, 10))
    assert drawn == {"fill-present": 50, "fill-late": 30}


def test_the_line_of_shares_says_them_in_words() -> None:
    assert 'aria-label="5 present, 3 late of 10"' in shares({PRESENT: 5, LATE: 3}, 10)
    assert 'aria-label="nobody marked of 4"' in shares({}, 4)


@given(st.dictionaries(st.sampled_from(AttendanceStatus), st.integers(0, 5_000)), st.integers(0, 5_000))
def test_shares_never_leave_their_line(counts: dict[AttendanceStatus, int], expected: int) -> None:
    assert sum(widths(shares(counts, expected)).values()) <= 100.01


def test_bars_below_the_threshold_look_different() -> None:
    drawn = percents([Bar("Jan", 90.0), Bar("Feb", 60.0), Bar("Mar", None)], 75, "…")
    assert re.findall(r"fill-(\w+)", drawn) == ["present", "low"]
    assert [text for text in ("Jan", "Feb", "Mar") if f">{text}<" in drawn] == ["Jan", "Feb", "Mar"]


def test_labels_are_escaped() -> None:
    drawn = percents([Bar("<b>", 10.0)], 75, 'a "quoted" <i>')
    assert "<b>" not in drawn
    assert parsed(drawn).get("aria-label") == 'a "quoted" <i>'


@given(st.lists(st.floats(0, 100) | st.none(), max_size=80))
def test_a_chart_stays_within_its_frame(values: list[float | None]) -> None:
    drawn = parsed(percents([Bar(str(index), one) for index, one in enumerate(values)], 75, "…"))
    bars = list(drawn.iter("rect"))
    assert len(bars) == sum(one is not None for one in values[-MOST_BARS:])
    for bar in bars:
        top, height = float(bar.get("y", "")), float(bar.get("height", ""))
        assert 0 <= top <= top + height <= 230

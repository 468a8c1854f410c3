"""The text form of RFC 5545."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.icalendar import (
    MAX_OCTETS,
    NotACalendar,
    components,
    content_lines,
    escaped,
    folded,
    text_line,
    unescaped,
)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_what_is_escaped_and_folded_reads_back(text: str) -> None:
    [line] = content_lines(text_line("SUMMARY", text))
    assert (line.name, unescaped(line.value)) == ("SUMMARY", "".join(one for one in text if one.isprintable()))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_line_is_longer_than_the_standard_allows_and_no_text_makes_a_line(text: str) -> None:
    lines = text_line("SUMMARY", text).removesuffix("\r\n").split("\r\n")
    assert all(len(line.encode()) <= MAX_OCTETS for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert not any("\n" in line or "\r" in line for line in lines)


def test_line_ends_within_a_text_are_kept() -> None:
    assert escaped("a\r\nb\rc;d,e\\") == r"a\nb\nc\;d\,e\\"
    assert unescaped(r"a\nb\Nc\;d\,e\\n") == "a\nb\nc;d,e\\n"


def test_a_line_of_exactly_the_limit_is_not_folded() -> None:
    assert folded("x" * 75) == "x" * 75 + "\r\n"
    assert folded("x" * 76) == "x" * 75 + "\r\n x\r\n"


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_folded_lines_and_quoted_parameters_are_read(line_end: str) -> None:
    text = line_end.join(['\ufeffdtstart;TZID="Europe/Berlin";X=1,"a:b;c":2025', " 0303", "\tT0900", "", "A:b"])
    first, second = content_lines(text)
    assert (first.line, first.name, first.value) == (1, "DTSTART", "20250303T0900")
    assert first.parameters["TZID"] == "Europe/Berlin"
    assert (second.line, second.name, second.value) == (5, "A", "b")


def test_components_keep_what_is_theirs_apart_from_what_is_inside_them() -> None:
    text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nUID:2\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR"
    [event] = components(text, "VEVENT")
    assert [line.value for line in event.all("UID")] == ["1"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello", "Line 1"),
        ("UID:1", "does not begin"),
        ("BEGIN:VCALENDAR\nEND:VEVENT", "Line 2 ends"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1", "inside VEVENT"),
        ("END:VCALENDAR", "Line 1 ends"),
    ],
)
def test_what_is_no_calendar_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(NotACalendar, match=sentence):
        components(text, "VEVENT")

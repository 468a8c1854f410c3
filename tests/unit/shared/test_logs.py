import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from shared.logs import configure_logs, get_logger


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_an_error_is_its_type_and_its_places_and_none_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("info", "json")
    try:
        int("Alice 101")
    except ValueError as error:
        get_logger("test.words").exception("it broke", exc_info=error)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["error"]) == ("it broke", "ValueError")
    assert "test_logs.py" in line["places"][0]
    assert "Alice" not in stream.getvalue()


def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    configure_logs("info", "json")
    log = get_logger("test.closed")
    monkeypatch.setattr(sys, "stderr", closed)
    log.info("heard")
    closed.close()
    log.info("not heard")
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    log.info("heard again")
    assert json.loads(later.getvalue())["event"] == "heard again"


def test_lines_below_the_level_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("warning", "text")
    get_logger("test.level").info("quiet")
    get_logger("test.level").warning("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()

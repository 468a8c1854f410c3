"""Nothing in the audit can be changed without its showing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logger.domain.audit import GENESIS, AuditAction, AuditEntry, Broken, Deed, Flaw, canonical, seal, verify

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)

optional = st.none() | st.text(max_size=8)
deeds = st.builds(
    Deed,
    at=st.datetimes(timezones=st.just(UTC)),
    by=st.text(max_size=8),
    action=st.sampled_from(AuditAction),
    subject=st.text(max_size=8),
    before=optional,
    after=optional,
    reason=optional,
)
chains = st.lists(deeds, min_size=1, max_size=6).map(lambda many: chain(*many))


def chain(*many: Deed) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for deed in many:
        entries.append(seal(entries[-1] if entries else None, deed))
    return entries


@given(chains)
@settings(max_examples=25)
def test_what_was_sealed_verifies(entries: list[AuditEntry]) -> None:
    assert verify(entries) is None
    assert verify(entries, head=entries[-1].hash) is None
    assert verify([], head=None) is None
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


TAMPERINGS: dict[str, Callable[[Deed, Deed], Deed]] = {
    "at": lambda deed, other: replace(deed, at=other.at),
    "by": lambda deed, other: replace(deed, by=other.by),
    "action": lambda deed, other: replace(deed, action=other.action),
    "subject": lambda deed, other: replace(deed, subject=other.subject),
    "before": lambda deed, other: replace(deed, before=other.before),
    "after": lambda deed, other: replace(deed, after=other.after),
    "reason": lambda deed, other: replace(deed, reason=other.reason),
}


@pytest.mark.parametrize("field", sorted(TAMPERINGS))
@given(entries=chains, other=deeds, data=st.data())
@settings(max_examples=25)
def test_a_changed_field_breaks_the_entry_that_it_is_in(
    field: str, entries: list[AuditEntry], other: Deed, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    changed = TAMPERINGS[field](entries[index].deed, other)
    assume(changed != entries[index].deed)
    entries[index] = replace(entries[index], deed=changed)
    assert verify(entries) == Broken(index + 1, Flaw.CONTENT)


@given(chains, deeds, st.data())
@settings(max_examples=25)
def test_an_entry_sealed_anew_after_a_change_breaks_the_next(
    entries: list[AuditEntry], other: Deed, data: st.DataObject
) -> None:
    assume(len(entries) > 1)
    index = data.draw(st.integers(0, len(entries) - 2))
    assume(other != entries[index].deed)
    entries[index] = seal(entries[index - 1] if index else None, other)
    assert verify(entries) == Broken(index + 2, Flaw.LINK)


@given(chains, st.data())
@settings(max_examples=25)
def test_an_entry_taken_out_is_missed_where_it_was(entries: list[AuditEntry], data: st.DataObject) -> None:
    assume(len(entries) > 1)
    index = data.draw(st.integers(0, len(entries) - 2))
    del entries[index]
    assert verify(entries) == Broken(index + 1, Flaw.NUMBER)


@given(chains, st.data())
@settings(max_examples=25)
def test_entries_cannot_be_swapped_or_doubled(entries: list[AuditEntry], data: st.DataObject) -> None:
    assume(len(entries) > 1)
    index = data.draw(st.integers(0, len(entries) - 2))
    doubled = [*entries[: index + 1], entries[index], *entries[index + 1 :]]
    assert verify(doubled) == Broken(index + 2, Flaw.NUMBER)
    entries[index : index + 2] = entries[index : index + 2][::-1]
    assert verify(entries) == Broken(index + 1, Flaw.NUMBER)


@given(chains)
@settings(max_examples=25)
def test_a_missing_end_shows_against_the_head_that_was_noted(entries: list[AuditEntry]) -> None:
    head = entries.pop().hash
    assert verify(entries) is None
    assert verify(entries, head=head) == Broken(len(entries) + 1, Flaw.END)


def test_a_chain_that_grew_since_its_head_was_noted_is_whole() -> None:
    deed = Deed(NOON, "t1", AuditAction.CLASS_SAVED, "class:c1")
    entries = chain(deed, deed, deed)
    assert verify(entries, head=entries[0].hash) is None
    assert verify(entries, head=GENESIS) is None


def test_an_instant_is_sealed_whatever_zone_it_is_written_in() -> None:
    deed = Deed(NOON, "t1", AuditAction.CLASS_SAVED, "class:c1")
    east = replace(deed, at=NOON.astimezone(timezone(timedelta(hours=9))))
    assert seal(None, east).hash == seal(None, deed).hash


def test_the_form_of_the_seal_does_not_change_between_releases() -> None:
    """A stored chain must verify for ever."""
    deed = Deed(NOON, "t1", AuditAction.ATTENDANCE_CORRECTED, "session:s1/101", '"absent"', '"late"', "bus")
    assert seal(None, deed).hash == "13a9889d7f170642c438d744a7ca77a95b0de9bd077aa6a8a2e47057dff412f1"


def test_canonical_json_is_one_text_for_one_value() -> None:
    assert canonical({"b": [1, None], "a": "ü"}) == canonical({"a": "ü", "b": [1, None]}) == '{"a":"ü","b":[1,null]}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))

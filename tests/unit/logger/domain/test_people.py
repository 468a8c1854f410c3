"""What may be kept about a person."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.people import (
    Consent,
    ConsentHow,
    InvalidProfile,
    PersonProfile,
    ProfileField,
    clean_email,
    clean_phone,
    enrolment_of,
    read_profile,
)
from logger.domain.text import Unfit

F = ProfileField
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
ALICE = PersonProfile("101", "Alice", "Physics", "2", "alice@example.org", "+49 30 123456")
CONSENT = Consent("2025-1", NOON, ConsentHow.PAPER, "admin")


def problems_of(fields: dict[ProfileField, str]) -> dict[ProfileField, str]:
    with pytest.raises(InvalidProfile) as raised:
        read_profile(fields)
    return {problem.field: problem.sentence for problem in raised.value.problems}


def test_every_field_that_cannot_be_kept_is_told_at_once() -> None:
    problems = problems_of(
        {F.PERSON_ID: " ", F.NAME: "A\u202eB", F.EMAIL: "alice", F.PHONE: "call me", F.ACTIVE: "maybe"}
    )
    assert problems == {
        F.PERSON_ID: "must not be blank",
        F.NAME: "must not contain control or invisible characters",
        F.EMAIL: "must be an e-mail address such as alice@example.org",
        F.PHONE: "must be a phone number: digits, spaces and ( ) . - /, with + in front if it is international",
        F.ACTIVE: "must be yes or no",
    }


def test_lengths_are_bounded() -> None:
    fields = {F.PERSON_ID: "1" * 101, F.NAME: "n" * 201, F.DEPARTMENT: "d" * 101, F.YEAR: "y" * 21}
    assert {field: sentence.rsplit(" ", 2)[1] for field, sentence in problems_of(fields).items()} == {
        F.PERSON_ID: "100", F.NAME: "200", F.DEPARTMENT: "100", F.YEAR: "20"
    }  # fmt: skip


def test_a_new_person_needs_an_id_and_a_name() -> None:
    assert set(problems_of({})) == {F.PERSON_ID, F.NAME}


def test_fields_that_are_not_given_stay_and_empty_ones_are_emptied() -> None:
    known = replace(ALICE, consent=CONSENT)
    assert read_profile({F.EMAIL: ""}, known) == replace(known, email=None)
    assert read_profile({F.ACTIVE: "no"}, known) == replace(known, active=False)


@given(st.text(max_size=60))
def test_what_is_kept_is_normal_and_reads_back_the_same(name: str) -> None:
    try:
        profile = read_profile({F.PERSON_ID: "1", F.NAME: name})
    except InvalidProfile:
        return
    assert unicodedata.is_normalized("NFC", profile.name)
    assert read_profile({F.PERSON_ID: "1", F.NAME: profile.name}) == profile


@pytest.mark.parametrize(
    "address", ["a@example.org", "first.last+tag@Sub.Example.ORG", "user@müller.example", "x@1.de"]
)
def test_addresses_are_taken_with_their_domain_in_lower_case(address: str) -> None:
    mailbox, _, domain = address.partition("@")
    assert clean_email(f" {address} ") == f"{mailbox}@{domain.lower()}"


@pytest.mark.parametrize(
    "address",
    ["a", "a@", "@b.c", "a@b", "a b@c.d", "a@b..c", ".a@b.c", "a..b@c.de", "a@-b.c", "a@b.c-", "a@b@c.d", "<a@b.c>"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Unfit):
        clean_email(address)


def test_an_address_longer_than_mail_allows_is_refused() -> None:
    with pytest.raises(Unfit, match="254"):
        clean_email("a@" + ".".join(["b" * 60] * 5))


@pytest.mark.parametrize("number", ["112", "+49 (30) 123-456", "030/123.456", "555-0100 ext. 12", "555-0100 x12"])
def test_phone_numbers_stay_as_they_were_written(number: str) -> None:
    assert clean_phone(f" {number}") == number


@pytest.mark.parametrize("number", ["12", "()()--", "+", "١٢٣٤٥", "1" * 31, "=1+1", "555 0100 x"])
def test_what_is_no_phone_number_is_refused(number: str) -> None:
    with pytest.raises(Unfit):
        clean_phone(number)


def test_a_face_may_be_enrolled_only_under_a_standing_consent_where_the_site_asks_for_one() -> None:
    agreed = replace(ALICE, consent=CONSENT)
    asked = [enrolment_of(one, consent_required=True) for one in (None, ALICE, agreed)]
    assert [one.allowed for one in asked] == [False, False, True]
    assert len({one.reason for one in asked}) == 3
    assert [enrolment_of(one, consent_required=False).allowed for one in (None, ALICE, agreed)] == [True, True, True]


@pytest.mark.parametrize("consent_required", [True, False])
def test_who_has_left_or_withdrawn_the_consent_is_enrolled_nowhere(consent_required: bool) -> None:
    agreed = replace(ALICE, consent=CONSENT)
    withdrawn = replace(ALICE, consent=CONSENT.withdraw(NOON + timedelta(days=1)))
    for one in (withdrawn, replace(agreed, active=False)):
        assert not enrolment_of(one, consent_required=consent_required).allowed


def test_the_first_withdrawal_counts_and_none_comes_before_the_consent() -> None:
    first = CONSENT.withdraw(NOON + timedelta(days=1))
    assert first.withdraw(NOON + timedelta(days=2)) == first
    assert CONSENT.withdraw(NOON - timedelta(days=1)).withdrawn_at == NOON

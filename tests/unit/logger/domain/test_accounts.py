"""Everything is denied unless the table allows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.accounts import RIGHTS, Action, Actor, LockOut, Reach, Role, Subject, locked_until, may
from shared.security import Scope

A = Action
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
RULE = LockOut()
OWN = Subject(teacher_id="me", room="A", account_id="me")
OTHERS = Subject(teacher_id="you", room="B", account_id="you")

# What each role may do to anybody's, and what only to its own; everything else is denied.
EXPECTED: dict[Role, tuple[set[Action], set[Action]]] = {
    Role.ADMIN: (set(Action) - {A.SEND_EVENTS, A.EDIT_OWN_ACCOUNT}, {A.EDIT_OWN_ACCOUNT}),
    Role.TEACHER: (
        {A.SEE_TODAY, A.SEE_PEOPLE},
        {
            A.SEE_CONTACTS,
            A.SEE_CLASS,
            A.EDIT_CLASS,
            A.EDIT_ROSTER,
            A.EDIT_SCHEDULE,
            A.RUN_SESSION,
            A.SEE_ATTENDANCE,
            A.CORRECT_ATTENDANCE,
            A.SEE_REPORTS,
            A.ISSUE_CODES,
            A.SHOW_PRESENCE,
            A.EDIT_OWN_ACCOUNT,
        },
    ),
    Role.VIEWER: (
        {A.SEE_TODAY, A.SEE_PEOPLE, A.SEE_CLASS, A.SEE_ATTENDANCE, A.SEE_REPORTS},
        {A.EDIT_OWN_ACCOUNT},
    ),
    Role.DEVICE: (set(), {A.SEND_EVENTS, A.SHOW_PRESENCE}),
    Role.PROGRAM: (set(), set()),
}
SCHOOL = {A.CREATE_CLASS, A.EDIT_CLASS, A.ASSIGN_TEACHER, A.EDIT_ROSTER, A.EDIT_SCHEDULE, A.EDIT_ROOMS}
SCOPED = {
    Scope.EVENTS_WRITE: {A.SEND_EVENTS},
    Scope.ATTENDANCE_READ: {A.SEE_TODAY, A.SEE_CLASS, A.SEE_ATTENDANCE, A.SEE_REPORTS},
    Scope.ATTENDANCE_WRITE: {A.RUN_SESSION, A.CORRECT_ATTENDANCE},
    Scope.PEOPLE_READ: {A.SEE_PEOPLE, A.SEE_CONTACTS, A.EXPORT_PERSON},
    Scope.PEOPLE_WRITE: {A.EDIT_PEOPLE, A.ISSUE_CODES, A.ERASE_PEOPLE},
    Scope.CLASSES_WRITE: SCHOOL,
    Scope.RECOGNIZE: set(),
    Scope.ENROLL: set(),
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_exactly_this(role: Role, action: Action) -> None:
    anybody, own = EXPECTED[role]
    me = Actor("me", role, room="A")
    assert may(me, action, OTHERS) == (action in anybody)
    assert may(me, action, OWN) == (action in anybody | own)
    assert may(me, action) == (action in anybody)
    assert not may(Actor("me", role, room="A", active=False), action, OWN)


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_lets_a_program_do_exactly_this(scope: Scope) -> None:
    program = Actor("key:1", Role.PROGRAM, scopes=frozenset({scope}))
    assert {action for action in Action if may(program, action, OTHERS)} == SCOPED[scope]
    assert not any(may(replace(program, active=False), action, OWN) for action in Action)


def test_a_device_without_a_room_and_a_subject_without_an_owner_match_nobody() -> None:
    assert not may(Actor("kiosk", Role.DEVICE), A.SEND_EVENTS, Subject())
    assert not may(Actor("", Role.TEACHER), A.RUN_SESSION, Subject())


def test_only_administrators_reach_accounts_keys_and_the_audit() -> None:
    for action in (A.EDIT_ACCOUNTS, A.EDIT_KEYS, A.EDIT_SETTINGS, A.SEE_AUDIT, A.ERASE_PEOPLE, A.ASSIGN_TEACHER):
        assert [role for role in Role if RIGHTS[role].get(action)] == [Role.ADMIN]
        assert RIGHTS[Role.ADMIN][action] is Reach.ANY


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (11, 1920), (12, 3600), (50, 3600), (500, 3600)],
)
def test_the_wait_doubles_up_to_a_limit(failures: int, wait: int) -> None:
    until = locked_until([NOON] * failures, NOON)
    assert until == (NOON + timedelta(seconds=wait) if wait else None)


def test_a_lock_opens_by_itself_and_failures_are_forgotten() -> None:
    failures = [NOON] * 5
    assert locked_until(failures, NOON + timedelta(seconds=29)) == NOON + timedelta(seconds=30)
    assert locked_until(failures, NOON + timedelta(seconds=30)) is None
    assert locked_until([*failures, NOON + timedelta(days=1)], NOON + timedelta(days=1)) is None


@given(st.lists(st.integers(-200_000, 200_000), max_size=30))
def test_nobody_waits_longer_than_the_limit_whatever_the_clock_did(seconds: list[int]) -> None:
    until = locked_until((NOON + timedelta(seconds=second) for second in seconds), NOON)
    assert until is None or NOON < until <= NOON + RULE.longest_wait


@given(st.integers(0, 40), st.integers(0, 7200))
def test_one_failure_more_never_shortens_the_wait(failures: int, later: int) -> None:
    now = NOON + timedelta(seconds=later)
    fewer, more = locked_until([NOON] * failures, now), locked_until([NOON] * (failures + 1), now)
    assert fewer is None or (more is not None and more >= fewer)

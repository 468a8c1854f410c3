"""Accounts: who may do what, and how long a guesser waits."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from logger.domain.text import Unfit, clean_identifier
from shared.security import Scope

_SIGN_IN_NAME = re.compile(r"[\w.@+-]+")  # no colon, by which the audit tells a key from an account


class Role(StrEnum):
    ADMIN = "admin"
    TEACHER = "teacher"
    VIEWER = "viewer"
    DEVICE = "device"  # a kiosk's key, bound to a room
    PROGRAM = "program"  # an API key, whose scopes are its rights


HUMAN = frozenset({Role.ADMIN, Role.TEACHER, Role.VIEWER})


class Action(StrEnum):
    SEE_TODAY = "see_today"
    SEE_PEOPLE = "see_people"
    SEE_CONTACTS = "see_contacts"  # e-mail and phone
    EDIT_PEOPLE = "edit_people"  # also import and consent
    ISSUE_CODES = "issue_codes"  # a person's PIN and QR code
    EXPORT_PERSON = "export_person"  # all that is held on one person
    ERASE_PEOPLE = "erase_people"
    SEE_CLASS = "see_class"
    CREATE_CLASS = "create_class"
    EDIT_CLASS = "edit_class"  # title, policy, room
    ASSIGN_TEACHER = "assign_teacher"
    EDIT_ROSTER = "edit_roster"
    EDIT_SCHEDULE = "edit_schedule"
    RUN_SESSION = "run_session"  # start, end, cancel, extend
    SEE_ATTENDANCE = "see_attendance"
    CORRECT_ATTENDANCE = "correct_attendance"  # also marking by hand, and undo
    SEE_REPORTS = "see_reports"
    SEE_AUDIT = "see_audit"
    EDIT_ROOMS = "edit_rooms"
    EDIT_SETTINGS = "edit_settings"
    EDIT_ACCOUNTS = "edit_accounts"
    EDIT_KEYS = "edit_keys"
    EDIT_OWN_ACCOUNT = "edit_own_account"
    SEND_EVENTS = "send_events"
    SHOW_PRESENCE = "show_presence"  # by PIN or QR, at a kiosk or in a session


class Reach(StrEnum):
    ANY = "any"
    OWN_CLASS = "own_class"
    OWN_ROOM = "own_room"
    OWN_ACCOUNT = "own_account"


@dataclass(frozen=True, slots=True)
class Actor:
    account_id: str
    role: Role
    room: str | None = None  # of a device
    active: bool = True
    scopes: frozenset[Scope] = frozenset()  # of a program


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as rights depend on it."""

    teacher_id: str | None = None  # of the class
    room: str | None = None
    account_id: str | None = None


NOTHING_IN_PARTICULAR = Subject()


def account_id_from(name: str) -> str:
    """However it is typed: NFC, without case. Raises Unfit."""
    text = unicodedata.normalize("NFC", clean_identifier(name).casefold())
    if not _SIGN_IN_NAME.fullmatch(text):
        raise Unfit("must be made of letters, digits and . _ - @ +")
    return text


class PasswordOrigin(StrEnum):
    FIRST_START = "first_start"  # made by us and shown once
    SETTING = "setting"  # LOGGER_ADMIN_PASSWORD, at the first start
    ADMINISTRATOR = "administrator"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Password:
    hash: str = field(repr=False)  # argon2id, with its parameters and salt
    set_at: datetime
    origin: PasswordOrigin
    password_id: str  # of its own for each password that was set: two may be set at one instant


@dataclass(frozen=True, slots=True)
class Account:
    account_id: str  # the name to sign in with, as `account_id_from` makes it
    name: str  # as it is shown
    role: Role
    password: Password | None = None  # None: signs in with keys alone, as a device does
    room: str | None = None  # of a device
    active: bool = True

    @property
    def actor(self) -> Actor:
        return Actor(self.account_id, self.role, self.room, self.active)


_SEEN_BY_ALL = (Action.SEE_TODAY, Action.SEE_PEOPLE, Action.SEE_CLASS, Action.SEE_ATTENDANCE, Action.SEE_REPORTS)
_OF_OWN_CLASS = (
    Action.SEE_CLASS,
    Action.EDIT_CLASS,
    Action.EDIT_ROSTER,
    Action.EDIT_SCHEDULE,
    Action.RUN_SESSION,
    Action.SEE_ATTENDANCE,
    Action.CORRECT_ATTENDANCE,
    Action.SEE_REPORTS,
    Action.ISSUE_CODES,
    Action.SHOW_PRESENCE,
)
_OF_A_DEVICE = (Action.SEND_EVENTS, Action.SHOW_PRESENCE)
_OF_MACHINES = (Action.SEND_EVENTS,)

# What is not in here is denied.
RIGHTS: Mapping[Role, Mapping[Action, Reach]] = {
    Role.ADMIN: {action: Reach.ANY for action in Action if action not in _OF_MACHINES}
    | {Action.EDIT_OWN_ACCOUNT: Reach.OWN_ACCOUNT},
    Role.TEACHER: dict.fromkeys(_OF_OWN_CLASS, Reach.OWN_CLASS)
    | {
        Action.SEE_TODAY: Reach.ANY,
        Action.SEE_PEOPLE: Reach.ANY,
        Action.SEE_CONTACTS: Reach.OWN_CLASS,
        Action.EDIT_OWN_ACCOUNT: Reach.OWN_ACCOUNT,
    },
    Role.VIEWER: dict.fromkeys(_SEEN_BY_ALL, Reach.ANY) | {Action.EDIT_OWN_ACCOUNT: Reach.OWN_ACCOUNT},
    Role.DEVICE: dict.fromkeys(_OF_A_DEVICE, Reach.OWN_ROOM),
    Role.PROGRAM: {},
}
# What a key's scopes add to that, for anybody's classes, rooms and people.
GRANTS: Mapping[Scope, frozenset[Action]] = {
    Scope.EVENTS_WRITE: frozenset({Action.SEND_EVENTS}),
    Scope.ATTENDANCE_READ: frozenset(
        {Action.SEE_TODAY, Action.SEE_CLASS, Action.SEE_ATTENDANCE, Action.SEE_REPORTS},
    ),
    Scope.ATTENDANCE_WRITE: frozenset({Action.RUN_SESSION, Action.CORRECT_ATTENDANCE}),
    Scope.PEOPLE_READ: frozenset({Action.SEE_PEOPLE, Action.SEE_CONTACTS, Action.EXPORT_PERSON}),
    Scope.PEOPLE_WRITE: frozenset({Action.EDIT_PEOPLE, Action.ISSUE_CODES, Action.ERASE_PEOPLE}),
    Scope.CLASSES_WRITE: frozenset(
        {
            Action.CREATE_CLASS,
            Action.EDIT_CLASS,
            Action.ASSIGN_TEACHER,
            Action.EDIT_ROSTER,
            Action.EDIT_SCHEDULE,
            Action.EDIT_ROOMS,
        }
    ),
    Scope.RECOGNIZE: frozenset(),  # of the recognizer alone
    Scope.ENROLL: frozenset(),
}


def reach_of(actor: Actor, action: Action) -> Reach | None:
    """How far the actor's right to this goes; None when there is none. A list is cut down to what is within it."""
    if not actor.active:
        return None
    if any(action in GRANTS[scope] for scope in actor.scopes):
        return Reach.ANY
    return RIGHTS[actor.role].get(action)


def may(actor: Actor, action: Action, subject: Subject = NOTHING_IN_PARTICULAR) -> bool:
    """Everything is denied unless the table allows it; with a narrower reach, unless the subject is the actor's own."""
    reach = reach_of(actor, action)
    match reach:
        case None:
            return False
        case Reach.ANY:
            return True
        case Reach.OWN_CLASS:
            return subject.teacher_id is not None and subject.teacher_id == actor.account_id
        case Reach.OWN_ROOM:
            return subject.room is not None and subject.room == actor.room
        case Reach.OWN_ACCOUNT:
            return subject.account_id is not None and subject.account_id == actor.account_id
        case _:
            assert_never(reach)


@dataclass(frozen=True, slots=True)
class LockOut:
    """From the `free`th failure in a row on there is a wait, which each further one doubles up to a limit. Counting
    failures by account *and* address keeps a stranger from locking the owner out."""

    free: int = 5
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=1)
    forgotten_after: timedelta = timedelta(days=1)


def locked_until(failures: Iterable[datetime], now: datetime, rule: LockOut | None = None) -> datetime | None:
    """Until when the next attempt is refused; None when it may be made now.

    `failures` are those since the last success; an attempt that was refused is not one.
    """
    rule = rule or LockOut()
    recent = [at for at in failures if now - at < rule.forgotten_after]
    beyond = len(recent) - rule.free
    if beyond < 0:
        return None
    doublings = min(beyond, 32)  # keeps the product within a timedelta
    until = min(max(recent), now) + min(rule.first_wait * 2**doublings, rule.longest_wait)
    return until if until > now else None

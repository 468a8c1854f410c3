"""People: who may be on a roster, and whether their face may be used."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from logger.domain.text import Unfit, clean_identifier, clean_name, clean_optional
from shared.contracts.enrolment import ConsentState

MAX_EMAIL_CHARACTERS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"[^\s@<>()\[\],;:\"\\]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}")
_PHONE = re.compile(r"\+?[0-9 ().\-/]{3,30}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?", re.ASCII | re.IGNORECASE)
_YES = frozenset({"yes", "y", "true", "1", "active"})
_NO = frozenset({"no", "n", "false", "0", "inactive"})


class ConsentHow(StrEnum):
    PAPER = "paper"
    ONLINE = "online"
    SPOKEN = "spoken"


@dataclass(frozen=True, slots=True)
class Consent:
    """The agreement to be recognized by face. Withdrawing keeps what was agreed and when."""

    version: str  # of the text that was agreed to
    given_at: datetime
    how: ConsentHow
    by: str  # the account that wrote it down
    withdrawn_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None

    def withdraw(self, at: datetime) -> "Consent":
        """The first withdrawal counts; one dated before the consent counts from the consent."""
        return replace(self, withdrawn_at=self.withdrawn_at or max(at, self.given_at))


@dataclass(frozen=True, slots=True)
class PersonProfile:
    """Everything but the face. Texts are NFC, bounded and free of invisible characters: `read_profile` sees to it."""

    person_id: str  # the roll number
    name: str
    department: str | None = None
    year: str | None = None
    email: str | None = None
    phone: str | None = None
    active: bool = True
    consent: Consent | None = None

    @property
    def label(self) -> str:
        return f"{self.name} {self.person_id}"


class ProfileField(StrEnum):
    """The fields of a profile that people type, by the names of its attributes."""

    PERSON_ID = "person_id"
    NAME = "name"
    DEPARTMENT = "department"
    YEAR = "year"
    EMAIL = "email"
    PHONE = "phone"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    field: ProfileField
    sentence: str


class InvalidProfile(ValueError):
    """One or several fields cannot be kept."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field.value} {problem.sentence}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Whether somebody's face may be taken into the gallery, and why."""

    allowed: bool
    reason: str  # a sentence


def enrolment_of(person: PersonProfile | None, *, consent_required: bool) -> Enrolment:
    """`person` is None for who is not in the list: nobody can have noted a consent of theirs. Who has withdrawn their
    consent is not enrolled where none is asked for either."""
    consent = consent_state(person)
    if person is not None and not person.active:
        return Enrolment(False, "This person is not active any more.")
    if consent is ConsentState.WITHDRAWN:
        return Enrolment(False, "The consent to recognition by face was withdrawn.")
    if consent is ConsentState.GIVEN:
        return Enrolment(True, "The consent to recognition by face stands.")
    if not consent_required:
        return Enrolment(True, "This site asks for no consent.")
    if person is None:
        return Enrolment(False, "Nobody has this number: add the person and note their consent first.")
    return Enrolment(False, "No consent to recognition by face has been noted.")


def consent_state(person: PersonProfile | None) -> ConsentState:
    if person is None or person.consent is None:
        return ConsentState.NONE
    return ConsentState.GIVEN if person.consent.stands else ConsentState.WITHDRAWN


def read_profile(fields: Mapping[ProfileField, str], known: PersonProfile | None = None) -> PersonProfile:
    """The profile that these texts say. Fields that are not among them, and the consent, stay as `known` has them.

    Raises InvalidProfile with every field that cannot be kept; a new person needs an id and a name.
    """
    needed = () if known else (ProfileField.PERSON_ID, ProfileField.NAME)
    read: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for field in ProfileField:
        if field not in fields and field not in needed:
            continue
        try:
            read[field.value] = _READERS[field](fields.get(field, ""))
        except Unfit as unfit:
            problems.append(FieldProblem(field, str(unfit)))
    if problems:
        raise InvalidProfile(tuple(problems))
    return replace(known or PersonProfile("", ""), **read)


def clean_email(text: str) -> str | None:
    """None for what is blank; the domain in lower case. Raises Unfit."""
    address = clean_optional(text, MAX_EMAIL_CHARACTERS)
    if address is None:
        return None
    mailbox, _, domain = address.rpartition("@")
    if not _EMAIL.fullmatch(address) or mailbox.startswith(".") or mailbox.endswith(".") or ".." in mailbox:
        raise Unfit("must be an e-mail address such as alice@example.org")
    return f"{mailbox}@{domain.lower()}"


def clean_phone(text: str) -> str | None:
    """None for what is blank; otherwise as it was written: people group digits as their country does. Raises Unfit."""
    number = clean_optional(text, 40)
    if number is None:
        return None
    digits = sum(character.isdigit() for character in number)
    if not _PHONE.fullmatch(number) or not 3 <= digits <= 21:
        raise Unfit("must be a phone number: digits, spaces and ( ) . - /, with + in front if it is international")
    return number


def _active(text: str) -> bool:
    word = text.strip().casefold()
    if word in _NO:
        return False
    if word and word not in _YES:
        raise Unfit("must be yes or no")
    return True


_READERS: Mapping[ProfileField, Callable[[str], str | bool | None]] = {
    ProfileField.PERSON_ID: clean_identifier,
    ProfileField.NAME: clean_name,
    ProfileField.DEPARTMENT: lambda text: clean_optional(text, 100),
    ProfileField.YEAR: lambda text: clean_optional(text, 20),
    ProfileField.EMAIL: clean_email,
    ProfileField.PHONE: clean_phone,
    ProfileField.ACTIVE: _active,
}

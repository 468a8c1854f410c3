"""What is asked of an enrolment, and what becomes of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from recognizer.gallery.dataset import Person
from recognizer.vision.quality import QualityIssue
from shared.contracts.people import EnrolFields, HandedIn, RegistrationNote

# Why a photo is not taken: the issues of a face's quality, and these.
NO_FACE = "no_face"
SEVERAL_FACES = "several_faces"
UNLIKE = "unlike_the_others"
UNREADABLE = "unreadable"
ENGINE_FAILED = "engine_failed"

_SENTENCES = {
    NO_FACE: "No face was found in this photo.",
    SEVERAL_FACES: "Several faces are in this photo; one person alone is needed.",
    UNLIKE: "This face does not look like the person's other photos.",
    ENGINE_FAILED: "The photo could not be looked at; try again.",
}


@dataclass(frozen=True, slots=True)
class PhotoUpload:
    filename: str  # as the sender has it: told back to them, and never used for a file
    data: bytes


@dataclass(frozen=True, slots=True)
class Consent:
    """The agreement to be recognized by face, as the logger keeps it."""

    version: str  # of the text that was agreed to
    how: str  # paper, online, spoken


@dataclass(frozen=True, slots=True)
class Profile:
    """What the logger is told of a person. None leaves a field as it is there."""

    department: str | None = None
    year: str | None = None
    email: str | None = None
    phone: str | None = None

    def given(self) -> dict[str, str]:
        fields = {"department": self.department, "year": self.year, "email": self.email, "phone": self.phone}
        return {name: text for name, text in fields.items() if text is not None}


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    person_id: str
    name: str
    photos: Sequence[PhotoUpload]
    by: str  # the id of the key, or of the program, that asks
    profile: Profile = field(default_factory=Profile)
    consent: Consent | None = None
    allow_duplicate: bool = False  # although the face is another person's; written down with `by`

    @classmethod
    def of(cls, fields: EnrolFields, photos: Sequence[PhotoUpload], *, by: str) -> "EnrolRequest":
        """What the fields on the wire ask for."""
        consent = None
        if fields.consent_version is not None and fields.consent_how is not None:
            consent = Consent(fields.consent_version, fields.consent_how)
        return cls(
            person_id=fields.person_id,
            name=fields.name,
            photos=photos,
            by=by,
            profile=Profile(fields.department, fields.year, fields.email, fields.phone),
            consent=consent,
            allow_duplicate=fields.allow_duplicate,
        )


@dataclass(frozen=True, slots=True)
class Rejection:
    code: str
    sentence: str

    @classmethod
    def of(cls, code: str) -> "Rejection":
        return cls(code, _SENTENCES[code])

    @classmethod
    def poor(cls, issue: QualityIssue) -> "Rejection":
        return cls(issue.value, f"{issue.advice}.")


@dataclass(frozen=True, slots=True)
class RejectedPhoto:
    index: int  # of the upload
    filename: str
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class AcceptedPhoto:
    index: int
    filename: str
    image_id: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Of profile and consent with the logger."""

    state: HandedIn
    detail: str | None = None

    @property
    def note(self) -> RegistrationNote:
        return RegistrationNote(delivery=self.state, detail=self.detail)


@dataclass(frozen=True, slots=True)
class Enrolment:
    person: Person
    accepted: tuple[AcceptedPhoto, ...]
    rejected: tuple[RejectedPhoto, ...]
    registration: Registration | None = None  # None where photos were added alone


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    image_id: str
    size: int  # bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    person: Person
    recognizable: bool  # False where none of the photos can be used
    photos: tuple[StoredPhoto, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of an erasure. Nothing in it but the id names the person."""

    receipt_id: str
    person_id: str
    erased_at: datetime
    by: str
    removed: Mapping[str, int]  # how many of what

"""A student, as the existing clients know one. Pure."""

from dataclasses import dataclass
from datetime import datetime

from recognizer.gallery.dataset import Person
from shared.contracts.profiles import ProfileRecord


@dataclass(frozen=True, slots=True)
class Student:
    """What is not known, or not for the caller, is empty: a client prints it as it is."""

    roll_no: str
    name: str
    department: str = ""
    year: str = ""
    email: str = ""
    phone: str = ""

    @classmethod
    def of_person(cls, person: Person) -> "Student":
        return cls(person.person_id, person.name)

    @classmethod
    def of_profile(cls, profile: ProfileRecord) -> "Student":
        return cls(
            roll_no=profile.person_id,
            name=profile.name,
            department=profile.department or "",
            year=profile.year or "",
            email=profile.email or "",
            phone=profile.phone or "",
        )


@dataclass(frozen=True, slots=True)
class Portrait:
    image_id: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Attended:
    student: Student
    seen_at: datetime  # the first time, by the clock on the site's wall
    portrait: Portrait | None  # None where there is no photo that can be shown

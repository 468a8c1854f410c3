"""The existing clients' own words: what they post, and what they are answered."""

import base64
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recognizer.answers import UNKNOWN
from recognizer.compat.sightings import Told
from recognizer.compat.students import Attended, Student
from recognizer.enrolment.requests import Enrolment
from shared.contracts.base import Identifier, Name
from shared.contracts.people import HandedIn, Short
from shared.contracts.recognition import DecisionKind, FaceResult

TIMESTAMP = "%Y-%m-%d %H:%M:%S"


class StudentData(BaseModel):
    """Empty where nothing is known, or where the caller may not know it."""

    name: str
    roll_no: str
    department: str
    year: str
    email: str
    phone: str

    @classmethod
    def of(cls, student: Student) -> "StudentData":
        return cls(
            name=student.name,
            roll_no=student.roll_no,
            department=student.department,
            year=student.year,
            email=student.email,
            phone=student.phone,
        )


class Seen(BaseModel):
    message: str
    student_data: StudentData | dict[str, str]  # empty where nobody was recognized

    @classmethod
    def of(cls, told: Told) -> "Seen":
        return cls(message=told.sentence, student_data={} if told.student is None else StudentData.of(told.student))


class AttendedStudent(StudentData):
    image_id: str
    image_data: str  # JPEG, base64
    timestamp: str  # of the first sighting, by the clock on the site's wall

    @classmethod
    def of_attended(cls, attended: Attended) -> "AttendedStudent":
        portrait = attended.portrait
        return cls(
            **StudentData.of(attended.student).model_dump(),
            image_id=portrait.image_id if portrait else "",
            image_data=base64.b64encode(portrait.jpeg).decode() if portrait else "",
            timestamp=attended.seen_at.strftime(TIMESTAMP),
        )


class NewStudent(BaseModel):
    """Numbers are taken as text; what else the client sends is passed over."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    name: Name
    roll_no: Identifier
    department: Short | None = None
    year: Annotated[str, Field(max_length=20)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    image_data: str  # a data URL

    def to_student(self) -> Student:
        return Student(
            roll_no=self.roll_no,
            name=self.name,
            department=self.department or "",
            year=self.year or "",
            email=self.email or "",
            phone=self.phone or "",
        )


class Created(BaseModel):
    status: Literal["Student created successfully"] = "Student created successfully"
    student_id: str
    detail: str | None = None  # what the logger did not take of the profile

    @classmethod
    def of(cls, enrolment: Enrolment) -> "Created":
        told = enrolment.registration
        refused = told is not None and told.state is HandedIn.REFUSED
        return cls(
            student_id=enrolment.person.person_id,
            detail="The profile was not kept: correct it in the logger" if refused else None,
        )


class NotCreated(BaseModel):
    status: Literal["Error creating student"] = "Error creating student"
    error_message: str


class DetectedFace(BaseModel):
    """Pixels of the posted picture."""

    x: int
    y: int
    width: int
    height: int
    name: str
    display_name: str
    status: Literal["registered", "unregistered"]

    @classmethod
    def of(cls, face: FaceResult) -> "DetectedFace":
        return cls(
            **face.box.model_dump(),
            name=face.person or UNKNOWN,
            display_name=face.name or UNKNOWN,
            status="registered" if face.decision is DecisionKind.KNOWN else "unregistered",
        )


class DetectedFaces(BaseModel):
    success: Literal[True] = True
    faces: list[DetectedFace]
    total_faces: int

"""Every route of the recognizer, and what it reads. A route that is not in here fails the suite."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.bad_input.asking import CLEAR, Bad
from tests.bad_input.files import FORM_TYPE, archives, disposition, form
from tests.bad_input.pictures import bad_fields, endless, form_of, picture_forms, picture_json
from tests.bad_input.scene import face
from tests.bad_input.texts import JSON, OPERATORS, TEXTS, json_fields

Inputs = Callable[[], Iterable[Bad]]
OWN_WORDS = (200,)  # of a client that reads the body alone


def nothing() -> Iterable[Bad]:
    return ()


socket = nothing  # see test_sockets


def pictures() -> Iterator[Bad]:
    yield from picture_forms()
    yield from picture_json()
    yield endless(FORM_TYPE, b"--frame\r\n" + disposition("image", "a.jpg"))
    yield endless(JSON, b'{"image": "')


def recognition() -> Iterator[Bad]:
    yield from pictures()
    yield from bad_fields()


def enrolment() -> Iterator[Bad]:
    yield from photos()
    person = {"person_id": "7", "name": "Carol"}
    for field in (
        "person_id",
        "name",
        "department",
        "email",
        "consent_version",
        "consent_how",
        "allow_duplicate",
        "$set",
    ):
        for what, text in TEXTS.items():
            content = form_of({**person, field: text}, "images", face())
            yield Bad(f"{field}: {what}", content, FORM_TYPE)
    yield Bad("no name", form_of({"person_id": "7"}, "images"), FORM_TYPE, expected=(422,))
    yield Bad("a field twice", form(disposition("name"), disposition("name"), disposition("images", "a")), FORM_TYPE)
    yield endless(FORM_TYPE, b"--frame\r\n" + disposition("images", "a.jpg"))


def photos() -> Iterator[Bad]:
    """One of them can be refused beside others: a picture that cannot be read is a reason of its own, with 422."""
    for bad in picture_forms("images", several=422):
        yield Bad(bad.name, bad.content, bad.content_type, expected=CLEAR)
    many = form(*[disposition("images", "a.jpg") + b"\xff\xd8\xff"] * 51)
    yield Bad("51 photos", many, FORM_TYPE, expected=(400,))


def bulk() -> Iterator[Bad]:
    yield from archives(face("Carol"))


def students() -> Iterator[Bad]:
    student = {"name": "Carol", "roll_no": "7", "image_data": "data:image/jpeg;base64,aGVsbG8="}
    yield from picture_json("image_data", {"name": "Carol", "roll_no": "7"}, only=OWN_WORDS)
    yield from json_fields(student, ("name", "roll_no", "image_data"), refused=OWN_WORDS, twice=OWN_WORDS)
    for what in OPERATORS:
        yield Bad(f"a list: {what}", b"[]", JSON, expected=OWN_WORDS)


TABLE: Mapping[str, Inputs] = {
    "GET /openapi.json": nothing,
    "GET /static-offline-docs": nothing,
    "GET /docs": nothing,
    "GET /docs/oauth2-redirect": nothing,
    "GET /redoc": nothing,
    "GET /healthz": nothing,
    "GET /readyz": nothing,
    "GET /metrics": nothing,
    "POST /recognize": recognition,
    "POST /detect": pictures,
    "POST /detect_face": pictures,
    "GET /people": nothing,
    "POST /people": enrolment,
    "POST /people/bulk": bulk,
    "POST /people/{person_id:path}/images": photos,
    "GET /people/{person_id:path}/images/{image_id}": nothing,
    "DELETE /people/{person_id:path}/images/{image_id}": nothing,
    "GET /people/{person_id:path}": nothing,
    "DELETE /people/{person_id:path}": nothing,
    "GET /student_attendance": nothing,
    "POST /create-student": students,
    "GET /live": socket,
    "GET /ws": socket,
    "GET /": nothing,
    "GET /enroll": nothing,
    "GET /static/{name}": nothing,
}
SOCKETS = frozenset({"GET /live", "GET /ws"})
NEEDS_KEY = frozenset(name for name in TABLE if "/people" in name) | {"GET /student_attendance", "POST /create-student"}
PATH = {"person_id": "101", "image_id": "1", "name": "kiosk.css"}

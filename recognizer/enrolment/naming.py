"""A person to the name of their folder, and nothing that the folder would not give back. Pure."""

import unicodedata

from pydantic import ValidationError

from recognizer.errors import InvalidField
from recognizer.gallery.dataset import Person, person_of

_MAX_NAME_BYTES = 255  # of a file, on every file system in use
_FORBIDDEN = {"_": "an underscore", "/": "a slash", "\\": "a backslash"}


def new_person(person_id: str, name: str) -> Person:
    """With texts in NFC, without blanks around them, and single spaces within the name.

    Raises InvalidField, with a sentence, for what would not come back the same from the folder's name: the id is what
    stands after the last underscore there.
    """
    id_ = _plain("person_id", person_id)
    full_name = " ".join(_plain("name", name).split())
    folder = f"{full_name.replace(' ', '_')}_{id_}"
    try:
        person = person_of(folder)
    except ValidationError:
        raise InvalidField("name and person_id must not be too long, or contain invisible characters") from None
    # An id of dots alone would be a step in a path, wherever it stands in an address.
    if (person.person_id, person.name) != (id_, full_name) or folder.startswith(".") or not id_.strip("."):
        raise InvalidField("name and person_id cannot be kept as the name of a folder: leave out unusual characters")
    if len(folder.encode()) > _MAX_NAME_BYTES:
        raise InvalidField("name and person_id together are too long for the name of a folder")
    return person


def _plain(field: str, text: str) -> str:
    plain = unicodedata.normalize("NFC", text).strip()
    if not plain:
        raise InvalidField(f"{field} must not be blank")
    for character, called in _FORBIDDEN.items():
        if character in plain:
            raise InvalidField(f"{field} must not contain {called}: it becomes the name of a folder")
    return plain

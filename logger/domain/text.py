"""Words that people type, held to the rules of the wire: NFC, bounded, nothing invisible."""

import unicodedata

from pydantic import TypeAdapter, ValidationError

from shared.contracts.base import Identifier, Name, Source

_name = TypeAdapter[str](Name)
_identifier = TypeAdapter[str](Identifier)
_source = TypeAdapter[str](Source)


class Unfit(ValueError):
    """The text cannot be kept. The message is what follows the field's name: "must not be blank"."""


def clean_name(text: str, max_characters: int = 200) -> str:
    """Raises Unfit."""
    return _clean(_name, text, max_characters)


def clean_identifier(text: str) -> str:
    """Raises Unfit."""
    return _clean(_identifier, text, 100)


def clean_source(text: str) -> str:
    """A camera or a room. Raises Unfit."""
    return _clean(_source, text, 100)


def clean_optional(text: str, max_characters: int) -> str | None:
    """None for what is blank. Raises Unfit."""
    return clean_name(text, max_characters) if text.strip() else None


def sorting(text: str) -> str:
    """What to sort by so that people find it: neither case nor accents move a name."""
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))


def _clean(kind: TypeAdapter[str], text: str, max_characters: int) -> str:
    if not text.strip():
        raise Unfit("must not be blank")
    try:
        normal = kind.validate_python(text.strip(), strict=True)
    except ValidationError as error:
        raise Unfit(_sentence(error, max_characters)) from None
    if len(normal) > max_characters:
        raise Unfit(_too_long(max_characters))
    return normal


def _sentence(error: ValidationError, max_characters: int) -> str:
    problem = error.errors()[0]
    if problem["type"] in {"string_too_long", "too_long"}:
        return _too_long(max_characters)
    reason = problem.get("ctx", {}).get("error")
    return str(reason) if isinstance(reason, ValueError) else "must be text"


def _too_long(max_characters: int) -> str:
    return f"must not be longer than {max_characters} characters"

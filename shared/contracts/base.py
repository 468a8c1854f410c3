"""What every wire model has in common."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class WireModel(BaseModel):
    """Immutable; an unknown field or a NaN is an error, not a surprise later."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _printable_nfc(text: str) -> str:
    """NFC, and no control, format or surrogate characters: they hide in tables and reverse what is read.

    Zero-width joiners stay, because names in several scripts and emoji are spelled with them.
    """
    normal = unicodedata.normalize("NFC", text).strip()
    if not normal:
        raise ValueError("must not be blank")
    for character in normal:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} and character not in "\u200c\u200d":
            raise ValueError("must not contain control or invisible characters")
    return normal


def _rfc_3339(value: object) -> object:
    """Refuses what the field would otherwise take for seconds since 1970: a number, or digits alone."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise ValueError("must be a date and a time with a zone, as RFC 3339 has them")


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable_nfc)]
Source = Annotated[Name, StringConstraints(max_length=100)]  # camera or room
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable_nfc)]
Real = Annotated[float, Field(strict=True)]  # a JSON number: neither "0.18" nor true
Instant = Annotated[
    AwareDatetime, BeforeValidator(_rfc_3339), AfterValidator(_utc)
]  # RFC 3339 with a zone in, UTC inside

"""What every wire model has in common."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints


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


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable_nfc)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable_nfc)]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]  # RFC 3339 with a zone in, UTC inside

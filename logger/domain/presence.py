"""Codes: how somebody who is not recognized by face shows that they are here.

Both are digits alone, so that every keyboard and every scanner types them alike. A PIN is for fingers; the number in a
QR code is so long that nobody guesses it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.attendance import Method

PIN_DIGITS = 8
QR_DIGITS = 40  # 133 bits
_METHODS = {PIN_DIGITS: Method.PIN, QR_DIGITS: Method.QR}
_GAPS = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class PresenceCode:
    """What is kept of a person's PIN and QR code. Both were shown once, when they were made."""

    person_id: str
    pin_digest: str = field(repr=False)
    qr_digest: str = field(repr=False)
    made_at: datetime
    made_by: str  # an account


@dataclass(frozen=True, slots=True)
class ReadCode:
    method: Method
    digits: str = field(repr=False)


def read_code(text: str) -> ReadCode | None:
    """What was typed or scanned, whatever gaps it has; None for what no code looks like."""
    digits = _GAPS.sub("", text)
    method = _METHODS.get(len(digits))
    if method is None or not (digits.isascii() and digits.isdecimal()):
        return None
    return ReadCode(method, digits)


def grouped(digits: str) -> str:
    """In fours, as people read numbers out: “1234 5678”."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))

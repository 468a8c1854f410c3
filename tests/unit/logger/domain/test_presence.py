"""What counts as a code, however it was typed or scanned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.presence import PIN_DIGITS, QR_DIGITS, ReadCode, grouped, read_code
from shared.contracts.attendance import Method

PIN, QR = "12345678", "0123456789" * 4


@pytest.mark.parametrize("typed", [PIN, "1234 5678", " 1234-5678\n", "1 2 3 4 5 6 7 8"])
def test_a_pin_is_read_whatever_gaps_it_has(typed: str) -> None:
    assert read_code(typed) == ReadCode(Method.PIN, PIN)


def test_a_scanned_number_is_a_qr_code() -> None:
    assert read_code(f"{QR}\r\n") == ReadCode(Method.QR, QR)


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "²" * PIN_DIGITS, QR[:-1]])
def test_anything_else_is_no_code(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(alphabet="0123456789", min_size=1, max_size=QR_DIGITS))
def test_digits_read_in_fours_are_the_same_digits(digits: str) -> None:
    assert grouped(digits).replace(" ", "") == digits
    assert all(len(group) <= 4 for group in grouped(digits).split(" "))


def test_what_opens_a_door_is_not_printed_by_accident() -> None:
    assert PIN not in repr(read_code(PIN))

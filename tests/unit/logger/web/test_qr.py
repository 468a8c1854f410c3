"""A QR code on a page is one that a scanner reads."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from logger.web.qr import QUIET_MODULES, qr_svg

MODULE_PX = 8


def pixels_of(svg: str) -> NDArray[np.uint8]:
    """The picture that the drawing's two paths make: a white ground, and lines of black modules."""
    [size] = [int(side) for side in re.findall(r'viewBox="0 0 (\d+) \1"', svg)]
    modules = np.zeros((size, size), np.uint8)
    [lines] = re.findall(r'stroke="#000" d="([^"]+)"', svg)
    column, row = 0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", lines):
        if command == "h":
            modules[int(row), column : column + int(first)] = 1
            column += int(first)
        else:
            column, row = (0, 0.0) if command == "M" else (column, row)
            column, row = column + int(first), row + float(second)
    black = np.kron(modules, np.ones((MODULE_PX, MODULE_PX), np.uint8)) > 0
    return np.where(black, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("digits", ["0" * 40, "1234567890" * 4])
def test_a_scanner_reads_the_digits(digits: str) -> None:
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(pixels_of(qr_svg(digits)))
    assert read == digits


def test_it_is_black_on_white_with_room_around_it_also_where_the_page_is_dark() -> None:
    svg = qr_svg("1" * 40)
    assert 'fill="#fff"' in svg
    assert pixels_of(svg)[: QUIET_MODULES * MODULE_PX].min() == 255
    assert "style=" not in svg  # the pages' policy lets no style in

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.errors import ImageTooLarge, InvalidField
from recognizer.vision.decode import decode_data_url

JPEG = b"\xff\xd8\xff\xe0 a picture, as far as anyone can tell from its beginning"
TEXT = base64.b64encode(JPEG).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/jpeg;base64,{TEXT}",
        f"DATA:image/PNG;base64,{TEXT}",
        f"data:image/jpeg;charset=utf-8;base64,{TEXT}",
        f" {TEXT[:20]}\r\n{TEXT[20:]}\n",
    ],
)
def test_base64_comes_back_as_bytes(text: str) -> None:
    assert decode_data_url(text, max_bytes=1_000) == JPEG


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data:image/jpeg;base64,",
        "https://example.org/me.jpg",
        "file:///etc/passwd",
        "/etc/passwd",
        "/etc/pwd",  # valid base64
        "dataset/Alice_101/1.jpg",
        f"data:text/html;base64,{TEXT}",
        f"data:image/jpeg,{TEXT}",
        f"data:;base64,{TEXT}",
        TEXT[:-1],
        TEXT[:-4] + "é===",
        "\ud800" + TEXT,
        "data:image/jpeg;base64,data:image/jpeg;base64," + TEXT,
    ],
)
def test_anything_else_is_an_invalid_field(text: str) -> None:
    with pytest.raises(InvalidField):
        decode_data_url(text, max_bytes=1_000)


def test_a_text_too_long_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(ImageTooLarge):
        decode_data_url("!" * 2_000, max_bytes=1_000)


def test_the_limit_counts_bytes_and_not_characters() -> None:
    assert decode_data_url(TEXT, max_bytes=len(JPEG)) == JPEG
    with pytest.raises(ImageTooLarge):
        decode_data_url(TEXT, max_bytes=len(JPEG) - 1)


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_it(text: str) -> None:
    with pytest.raises(InvalidField):
        decode_data_url(text, max_bytes=1_000)

"""A posted form, read as it arrives into memory and nowhere else: a face is never written to a temporary file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from recognizer.errors import ImageTooLarge, InvalidForm

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 16
MAX_HEADER_BYTES = 8_192
MAX_FIELD_BYTES = 4_096


@dataclass(slots=True)
class Part:
    """`is_file` where the sender gave a file name, which is of no use but to tell the sender about the file."""

    name: str = ""
    is_file: bool = False
    filename: str = ""
    data: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """Raises InvalidForm."""
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidForm("A field of the form is not UTF-8") from None


async def read_form(
    content_type: str, chunks: AsyncIterator[bytes], *, max_file_bytes: int, max_parts: int = MAX_PARTS
) -> list[Part]:
    """The parts in their order. Raises InvalidForm for what is no whole form or has too many parts, ImageTooLarge as
    soon as a file is too large."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise InvalidForm("The form names no boundary")
    collector = _Collector(max_file_bytes, max_parts)
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise InvalidForm("The body is not the form that it says it is") from None
    if not collector.ended:
        raise InvalidForm("The form is cut short")
    return collector.parts


class _Collector:
    def __init__(self, max_file_bytes: int, max_parts: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._max_file_bytes = max_file_bytes
        self._max_parts = max_parts
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._header_bytes = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._collect_name,
            "on_header_value": self._collect_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._check_name,
            "on_part_data": self._collect_data,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        if len(self.parts) == self._max_parts:
            raise InvalidForm(f"The form has more than {self._max_parts} parts")
        self.parts.append(Part())
        self._header_bytes = 0

    def _collect_name(self, data: bytes, start: int, end: int) -> None:
        self._collect_header(self._header_name, data[start:end])

    def _collect_value(self, data: bytes, start: int, end: int) -> None:
        self._collect_header(self._header_value, data[start:end])

    def _collect_header(self, into: bytearray, data: bytes) -> None:
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise InvalidForm("The header of a part is too long")
        into += data

    def _end_header(self) -> None:
        if bytes(self._header_name).lower() == b"content-disposition":
            options = parse_options_header(bytes(self._header_value))[1]
            self.parts[-1].name = options.get(b"name", b"").decode("utf-8", "replace")
            self.parts[-1].is_file = b"filename" in options
            self.parts[-1].filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self._header_name.clear()
        self._header_value.clear()

    def _check_name(self) -> None:
        if not self.parts[-1].name:
            raise InvalidForm("A part of the form has no name")

    def _collect_data(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.data += data[start:end]
        if part.is_file and len(part.data) > self._max_file_bytes:
            raise ImageTooLarge(f"The image is larger than {self._max_file_bytes} bytes")
        if not part.is_file and len(part.data) > MAX_FIELD_BYTES:
            raise InvalidForm("A field of the form is too long")

    def _end(self) -> None:
        self.ended = True

"""The text form of RFC 5545: content lines, folding, escaping. Nothing about schedules in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MAX_OCTETS = 75  # of a line before it is folded: RFC 5545, 3.1

_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_PARAMETER = rf";([A-Za-z0-9-]+)=({_VALUE}(?:,{_VALUE})*)"
_LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER})*):(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\;,nN])")


class NotACalendar(ValueError):
    """The text is no iCalendar; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class ContentLine:
    line: int  # where it begins
    name: str  # in capitals
    parameters: Mapping[str, str]
    value: str  # as it stands: TEXT is still escaped


@dataclass(frozen=True, slots=True)
class Component:
    line: int  # of its BEGIN
    lines: list[ContentLine] = field(default_factory=list)  # its own, without those of components inside it

    def all(self, name: str) -> list[ContentLine]:
        return [line for line in self.lines if line.name == name]


def components(text: str, kind: str) -> list[Component]:
    """The components of this kind in the calendars of a file. Raises NotACalendar."""
    found: list[Component] = []
    inside: list[str] = []
    for line in content_lines(text):
        if line.name == "BEGIN":
            inside.append(line.value.upper())
            if inside == ["VCALENDAR", kind]:
                found.append(Component(line.line))
        elif line.name == "END":
            _end(line, inside)
        elif inside == ["VCALENDAR", kind]:
            found[-1].lines.append(line)
        elif not inside:
            raise NotACalendar("The file does not begin with BEGIN:VCALENDAR.")
    if inside:
        raise NotACalendar(f"The file ends inside {inside[-1]}: the rest of it is missing.")
    return found


def content_lines(text: str) -> Iterator[ContentLine]:
    """Raises NotACalendar."""
    for number, line in _unfolded(text):
        found = _LINE.fullmatch(line)
        if found is None:
            raise NotACalendar(f"Line {number} is not a line of an iCalendar file.")
        parameters = {name.upper(): value.strip('"') for name, value in re.findall(_PARAMETER, found[2])}
        yield ContentLine(number, found[1].upper(), parameters, found[5])


def text_line(name: str, text: str) -> str:
    """A property whose value is TEXT, escaped and folded."""
    return folded(f"{name}:{escaped(text)}")


def escaped(text: str) -> str:
    """Line ends become a written \\n; other control characters have no form and are left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(character for character in text if character == "\n" or character.isprintable())
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\n", "\\n")


def unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def folded(line: str) -> str:
    """With its line end; no piece is longer than MAX_OCTETS, and no character is cut in two."""
    pieces, room = [""], MAX_OCTETS
    for character in line:
        size = len(character.encode())
        if size > room:
            pieces.append(" ")
            room = MAX_OCTETS - 1
        pieces[-1] += character
        room -= size
    return "\r\n".join(pieces) + "\r\n"


def _end(line: ContentLine, inside: list[str]) -> None:
    if not inside or inside.pop() != line.value.upper():
        raise NotACalendar(f"Line {line.line} ends what was not begun.")


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    begun, parts = 0, list[str]()
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff")), start=1):
        if parts and line[:1] in {" ", "\t"}:
            parts.append(line[1:])
            continue
        if parts:
            yield begun, "".join(parts)
        begun, parts = number, [line] if line.strip() else []
    if parts:
        yield begun, "".join(parts)

"""What a form says. Whether it is ours is checked before, where the caller is let in."""

import re
from collections.abc import Collection
from datetime import date, datetime, time
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from logger.errors import InvalidRequest

_SEPARATORS = re.compile(r"[\s,;]+")


class Form:
    """The fields of a form, each read as what it has to be. Every method raises InvalidRequest."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def has(self, name: str) -> bool:
        return name in self._data

    def text(self, name: str, default: str = "") -> str:
        """What is not there is blank, as it is when a box is not ticked."""
        value = self._data.get(name, default)
        return value if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def words(self, name: str) -> list[str]:
        """Several, separated by commas, semicolons, spaces or lines."""
        return [word for word in _SEPARATORS.split(self.text(name)) if word]

    def ticked(self, name: str) -> bool:
        return self.text(name) == "yes"

    def choice(self, name: str, choices: Collection[str]) -> str:
        value = self.text(name)
        if value not in choices:
            raise InvalidRequest(f"Choose one: {_called(name)}.")
        return value

    def number(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int:
        text = self.text(name).strip()
        if not (text.isascii() and text.isdecimal() and len(text) <= 10 and least <= int(text) <= most):
            raise InvalidRequest(f"{_called(name).capitalize()} must be a whole number from {least} to {most}.")
        return int(text)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise InvalidRequest(f"{_called(name).capitalize()} must be a date such as 2025-03-03.") from None

    def time(self, name: str) -> time:
        try:
            read = time.fromisoformat(self.text(name))
        except ValueError:
            raise InvalidRequest(f"{_called(name).capitalize()} must be a time such as 09:00.") from None
        return read.replace(tzinfo=None)

    def moment(self, name: str) -> datetime:
        """By the clock on the wall."""
        try:
            return datetime.fromisoformat(self.text(name)).replace(tzinfo=None)
        except ValueError:
            raise InvalidRequest(f"{_called(name).capitalize()} must be a date and a time.") from None

    async def file(self, name: str) -> bytes:
        """Empty when none was chosen."""
        value = self._data.get(name)
        return await value.read() if isinstance(value, UploadFile) else b""


async def read_form(request: Request) -> Form:
    return Form(await request.form())


FormDep = Annotated[Form, Depends(read_form)]


def _called(name: str) -> str:
    return name.replace("_", " ")

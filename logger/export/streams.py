"""Tables that are read part by part while they are written, so that no export is held in memory as a whole."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TypeAlias

from logger.export.csv import csv_header, csv_line
from logger.export.tables import Cell, Table
from logger.export.xlsx import write_xlsx

Part: TypeAlias = Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class TableStream:
    title: str
    columns: tuple[str, ...]
    parts: AsyncIterator[Part]  # read once


async def csv_parts(stream: TableStream) -> AsyncIterator[bytes]:
    """The file, a part at a time. Raises what the parts raise."""
    yield csv_header(stream.columns)
    async for part in stream.parts:
        yield b"".join(map(csv_line, part))


async def write_xlsx_stream(target: IO[bytes], stream: TableStream, made_at: datetime, **limits: int) -> None:
    """Written by a thread, which asks this loop for each part. Raises TooManyRows, and what the parts raise."""
    loop = asyncio.get_running_loop()
    table = Table(stream.title, stream.columns, _rows(stream.parts, loop))
    await asyncio.to_thread(write_xlsx, target, [table], made_at, **limits)


def _rows(parts: AsyncIterator[Part], loop: asyncio.AbstractEventLoop) -> Iterator[Sequence[Cell]]:
    while (part := asyncio.run_coroutine_threadsafe(_next(parts), loop).result()) is not None:
        yield from part


async def _next(parts: AsyncIterator[Part]) -> Part | None:
    return await anext(parts, None)

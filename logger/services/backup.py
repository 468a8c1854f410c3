"""A running backup: the tables of each day as CSV in a folder."""

import asyncio
import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

from logger.export.streams import TableStream, csv_parts
from logger.services.exports import ExportsService
from logger.store.base import AttendanceFilter


class BackupService:
    def __init__(self, exports: ExportsService, folder: Path) -> None:
        self._exports = exports
        self._folder = folder

    async def write(self) -> None:
        """Today, and yesterday for what came late. Raises StoreUnavailable, and OSError of the folder."""
        today = self._exports.now().date()
        for day in (today - timedelta(days=1), today):
            await self.write_day(day)

    async def write_day(self, day: date) -> None:
        """The attendance and the marks of a day; a reader never sees half a file."""
        seen = self._exports.attendance(AttendanceFilter(first_date=day, last_date=day))
        for name, stream in (("attendance", seen), ("marks", self._exports.day_marks(day))):
            await self._replace(self._folder / f"{day.isoformat()}-{name}.csv", stream)

    async def _replace(self, path: Path, stream: TableStream) -> None:
        data = b"".join([part async for part in csv_parts(stream)])
        await asyncio.to_thread(_write, path, data)


def _write(path: Path, data: bytes) -> None:
    """Readable by its owner alone: it holds names. Left alone when nothing has changed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == data:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

"""What the service keeps on disk: room for it, who may read it, and whether there is a second copy."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from logger.settings import LoggerSettings
from shared.doctor.files import disk_space, is_writable, personal_data, secrets
from shared.doctor.findings import Finding, fault, ok, warning

KEYS = Path("var/keys")  # where `make run` keeps them
STALE = timedelta(days=1)


def by_disk(settings: LoggerSettings, now: datetime) -> Iterator[Finding]:
    """Blocks. `now` at the site."""
    database = settings.sqlite_path
    folders = [folder for folder in (None if database is None else database.parent, settings.backup_dir) if folder]
    yield from (disk_space(folder) for folder in dict.fromkeys(folders))
    yield secrets((Path(".env"), *sorted(KEYS.glob("*.key"))))
    if database is not None:
        yield personal_data((database, *folders[1:]))
    yield _backup(settings.backup_dir, now.date())


def _backup(folder: Path | None, today: date) -> Finding:
    if folder is None:
        what = "nothing is copied: what this disk loses is lost"
        return warning("backup", what, "set LOGGER_BACKUP_DIR to a folder on another disk")
    if folder.exists() and not is_writable(folder):
        return fault("backup", f"{folder} cannot be written", "give it to the user that the service runs as")
    days = sorted(file.name.removesuffix("-attendance.csv") for file in folder.glob("*-attendance.csv"))
    if not days:
        return warning(
            "backup", f"there is no copy in {folder} yet", "start the service, which makes the first at once"
        )
    if days[-1] < (today - STALE).isoformat():
        what = f"the last copy in {folder} is of {days[-1]}"
        return fault("backup", what, "start the service; if it runs, its log says what keeps it from writing")
    return ok("backup", f"copies up to {days[-1]} in {folder}")

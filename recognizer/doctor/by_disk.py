"""What the service keeps: room for it, who may read it, and what has not been delivered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from recognizer.errors import OutboxUnavailable
from recognizer.outbox import Outbox, OutboxCounts
from recognizer.settings import RecognizerSettings
from shared.clock import Clock
from shared.doctor.files import disk_space, is_writable, personal_data, secrets
from shared.doctor.findings import Finding, fault, ok, warning

KEYS = Path("var/keys")  # where `make run` keeps them
LATE = timedelta(minutes=5)
NEARLY_FULL = 0.5
_LIST = "`python -m recognizer outbox`"


def by_disk(settings: RecognizerSettings, clock: Clock) -> Iterator[Finding]:
    """Blocks."""
    for folder in dict.fromkeys((settings.state_dir, settings.dataset_dir)):
        yield disk_space(folder)
    yield from _writable(settings)
    yield secrets(_secret_files(settings))
    yield personal_data((settings.dataset_dir, *settings.state_dir.glob("*.db")))
    yield _outbox(settings, clock)


def _writable(settings: RecognizerSettings) -> Iterator[Finding]:
    for folder in (settings.state_dir, settings.dataset_dir):
        if folder.exists() and not is_writable(folder):
            fix = "give it to the user that the service runs as"
            yield fault("files", f"{folder} cannot be written by the user who asks", fix)


def _secret_files(settings: RecognizerSettings) -> list[Path]:
    named = (file for file in (settings.logger_key_file, settings.vault_key_file) if file is not None)
    return list(dict.fromkeys([Path(".env"), *sorted(KEYS.glob("*.key")), *named]))


def _outbox(settings: RecognizerSettings, clock: Clock) -> Finding:
    file = settings.state_dir / "outbox.db"
    if not file.exists():
        return ok("outbox", "nothing has been recognized yet")
    try:
        outbox = Outbox(file, clock=clock, owner="doctor", lease_s=1, max_pending=1)
        try:
            counts = outbox.read_counts()
        finally:
            outbox.close()
    except OutboxUnavailable as error:
        return fault("outbox", f"{file}: {error}", "let the user that the service runs as write it; see the disk above")
    return judged_outbox(counts, settings.outbox_max_events, clock.now())


def judged_outbox(counts: OutboxCounts, most: int, now: datetime) -> Finding:
    if counts.dead:
        what = f"{counts.dead} recognitions were refused by the logger for good and are in no record"
        return fault("outbox", what, f"{_LIST} says why; with --retry they are sent again")
    waiting = f"{counts.pending} recognitions wait for the logger"
    if counts.pending >= most * NEARLY_FULL:
        return fault("outbox", f"{waiting}; {most} is the most", "bring the logger back: beyond that none is taken")
    if counts.oldest_pending_at is not None and now - counts.oldest_pending_at > LATE:
        since = f"{waiting}, since {counts.oldest_pending_at:%F %T} UTC"
        return warning("outbox", since, "they are safe, and sent once the logger answers and takes the key")
    return ok("outbox", waiting)

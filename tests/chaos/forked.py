"""Services and commands as processes that are forked from one that has imported everything: a start takes a fraction of
a second, so that a run has time for hundreds of kills. Nothing of ours happens at import, so nothing is shared."""

import faulthandler
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from shared.logs import configure_logs
from shared.web.server import serve

_WARM = ["__main__", "recognizer.app", "logger.app", "logger.cli", "logger.store.mongo", "tests.chaos.forked"]


class ClockFile:
    """A Clock. The file holds the seconds by which it is ahead, and is read whenever the time is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))


def start_service(package: str, clock: Path, settings: Mapping[str, str], folder: Path) -> ForkServerProcess:
    """`python -m … serve` on a clock that can be set; its log is beside the clock."""
    return _fork(_serve, package, clock, settings, folder, folder / f"{package}.log")


def start_logger_command(
    arguments: Sequence[str], settings: Mapping[str, str], folder: Path, output: Path
) -> ForkServerProcess:
    """`python -m logger …`; all that it says goes to the file."""
    return _fork(_command, arguments, settings, folder, output)


def _fork(work: Callable[..., None], *given: object) -> ForkServerProcess:
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_WARM)
    process = context.Process(target=work, args=given, daemon=True)
    process.start()
    return process


def _serve(package: str, clock: Path, settings: Mapping[str, str], folder: Path, log: Path) -> None:
    _settle_in(settings, folder, log)
    app = import_module(f"{package}.app")
    loaded = import_module(f"{package}.settings").load_settings()
    configure_logs(loaded.log_level, loaded.log_format)
    raise SystemExit(serve(app.create_app(loaded, clock=ClockFile(clock)), loaded))


def _command(arguments: Sequence[str], settings: Mapping[str, str], folder: Path, output: Path) -> None:
    _settle_in(settings, folder, output)
    raise SystemExit(import_module("logger.cli").main(arguments))


def _settle_in(settings: Mapping[str, str], folder: Path, output: Path) -> None:
    """From here on this is a process like any other: its environment has no settings but these."""
    multiprocessing.set_start_method("fork", force=True)  # as it is elsewhere; else killed processes leave semaphores
    for name in [name for name in os.environ if name.startswith(("RECOGNIZER_", "LOGGER_"))]:
        del os.environ[name]
    os.environ.update(settings)
    os.chdir(folder)
    opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(opened, stream.fileno())
    faulthandler.enable()  # a crash of native code leaves its place in the log

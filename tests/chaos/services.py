"""Both services as processes that are killed and started again, always on the same ports and folders."""

import asyncio
import resource
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from tests.bench.processes import free_port
from tests.chaos.forked import start_service

PATIENCE_S = 60.0


class TooLate(AssertionError):
    """What was waited for did not come."""


@dataclass
class Service:
    package: str
    folder: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: ForkServerProcess | None = None

    def __post_init__(self) -> None:
        self.settings[f"{self.package.upper()}_PORT"] = str(self.port)
        self.set_clock(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.package}.log"

    @property
    def _clock_file(self) -> Path:
        return self.folder / f"{self.package}.clock"

    def set_clock(self, ahead_s: float) -> None:
        """At once, in the running process too."""
        written = self._clock_file.with_suffix(".new")
        written.write_text(str(ahead_s))
        written.replace(self._clock_file)

    def start(self) -> None:
        self.process = start_service(self.package, self._clock_file, self.settings, self.folder)

    async def ready(self) -> None:
        """Raises TooLate when it ends, or does not become ready."""
        deadline_s = time.monotonic() + PATIENCE_S
        async with httpx.AsyncClient(base_url=self.url, timeout=5, trust_env=False) as client:
            while not await _is_ready(client):
                if not self.runs or time.monotonic() > deadline_s:
                    raise TooLate(f"the {self.package} is not ready; {self.log_file} says why")
                await asyncio.sleep(0.03)

    def kill(self) -> None:
        """SIGKILL: no farewell."""
        assert self.process is not None
        self.process.kill()
        self.process.join(PATIENCE_S)

    async def stop(self) -> int | None:
        """SIGTERM, and the exit status."""
        assert self.process is not None
        self.process.terminate()
        await asyncio.to_thread(self.process.join, PATIENCE_S)
        return self.process.exitcode

    def limit_files(self, max_bytes: int) -> None:
        """No file of this process grows beyond it: to SQLite the same as a disk that is full."""
        assert self.process is not None
        assert self.process.pid is not None
        _, most = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (max_bytes, most))

    def free_files(self) -> None:
        self.limit_files(resource.RLIM_INFINITY)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx.HTTPError:
        return False

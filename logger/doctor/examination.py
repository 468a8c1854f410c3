"""`python -m logger doctor`: everything that an operator should put right, and how."""

import asyncio

import httpx

from logger.doctor.by_disk import by_disk
from logger.doctor.by_recognizer import by_recognizer
from logger.doctor.by_settings import by_settings
from logger.doctor.by_store import by_store
from logger.settings import LoggerSettings
from shared.clock import Clock
from shared.doctor.findings import Finding
from shared.doctor.network import local_url
from shared.doctor.running import TIMEOUT_S, readiness


async def examine(
    settings: LoggerSettings,
    clock: Clock,
    *,
    own_transport: httpx.AsyncBaseTransport | None = None,
    recognizer_transport: httpx.AsyncBaseTransport | None = None,
) -> list[Finding]:
    """Asks the service itself where it runs, the store, and the recognizer; changes nothing that they keep."""
    now = clock.now()
    own = httpx.AsyncClient(
        base_url=local_url(settings.host, settings.port), timeout=TIMEOUT_S, transport=own_transport, trust_env=False
    )
    async with own:
        running = await readiness(own, "logger")
    return [
        *running,
        *await by_store(settings, now),
        *await by_recognizer(settings, recognizer_transport),
        *await asyncio.to_thread(lambda: list(by_disk(settings, now.astimezone(settings.site)))),
        *by_settings(settings),
    ]

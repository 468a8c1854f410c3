"""`python -m recognizer doctor`: everything that an operator should put right, and how."""

import asyncio

import httpx

from recognizer.doctor.by_disk import by_disk
from recognizer.doctor.by_engine import by_engine
from recognizer.doctor.by_logger import by_logger
from recognizer.doctor.by_settings import by_settings
from recognizer.doctor.by_vault import by_vault
from recognizer.settings import RecognizerSettings
from shared.clock import Clock
from shared.doctor.findings import Finding
from shared.doctor.network import local_url
from shared.doctor.running import TIMEOUT_S, readiness


async def examine(
    settings: RecognizerSettings,
    clock: Clock,
    *,
    own_transport: httpx.AsyncBaseTransport | None = None,
    logger_transport: httpx.AsyncBaseTransport | None = None,
) -> list[Finding]:
    """Asks the service itself where it runs, and the logger; changes nothing that either of them keeps."""
    own = httpx.AsyncClient(
        base_url=local_url(settings.host, settings.port), timeout=TIMEOUT_S, transport=own_transport, trust_env=False
    )
    async with own:
        running = await readiness(own, "recognizer")
    return [
        *running,
        *await asyncio.to_thread(lambda: list(by_engine(settings))),
        *await by_logger(settings, clock, logger_transport),
        *await asyncio.to_thread(lambda: list(by_disk(settings, clock))),
        *await asyncio.to_thread(lambda: list(by_vault(settings))),
        *by_settings(settings),
    ]

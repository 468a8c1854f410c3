"""The way to the logger: one client, and what goes through it by itself."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import httpx

from recognizer.client import LoggerClient, Patience
from recognizer.logger_key import LoggerKey
from recognizer.metrics import RecognitionMetrics
from recognizer.outbox import Outbox
from recognizer.publisher import Publisher, RetryPolicy
from recognizer.settings import RecognizerSettings
from recognizer.tallies import TallyBook, TallySender
from shared.clock import Clock

LEASE_S = 20.0  # on an event in the outbox; longer than one delivery can take


@dataclass(frozen=True, slots=True)
class Delivery:
    outbox: Outbox
    publisher: Publisher
    tallies: TallyBook
    tally_sender: TallySender


async def open_logger(
    stack: AsyncExitStack, settings: RecognizerSettings, transport: httpx.AsyncBaseTransport | None
) -> LoggerClient:
    """Asks once: whoever can wait repeats in its own way, and clients do not wait for what may never come."""
    secret = None if settings.logger_key is None else settings.logger_key.get_secret_value()
    return await stack.enter_async_context(
        LoggerClient(
            settings.logger_url,
            key=LoggerKey(secret, settings.logger_key_file),
            timeout_s=settings.logger_timeout_s,
            patience=Patience(attempts=1),
            transport=transport,
        )
    )


def open_delivery(
    stack: AsyncExitStack,
    settings: RecognizerSettings,
    *,
    logger: LoggerClient,
    metrics: RecognitionMetrics,
    clock: Clock,
) -> Delivery:
    """Raises OutboxUnavailable."""
    outbox = Outbox(
        settings.state_dir / "outbox.db",
        clock=clock,
        owner=uuid4().hex,
        lease_s=LEASE_S,
        max_pending=settings.outbox_max_events,
    )
    stack.callback(outbox.close)
    publisher = Publisher(outbox, logger, policy=RetryPolicy())
    publisher.start()
    stack.push_async_callback(publisher.close)
    book = TallyBook(clock, origin=uuid4().hex, dropped=metrics.drop_tallies)
    sender = TallySender(book, logger)
    sender.start()
    stack.push_async_callback(sender.close)
    return Delivery(outbox, publisher, book, sender)

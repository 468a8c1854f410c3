"""The services behind the existing clients' routes, as the settings have them."""

from concurrent.futures import Executor
from dataclasses import dataclass

from recognizer.client import LoggerClient
from recognizer.compat.register import RegisterService
from recognizer.compat.sightings import SightingService
from recognizer.enrolment.service import EnrolmentService
from recognizer.service import RecognitionService
from recognizer.settings import RecognizerSettings
from recognizer.vision.decode import DecodeLimits
from shared.clock import Clock
from shared.logs import get_logger

log = get_logger(__name__)

_OPEN = (
    "RECOGNIZER_COMPAT_OPEN is on: whoever reaches this service may enrol people, and read the contacts and photos of"
    " who is there today, without a key"
)


@dataclass(frozen=True, slots=True)
class Compat:
    sightings: SightingService
    register: RegisterService


def open_compat(
    settings: RecognizerSettings,
    *,
    recognition: RecognitionService,
    enrolment: EnrolmentService,
    logger: LoggerClient,
    executor: Executor,
    photo_limits: DecodeLimits,
    clock: Clock,
) -> Compat:
    if settings.compat_open:
        log.warning(_OPEN)
    register = RegisterService(
        enrolment=enrolment,
        logger=logger,
        executor=executor,
        photo_limits=photo_limits,
        max_bytes=settings.max_bytes,
        clock=clock,
    )
    return Compat(SightingService(recognition, logger, settings.delivery_budget_s), register)

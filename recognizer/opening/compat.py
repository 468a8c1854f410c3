"""The services behind the existing clients' routes, as the settings have them."""

from recognizer.app_state import Compat
from recognizer.client import LoggerClient
from recognizer.compat.register import RegisterService
from recognizer.compat.sightings import SightingService
from recognizer.enrolment.service import EnrolmentService
from recognizer.opening.engine import Networks, enrolment_finder
from recognizer.service import RecognitionService
from recognizer.settings import RecognizerSettings
from shared.clock import Clock
from shared.logs import get_logger

log = get_logger(__name__)

_OPEN = (
    "RECOGNIZER_COMPAT_OPEN is on: whoever reaches this service may enrol people, and read the contacts and photos of"
    " who is there today, without a key"
)


def open_compat(
    settings: RecognizerSettings,
    *,
    networks: Networks,
    recognition: RecognitionService,
    enrolment: EnrolmentService,
    logger: LoggerClient,
    clock: Clock,
) -> Compat:
    if settings.compat_open:
        log.warning(_OPEN)
    register = RegisterService(
        enrolment=enrolment,
        logger=logger,
        executor=networks.threads,
        photo_limits=enrolment_finder(networks.finder, settings).limits,
        max_bytes=settings.max_bytes,
        clock=clock,
    )
    return Compat(SightingService(recognition, logger, settings.delivery_budget_s), register)

"""What the lifespan opens and every request is given."""

from concurrent.futures import Executor
from dataclasses import dataclass

from recognizer.compat.register import RegisterService
from recognizer.compat.sightings import SightingService
from recognizer.enrolment.bulk import BulkEnrolment
from recognizer.enrolment.service import EnrolmentService
from recognizer.live.service import LiveService
from recognizer.service import RecognitionService
from recognizer.settings import RecognizerSettings
from shared.security import ApiKey


@dataclass(frozen=True, slots=True)
class Compat:
    """Behind the routes of the existing clients."""

    sightings: SightingService
    register: RegisterService


@dataclass(frozen=True, slots=True)
class State:
    settings: RecognizerSettings
    service: RecognitionService
    enrolment: EnrolmentService
    bulk: BulkEnrolment
    live: LiveService
    compat: Compat
    executor: Executor
    api_keys: tuple[ApiKey, ...]

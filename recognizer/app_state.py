"""What the lifespan opens and every request is given."""

from concurrent.futures import Executor
from dataclasses import dataclass

from recognizer.service import RecognitionService
from recognizer.settings import RecognizerSettings
from shared.security import ApiKey


@dataclass(frozen=True, slots=True)
class State:
    settings: RecognizerSettings
    service: RecognitionService
    executor: Executor
    api_keys: tuple[ApiKey, ...]

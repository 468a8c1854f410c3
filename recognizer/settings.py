"""The recognizer's settings: environment and `.env`, prefix `RECOGNIZER_`."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from shared.contracts.live import LivenessMode
from shared.security import ApiKey, Scope, new_key
from shared.settings import CommaSeparated, ServiceSettings, check_names, split_commas

MIN_SECRET_CHARACTERS = 32
Distance = Annotated[float, Field(ge=0, le=2)]
ViewsName = Literal["plain", "mirrored", "scaled"]  # of recognizer.engine.views


class RecognizerSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="RECOGNIZER_", env_file=".env", extra="ignore", frozen=True)

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    dataset_dir: Path = Path("dataset")
    models_dir: Path = Path("models")
    state_dir: Path = Path("var/recognizer")
    dataset_polling: bool = False  # for network volumes, which send no notices of change

    model: str = "Dlib"
    detector: str = "mtcnn"
    backend: Literal["onnx", "tensorflow"] = "onnx"  # what DeepFace's own models run on
    min_face_px: Annotated[int, Field(ge=20, le=400)] = 40
    views: ViewsName | None = None  # None: what is usual with the model
    enroll_views: ViewsName | None = None  # None: as many as `views`, and no fewer than usual
    threshold: Distance | None = None  # None: that of the calibration, or else of the engine
    margin: Distance | None = None

    min_face_size_px: Annotated[float, Field(ge=0)] = 32  # in the picture as sent; the smaller come closer
    min_face_sharpness: Annotated[float, Field(ge=0)] = 12
    min_face_brightness: Annotated[float, Field(ge=0, le=255)] = 16
    max_face_brightness: Annotated[float, Field(ge=0, le=255)] = 235
    max_face_yaw_deg: Annotated[float, Field(gt=0, le=90)] = 60
    max_face_pitch_deg: Annotated[float, Field(gt=0, le=90)] = 60
    max_face_roll_deg: Annotated[float, Field(gt=0, le=180)] = 60

    liveness: LivenessMode = LivenessMode.OFF
    liveness_model: str = "MiniFASNet"
    min_liveness: Annotated[float, Field(ge=0, le=1)] = 0.5  # with `passive`: p(live) below it is a spoof
    challenge_steps: Annotated[int, Field(ge=2, le=4)] = 3
    challenge_s: Annotated[float, Field(ge=5, le=300)] = 30

    logger_url: str = "http://127.0.0.1:8001"
    logger_key: SecretStr | None = None
    logger_key_file: Path | None = None  # read again at each delivery, so that a key can be rotated
    logger_timeout_s: Annotated[float, Field(gt=0, le=30)] = 5
    delivery_budget_s: Annotated[float, Field(ge=0, le=10)] = 0.5  # how long a client waits for the logger's verdict
    outbox_max_events: Annotated[int, Field(ge=1)] = 100_000

    replay_window_s: Annotated[float, Field(ge=0, le=86_400)] = 0  # the same bytes within it are recorded once
    max_frame_age_s: Annotated[float, Field(ge=60)] = 31 * 86_400  # by captured_at: a kiosk over the holidays

    auth: Literal["open", "key"] = "open"
    distances: Literal["everyone", "keys"] = "everyone"  # who is told how near a face is to whom
    compat_open: bool = False  # whether the existing clients enrol and read contacts and photos without a key
    # SHA-256 digests of the keys that clients present, hex; `enroll=digest` or `enroll+recognize=digest` for more than
    # recognition.
    api_keys: CommaSeparated = ()
    enroll_key: SecretStr | None = None  # one key for everything, itself: of the operator's own programs
    consent: Literal["off", "ask", "require"] = "ask"  # whether the logger must agree to an enrolment
    vault_key_file: Path | None = None  # seals photos and templates with the key in it; None leaves them plain
    enroll_max_bytes: Annotated[int, Field(ge=1_000)] = 64 * 1024 * 1024  # all photos of one person at once
    bulk_max_bytes: Annotated[int, Field(ge=1_000)] = 1024 * 1024 * 1024  # an archive of many people
    max_bytes: Annotated[int, Field(ge=1_000)] = 8 * 1024 * 1024
    max_pixels: Annotated[int, Field(ge=10_000)] = 25_000_000
    max_frames: Annotated[int, Field(ge=1)] = 32  # frames in flight before 503
    live_connections: Annotated[int, Field(ge=0)] = 64  # cameras on WS /live before 503
    live_fps: Annotated[float, Field(gt=0, le=60)] = 10  # answers a second to one of them
    live_idle_s: Annotated[float, Field(gt=0)] = 120  # without a frame before it is hung up on
    confirm_frames: Annotated[int, Field(ge=1, le=100)] = 3  # that must name a person before they are recorded
    confirm_window_s: Annotated[float, Field(gt=0, le=60)] = 3
    workers: Annotated[int, Field(ge=1)] = os.cpu_count() or 1  # threads that decode and run models, one core each

    _split = field_validator("cors_origins", "api_keys", mode="before")(split_commas)

    @model_validator(mode="after")
    def _open_or_closed(self) -> Self:
        if self.compat_open and self.auth == "key":
            raise ValueError("RECOGNIZER_COMPAT_OPEN and RECOGNIZER_AUTH=key contradict each other")
        return self

    @field_validator("api_keys")
    @classmethod
    def _readable_keys(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            _parse_key(entry)
        return entries

    @field_validator("enroll_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"must have {MIN_SECRET_CHARACTERS} characters or more")
        return key

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Everybody who may ask for more than anybody may."""
        digests = tuple(_parse_key(entry) for entry in self.api_keys)
        if self.enroll_key is None:
            return digests
        return (*digests, new_key(self.enroll_key.get_secret_value(), (Scope.RECOGNIZE, Scope.ENROLL), "settings"))

    @property
    def max_body_bytes(self) -> int:
        """Room for a picture of `max_bytes` as base64 in JSON, and for the form around it."""
        return self.max_bytes * 4 // 3 + 64 * 1024


def load_settings() -> RecognizerSettings:
    """Raises UnknownSetting or ValidationError."""
    check_names(RecognizerSettings)
    return RecognizerSettings()


def _parse_key(entry: str) -> ApiKey:
    words, _, digest = entry.rpartition("=")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("each key is the SHA-256 of its secret in hex, or scope+scope=SHA-256")
    scopes = [word.strip() for word in words.split("+")] if words else [Scope.RECOGNIZE]
    if not set(scopes) <= {Scope.RECOGNIZE, Scope.ENROLL}:
        raise ValueError(f"scopes are {Scope.RECOGNIZE} and {Scope.ENROLL}")
    return ApiKey(digest[:12], digest, frozenset(map(Scope, scopes)), "settings")

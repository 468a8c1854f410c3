"""The line that was found for this engine on the operator's own people: kept beside the caches, read at every start.

Light: the service reads a calibration and never makes one.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from recognizer.decision import MatchPolicy
from recognizer.engine.base import MatchDefaults
from shared.logs import get_logger

log = get_logger(__name__)

_FILE = "calibration.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    engine: str  # what it holds for; of no use to any other
    made_at: datetime  # aware
    threshold: float  # cosine distance
    margin: float
    fpir: float  # the share of strangers that was to be named at most
    gallery: int  # people that it was made for
    threshold_at_ten_times: float  # with ten times as many
    people: int  # it was made with
    photos: int
    promised: bool  # whether these were enough to promise `fpir`


@dataclass(frozen=True, slots=True)
class ChosenPolicy:
    policy: MatchPolicy
    source: str  # for the operator


def save_calibration(calibration: Calibration, state_dir: Path) -> Path:
    """Replaces the one before, in one step. Raises OSError."""
    values = {"format": _FORMAT, **asdict(calibration), "made_at": calibration.made_at.isoformat()}
    state_dir.mkdir(parents=True, exist_ok=True)
    file = state_dir / _FILE
    handle, name = tempfile.mkstemp(dir=state_dir, prefix=f".{_FILE}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(values, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return file


def load_calibration(state_dir: Path, engine_key: str) -> Calibration | None:
    """None where there is none for this engine. One that cannot be read is reported in the log and not used: it can be
    made again at any time."""
    file = state_dir / _FILE
    try:
        calibration = _parsed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the calibration cannot be read, doing without", exc_info=error)
        return None
    if calibration.engine != engine_key:
        log.warning("the calibration was made for another engine, doing without; run `python -m recognizer calibrate`")
        return None
    return calibration


def choose_policy(
    threshold: float | None, margin: float | None, calibration: Calibration | None, defaults: MatchDefaults
) -> ChosenPolicy:
    """The operator's own figures, given as `threshold` and `margin`, before the calibration's, before the engine's."""
    found = defaults if calibration is None else calibration
    policy = MatchPolicy(
        threshold=found.threshold if threshold is None else threshold,
        margin=found.margin if margin is None else margin,
    )
    given = [name for name, value in (("threshold", threshold), ("margin", margin)) if value is not None]
    if len(given) == 2:
        return ChosenPolicy(policy, "settings")
    source = f"engine: {defaults.source}" if calibration is None else _described(calibration)
    return ChosenPolicy(policy, f"{given[0]} from settings; {source}" if given else source)


def _described(calibration: Calibration) -> str:
    promise = "" if calibration.promised else ", from too few people to promise it"
    return (
        f"calibration of {calibration.made_at:%Y-%m-%d}: {calibration.fpir:.1%} of strangers at {calibration.gallery} "
        f"people{promise}"
    )


def _parsed(text: str) -> Calibration:
    """Raises ValueError, KeyError or TypeError for a text that is none."""
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
        raise ValueError("not a calibration of this format")
    calibration = Calibration(**{**values, "made_at": datetime.fromisoformat(values["made_at"])})
    if not (0 <= calibration.threshold <= 2 and 0 <= calibration.margin <= 2):
        raise ValueError("a distance is out of range")
    return calibration

"""The engine, loaded as the service loads it, and the people it knows. Looks at no photo."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from recognizer.engine.loader import Engine
from recognizer.errors import StartError
from recognizer.evaluation.calibration import Calibration, load_calibration
from recognizer.gallery.builder import engine_key
from recognizer.gallery.cache import PhotoRefusal, PhotoResult
from recognizer.gallery.dataset import DatasetListing, scan
from recognizer.opening.engine import calibration_key, enrolment_finder, face_finder, open_engine, open_liveness
from recognizer.opening.gallery import template_cache
from recognizer.settings import RecognizerSettings
from shared.contracts.live import LivenessMode
from shared.doctor.findings import Finding, fault, ok, warning

FEW_PHOTOS = 3
OUTGROWN = 2  # times as many people as it was made for
_WHO = "`python -m recognizer people` says which and why"


def by_engine(settings: RecognizerSettings) -> Iterator[Finding]:
    """Blocks, for as long as the networks take to load."""
    try:
        engine = open_engine(settings)
        if settings.liveness is LivenessMode.PASSIVE:
            open_liveness(settings)
    except StartError as error:
        yield fault("weights", f"the service does not start: {error}", _other_choice(settings))
        return
    yield ok("weights", f"{settings.model}/{settings.detector}: each file is the one it should be, and loads")
    yield from _people(settings, engine)


def _other_choice(settings: RecognizerSettings) -> str:
    return f"or choose another than RECOGNIZER_MODEL={settings.model}, RECOGNIZER_DETECTOR={settings.detector}"


def _people(settings: RecognizerSettings, engine: Engine) -> Iterator[Finding]:
    try:
        listing = scan(settings.dataset_dir)
    except OSError as error:
        what = f"{settings.dataset_dir} cannot be read: {error.strerror}"
        yield fault("dataset", what, "let the user that the service runs as read it")
        return
    yield from judged_people(listing, _known_photos(settings, engine, listing))
    finder = face_finder(engine, settings)
    calibration = load_calibration(settings.state_dir, calibration_key(engine, finder))
    yield judged_threshold(settings, calibration, len(listing.people))


def _known_photos(settings: RecognizerSettings, engine: Engine, listing: DatasetListing) -> Mapping[Path, PhotoResult]:
    """What the engine made of each photo that it has looked at already."""
    file = settings.state_dir / "templates.db"
    if not file.exists():
        return {}
    try:
        cache = template_cache(settings)
    except StartError:  # of its key, which is told of with what is sealed
        return {}
    digests = cache.digests([photo for folder in listing.people for photo in folder.photos])
    key = engine_key(enrolment_finder(face_finder(engine, settings), settings), engine.enroller)
    results = cache.results(key, set(digests.values()))
    return {path: results[digest] for path, digest in digests.items() if digest in results}


def judged_people(listing: DatasetListing, known: Mapping[Path, PhotoResult]) -> Iterator[Finding]:
    if not listing.present:
        yield fault("dataset", f"there is no folder {listing.root}", "mount it, or name it in RECOGNIZER_DATASET_DIR")
        return
    if not listing.people:
        yield warning("dataset", "nobody is enrolled", "enrol people; dataset/README.md says how")
        return
    photos = sum(len(folder.photos) for folder in listing.people)
    yield ok("dataset", f"{len(listing.people)} people, {photos} photos, {photos - len(known)} not looked at yet")
    if listing.problems:
        yield warning("dataset", f"{len(listing.problems)} folders or files are passed over", _WHO)
    refused = {path for path, result in known.items() if isinstance(result, PhotoRefusal)}
    if refused:
        yield warning("dataset", f"{len(refused)} photos cannot be used", _WHO)
    few = sum(len({photo.path for photo in folder.photos} - refused) < FEW_PHOTOS for folder in listing.people)
    if few:
        fix = f"add photos: with {FEW_PHOTOS} to 5 each, fewer people are missed; `python -m recognizer people --check`"
        yield warning("dataset", f"{few} people have fewer than {FEW_PHOTOS} usable photos", fix)


def judged_threshold(settings: RecognizerSettings, calibration: Calibration | None, people: int) -> Finding:
    if settings.threshold is not None and settings.margin is not None:
        return ok("threshold", f"{settings.threshold:g}, margin {settings.margin:g}, from the settings")
    if calibration is None:
        fix = "run `python -m recognizer calibrate` once a few dozen people are enrolled"
        return warning("threshold", "not calibrated on your own people: the engine's own figures are used", fix)
    made = f"calibrated on {calibration.made_at:%Y-%m-%d} for {calibration.gallery} people"
    again = "run `python -m recognizer calibrate` again"
    if people > OUTGROWN * calibration.gallery:
        return warning("threshold", f"{made}; with {people}, more strangers are given a name", again)
    if not calibration.promised:
        return warning("threshold", f"{made}, from too few of them to promise anything", f"{again} with more")
    return ok("threshold", made)

"""`evaluate`, `calibrate`, `people --check`: the order of their steps. The engine is given, already open."""

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recognizer.at_rest.vault import Vault
from recognizer.decision import MatchPolicy
from recognizer.engine.base import Alignment, Embedder, EyeLevelBox, LandmarkTemplate, LivenessNet
from recognizer.engine.loader import Engine
from recognizer.engine.viewed import views_of
from recognizer.errors import StartError
from recognizer.evaluation.calibrating import calibrate, lines, photos_of
from recognizer.evaluation.calibration import save_calibration
from recognizer.evaluation.choices import Combination, FaceChoice
from recognizer.evaluation.evaluation import Evaluation, Protocol, Setup, evaluate_folder, evaluate_pairs
from recognizer.evaluation.page import page
from recognizer.evaluation.pairs import read_pairs
from recognizer.evaluation.people_check import EnrolledPhotos, check
from recognizer.evaluation.photos import (
    LabelledPhoto,
    Observer,
    look_at_all,
    read_identities,
    read_strangers,
)
from recognizer.evaluation.report import as_json, table
from recognizer.evaluation.spoof import SpoofObserver, look_at_presentations, measure, read_presentations
from recognizer.evaluation.spoof_attacks import make_attacks
from recognizer.evaluation.spoof_report import spoof_table
from recognizer.evaluation.verification import listed_pairs
from recognizer.gallery.cache import EngineKey, TemplateCache
from recognizer.gallery.dataset import DatasetListing, scan, shown
from recognizer.vision.faces import FaceFinder
from shared.clock import SystemClock

_TIMINGS = 25


@dataclass(frozen=True, slots=True)
class Instruments:
    """What an evaluation works with."""

    engine: Engine
    finder: FaceFinder
    policy: MatchPolicy
    workers: int
    vault: Vault | None = None  # of the dataset

    @property
    def dimension(self) -> int:
        return self.engine.embedder.dimension


def run_evaluate(parsed: argparse.Namespace, instruments: Instruments) -> str:
    """The table, once the report is written. Raises StartError for folders and lists that cannot be used."""
    result = _evaluated(parsed, instruments)
    written = [] if parsed.out is None else write_report(result, parsed.out)
    return "\n".join([table(result), "", *(f"wrote {file}" for file in written)])


def run_spoof(
    parsed: argparse.Namespace, finder: FaceFinder, net: LivenessNet, *, threshold: float, steps: int, workers: int
) -> str:
    """The table. Raises StartError for folders that cannot be used."""
    if parsed.attacks_from is not None:
        make_attacks(parsed.attacks_from, parsed.spoof)
    observer = SpoofObserver(finder, net)
    seen = look_at_presentations(read_presentations(parsed.spoof), observer.look_at, workers=workers)
    return spoof_table(measure(seen, net=net.name, threshold=threshold, steps=steps))


def run_calibrate(
    parsed: argparse.Namespace, instruments: Instruments, dataset: Path, state_dir: Path, *, key: str
) -> str:
    """What the operator should know, once the calibration is written. Raises StartError for too few people, and where
    it cannot be written."""
    engine = instruments.engine
    observer = Observer(instruments.finder, engine.embedder, engine.enroller, FaceChoice.SERVICE, instruments.vault)
    samples = look_at_all(photos_of(scan(dataset)), observer.look_at, workers=instruments.workers)
    run = calibrate(
        samples,
        engine.embedder.defaults,
        engine=key,
        fpir=parsed.fpir,
        gallery=parsed.people,
        now=SystemClock().now(),
    )
    if parsed.dry_run:
        return "\n".join([*lines(run), "nothing was written"])
    try:
        file = save_calibration(run.calibration, state_dir)
    except OSError as error:
        raise StartError(f"the calibration cannot be written to {state_dir}: {error.strerror}") from error
    return "\n".join([*lines(run), f"wrote {file}; the service uses it from its next start"])


def run_check(listing: DatasetListing, cache: TemplateCache, key: EngineKey, policy: MatchPolicy) -> str:
    """What the photos in the cache, which a build has filled, tell about each other."""
    results = cache.results(key)
    digests = cache.digests(photo for folder in listing.people for photo in folder.photos)
    people = []
    for folder in listing.people:
        made = [(photo, results.get(digests.get(photo.path, b""))) for photo in folder.photos]
        kept = [
            (shown(photo.path, listing.root), made_of) for photo, made_of in made if isinstance(made_of, np.ndarray)
        ]
        if kept:
            files, templates = zip(*kept, strict=True)
            people.append(EnrolledPhotos(folder.person, files, np.stack(templates)))
    return "\n".join(check(people, policy).lines())


def write_report(result: Evaluation, folder: Path) -> list[Path]:
    """Raises StartError when the folder cannot be written."""
    texts = {
        "report.json": json.dumps(as_json(result), indent=1, ensure_ascii=False) + "\n",
        "report.html": page(result),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StartError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return [folder / name for name in texts]


def _evaluated(parsed: argparse.Namespace, instruments: Instruments) -> Evaluation:
    engine = instruments.engine
    finder = replace(instruments.finder, alignment=_alignment(parsed, instruments.finder.alignment))
    observer = Observer(finder, engine.embedder, engine.enroller, FaceChoice(parsed.face))
    protocol = Protocol(
        choice=observer.choice,
        enrolled_photos=tuple(sorted(set(parsed.enroll))),
        combination=Combination(parsed.templates),
        policy=instruments.policy,
    )
    setup = _setup(parsed, engine)
    if parsed.pairs is None:
        samples = look_at_all(_folder_photos(parsed), observer.look_at, workers=instruments.workers)
        return evaluate_folder(samples, setup, protocol, dimension=instruments.dimension)
    if parsed.images is None or parsed.strangers is not None:
        raise StartError("--pairs goes with --images, and not with --strangers")
    photos, pairs = listed_pairs(read_pairs(parsed.pairs, parsed.images))
    samples = look_at_all(photos, observer.look_at, workers=instruments.workers)
    return evaluate_pairs(samples, pairs, setup, protocol, dimension=instruments.dimension)


def _alignment(parsed: argparse.Namespace, usual: Alignment) -> Alignment:
    """Raises StartError where the engine has no landmark template to draw closer."""
    if parsed.align == "box":
        return EyeLevelBox(usual.size)
    if parsed.closer == 1:
        return usual
    if not isinstance(usual, LandmarkTemplate):
        raise StartError("--closer is for engines that align by landmarks")
    middle = np.float32((usual.size - 1) / 2)
    return replace(usual, points=middle + np.float32(parsed.closer) * (usual.points - middle))


def _folder_photos(parsed: argparse.Namespace) -> list[LabelledPhoto]:
    return read_identities(parsed.known) + ([] if parsed.strangers is None else read_strangers(parsed.strangers))


def _setup(parsed: argparse.Namespace, engine: Engine) -> Setup:
    return Setup(
        engine=f"{engine.embedder.name}/{engine.detector.name}",
        probe_views=views_of(engine.embedder),
        enrolled_views=views_of(engine.enroller),
        embed_ms=_embed_ms(engine.embedder),
        source=f"list of pairs {parsed.pairs.name}" if parsed.pairs else f"folder {parsed.known.name}",
    )


def _embed_ms(embedder: Embedder) -> float:
    """Median over some calls with one chip, on this thread alone."""
    size = embedder.alignment.size
    chip = np.full((1, size, size, 3), 128, np.uint8)
    timings = []
    for _ in range(_TIMINGS):
        begin = time.perf_counter()
        embedder.embed(chip)
        timings.append(time.perf_counter() - begin)
    return float(np.median(timings)) * 1000

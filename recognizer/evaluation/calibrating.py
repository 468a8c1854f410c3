"""`python -m recognizer calibrate`: the line between known and unknown, on the operator's own people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recognizer.engine.base import Embeddings, MatchDefaults
from recognizer.errors import StartError
from recognizer.evaluation.calibration import Calibration
from recognizer.evaluation.metrics import Rate
from recognizer.evaluation.photos import LabelledPhoto, Sample
from recognizer.evaluation.threshold_choice import (
    LEAST_PEOPLE,
    Comparisons,
    CrossCheck,
    ThresholdChoice,
    choose_margin,
    choose_threshold,
    compare,
    cross_check,
    missed,
    strangers_named,
    strangers_needed,
)
from recognizer.gallery.dataset import DatasetListing

_GROWTH = 10


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationRun:
    calibration: Calibration
    chosen: ThresholdChoice  # before the engine's own threshold may hold it back
    at_ten_times: ThresholdChoice
    comparisons: Comparisons
    check: CrossCheck
    refused: int  # photos


def photos_of(listing: DatasetListing) -> list[LabelledPhoto]:
    return [LabelledPhoto(photo.path, folder.person.person_id) for folder in listing.people for photo in folder.photos]


def calibrate(
    samples: Sequence[Sample], defaults: MatchDefaults, *, engine: str, fpir: float, gallery: int | None, now: datetime
) -> CalibrationRun:
    """For a gallery of so many people, None for as many as there are. Where these are too few to promise the rate, the
    threshold is never looser than the engine's own.

    Raises StartError for fewer people than anything can be said from.
    """
    templates, probes = _by_person(samples)
    if len(templates) < LEAST_PEOPLE:
        found = f"{len(templates)} people with usable photos say nothing about strangers"
        needed = f"it takes {LEAST_PEOPLE} at least, and {strangers_needed(fpir)} to promise {fpir:.1%}"
        raise StartError(f"{found}: {needed}")
    size = gallery or len(templates)
    comparisons = compare(templates, probes)
    chosen = choose_threshold(comparisons, fpir=fpir, gallery=size)
    at_ten_times = choose_threshold(comparisons, fpir=fpir, gallery=_GROWTH * size)
    promised = len(templates) >= strangers_needed(fpir) and not chosen.extrapolated
    limit = np.inf if promised else defaults.threshold
    threshold = round(min(chosen.distance, limit), 4)
    calibration = Calibration(
        engine=engine,
        made_at=now,
        threshold=threshold,
        margin=choose_margin(comparisons, threshold) if np.isfinite(comparisons.own).any() else defaults.margin,
        fpir=fpir,
        gallery=size,
        threshold_at_ten_times=round(min(at_ten_times.distance, limit), 4),
        people=len(templates),
        photos=len(comparisons.own),
        promised=promised,
    )
    check = cross_check(templates, probes, fpir=fpir)
    return CalibrationRun(calibration, chosen, at_ten_times, comparisons, check, len(samples) - calibration.photos)


def lines(run: CalibrationRun) -> list[str]:
    """For the operator: what was chosen, from what, and how far to trust it."""
    made = run.calibration
    target = f"{made.fpir:.1%} of strangers named at most, among {made.gallery} people"
    ten_times = f"threshold {made.threshold_at_ten_times:.4f}{_seen(run.at_ten_times)}, by FPIR = 1 − (1 − FMR)^N"
    return [
        f"{made.people} people, {made.photos} photos used, {run.refused} refused",
        f"threshold {made.threshold:.4f}, margin {made.margin:g}: {target}{_seen(run.chosen)}",
        f"with {_GROWTH * made.gallery} people: {ten_times}",
        f"these people among themselves: {_among_themselves(run)}",
        f"people set aside: {_set_aside(run.check)}",
        *_doubts(run),
    ]


def _among_themselves(run: CalibrationRun) -> str:
    made = run.calibration
    named = f"{strangers_named(run.comparisons, made.threshold):.2%} of strangers named"
    able = int(np.isfinite(run.comparisons.own).sum())
    if not able:
        return f"{named}; nobody has a second photo to look for"
    lost = round(missed(run.comparisons, made.threshold, made.margin) * able)
    return f"{named}; own photos not named {Rate(lost, able)}"


def _set_aside(check: CrossCheck) -> str:
    found = f"{check.mean:.2%} of strangers named where {check.target:.1%} was asked for"
    halves = f"chosen from {check.gallery} people and counted on {check.gallery} others, {check.splits} times"
    return f"{found} ({halves}; middle 95 % {check.low:.2%} to {check.high:.2%})"


def _doubts(run: CalibrationRun) -> list[str]:
    made = run.calibration
    if made.promised:
        return []
    needed = strangers_needed(made.fpir)
    wanted = f"it takes {needed}, strangers to each other and none of them named (three over the rate)"
    doubts = [
        f"TOO LITTLE DATA to promise {made.fpir:.1%}: there are {made.people} people, and {wanted}.",
        "Their many pairs do not help much: pairs of the same people are not independent.",
    ]
    if made.threshold < round(run.chosen.distance, 4):
        doubts.append(f"These data alone would allow {run.chosen.distance:.4f}; the engine's own threshold is kept.")
    return doubts


def _seen(choice: ThresholdChoice) -> str:
    return " (extrapolated from the nearest of the pairs seen)" if choice.extrapolated else ""


def _by_person(samples: Sequence[Sample]) -> tuple[list[Embeddings], list[Embeddings]]:
    """Templates and probes of each person with a usable photo."""
    people: dict[str, list[Sample]] = {}
    for sample in samples:
        if sample.refusal is None and sample.look is not None:
            people.setdefault(sample.photo.identity, []).append(sample)
    looks = [[sample.look for sample in found if sample.look is not None] for found in people.values()]
    return (
        [np.stack([look.template for look in found]) for found in looks],
        [np.stack([look.probe for look in found]) for found in looks],
    )

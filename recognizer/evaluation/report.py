"""An evaluation in words and numbers: titled rows for the terminal and the page, and JSON for programs."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recognizer.evaluation.as_service import Answer, ServiceAnswers
from recognizer.evaluation.choices import FaceChoice
from recognizer.evaluation.evaluation import Evaluation
from recognizer.evaluation.identification import Identification
from recognizer.evaluation.metrics import Rate
from recognizer.evaluation.verification import TarAtFar, Verification

FEW = 10  # fewer people or pairs than this behind a rate are remarked on
_ROC_POINTS = 300  # kept of a curve; more are not seen in a plot
_CHOICES = {
    FaceChoice.CENTRE: "the one nearest the centre",
    FaceChoice.SERVICE: "the only one in the foreground, as the service has it",
}


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def sections(result: Evaluation) -> list[Section]:
    found = [Section("What was measured", tuple(_setup(result)))]
    if result.verification is not None:
        found.append(Section("Verification: are two photos of one person?", tuple(_verification(result.verification))))
    for each in result.identifications:
        photos = f"{each.enrolled_photos} photo{'s' if each.enrolled_photos > 1 else ''}"
        title = f"Identification: {each.gallery} people enrolled with {photos} each, open set"
        found.append(Section(title, tuple(_identification(each))))
    if result.service is not None:
        found.append(Section("As the service decides", tuple(_service(result.service, result))))
    return found


def table(result: Evaluation) -> str:
    """For the terminal."""
    return text(sections(result))


def text(parts: Sequence[Section]) -> str:
    width = max(len(row.label) for part in parts for row in part.rows)
    blocks = [
        "\n".join([part.title, *(f"  {row.label:<{width}}  {_plain(row)}" for row in part.rows)]) for part in parts
    ]
    return "\n\n".join(blocks)


def as_json(result: Evaluation) -> dict[str, Any]:
    """Everything the page shows, without words: rates as numbers, curves thinned to a few hundred points."""
    return {
        "setup": asdict(result.setup),
        "protocol": asdict(result.protocol),
        "photos": result.photos,
        "people": result.people,
        "not_acquired": [{"photo": photo, "reason": reason} for photo, reason in result.not_acquired],
        "without_face": result.without_face,
        "people_not_enrolled": result.not_enrolled,
        "verification": None if result.verification is None else _verification_json(result.verification),
        "identification": [asdict(each) for each in result.identifications],
        "service": None if result.service is None else asdict(result.service),
    }


def roc_points(verification: Verification) -> list[tuple[float, float]]:
    """False and true acceptance rates along the curve, evenly spaced in the logarithm of the false."""
    roc = verification.roc
    least = 1 / verification.impostor
    wanted = np.geomspace(least, 1, _ROC_POINTS)
    return [(float(far), roc.tar_at(float(far))) for far in wanted]


def _setup(result: Evaluation) -> Iterator[Row]:
    setup, protocol = result.setup, result.protocol
    yield Row("photos", f"{result.photos} of {result.people} people", setup.source)
    yield Row("engine", setup.engine)
    yield Row("views", f"{setup.probe_views} before the camera, {setup.enrolled_views} when enrolling")
    yield Row("time to embed a face", f"{setup.embed_ms:.1f} ms", "median, one core, this machine")
    yield Row("face of a photo", _CHOICES[protocol.choice])
    without = Rate(result.without_face, result.photos)
    yield Row("failure to acquire: no face", str(without), "counted as wrong everywhere below")
    refused = len(result.not_acquired)
    reasons = Counter(reason for _, reason in result.not_acquired)
    yield Row("refused by the service", str(Rate(refused, result.photos)), _counted(reasons))
    yield Row("failure to enrol", f"people without a usable photo: {result.not_enrolled}")


def _verification(found: Verification) -> Iterator[Row]:
    yield Row("pairs", f"{found.genuine:,} of one person, {found.impostor:,} of two", _failed(found.failed))
    if found.accuracy is not None:
        accuracy = found.accuracy
        value = f"{accuracy.mean:.2%} ± {accuracy.standard_error:.2%}"
        yield Row("accuracy", value, f"mean and standard error over {accuracy.folds} folds")
    for each in found.tar_at_far:
        yield Row(f"TAR at FAR {each.far:g}", _tar(each), _tar_remark(each))
    yield Row("equal error rate", str(found.eer), f"at a distance of {1 - found.threshold:.4f}")


def _identification(found: Identification) -> Iterator[Row]:
    yield Row("searches", f"{found.searches:,} for enrolled people", f"photos to enrol drawn anew; {found.combination}")
    yield Row("strangers", f"{found.strangers} people", "everybody in turn, to the gallery of all others")
    yield Row("rank one", str(found.rank_one))
    for each in found.fnir_at_fpir:
        few = f"; the rate means {each.strangers:.1f} of the {found.strangers}" if each.strangers < FEW else ""
        remark = f"at a distance of {1 - each.threshold:.4f}{few}"
        yield Row(f"FNIR at FPIR {each.fpir:.1%}", str(each.fnir), remark)


def _service(found: ServiceAnswers, result: Evaluation) -> Iterator[Row]:
    known, strangers = found.of_known(), found.of_strangers()
    policy = result.protocol.policy
    wrong = [answer for answer in known if answer.named not in {None, answer.truth}]
    yield Row("threshold, margin", f"{policy.threshold:g}, {policy.margin:g}", "cosine distance")
    yield Row("gallery", f"{found.people} people, {found.photos} photos", "the first photos of each person")
    yield Row("named right", str(Rate(sum(answer.named == answer.truth for answer in known), len(known))))
    yield Row("named wrong", str(Rate(len(wrong), len(known))))
    yield Row("not named", _decisions([answer for answer in known if answer.named is None]))
    if strangers:
        yield Row("strangers named", str(Rate(sum(answer.named is not None for answer in strangers), len(strangers))))


def _tar(each: TarAtFar) -> str:
    return "not measured" if each.tar is None else str(each.tar)


def _tar_remark(each: TarAtFar) -> str:
    if each.tar is None:
        return f"too few pairs: the rate means {each.false_acceptances:.1f} of them"
    few = f"; rests on {each.false_acceptances:.0f} pairs" if each.false_acceptances < FEW else ""
    return f"at a distance of {1 - each.threshold:.4f}{few}"


def _plain(row: Row) -> str:
    return f"{row.value}  ({row.remark})" if row.remark else row.value


def _failed(count: int) -> str:
    return f"{count} could not be compared and count as wrong or rejected" if count else ""


def _decisions(answers: Sequence[Answer]) -> str:
    return _counted(Counter(answer.decision for answer in answers)) or "none"


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common())


def _verification_json(found: Verification) -> dict[str, Any]:
    return {
        "pairs": {"genuine": found.genuine, "impostor": found.impostor, "failed": found.failed},
        "accuracy": None if found.accuracy is None else asdict(found.accuracy),
        "equal_error_rate": asdict(found.eer),
        "tar_at_far": [_finite(asdict(each)) for each in found.tar_at_far],
        "roc": roc_points(found),
        "threshold_of_equal_errors": found.threshold,
        "mistakes": [_finite(asdict(each)) for each in found.mistakes],
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: null stands for a pair that could not be compared, or a threshold that nothing reaches."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }

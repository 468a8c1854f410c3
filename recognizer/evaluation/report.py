"""An evaluation as a table for the terminal."""

from collections import Counter
from collections.abc import Sequence

from recognizer.evaluation.identification import FaceChoice, IdentificationResult, ProbeResult
from recognizer.evaluation.metrics import Rate

_CHOICES = {
    FaceChoice.CENTRE: "the one nearest the centre",
    FaceChoice.SERVICE: "the only one in the foreground, as the service has it",
}


def table(result: IdentificationResult) -> str:
    known, strangers = result.of_known(), result.of_strangers()
    wrong = [probe for probe in known if probe.named not in {None, probe.truth}]
    lines = [
        ("engine", result.engine),
        ("threshold, margin", f"{result.policy.threshold}, {result.policy.margin} (cosine distance)"),
        ("face of a photo", _CHOICES[result.choice]),
        ("gallery", f"{result.people} people, {result.photos} photos"),
        ("not enrolled", _refused(result)),
        ("probes named right", str(Rate(sum(probe.named == probe.truth for probe in known), len(known)))),
        ("probes named wrong", str(Rate(len(wrong), len(known)))),
        ("probes not named", _reasons([probe for probe in known if probe.named is None])),
        ("strangers named", str(Rate(sum(probe.named is not None for probe in strangers), len(strangers)))),
        ("strangers not named", _reasons([probe for probe in strangers if probe.named is None])),
        *((f"{each.fpir:.1%} of strangers named at", f"{each.distance:.4f}") for each in result.thresholds),
    ]
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:<{width}}  {text}" for label, text in lines)


def _reasons(probes: Sequence[ProbeResult]) -> str:
    counts = Counter(probe.decision for probe in probes)
    return ", ".join(f"{decision} {count}" for decision, count in counts.most_common()) or "none"


def _refused(result: IdentificationResult) -> str:
    refused = (f"{sample.photo.parent.name}/{sample.photo.name}: {sample.look}" for sample in result.not_enrolled)
    return ", ".join(refused) or "none"

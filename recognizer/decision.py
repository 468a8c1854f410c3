"""The rule that gives a face a name, or does not. Pure."""

from dataclasses import dataclass

from shared.contracts.recognition import DecisionKind


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """Cosine distances. `threshold`: the farthest a face may be from a person's nearest template to be that person.
    `margin`: how much farther the runner-up person must be, so that two people who look alike are not guessed at."""

    threshold: float
    margin: float


def decide(best: float | None, runner_up: float | None, policy: MatchPolicy) -> DecisionKind:
    """From the distances of the nearest and the second nearest *person*; None where the gallery has nobody."""
    if best is None or not best <= policy.threshold:  # written so that a NaN is unknown
        return DecisionKind.UNKNOWN
    if runner_up is not None and runner_up - best < policy.margin:
        return DecisionKind.AMBIGUOUS
    return DecisionKind.KNOWN

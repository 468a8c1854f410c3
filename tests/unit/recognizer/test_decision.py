import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.decision import MatchPolicy, decide
from shared.contracts.recognition import DecisionKind

POLICY = MatchPolicy(threshold=0.3, margin=0.05)
distances = st.floats(min_value=0, max_value=2)


@pytest.mark.parametrize(
    ("best", "runner_up", "expected"),
    [
        (None, None, DecisionKind.UNKNOWN),
        (0.1, None, DecisionKind.KNOWN),
        (0.3, None, DecisionKind.KNOWN),
        (0.301, None, DecisionKind.UNKNOWN),
        (0.1, 0.2, DecisionKind.KNOWN),
        (0.1, 0.12, DecisionKind.AMBIGUOUS),
        (0.1, 0.1, DecisionKind.AMBIGUOUS),
        (0.31, 0.32, DecisionKind.UNKNOWN),
        (math.nan, 0.2, DecisionKind.UNKNOWN),
    ],
)
def test_a_face_is_named_only_when_near_and_alone(
    best: float | None, runner_up: float | None, expected: DecisionKind
) -> None:
    assert decide(best, runner_up, POLICY) is expected


@given(best=distances, runner_up=distances)
def test_a_stricter_threshold_never_names_more(best: float, runner_up: float) -> None:
    loose = decide(best, runner_up, POLICY)
    strict = decide(best, runner_up, MatchPolicy(threshold=0.2, margin=POLICY.margin))
    assert strict is not DecisionKind.KNOWN or loose is DecisionKind.KNOWN

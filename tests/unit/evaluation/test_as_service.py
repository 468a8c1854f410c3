from collections.abc import Callable
from dataclasses import replace

from recognizer.decision import MatchPolicy
from recognizer.evaluation.as_service import ServiceAnswers, answers_of_service
from recognizer.evaluation.photos import Sample
from shared.contracts.recognition import DecisionKind

MakeSamples = Callable[..., list[Sample]]


def asked(samples: list[Sample], dimension: int) -> ServiceAnswers:
    return answers_of_service(samples, enrolled_photos=2, policy=MatchPolicy(0.2, 0.01), dimension=dimension)


def test_the_first_photos_are_enrolled_and_the_others_asked_about(make_samples: MakeSamples, dimension: int) -> None:
    found = asked(make_samples([4, 3, 2], strangers=1, scatter=0.02), dimension)
    assert (found.people, found.photos) == (2, 4)
    assert [answer.photo for answer in found.of_known()] == ["p0/2.jpg", "p0/3.jpg", "p1/2.jpg"]
    assert all(answer.named == answer.truth for answer in found.of_known())
    assert [answer.decision for answer in found.of_strangers()] == [DecisionKind.UNKNOWN] * 2


def test_refused_photos_are_answers_and_enrol_nobody(make_samples: MakeSamples, dimension: int) -> None:
    samples = [replace(sample, refusal=DecisionKind.LOW_QUALITY) for sample in make_samples([3], scatter=0.02)]
    found = asked(samples + make_samples([3], strangers=1, seed=1), dimension)
    assert found.people == 0
    assert found.not_enrolled == (("p0/0.jpg", DecisionKind.LOW_QUALITY), ("p0/1.jpg", DecisionKind.LOW_QUALITY))
    assert [answer.decision for answer in found.of_known()] == [DecisionKind.LOW_QUALITY]

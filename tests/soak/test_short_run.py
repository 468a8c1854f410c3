"""A little of `make soak`."""

from pathlib import Path

from tests.soak.mix import mix, numbered
from tests.soak.run import READER, Soaked, site, soak
from tests.soak.trend import trend

REQUESTS = 200


async def test_everything_is_answered_as_it_should_be_and_nothing_stays_open(tmp_path: Path) -> None:
    told: list[int] = []

    def tell(soaked: Soaked) -> None:
        told.append(soaked.answered)

    with site("fake", tmp_path) as place:
        soaked = await soak(place, REQUESTS, tell)
    assert soaked.wrong == {}
    assert soaked.answered >= REQUESTS
    assert soaked.visits >= 1
    assert len(told) >= 100
    for name, samples in soaked.samples.items():
        assert trend(soaked.idle[name], samples, soaked.after[name]).faults == []


def test_no_two_frames_are_the_same() -> None:
    asked = mix([b"\xff\xd8 a picture \xff\xd9"], READER)
    frames = [one.sent for one in (next(asked) for _ in range(400)) if one.kind == "frame"]
    assert len(set(frames)) == len(frames) == 220


def test_a_numbered_picture_is_the_picture_with_a_comment() -> None:
    assert numbered(b"\xff\xd8rest", 258) == b"\xff\xd8\xff\xfe\x00\x0a\x00\x00\x00\x00\x00\x00\x01\x02rest"

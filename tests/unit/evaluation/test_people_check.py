import numpy as np

from recognizer.decision import MatchPolicy
from recognizer.evaluation.people_check import EnrolledPhotos, check
from recognizer.gallery.dataset import Person

POLICY = MatchPolicy(threshold=0.2, margin=0.02)


def enrolled(name: str, *angles_deg: float) -> EnrolledPhotos:
    """Photos as directions in the plane: cosine distances are 1 − cos of the angle between."""
    turned = np.radians(angles_deg)
    rows = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    person = Person(name, name, name, name)
    return EnrolledPhotos(person, tuple(f"{name}/{number}.jpg" for number in range(len(angles_deg))), rows)


def test_people_far_apart_with_photos_alike_raise_nothing() -> None:
    found = check([enrolled("Ann", 0, 2, 4), enrolled("Bob", 90, 91, 95)], POLICY)
    assert (found.somebody_else, found.too_alike, found.unlike_own, found.few_photos) == ((), (), (), ())


def test_a_photo_in_the_wrong_folder_is_found_with_whom_it_shows() -> None:
    found = check([enrolled("Ann", 0, 2, 91, 4), enrolled("Bob", 90, 91, 95)], POLICY)
    assert len(found.somebody_else) == 1
    assert found.somebody_else[0].startswith("Ann/2.jpg: 0.000 from Bob, 0.98")
    assert not found.unlike_own


def test_a_photo_like_nobodys_is_unlike_its_own() -> None:
    found = check([enrolled("Ann", 0, 2, 180, 4), enrolled("Bob", 90, 91, 95)], POLICY)
    assert [text.partition(":")[0] for text in found.unlike_own] == ["Ann/2.jpg"]
    assert not found.somebody_else


def test_people_too_alike_are_named_nearest_first() -> None:
    found = check([enrolled("Ann", 0), enrolled("Bob", 30), enrolled("Cy", 33), enrolled("Dee", 180)], POLICY)
    assert [text.partition(":")[0] for text in found.too_alike] == ["Bob and Cy", "Ann and Bob", "Ann and Cy"]


def test_an_only_photo_can_look_like_somebody_elses_but_not_unlike_its_own() -> None:
    found = check([enrolled("Ann", 0), enrolled("Bob", 1, 2, 3)], POLICY)
    assert "Ann/0.jpg: 0.001 from Bob" in found.somebody_else
    assert not found.unlike_own
    assert found.few_photos == ("Ann: 1",)


def test_one_person_and_nobody_at_all_raise_nothing() -> None:
    assert check([enrolled("Ann", 0, 1, 2)], POLICY).somebody_else == ()
    assert check([], POLICY).lines()[0] == "photos that look like somebody else's: 0"

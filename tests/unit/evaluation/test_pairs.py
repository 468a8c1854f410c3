from pathlib import Path

import pytest

from recognizer.errors import StartError
from recognizer.evaluation.pairs import parse_pairs, read_pairs

LINES = ["2\t1", "Ann\t1\t4", "Ann\t2\tBob_Lee\t13", "Cy\t1\t2", "Cy\t3\tDee\t1"]


def test_names_and_numbers_become_photos_in_folds() -> None:
    pairs = parse_pairs(LINES, Path("lfw"))
    assert [pair.fold for pair in pairs] == [0, 0, 1, 1]
    assert [pair.same for pair in pairs] == [True, False, True, False]
    assert pairs[0].first.path == Path("lfw/Ann/Ann_0001.jpg")
    assert pairs[1].second.path == Path("lfw/Bob_Lee/Bob_Lee_0013.jpg")


def test_a_list_with_one_number_is_one_fold() -> None:
    assert {pair.fold for pair in parse_pairs(["1", *LINES[1:3]], Path("lfw"))} == {0}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1"),
        (["ten folds"], "line 1"),
        (["0\t3"], "line 1"),
        (["2 1 1"], "line 1"),
        (LINES[:-1], "should have 5 lines"),
        ([*LINES, "Ann\t1\t2"], "should have 5 lines"),
        ([*LINES[:2], "Ann\tx\tBob\t1", *LINES[3:]], "line 3"),
        ([*LINES[:2], "Ann 1", *LINES[3:]], "line 3"),
        ([LINES[0], LINES[2], LINES[1], *LINES[3:]], "line 2 .* one person"),
        ([*LINES[:2], LINES[1], *LINES[3:]], "line 3 .* two people"),
    ],
)
def test_what_is_not_such_a_list_is_refused_with_the_line(lines: list[str], message: str) -> None:
    with pytest.raises(StartError, match=message):
        parse_pairs(lines, Path("lfw"))


def test_photos_that_are_not_there_are_named_and_never_left_out(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("\n".join(LINES))
    with pytest.raises(StartError, match=r"8 photos .* Ann_0001\.jpg"):
        read_pairs(tmp_path / "pairs.txt", tmp_path)


def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be read"):
        read_pairs(tmp_path / "none.txt", tmp_path)

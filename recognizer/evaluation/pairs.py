"""Labelled Faces in the Wild's `pairs.txt`: folds of pairs of photos, half of them of one person.

Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, University of Massachusetts, Technical Report 07-49
(2007). The first line holds the number of folds and of pairs of each kind in a fold, `10 300`; then each fold gives its
pairs of one person, `name n m`, and of two, `name1 n name2 m`. Photo n of a name is `name/name_000n.jpg`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import StartError
from recognizer.evaluation.photos import LabelledPhoto


@dataclass(frozen=True, slots=True)
class Pair:
    first: LabelledPhoto
    second: LabelledPhoto
    fold: int  # from 0

    @property
    def same(self) -> bool:
        return self.first.identity == self.second.identity


def read_pairs(file: Path, images: Path) -> list[Pair]:
    """Raises StartError for a file that is not as described, and for photos that are not there."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{file} cannot be read: {error}") from error
    pairs = parse_pairs(lines, images)
    missing = sorted({photo.path for pair in pairs for photo in (pair.first, pair.second) if not photo.path.is_file()})
    if missing:
        raise StartError(f"{len(missing)} photos of {file} are not in {images}, {missing[0].name} for one")
    return pairs


def parse_pairs(lines: Sequence[str], images: Path) -> list[Pair]:
    """Raises StartError, naming the line."""
    folds, each = _sizes(lines[0] if lines else "")
    wanted = 1 + folds * 2 * each
    filled = [line for line in lines if line.strip()]
    if len(filled) != wanted:
        raise StartError(f"the pairs should have {wanted} lines by their first line, and have {len(filled)}")
    return list(_parsed(filled[1:], images, each))


def _parsed(lines: Sequence[str], images: Path, each: int) -> Iterator[Pair]:
    for index, line in enumerate(lines):
        fold, place = divmod(index, 2 * each)
        pair = _pair(line, index + 2, images, fold)
        if pair.same is not (place < each):
            expected = "one person" if place < each else "two people"
            raise StartError(f"line {index + 2} of the pairs should name {expected}: {line!r}")
        yield pair


def _sizes(line: str) -> tuple[int, int]:
    """Some lists of pairs give one number: theirs is a single fold."""
    numbers = [int(word) for word in line.split() if word.isdecimal()]
    match numbers if len(numbers) == len(line.split()) else []:
        case [each] if each > 0:
            return 1, each
        case [folds, each] if folds > 0 and each > 0:
            return folds, each
    raise StartError(f"line 1 of the pairs should give the number of folds and of pairs, and is {line!r}")


def _pair(line: str, number: int, images: Path, fold: int) -> Pair:
    match line.split():
        case [name, first, second] if first.isdecimal() and second.isdecimal():
            return Pair(_photo(images, name, first), _photo(images, name, second), fold)
        case [name, first, other, second] if first.isdecimal() and second.isdecimal():
            return Pair(_photo(images, name, first), _photo(images, other, second), fold)
    raise StartError(f"line {number} of the pairs is neither `name n m` nor `name n name m`: {line!r}")


def _photo(images: Path, name: str, number: str) -> LabelledPhoto:
    return LabelledPhoto(images / name / f"{name}_{int(number):04}.jpg", name)

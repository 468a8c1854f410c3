"""What was measured of attacks, in words: rows for the terminal."""

from collections.abc import Iterator

from recognizer.evaluation.report import Row, Section, text
from recognizer.evaluation.spoof import REAL, KindResult, SpoofResult


def spoof_table(result: SpoofResult) -> str:
    passive = Section(
        f"Passive: {result.net}, p(live) of at least {result.threshold:g} is a person",
        tuple(_passive(each) for each in result.kinds),
    )
    challenge = Section("Challenge: videos, each against every order that could be drawn", tuple(_challenge(result)))
    return text([part for part in (passive, challenge) if part.rows])


def _passive(found: KindResult) -> Row:
    label = "BPCER, people taken for pictures" if found.kind == REAL else f"APCER, {found.kind} taken for people"
    middle = "no answer" if found.median_p_live is None else f"median p(live) {found.median_p_live:.3f}"
    silent = f"; {found.silent} of {found.presentations} got no answer" if found.silent else ""
    return Row(label, str(found.mistaken) if found.mistaken.total else "not measured", middle + silent)


def _challenge(result: SpoofResult) -> Iterator[Row]:
    """Not of real people: their videos were not made to these orders."""
    for each in result.kinds:
        if each.kind != REAL and each.challenge is not None:
            yield Row(f"APCER, {each.kind}", str(each.challenge), "tries; those of one video are not independent")

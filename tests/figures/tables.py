"""The tables of the page. Each says "not measured" where nothing was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recognizer.evaluation.metrics import Rate
from tests.bench.rows import Row, significant
from tests.figures.measured import Measured

NOT_MEASURED = "not measured"
Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    headings: Cells
    rows: tuple[Cells, ...]

    def lines(self) -> Iterator[str]:
        for cells in (self.headings, ("---",) * len(self.headings), *self.rows):
            yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def bench(measured: Measured, section: str) -> Table | None:
    """Every row of the section."""
    found = measured.sections.get(section)
    if found is None:
        return None
    rows = tuple((row.name, value_of(row), _ratio(row), row.target, row.note) for row in found.rows)
    return Table(("figure", "measured", "ratio", "to reach", "n, notes"), rows)


def value_of(row: Row) -> str:
    return f"{significant(row.value)} {row.unit}".rstrip()


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else significant(row.ratio)


def run_table(measured: Measured, stem: str) -> Table | None:
    """The plain figures of a run; of several in one file, side by side."""
    runs = {name: run for name, run in measured.runs.items() if name.partition(":")[0] == stem}
    if not runs:
        return None
    names = dict.fromkeys(key for run in runs.values() for key in plain(run))
    headings = [name.partition(": ")[2] or "measured" for name in runs]
    rows = (
        (key.replace("_", " "), *(_shown(plain(run).get(key, NOT_MEASURED)) for run in runs.values())) for key in names
    )
    return Table(("figure", *headings), tuple(rows))


def plain(run: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if isinstance(value, str | int | float)}


def _shown(value: object) -> str:
    return significant(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def accuracy(evaluations: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """A column for each engine that was evaluated."""
    if not evaluations:
        return None
    told = {name: accuracy_of(found) for name, found in evaluations.items()}
    labels = dict.fromkeys(label for lines in told.values() for label in lines)
    rows = ((label, *(lines.get(label, NOT_MEASURED) for lines in told.values())) for label in labels)
    return Table(("figure", *map(engine_called, told)), tuple(rows))


def engine_called(folder: str) -> str:
    """By the name that its folder was given."""
    return folder.partition("/")[2] or "usual"


def accuracy_of(found: Mapping[str, Any]) -> dict[str, str]:
    return dict(_accuracy(found))


def _accuracy(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    setup = found["setup"]
    yield "engine", f"{setup['engine']}, {setup['probe_views']} views, {setup['enrolled_views']} when enrolling"
    yield "n", f"{found['photos']} photos of {found['people']} people"
    yield "failure to acquire: no face", str(Rate(found["without_face"], found["photos"]))
    yield "refused by the service", str(Rate(len(found["not_acquired"]), found["photos"]))
    if found["verification"] is not None:
        yield from _verification(found["verification"])
    for gallery in found["identification"]:
        yield from _identification(gallery)
    if found["service"] is not None:
        yield from _as_service(found["service"]["answers"])


def _verification(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    pairs, best = found["pairs"], found["accuracy"]
    yield "pairs", f"{pairs['genuine']:,} of one person, {pairs['impostor']:,} of two"
    if best is not None:
        yield "verification accuracy", f"{best['mean']:.2%} ± {best['standard_error']:.2%} over {best['folds']} folds"
    yield "equal error rate", _estimate(found["equal_error_rate"])
    for each in found["tar_at_far"]:
        yield f"TAR at FAR {each['far']:g}", _estimate(each["tar"])


def _identification(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    gallery = f"1:{found['gallery']}, {found['enrolled_photos']} enrolled"
    for each in found["fnir_at_fpir"]:
        shown = f"{_estimate(each['fnir'])}, n = {found['searches']:,} searches, {found['strangers']} strangers"
        yield f"FNIR at FPIR {each['fpir']:.1%}, {gallery}", shown


def _as_service(answers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    known = [answer for answer in answers if answer["truth"] is not None]
    strangers = [answer for answer in answers if answer["truth"] is None]
    right = sum(answer["named"] == answer["truth"] for answer in known)
    wrong = sum(answer["named"] not in {None, answer["truth"]} for answer in known)
    yield "as the service decides: named right", str(Rate(right, len(known)))
    yield "as the service decides: named wrong", str(Rate(wrong, len(known)))
    if strangers:
        named = sum(answer["named"] is not None for answer in strangers)
        yield "as the service decides: strangers named", str(Rate(named, len(strangers)))


def _estimate(found: Mapping[str, float] | None) -> str:
    if found is None:
        return f"{NOT_MEASURED}: too few pairs"
    return f"{found['value']:.2%} ({found['low']:.2%} to {found['high']:.2%})"


def markdown(table: Table | None, command: str) -> list[str]:
    return [f"{NOT_MEASURED.capitalize()}: `{command}`."] if table is None else list(table.lines())

"""The figures that were promised, one line each; behind each one stands a table further down."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.bench.rows import Row
from tests.figures.measured import Measured, Section
from tests.figures.tables import NOT_MEASURED, Cells, Table, accuracy_of, engine_called, plain, value_of

# Rows of the benchmark, by section.
PROMISED: Mapping[str, tuple[str, ...]] = {
    "service": (
        "service, 1 client: throughput",
        "service, 1 client: p50 / p95 / p99",
        "service, 4 clients: throughput",
        "service, 4 clients: p50 / p95 / p99",
        "service, 16 clients: throughput",
        "service, 16 clients: p50 / p95 / p99",
        "service, 4 clients: share of bare",
        "service, 16 clients: share of bare",
        "service at 4 to DeepFace represent",
        "service at 16 to DeepFace represent",
        "recognizer, resident",
    ),
    "overload": ("a crowd: a refusal, p99", "a crowd: done", "a crowd: recovered after"),
    "gallery": ("1,000 people, 1 probe", "100,000 people, 1 probe", "1,000,000 people, 1 probe"),
    "startup": ("cold start to ready", "warm start to ready"),
    "enrolment": ("enrolment",),
    "logger_ingest": (
        "sqlite: single posts, 1 client",
        "sqlite: single posts, 64 clients",
        "sqlite: batches of 1,000, 2 clients",
        "mongodb: single posts, 64 clients",
        "mongodb: batches of 1,000, 2 clients",
    ),
    "logger_pages": ("sqlite: /reports", "sqlite: /reports/classes/demo-001"),
}
# Of runs over all stores, by file.
SUMMED: Mapping[str, tuple[str, ...]] = {
    "chaos": ("rounds", "kills", "accepted", "delivered", "lost", "duplicated", "5xx_without_reason"),
    "bad_input": ("tried", "server_faults"),
    "soak": ("requests",),
}
_NONE = {"lost", "duplicated", "5xx_without_reason", "server_faults"}
_ACCURACY = ("verification accuracy", "TAR at FAR 0.01", "TAR at FAR 0.001", "FNIR at FPIR", "failure to acquire")


def glance(measured: Measured) -> Table:
    return Table(
        ("figure", "measured", "to reach", "n, notes"), (*_sums(measured), *_accuracies(measured), *_benches(measured))
    )


def _sums(measured: Measured) -> Iterator[Cells]:
    for stem, keys in SUMMED.items():
        runs = [run for name, run in measured.runs.items() if name.partition(":")[0] == stem]
        for key in keys:
            label = f"{stem.replace('_', ' ')}: {key.replace('_', ' ')}"
            yield label, _sum(runs, key), "0" if key in _NONE else "", _stores(runs)


def _accuracies(measured: Measured) -> Iterator[Cells]:
    for folder, found in measured.evaluations.items():
        told = accuracy_of(found)
        for label in (label for label in told if label.startswith(_ACCURACY)):
            yield f"{engine_called(folder)}: {label}", told[label], "", told["n"]
    if not measured.evaluations:
        yield from ((label, NOT_MEASURED, "", "") for label in _ACCURACY)


def _sum(runs: Iterable[Mapping[str, Any]], key: str) -> str:
    found = [plain(run)[key] for run in runs if key in plain(run)]
    return f"{sum(found):,}" if found else NOT_MEASURED


def _stores(runs: Iterable[Mapping[str, Any]]) -> str:
    return " and ".join(f"{run['store']}, seed {run['seed']}" for run in runs if {"store", "seed"} <= run.keys())


def _benches(measured: Measured) -> Iterator[Cells]:
    for section, names in PROMISED.items():
        found = measured.sections.get(section)
        rows = {} if found is None else {row.name: row for row in found.rows}
        for name in names:
            row = rows.get(name)
            label = name if name.startswith(("service", "recognizer")) else f"{section.replace('_', ' ')}: {name}"
            yield (label, *(_cells(row) if row is not None else (_absent(found), "", "")))


def _cells(row: Row) -> tuple[str, str, str]:
    ratio = "" if row.ratio is None else f"; ratio {row.ratio:.2f}"
    return f"{value_of(row)}{ratio}", row.target, row.note


def _absent(section: Section | None) -> str:
    """A shorter run, or one on another store, takes fewer figures."""
    return NOT_MEASURED if section is None else f"{NOT_MEASURED} in that run"

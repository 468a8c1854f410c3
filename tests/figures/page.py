"""docs/figures.md: every figure, and how, where and when it was taken."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.figures.glance import glance
from tests.figures.measured import EVALUATIONS, Measured
from tests.figures.tables import NOT_MEASURED, accuracy, bench, markdown, run_table

HEAD = f"""# Figures

Put together by `make figures` from what the measuring commands left in `var/`; nothing is measured by it, and nothing
is written by hand. Where nothing was measured it says "{NOT_MEASURED}". Intervals are of 95 %. Ratios are to what the
note or the name says, and may be compared between machines; other figures hold for the machine named at the end alone.
"""
# Title and command by section of the benchmark; what is not in here comes at the end under its own name.
BENCHES: Mapping[str, tuple[str, str]] = {
    "overload": ("Ten times more than it can take", "make bench ONLY=overload"),
    "service": ("Frames over HTTP", "make bench ONLY=service"),
    "classroom": ("A whole class in one picture", "make bench ONLY=classroom"),
    "gallery": ("Search", "make bench ONLY=gallery"),
    "startup": ("Start", "make bench ONLY=startup"),
    "cached": ("Start with many people", "make bench ONLY=cached"),
    "enrolment": ("Enrolment", "make bench ONLY=enrolment"),
    "detection": ("Detection of altered photos", "make bench ONLY=detection"),
    "logger_ingest": ("Logger: events a second", "make bench ONLY=logger_ingest"),
    "logger_lists": ("Logger: a school's year", "make bench ONLY=logger_lists"),
    "logger_pages": ("Logger: pages and reports of a school's year", "make bench ONLY=logger_pages"),
}
RUNS: Mapping[str, tuple[str, str]] = {
    "chaos": ("Faults", "make chaos"),
    "bad_input": ("Bad input", "make test"),
    "soak": ("A hundred thousand requests", "make soak"),
}
REMARKS: Mapping[str, str] = {
    "chaos": "Accepted: what clients were told is safe. Delivered: what is stored, which is more where an answer "
    "was lost on its way. `mongo` is MongoDB's protocol as nx-27017 speaks it. See [faults.md](faults.md).",
}
EVALUATE = f"make evaluate KNOWN=folder STRANGERS=folder OUT=var/{EVALUATIONS}/usual"


def page(measured: Measured) -> str:
    return "\n".join((HEAD, "## At a glance\n", *glance(measured).lines(), *_parts(measured), *_machines(measured), ""))


def _parts(measured: Measured) -> Iterator[str]:
    for stem, (title, command) in RUNS.items():
        yield f"\n## {title}\n"
        table = run_table(measured, stem) or bench(measured, stem)
        yield from markdown(table, command)
        if table is not None:
            yield f"\n`{command}`. {REMARKS.get(stem, '')}".rstrip()
    yield "\n## Accuracy\n"
    yield from markdown(accuracy(measured.evaluations), EVALUATE)
    for section in dict.fromkeys((*BENCHES, *(name for name in measured.sections if name not in RUNS))):
        yield from _bench(measured, section)


def _bench(measured: Measured, section: str) -> Iterator[str]:
    title, command = BENCHES.get(section, (section.replace("_", " ").capitalize(), f"make bench ONLY={section}"))
    yield f"\n## {title}\n"
    yield from markdown(bench(measured, section), command)
    if section in measured.sections:
        yield f"\n`{command}`, from `{measured.sections[section].source}`."


def _machines(measured: Measured) -> Iterator[str]:
    yield "\n## Where and when\n"
    if not measured.machines:
        yield f"{NOT_MEASURED.capitalize()}."
    for source, machine in measured.machines.items():
        yield f"* `{source}`: {_described(machine)}"


def _described(machine: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {found}" for name, found in machine.get("versions", {}).items())
    loose = "; **`QUICK=1`: loose**" if machine.get("quick") else ""
    load = machine.get("load_average")
    busy = "" if load is None else f"; load average at the start {load:.1f}"
    system = " ".join(str(machine.get("system")).split("-")[:2])
    return (
        f"{machine.get('cpu')}, {machine.get('cores')} cores, {_memory(str(machine.get('memory')))}, {system}; "
        f"Python {machine.get('python')}, {versions}; commit {machine.get('commit')}, {machine.get('at')}{busy}{loose}"
    )


def _memory(told: str) -> str:
    """As /proc/meminfo has it, in figures that people read."""
    number, _, unit = told.partition(" ")
    return f"{int(number) / 2**20:.0f} GiB" if unit == "kB" and number.isdigit() else told

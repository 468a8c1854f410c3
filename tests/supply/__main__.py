"""`make check` and `make sbom`: what Rollcall is made of, under which licences, and what is known against it."""

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.supply import page, sbom
from tests.supply.audit import audit
from tests.supply.licences import objections
from tests.supply.locks import lock_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply")
    parser.add_argument("task", choices=TASKS)
    return TASKS[parser.parse_args().task]()


def check_licences() -> int:
    found = page.package_licences() | page.weights_licences()
    against = objections(found)
    if page.PAGE.read_text("utf-8") != page.page():
        against.append("docs/licences.md is not what the locks say: make licences")
    _say(*(against or [f"licences: {len(found)} packages and files of weights, all known and allowed"]))
    return 1 if against else 0


def write_licences() -> int:
    _say(f"written: {page.write()}")
    return 0


def check_vulnerabilities() -> int:
    found = audit(lock_of("dev"))
    _say(f"vulnerabilities: {found.detail}", *found.found)
    return 0 if found.is_sound else 1


def write_parts() -> int:
    _say(*(f"written: {file}" for file in sbom.write()))
    return 0


TASKS: Mapping[str, Callable[[], int]] = {
    "check-licences": check_licences,
    "write-licences": write_licences,
    "audit": check_vulnerabilities,
    "sbom": write_parts,
}


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())

"""`make figures`: docs/figures.md from var/. Measures nothing."""

import argparse
import sys
from pathlib import Path

from tests.figures.measured import Unreadable, read
from tests.figures.page import page


def main() -> int:
    parser = argparse.ArgumentParser(prog="make figures")
    parser.add_argument("--measured", type=Path, default=Path("var"))
    parser.add_argument("--page", type=Path, default=Path("docs/figures.md"))
    given = parser.parse_args()
    try:
        measured = read(given.measured)
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    given.page.write_text(page(measured), "utf-8")
    sys.stdout.write(f"written: {given.page}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

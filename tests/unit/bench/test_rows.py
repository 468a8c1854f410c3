import json
import math

import pytest

from tests.bench.rows import Row, as_json, significant, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.01234, "0.0123"),
        (1.0, "1"),
        (28.449, "28.4"),
        (351.4, "351"),
        (1234.5, "1,234"),
        (0.85, "0.850"),
        (0, "0"),
        (math.inf, "never"),
    ],
)
def test_figures_have_three_digits_that_mean_something(value: float, shown: str) -> None:
    assert significant(value) == shown


def test_the_table_holds_every_row_under_its_section_with_columns_that_line_up() -> None:
    rows = {"one": [Row("short", 1.5, "ms"), Row("a longer name", 250.0, "frames/s", 0.9, "a note", "≥ 0.85")]}
    lines = table(rows).splitlines()
    assert "ONE" in lines
    short, longer = (next(line for line in lines if line.startswith(name)) for name in ("short", "a longer name"))
    assert short.index("1.50") + 4 == longer.index("250") + 3
    assert longer.endswith("frames/s  0.900  ≥ 0.85  a note")


def test_the_json_says_on_what_machine_and_keeps_figures_whole() -> None:
    read = json.loads(as_json({"cores": 2}, {"one": [Row("x", 1 / 3, "ms", ratio=2 / 3)]}))
    assert read["machine"] == {"cores": 2}
    assert read["sections"]["one"][0]["value"] == 1 / 3
    assert read["sections"]["one"][0]["ratio"] == 2 / 3

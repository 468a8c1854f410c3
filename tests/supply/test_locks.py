import re

import pytest

from tests.supply.locks import lock_of, pins, read_lock

KINDS = ("recognizer", "logger", "run", "tensorflow", "dev")
DIGEST = "ab" * 32


@pytest.mark.parametrize("kind", KINDS)
def test_every_package_of_every_lock_is_held_to_a_hash_and_no_address_is_written_down(kind: str) -> None:
    found = pins(kind)

    assert len(found) > 30
    assert [pin.name for pin in found if not pin.sha256] == []
    assert "://" not in lock_of(kind).read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_gets_one_release_of_each_package(kind: str) -> None:
    names = [pin.name for pin in pins(kind) if pin.is_in_image()]

    assert len(names) == len(set(names))


def test_everything_that_is_installed_anywhere_is_tested() -> None:
    tested = {(pin.name, pin.version) for pin in pins("dev")}

    assert {(pin.name, pin.version) for kind in KINDS for pin in pins(kind)} <= tested


def test_a_pin_has_a_name_as_indexes_compare_it_a_version_and_its_condition() -> None:
    [pin] = read_lock(f"PyYAML==6.0.3 ; python_full_version >= '3.12' \\\n    --hash=sha256:{DIGEST}\n")

    assert (pin.name, pin.version, pin.marker) == ("pyyaml", "6.0.3", "python_full_version >= '3.12'")
    assert pin.sha256 == (DIGEST,)
    assert not pin.is_in_image()


@pytest.mark.parametrize("line", ["numpy>=2", "-e .", "numpy @ file:///numpy.whl", f"    --hash=sha256:{DIGEST}"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line)):
        read_lock(line)

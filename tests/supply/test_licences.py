import re
from pathlib import Path

import pytest
import yaml

from recognizer.engine.catalogue import CATALOGUE
from recognizer.settings import RecognizerSettings
from tests.supply.licences import ALLOWED, REVIEWED, is_allowed, licence_in, licence_of, objections
from tests.supply.locks import ROOT
from tests.supply.page import BESIDE, PAGE, package_licences, page, weights_licences


def test_every_package_and_every_packaged_weight_is_under_a_licence_that_is_known_and_allowed() -> None:
    assert objections(package_licences() | weights_licences()) == []


def test_the_page_says_what_the_locks_and_the_manifest_say() -> None:
    assert page() == PAGE.read_text("utf-8")


def test_nobody_reviewed_what_is_not_locked_any_more() -> None:
    assert set(REVIEWED) <= set(package_licences())


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-or-later", True),
        ("MIT AND GPL-3.0-or-later", False),
        ("MIT AND (Apache-2.0 OR BSD-2-Clause)", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("SSPL-1.0", False),
        ("non-commercial research only", False),
    ],
)
def test_a_choice_must_leave_one_that_is_allowed_and_of_several_at_once_all_must_be(
    licence: str, allowed: bool
) -> None:
    assert is_allowed(licence) is allowed
    assert bool(objections({"package": licence})) is not allowed


def test_a_package_of_which_nothing_is_known_is_objected_to_by_name() -> None:
    assert licence_of("no-such-package-anywhere") is None
    assert [each.startswith("camera-driver: ") for each in objections({"camera-driver": None, "b": "MIT"})] == [True]


@pytest.mark.parametrize(
    ("expression", "name", "classifiers", "licence"),
    [
        ("MIT", "whatever", ["Apache Software License"], "MIT"),
        ("", "MIT License", [], "MIT"),
        ("", "BSD 3-Clause License\n\nCopyright (c) 2021\n", [], "BSD-3-Clause"),
        ("", "MPL-2.0 AND MIT", [], "MPL-2.0 AND MIT"),
        ("", "UNKNOWN", ["ISC License (ISCL)"], "ISC"),
        ("", "", ["MIT License", "Apache Software License"], "Apache-2.0 OR MIT"),
        ("", "BSD", ["BSD License"], None),
        ("", "Proprietary", [], None),
        ("", "", ["GNU General Public License v3 (GPLv3)"], None),
    ],
)
def test_what_the_metadata_says_becomes_one_expression_or_nothing(
    expression: str, name: str, classifiers: list[str], licence: str | None
) -> None:
    assert licence_in(expression, name, classifiers) == licence


def test_no_default_is_restricted_and_what_burdens_commercial_use_is_marked() -> None:
    burdened = [each for each in CATALOGUE if re.search(r"GPL|non-commercial", each.licence)]
    defaults = RecognizerSettings.model_fields

    assert burdened
    assert [each.name for each in burdened if not each.restricted] == []
    assert {each.name for each in burdened}.isdisjoint({defaults["model"].default, defaults["detector"].default})


def test_every_image_that_is_used_has_its_licence_on_the_page() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    used = {service["image"] for service in compose["services"].values() if "build" not in service}
    for file in ROOT.glob("*/Dockerfile"):
        used |= set(re.findall(r"^FROM (\S+)", Path(file).read_text("utf-8"), re.MULTILINE))

    assert {image.partition(":")[0] for image in used} == set(BESIDE)


def test_copyleft_without_an_exception_is_not_among_what_is_allowed() -> None:
    assert [each for each in ALLOWED if "GPL" in each and "LGPL" not in each and " WITH " not in each] == []

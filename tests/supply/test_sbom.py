import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from recognizer.engine.weights import DLIB_RESNET
from tests.supply.locks import pins
from tests.supply.sbom import IMAGES, write


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, str]:
    return dict(zip(IMAGES, (file.read_text("utf-8") for file in write(tmp_path)), strict=True))


def parts(document: str) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in json.loads(document)["components"]}


def test_the_lists_are_what_the_format_asks_for(documents: dict[str, str]) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)

    assert [validator.validate_str(document) for document in documents.values()] == [None, None]


@pytest.mark.parametrize("image", IMAGES)
def test_every_package_of_the_image_is_listed_once_with_its_release_and_licence(
    documents: dict[str, str], image: str
) -> None:
    listed = [each for each in json.loads(documents[image])["components"] if each["type"] == "library"]

    assert sorted(each["purl"] for each in listed) == sorted(
        f"pkg:pypi/{pin.name}@{pin.version}" for pin in pins(image) if pin.is_in_image()
    )
    assert [each["name"] for each in listed if not each["licenses"]] == []


def test_the_weights_are_parts_of_the_recognizer_with_their_hashes(documents: dict[str, str]) -> None:
    weights = parts(documents["recognizer"])[DLIB_RESNET.sha256]

    assert weights["type"] == "machine-learning-model"
    assert weights["hashes"] == [{"alg": "SHA-256", "content": DLIB_RESNET.sha256}]
    assert weights["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    assert DLIB_RESNET.sha256 not in parts(documents["logger"])


def test_what_other_systems_would_install_is_not_in_the_image(documents: dict[str, str]) -> None:
    assert not any(ref.startswith("pkg:pypi/colorama") for ref in parts(documents["recognizer"]))

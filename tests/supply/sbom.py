"""The list of parts of each image: CycloneDX 1.6 as JSON, from its lock and the manifest of weights."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from recognizer.engine.weights import PackagedWeights
from tests.supply.licences import licence_of
from tests.supply.locks import ROOT, Pin, pins
from tests.supply.page import DEFAULT_WEIGHTS

IMAGES = ("recognizer", "logger")
FOLDER = ROOT / "var" / "sbom"
VERSION = "0.1.0"


def write(folder: Path = FOLDER) -> list[Path]:
    """One file for each image."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{image}.cdx.json" for image in IMAGES]
    for image, file in zip(IMAGES, written, strict=True):
        file.write_text(JsonV1Dot6(bom(image)).output_as_string(indent=2) + "\n", "utf-8")
    return written


def bom(image: str) -> Bom:
    """What is installed in the image; not what other systems would install from the same lock."""
    found = Bom(components=_parts(image))
    found.metadata.component = Component(
        name=f"rollcall-{image}", version=VERSION, type=ComponentType.CONTAINER, bom_ref=f"rollcall-{image}"
    )
    found.register_dependency(found.metadata.component, found.components)
    return found


def _parts(image: str) -> Iterator[Component]:
    yield from (_package(pin) for pin in pins(image) if pin.is_in_image())
    if image == "recognizer":
        for name, files in DEFAULT_WEIGHTS.items():
            yield from _weights(name, files)


def _package(pin: Pin) -> Component:
    """Any of the hashes may be that of the installed file, so none is claimed to be the component's own."""
    licence = licence_of(pin.name)
    purl = PackageURL("pypi", None, pin.name, pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[] if licence is None else [LicenseFactory().make_from_string(licence)],
    )


def _weights(name: str, files: Iterable[PackagedWeights]) -> Iterator[Component]:
    for file in files:
        yield Component(
            name=f"{name}: {Path(file.path).name}",
            type=ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref=file.sha256,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)],
            licenses=[LicenseFactory().make_from_string(file.licence.partition(" (")[0])],
        )

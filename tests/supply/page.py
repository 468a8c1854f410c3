"""docs/licences.md, from the locks, the metadata and the manifest of weights."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from recognizer.engine.catalogue import CATALOGUE
from recognizer.engine.weights import DLIB_RESNET, MTCNN_ONET, MTCNN_PNET, MTCNN_RNET, OptionalWeights, PackagedWeights
from tests.supply.licences import REVIEWED, licence_of
from tests.supply.locks import ROOT, pins

PAGE = ROOT / "docs" / "licences.md"
DEFAULT_WEIGHTS: Mapping[str, tuple[PackagedWeights, ...]] = {
    "dlib's recognition network": (DLIB_RESNET,),
    "MTCNN's three networks": (MTCNN_PNET, MTCNN_RNET, MTCNN_ONET),
}
# Programs that run beside ours, unmodified, and are in no image of ours.
BESIDE = {
    "python": ("PSF-2.0, on Debian with the licences of its packages", "what both images are built from"),
    "mongo": ("SSPL-1.0", "`docker compose up` alone; SQLite needs no server. Burdens who sells MongoDB as a service"),
    "ngrok/ngrok": ("proprietary", "with `--profile ngrok` alone; needs an account"),
}

_KINDS = ("recognizer", "logger", "run", "tensorflow", "dev")
_WHERE = {
    "recognizer": "recognizer",
    "logger": "logger",
    "run": "the demo people",
    "tensorflow": "TensorFlow, by choice",
    "dev": "tests and checks",
}
_HEAD = """# Licences

Made by `make licences` from the locks, the packages' own metadata and the manifest of weights; `make check` fails for a
licence that is unknown or not allowed. The versions are in the locks, and in each image's list of parts (`make sbom`).
"""


def package_licences() -> dict[str, str | None]:
    """Of everything that any of the locks may install."""
    return {name: licence_of(name) for name in sorted({pin.name for kind in _KINDS for pin in pins(kind)})}


def weights_licences() -> dict[str, str | None]:
    """Of what comes with every installation."""
    return {file.path: file.licence.partition(" (")[0] for files in DEFAULT_WEIGHTS.values() for file in files}


def page() -> str:
    return "\n".join([_HEAD, *_packages(), "", *_reviewed(), "", *_weights(), "", *_beside(), ""])


def write() -> Path:
    PAGE.write_text(page(), "utf-8")
    return PAGE


def _packages() -> Iterator[str]:
    yield "## Packages\n"
    first: dict[str, str] = {}
    for kind in _KINDS:
        for pin in pins(kind):
            first.setdefault(pin.name, kind)
    both = {pin.name for pin in pins("logger")} & {pin.name for pin in pins("recognizer")}
    rows = [
        (f"`{name}`", licence or "unknown", "both services" if name in both else _WHERE[first[name]])
        for name, licence in package_licences().items()
    ]
    yield from _table(("package", "licence (SPDX)", "installed for"), rows)


def _reviewed() -> Iterator[str]:
    yield "## Read by a person\n\nWhat the metadata does not say, or not wholly.\n"
    yield from _table(("package", "why"), [(f"`{name}`", found.why) for name, found in sorted(REVIEWED.items())])


def _weights() -> Iterator[str]:
    yield "## Weights\n\nThese come with pinned packages, and each file is held to its SHA-256:\n"
    yield from _table(
        ("weights", "licence", "from the package"),
        [(name, files[0].licence, f"`{files[0].package}`") for name, files in DEFAULT_WEIGHTS.items()],
    )
    yield "\nEverything else is fetched or installed by explicit command. In bold: forbids or burdens commercial use.\n"
    yield from _table(("", "by DeepFace's name", "licence"), _optional(CATALOGUE))
    yield "\nThe photographs of the two demo people, by the US Navy and NASA, are in the public domain."


def _optional(catalogue: Iterable[OptionalWeights]) -> list[tuple[str, str, str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in catalogue:
        names = found.setdefault((each.role, f"**{each.licence}**" if each.restricted else each.licence), [])
        if f"`{each.name}`" not in names:
            names.append(f"`{each.name}`")
    return [(role, ", ".join(names), licence) for (role, licence), names in found.items()]


def _beside() -> Iterator[str]:
    yield "## Beside ours\n\nPrograms and images that are used as they are.\n"
    yield from _table(("image", "licence", "when"), [(f"`{name}`", *found) for name, found in BESIDE.items()])


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    yield from ("| " + " | ".join(row) + " |" for row in rows)

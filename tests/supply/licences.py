"""Which licence each package is under, and whether it may be used.

A package's own metadata is asked: the SPDX expression, or else the licence's name, or else the classifiers. What it
does not say, or not wholly, was read in the licence files of the release and is in REVIEWED, which goes first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata

# SPDX identifiers. Those of MPL and LGPL bind changes to the library itself; none is changed here.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "GPL-3.0-or-later WITH GCC-exception-3.1",  # the compiler's own library; the exception is for any program
        "ISC",
        "LGPL-2.1-or-later",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "OpenSSL",
        "PSF-2.0",
        "Zlib",
    }
)

_GCC = "GPL-3.0-or-later WITH GCC-exception-3.1"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a person read. It goes before the metadata."""

    licence: str
    why: str


REVIEWED: Mapping[str, Reviewed] = {
    "astunparse": Reviewed("BSD-3-Clause AND PSF-2.0", "its LICENSE; the metadata says BSD alone"),
    "colorama": Reviewed("BSD-3-Clause", "its LICENSE.txt; installed on Windows alone"),
    "cycler": Reviewed("BSD-3-Clause", "its LICENSE; the metadata says BSD alone"),
    "fastapi-offline": Reviewed("MIT AND Apache-2.0", "carries Swagger UI (Apache-2.0) and ReDoc (MIT)"),
    "jinja2": Reviewed("BSD-3-Clause", "its LICENSE.txt; the metadata says BSD alone"),
    "kiwisolver": Reviewed("BSD-3-Clause", "its LICENSE; the metadata says BSD alone"),
    "lz4": Reviewed("BSD-3-Clause AND BSD-2-Clause", "its LICENSE; carries the C library (BSD-2-Clause)"),
    "matplotlib": Reviewed("PSF-2.0", "its LICENSE is the Python Software Foundation's with other names"),
    "namex": Reviewed("Apache-2.0", "its LICENSE; the metadata says nothing"),
    "numpy": Reviewed(
        f"BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0 AND {_GCC}", "carries OpenBLAS and the compiler's library"
    ),
    "opencv-contrib-python-headless": Reviewed(
        f"Apache-2.0 AND LGPL-2.1-or-later AND OpenSSL AND {_GCC}",
        "its LICENSE-3RD-PARTY.txt; carries FFmpeg (LGPL), OpenSSL 1.1.1 and OpenBLAS as files of their own",
    ),
    "pysocks": Reviewed("BSD-3-Clause", "its LICENSE; the metadata says BSD alone"),
    "scikit-image": Reviewed("BSD-3-Clause AND BSD-2-Clause AND MIT", "its LICENSE.txt, file by file"),
    "scipy": Reviewed(f"BSD-3-Clause AND {_GCC}", "carries OpenBLAS and the compiler's library"),
    "segno": Reviewed("BSD-3-Clause", "its LICENSE; the metadata says BSD alone"),
}

_CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_NAMED = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "boost software license": "BSL-1.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "mit license": "MIT",
    "psfl": "PSF-2.0",
}


def licence_of(package: str) -> str | None:
    """An SPDX expression; None where neither the metadata nor a reviewer says one."""
    if package in REVIEWED:
        return REVIEWED[package].licence
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return None
    classifiers = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or [] if each.startswith("Licen")]
    expressions, names = told.get_all("License-Expression"), told.get_all("License")
    return licence_in(expressions[0] if expressions else "", names[0] if names else "", classifiers)


def licence_in(expression: str, name: str, classifiers: Iterable[str]) -> str | None:
    """What these three fields of a package's metadata come to. `name` may be the whole text of the licence."""
    if expression:
        return expression
    text = name.strip().partition("\n")[0]
    if text.lower() in _NAMED:
        return _NAMED[text.lower()]
    if parts(text) and all(each in ALLOWED for alternatives in parts(text) for each in alternatives):
        return text
    known = [_CLASSIFIED[each] for each in classifiers if each in _CLASSIFIED]
    return " OR ".join(sorted(known)) or None


def parts(expression: str) -> list[list[str]]:
    """What must be kept, each as the choices there are. Where AND stands inside an OR, more is asked than need be."""
    kept = re.split(r"\s+AND\s+", expression) if expression else []
    return [[choice.strip("() ") for choice in re.split(r"\s+OR\s+", each)] for each in kept]


def is_allowed(expression: str) -> bool:
    return all(any(choice in ALLOWED for choice in choices) for choices in parts(expression))


def objections(licences: Mapping[str, str | None]) -> list[str]:
    """A sentence for each package that may not be used as things are."""
    unknown = [
        f"{package}: nothing says its licence; read it, and put it into REVIEWED of tests/supply/licences.py"
        for package, licence in licences.items()
        if licence is None
    ]
    forbidden = [
        f"{package}: {licence} is not among the licences that are allowed"
        for package, licence in licences.items()
        if licence is not None and not is_allowed(licence)
    ]
    return [*unknown, *forbidden]

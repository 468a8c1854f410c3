"""What the locks pin."""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINUX = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
IMAGE_PYTHON = {"python_version": "3.11", "python_full_version": "3.11.7", "implementation_name": "cpython"}
IMAGE = {**LINUX, **IMAGE_PYTHON, "platform_python_implementation": "CPython"}  # of the Dockerfiles

_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One release. `sha256` are those of every file that may be installed for it."""

    name: str  # as package indexes compare names
    version: str
    marker: str | None
    sha256: tuple[str, ...]

    def is_in_image(self) -> bool:
        return self.marker is None or Marker(self.marker).evaluate(IMAGE)


def lock_of(kind: str) -> Path:
    return ROOT / f"requirements-{kind}.lock"


def read_lock(text: str) -> list[Pin]:
    """Raises ValueError for a line that is neither a pin nor one of its hashes."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        pin, digest = _PIN.match(line), _HASH.search(line)
        if pin is not None:
            found.append((pin, []))
        elif digest is not None and found:
            found[-1][1].append(digest["sha256"])
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"not a pin: {line}")
    return [Pin(canonicalize_name(pin["name"]), pin["version"], pin["marker"], tuple(sums)) for pin, sums in found]


def pins(kind: str) -> list[Pin]:
    return read_lock(lock_of(kind).read_text("utf-8"))

"""On what the figures were measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "onnxruntime", "opencv-contrib-python-headless", "fastapi", "uvicorn", "uvloop", "httptools")
COMPARED = ("deepface", "tensorflow", "mtcnn", "dlib-bin")


def describe() -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "versions": {name: _version(name) for name in (*PACKAGES, *COMPARED)},
    }


def summary(machine: dict[str, object]) -> str:
    versions = machine["versions"]
    assert isinstance(versions, dict)
    return "\n".join(
        (
            f"{machine['cpu']}, {machine['cores']} cores, {machine['memory']}; {machine['system']}",
            f"Python {machine['python']}, " + ", ".join(f"{name} {found}" for name, found in versions.items()),
            f"commit {machine['commit']}, {machine['at']}, load average at the start {machine['load_average']:.1f}",
        )
    )


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _field(file: str, name: str) -> str:
    if not Path(file).is_file():
        return ""
    lines = (line.partition(":") for line in Path(file).read_text("utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")

"""Two people to try the system with, from photographs that installed packages carry."""

import importlib.util
from pathlib import Path

from recognizer.errors import StartError

# Both are photographs by NASA and the US Navy, in the public domain.
_DEMO = (
    ("Grace_Hopper_demo1", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ("Eileen_Collins_demo2", "skimage", "data/astronaut.png"),
)


def add_demo_people(dataset_dir: Path) -> list[Path]:
    """Writes one photo each into folders of their own; returns the files. Raises StartError without the packages."""
    return [_add(dataset_dir / folder, package, path) for folder, package, path in _DEMO]


def _add(folder: Path, package: str, path: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"the demo photographs come with {package}, which is not installed: run `make install`")
    photo = Path(spec.submodule_search_locations[0]) / path
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / photo.name
    copy.write_bytes(photo.read_bytes())
    return copy

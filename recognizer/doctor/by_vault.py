"""Photos and templates at rest: sealed or plain, and where the key is."""

from collections.abc import Iterator
from pathlib import Path

from recognizer.at_rest.vault import SEALED_SUFFIX, open_vault
from recognizer.errors import StartError
from recognizer.gallery.dataset import scan
from recognizer.settings import RecognizerSettings
from shared.doctor.findings import Finding, fault, ok, warning


def by_vault(settings: RecognizerSettings) -> Iterator[Finding]:
    """Blocks."""
    key_file, dataset = settings.vault_key_file, settings.dataset_dir
    try:
        open_vault(key_file, dataset)
    except StartError as error:
        yield fault("at rest", f"the service does not start: {error}", "put the key right first")
        return
    if key_file is None:
        yield warning(
            "at rest",
            f"photos and templates lie in {dataset} and {settings.state_dir} as they are",
            "keep both on an encrypted disk; or name a file in RECOGNIZER_VAULT_KEY_FILE, then "
            "`python -m recognizer rotate-key` and `python -m recognizer seal`",
        )
        return
    if _lies_in(key_file, dataset) or _lies_in(key_file, settings.state_dir):
        what = f"{key_file} lies with what it seals: whoever copies the folder has both"
        yield warning("at rest", what, "move it elsewhere, and keep a copy of it")
    yield _sealed(dataset)


def _lies_in(file: Path, folder: Path) -> bool:
    return file.resolve().is_relative_to(folder.resolve())


def _sealed(dataset: Path) -> Finding:
    try:
        photos = [photo.path.name for folder in scan(dataset).people for photo in folder.photos]
    except OSError:
        photos = []  # told of with the dataset itself
    plain = sum(not name.endswith(SEALED_SUFFIX) for name in photos)
    if plain:
        return warning("at rest", f"{plain} of {len(photos)} photos lie plain", "`python -m recognizer seal`")
    return ok("at rest", "photos and templates are sealed")

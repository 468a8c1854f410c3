"""`python -m recognizer rotate-key`, `seal`, `unseal`: photos and templates at rest."""

import argparse
from pathlib import Path

from recognizer.at_rest.person_keys import destroy_all
from recognizer.at_rest.rotation import rotate
from recognizer.at_rest.vault import Vault, open_vault
from recognizer.enrolment.photo_store import PhotoStore
from recognizer.enrolment.sealing import Converted, seal_photos, unseal_photos
from recognizer.errors import StartError
from recognizer.gallery.changes import ChangeMarks
from recognizer.settings import RecognizerSettings


def run_rotate_key(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    """Raises StartError."""
    key_file = _key_file(settings)
    is_first = not key_file.exists()
    people = rotate(key_file, settings.dataset_dir)
    made = (
        "made, for what is sealed from now on" if is_first else f"new, and the keys of {people} people sealed with it"
    )
    print(f"{key_file}: {made}; keep a copy of it elsewhere: nothing can be unsealed without it")  # noqa: T201
    return 0


def run_seal(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    """1 when a photo stays as it was. Raises StartError, ServiceError."""
    return _told(seal_photos(_store(settings, _vault(settings))), "sealed")


def run_unseal(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    """The keys of people go as well, once nothing needs them: then the service runs without the setting."""
    converted = unseal_photos(_store(settings, _vault(settings)), _store(settings, None))
    if not converted.left:
        destroy_all(settings.dataset_dir)
    return _told(converted, "made plain")


def _told(converted: Converted, what: str) -> int:
    lines = [f"{converted.photos} photos {what}, {len(converted.left)} left as they were", *converted.left]
    print("\n".join(lines))  # noqa: T201 - a command's answer
    return 1 if converted.left else 0


def _key_file(settings: RecognizerSettings) -> Path:
    if settings.vault_key_file is None:
        raise StartError("say first where the key is kept: RECOGNIZER_VAULT_KEY_FILE names its file")
    return settings.vault_key_file


def _vault(settings: RecognizerSettings) -> Vault | None:
    return open_vault(_key_file(settings), settings.dataset_dir)


def _store(settings: RecognizerSettings, vault: Vault | None) -> PhotoStore:
    return PhotoStore(settings.dataset_dir, ChangeMarks(settings.dataset_dir), vault)

"""The pictures in the dataset's files, which may be sealed: their suffix tells. Blocks."""

from pathlib import Path

from recognizer.at_rest.vault import SEALED_SUFFIX, Vault
from recognizer.errors import CannotUnseal
from recognizer.gallery.dataset import person_of


def is_sealed(path: Path) -> bool:
    return path.suffix.lower() == SEALED_SUFFIX


def picture_suffix(path: Path) -> str:
    """`.jpg` and the like, of the picture itself."""
    return (Path(path.stem) if is_sealed(path) else path).suffix.lower()


def owner_of(path: Path) -> str:
    """The id of the person whose folder the file lies in. Raises ValueError for what is no person's folder."""
    return person_of(path.parent.name).person_id


def read_photo(path: Path, vault: Vault | None) -> bytes:
    """Raises OSError, CannotUnseal."""
    return unsealed(path, path.read_bytes(), vault)


def unsealed(path: Path, data: bytes, vault: Vault | None) -> bytes:
    """The picture in the file that has these bytes. Raises CannotUnseal, and OSError where a key cannot be read."""
    if not is_sealed(path):
        return data
    if vault is None:
        raise CannotUnseal("The photo is sealed, and RECOGNIZER_VAULT_KEY_FILE names no key")
    return vault.unseal_photo(owner_of(path), data)

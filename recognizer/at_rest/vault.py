"""What is kept of people's faces, sealed: photos in the dataset, templates in the cache.

A sealed photo has a suffix after its own (`….jpg.sealed`), so that it may lie beside plain ones. What is sealed is
bound to what it is about: a photo to its person; a template to its person, its engine and the bytes it was made from.
Put anywhere else it cannot be unsealed. Everything blocks.
"""

import hmac
from pathlib import Path

from recognizer.at_rest.cipher import NotAuthentic, seal, unseal
from recognizer.at_rest.person_keys import REF_BYTES, PersonKeys, key_files, ref_of
from recognizer.errors import CannotUnseal, StartError

SEALED_SUFFIX = ".sealed"
TEMPLATE_MAGIC = b"RTS1"
_PHOTO_MAGIC = b"RPS1"
_REF_END = len(TEMPLATE_MAGIC) + REF_BYTES


def open_vault(key_file: Path | None, dataset: Path) -> "Vault | None":
    """None where nothing is to be sealed. Raises StartError when the key is missing or is not the one that was used in
    this dataset."""
    if key_file is not None:
        keys = PersonKeys(dataset, key_file)
        keys.check()
        return Vault(keys)
    if key_files(dataset):
        raise StartError(
            "the dataset holds sealed photos: name their key in RECOGNIZER_VAULT_KEY_FILE;"
            " with it, `python -m recognizer unseal` makes them plain again"
        )
    return None


class Vault:
    """Raises CannotUnseal for whatever cannot be unsealed, and OSError where a key cannot be read or written."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys

    def photo_name(self, person_id: str, photo: bytes) -> str:
        """The same for the same person and photo; says nothing of it to whoever has not the person's key."""
        naming = hmac.digest(self._keys.find_or_make(ref_of(person_id)), b"rollcall photo names", "sha256")
        return hmac.digest(naming, photo, "sha256").hex()[:32]

    def seal_photo(self, person_id: str, photo: bytes) -> bytes:
        ref = ref_of(person_id)
        return _PHOTO_MAGIC + seal(self._keys.find_or_make(ref), photo, _about_photo(ref))

    def unseal_photo(self, person_id: str, sealed: bytes) -> bytes:
        ref = ref_of(person_id)
        key = self._keys.find(ref)
        if key is None:
            raise CannotUnseal("There is no key for this person; was the folder's id changed?")
        return _opened(key, sealed.removeprefix(_PHOTO_MAGIC), _about_photo(ref))

    def seal_template(self, person_id: str, template: bytes, about: bytes) -> bytes:
        """`about`: its engine, and the bytes it was made from."""
        ref = ref_of(person_id)
        return TEMPLATE_MAGIC + ref + seal(self._keys.find_or_make(ref), template, _about_template(ref, about))

    def templates(self) -> "TemplateOpener":
        return TemplateOpener(self._keys)

    def forget(self, person_id: str) -> bool:
        """Whether there was anything. What was sealed of the person is lost with it, wherever it lies."""
        return self._keys.destroy(ref_of(person_id))


class TemplateOpener:
    """For one look through the cache: reads each person's key once."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys
        self._read: dict[bytes, bytes | None] = {}

    def unseal(self, sealed: bytes, about: bytes) -> bytes | None:
        """None for what is not sealed or cannot be unsealed: a template can be made again."""
        if not sealed.startswith(TEMPLATE_MAGIC):
            return None
        ref = sealed[len(TEMPLATE_MAGIC) : _REF_END]
        key = self._key(ref)
        try:
            return None if key is None else unseal(key, sealed[_REF_END:], _about_template(ref, about))
        except NotAuthentic:
            return None

    def _key(self, ref: bytes) -> bytes | None:
        if ref not in self._read:
            try:
                self._read[ref] = self._keys.find(ref)
            except CannotUnseal:
                self._read[ref] = None
        return self._read[ref]


def _opened(key: bytes, sealed: bytes, about: bytes) -> bytes:
    try:
        return unseal(key, sealed, about)
    except NotAuthentic:
        raise CannotUnseal("The photo is damaged, or belongs to another person") from None


def _about_photo(ref: bytes) -> bytes:
    return b"rollcall photo\0" + ref


def _about_template(ref: bytes, about: bytes) -> bytes:
    return b"rollcall template\0" + ref + about

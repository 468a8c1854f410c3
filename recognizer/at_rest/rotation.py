"""A new key of the operator's for everything that is sealed: photos and templates stay as they are, only the keys of
people are sealed anew. Blocks."""

from pathlib import Path

from recognizer.at_rest.cipher import new_key
from recognizer.at_rest.key_file import VaultKey, read_keys, write_keys
from recognizer.at_rest.person_keys import PersonKeys, key_files
from recognizer.errors import StartError


def rotate(key_file: Path, dataset: Path) -> int:
    """Makes the first key where nothing is sealed yet. Returns how many people's keys were sealed anew. Cut short at
    any point, everything can still be unsealed, and the next rotation ends it. Raises StartError."""
    keys = PersonKeys(dataset, key_file)
    new = VaultKey(new_key())
    try:
        with keys.exclusive():
            if not key_file.exists() and not key_files(dataset):
                write_keys(key_file, [new])
                return 0
            keys.check()
            write_keys(key_file, [new, *read_keys(key_file)])
            count = keys.rewrap()
            write_keys(key_file, [new])
            return count
    except OSError as error:
        raise StartError(f"the keys of people cannot be read or written: {error.strerror}") from error

"""A vault of the test's own."""

from pathlib import Path

import pytest

from recognizer.at_rest.cipher import new_key
from recognizer.at_rest.key_file import VaultKey, write_keys
from recognizer.at_rest.vault import Vault, open_vault


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    folder.mkdir()
    return folder


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys" / "vault.key"
    write_keys(file, [VaultKey(new_key())])
    return file


@pytest.fixture
def vault(key_file: Path, dataset: Path) -> Vault:
    vault = open_vault(key_file, dataset)
    assert vault is not None
    return vault

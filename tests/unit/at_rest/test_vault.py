import os
import secrets
import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from recognizer.at_rest.cipher import new_key
from recognizer.at_rest.key_file import VaultKey, read_keys, write_keys
from recognizer.at_rest.person_keys import PersonKeys, key_files, ref_of
from recognizer.at_rest.rotation import rotate
from recognizer.at_rest.vault import Vault, open_vault
from recognizer.errors import CannotUnseal, StartError

PHOTO = b"\xff\xd8\xff a photo of Alice"


def test_a_photo_is_bound_to_its_person(vault: Vault) -> None:
    sealed = vault.seal_photo("101", PHOTO)
    vault.seal_photo("102", PHOTO)
    assert PHOTO not in sealed
    assert vault.unseal_photo("101", sealed) == PHOTO
    with pytest.raises(CannotUnseal):
        vault.unseal_photo("102", sealed)
    with pytest.raises(CannotUnseal, match="no key for this person"):
        vault.unseal_photo("103", sealed)


def test_a_template_is_bound_to_its_engine(vault: Vault) -> None:
    sealed = vault.seal_template("101", b"template", b"Dlib")
    assert b"template" not in sealed
    assert vault.templates().unseal(sealed, b"Dlib") == b"template"
    assert vault.templates().unseal(sealed, b"ArcFace") is None
    assert vault.templates().unseal(b"a plain template", b"Dlib") is None


def test_a_template_is_bound_to_its_person(vault: Vault) -> None:
    sealed = vault.seal_template("101", b"template", b"Dlib")
    vault.seal_template("102", b"template", b"Dlib")
    swapped = sealed.replace(ref_of("101"), ref_of("102"))
    assert swapped != sealed
    assert vault.templates().unseal(swapped, b"Dlib") is None


def test_a_photo_is_no_template_and_the_other_way_round(vault: Vault) -> None:
    photo, template = vault.seal_photo("101", PHOTO), vault.seal_template("101", PHOTO, b"")
    assert vault.templates().unseal(template[:20] + photo[4:], b"") is None
    with pytest.raises(CannotUnseal):
        vault.unseal_photo("101", photo[:4] + template[20:])


def test_names_of_photos_repeat_for_one_person_and_say_nothing_to_others(vault: Vault) -> None:
    assert vault.photo_name("101", PHOTO) == vault.photo_name("101", PHOTO)
    assert vault.photo_name("101", PHOTO) != vault.photo_name("102", PHOTO)
    assert vault.photo_name("101", PHOTO) != vault.photo_name("101", PHOTO + b"!")


def test_whoever_is_forgotten_cannot_be_brought_back_from_copies(vault: Vault, dataset: Path) -> None:
    photo, template = vault.seal_photo("101", PHOTO), vault.seal_template("101", b"template", b"")
    other = vault.seal_photo("102", PHOTO)
    assert vault.forget("101")
    with pytest.raises(CannotUnseal):
        vault.unseal_photo("101", photo)
    assert vault.templates().unseal(template, b"") is None
    assert vault.unseal_photo("102", other) == PHOTO
    assert not vault.forget("101")

    vault.seal_photo("101", PHOTO)  # enrolled again: with another key
    with pytest.raises(CannotUnseal):
        vault.unseal_photo("101", photo)


def test_the_destroyed_key_is_overwritten_first(vault: Vault, dataset: Path) -> None:
    vault.seal_photo("101", PHOTO)
    [file] = key_files(dataset)
    with file.open("rb") as still_open:
        vault.forget("101")
        assert set(still_open.read()) == {0}


def test_a_copy_of_a_key_that_a_crash_left_does_not_outlive_its_person(vault: Vault, dataset: Path) -> None:
    vault.seal_photo("101", PHOTO)
    [file] = key_files(dataset)
    (file.parent / ".coming-1").write_bytes(file.read_bytes())
    vault.forget("101")
    assert [left.name for left in file.parent.iterdir()] == [".lock"]


def test_two_replicas_make_one_key(key_file: Path, dataset: Path) -> None:
    first, second = (PersonKeys(dataset, key_file) for _ in range(2))
    assert first.find_or_make(ref_of("101")) == second.find_or_make(ref_of("101"))
    assert len(key_files(dataset)) == 1


def test_keys_are_for_their_owner_alone_and_name_nobody(vault: Vault, dataset: Path, key_file: Path) -> None:
    vault.seal_photo("Alice", PHOTO)
    [file] = key_files(dataset)
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "Alice" not in file.name
    assert b"Alice" not in file.read_bytes()


def test_a_damaged_key_costs_its_person_alone(vault: Vault, dataset: Path, key_file: Path) -> None:
    alice = vault.seal_photo("101", PHOTO)
    for damaged in (b"", b"garbage", key_files(dataset)[0].read_bytes()[:-1]):
        key_files(dataset)[0].write_bytes(damaged)
        with pytest.raises(CannotUnseal, match="damaged"):
            vault.unseal_photo("101", alice)
        assert open_vault(key_file, dataset) is not None


def test_the_key_of_somebody_else_put_in_its_place_does_not_fit(vault: Vault, dataset: Path) -> None:
    alice = vault.seal_photo("101", PHOTO)
    [hers] = key_files(dataset)
    vault.seal_photo("102", PHOTO)
    [his] = set(key_files(dataset)) - {hers}
    hers.write_bytes(his.read_bytes())
    with pytest.raises(CannotUnseal, match="damaged"):
        vault.unseal_photo("101", alice)


def test_without_a_key_nothing_is_sealed(dataset: Path) -> None:
    assert open_vault(None, dataset) is None


def test_a_dataset_with_sealed_photos_does_not_open_without_their_key(vault: Vault, dataset: Path) -> None:
    vault.seal_photo("101", PHOTO)
    with pytest.raises(StartError, match="RECOGNIZER_VAULT_KEY_FILE"):
        open_vault(None, dataset)


def test_a_dataset_with_sealed_photos_does_not_open_with_another_key(
    vault: Vault, dataset: Path, key_file: Path
) -> None:
    vault.seal_photo("101", PHOTO)
    write_keys(key_file, [VaultKey(new_key())])
    with pytest.raises(StartError, match="1 people were sealed with another key"):
        open_vault(key_file, dataset)
    with pytest.raises(CannotUnseal):  # and a service that runs finds nothing that it can use
        vault.photo_name("101", PHOTO)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no key"),
        (b"", "is empty"),
        (b64encode(b"short"), "line 1 of .* is not a key"),
        (b64encode(bytes(32)) + b"\nnot base64\n", "line 2 of .* is not a key"),
        (b"\xff\xfe", "it is not text"),
    ],
)
def test_a_key_file_that_is_none_is_said_at_the_start(
    dataset: Path, tmp_path: Path, text: bytes | None, said: str
) -> None:
    file = tmp_path / "some.key"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(StartError, match=said) as refused:
        open_vault(file, dataset)
    assert b64encode(bytes(32)).decode() not in str(refused.value)


def test_a_key_of_openssls_making_is_taken(dataset: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.key"
    secret = secrets.token_bytes(32)
    file.write_text(b64encode(secret).decode() + "\n")
    assert read_keys(file) == [VaultKey(secret)]


def test_keys_are_not_shown_where_they_are_printed() -> None:
    assert b64encode(bytes(32)).decode() not in repr(VaultKey(bytes(32)))
    assert "0" * 8 not in repr(VaultKey(bytes(32)))


def test_the_first_rotation_makes_the_key(dataset: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / "vault.key"
    assert rotate(file, dataset) == 0
    assert open_vault(file, dataset) is not None


def test_a_lost_key_is_not_replaced_by_a_new_one(vault: Vault, dataset: Path, key_file: Path) -> None:
    vault.seal_photo("101", PHOTO)
    key_file.unlink()
    with pytest.raises(StartError, match="there is no key"):
        rotate(key_file, dataset)
    assert not key_file.exists()


def test_after_a_rotation_the_old_key_opens_nothing(
    vault: Vault, dataset: Path, key_file: Path, tmp_path: Path
) -> None:
    alice, bob = vault.seal_photo("101", PHOTO), vault.seal_photo("102", PHOTO)
    old = tmp_path / "old.key"
    old.write_bytes(key_file.read_bytes())

    assert rotate(key_file, dataset) == 2

    assert vault.unseal_photo("101", alice) == vault.unseal_photo("102", bob) == PHOTO  # in the service that runs
    assert len(read_keys(key_file)) == 1
    with pytest.raises(StartError, match="2 people"):
        open_vault(old, dataset)


def test_an_interrupted_rotation_costs_nothing_and_is_ended_by_the_next(
    vault: Vault, dataset: Path, key_file: Path
) -> None:
    sealed = {person: vault.seal_photo(person, PHOTO) for person in ("101", "102", "103")}
    write_keys(key_file, [VaultKey(new_key()), *read_keys(key_file)])  # cut short before any was sealed anew,
    before = {file: file.read_bytes() for file in key_files(dataset)}
    keys = PersonKeys(dataset, key_file)
    with keys.exclusive():
        keys.rewrap()
    first = key_files(dataset)[0]
    first.write_bytes(before[first])  # and after all but one

    reopened = open_vault(key_file, dataset)
    assert reopened is not None
    assert {reopened.unseal_photo(person, photo) for person, photo in sealed.items()} == {PHOTO}
    assert rotate(key_file, dataset) == 3
    assert len(read_keys(key_file)) == 1
    assert {vault.unseal_photo(person, photo) for person, photo in sealed.items()} == {PHOTO}


def test_nothing_is_rotated_while_one_key_cannot_be_unsealed(vault: Vault, dataset: Path, key_file: Path) -> None:
    alice = vault.seal_photo("101", PHOTO)
    vault.seal_photo("102", PHOTO)
    [hers] = [file for file in key_files(dataset) if file.stem == ref_of("101").hex()]
    [his] = set(key_files(dataset)) - {hers}
    his.write_bytes(os.urandom(72))
    with pytest.raises(StartError, match=str(his)):
        rotate(key_file, dataset)
    assert vault.unseal_photo("101", alice) == PHOTO


def test_people_are_enrolled_while_keys_are_rotated(vault: Vault, dataset: Path, key_file: Path) -> None:
    begin = Barrier(2)

    def enroll() -> dict[str, bytes]:
        begin.wait()
        return {str(number): vault.seal_photo(str(number), PHOTO) for number in range(20)}

    def rotate_again_and_again() -> None:
        begin.wait()
        for _ in range(5):
            rotate(key_file, dataset)

    with ThreadPoolExecutor(2) as pool:
        sealed, rotated = pool.submit(enroll), pool.submit(rotate_again_and_again)
        rotated.result()
        photos = sealed.result()
    assert {vault.unseal_photo(person, photo) for person, photo in photos.items()} == {PHOTO}
    PersonKeys(dataset, key_file).check()

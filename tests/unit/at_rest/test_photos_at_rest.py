from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.at_rest.vault import Vault
from recognizer.enrolment.naming import new_person
from recognizer.enrolment.photo_store import NewPhoto, PhotoStore, image_id_of
from recognizer.enrolment.sealing import Converted, seal_photos, unseal_photos
from recognizer.errors import CannotUnseal, DatasetUnavailable
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import Person, scan
from recognizer.vision.image_headers import ImageKind

ALICE, BOB = new_person("101", "Alice"), new_person("102", "Bob")


def photo(shade: int) -> NewPhoto:
    ok, data = cv2.imencode(".jpg", np.full((16, 16, 3), shade, np.uint8))
    assert ok
    return NewPhoto(data.tobytes(), ImageKind.JPEG)


FIRST, SECOND = photo(10), photo(200)


@pytest.fixture
def plain(dataset: Path) -> PhotoStore:
    return PhotoStore(dataset, ChangeMarks(dataset))


@pytest.fixture
def sealing(dataset: Path, vault: Vault) -> PhotoStore:
    return PhotoStore(dataset, ChangeMarks(dataset), vault)


def add(store: PhotoStore, person: Person, *photos: NewPhoto) -> list[str]:
    with store.exclusive():
        return [image_id_of(file) for file in store.add(person, photos)]


def shown_by(store: PhotoStore, person: Person) -> set[bytes]:
    return {store.read(person, image_id_of(file))[0] for file in store.photos(person)}


def bytes_in(dataset: Path) -> bytes:
    return b"".join(file.read_bytes() for file in dataset.rglob("*") if file.is_file())


def test_a_new_photo_is_sealed_and_read_as_it_was(sealing: PhotoStore, dataset: Path) -> None:
    [image_id] = add(sealing, ALICE, FIRST)
    assert sealing.read(ALICE, image_id) == (FIRST.data, "image/jpeg")
    [file] = sealing.photos(ALICE)
    assert "".join(file.path.suffixes) == ".jpg.sealed"
    assert FIRST.data[:8] not in bytes_in(dataset)


def test_a_repeat_changes_nothing(sealing: PhotoStore) -> None:
    [first] = add(sealing, ALICE, FIRST)
    before = sealing.photos(ALICE)
    assert add(sealing, ALICE, FIRST, FIRST) == [first, first]
    assert sealing.photos(ALICE) == before


def test_sealed_and_plain_photos_lie_beside_each_other(plain: PhotoStore, sealing: PhotoStore, dataset: Path) -> None:
    add(plain, ALICE, FIRST)
    add(sealing, ALICE, SECOND)
    assert shown_by(sealing, ALICE) == {FIRST.data, SECOND.data}
    [folder] = scan(dataset).people
    assert len(folder.photos) == 2


def test_without_the_key_a_sealed_photo_is_there_and_cannot_be_read(plain: PhotoStore, sealing: PhotoStore) -> None:
    [image_id] = add(sealing, ALICE, FIRST)
    with pytest.raises(CannotUnseal, match="RECOGNIZER_VAULT_KEY_FILE"):
        plain.read(ALICE, image_id)


def test_a_photo_in_the_folder_of_somebody_else_cannot_be_read(sealing: PhotoStore, dataset: Path) -> None:
    add(sealing, ALICE, FIRST)
    add(sealing, BOB, SECOND)
    [file] = sealing.photos(ALICE)
    file.path.rename(sealing.folder(BOB) / file.path.name)
    with pytest.raises(CannotUnseal):
        sealing.read(BOB, image_id_of(file))


def test_erasure_destroys_the_key_and_so_every_copy(sealing: PhotoStore, vault: Vault) -> None:
    add(sealing, ALICE, FIRST)
    copy = sealing.photos(ALICE)[0].path.read_bytes()
    with sealing.exclusive():
        assert sealing.remove("101") == [ALICE]
    add(sealing, ALICE, FIRST)  # comes back later
    with pytest.raises(CannotUnseal):
        vault.unseal_photo("101", copy)


def test_where_no_key_can_be_made_nothing_is_stored(sealing: PhotoStore, dataset: Path) -> None:
    (dataset / ".keys").write_bytes(b"in the way")
    with pytest.raises(DatasetUnavailable), sealing.exclusive():
        sealing.add(ALICE, [FIRST])
    assert scan(dataset).people == ()


def test_what_was_plain_is_sealed_and_made_plain_again(plain: PhotoStore, sealing: PhotoStore, dataset: Path) -> None:
    add(plain, ALICE, FIRST, SECOND)
    (plain.folder(ALICE) / "Holiday.JPG").write_bytes(photo(90).data)
    add(plain, BOB, FIRST)
    everything = shown_by(plain, ALICE)

    assert seal_photos(sealing) == Converted(4, ())
    assert not [file for file in dataset.rglob("*") if file.suffix.lower() in {".jpg", ".jpeg"}]
    assert FIRST.data[:8] not in bytes_in(dataset)
    assert shown_by(sealing, ALICE) == everything
    assert seal_photos(sealing) == Converted(0, ())

    assert unseal_photos(sealing, plain) == Converted(4, ())
    assert shown_by(plain, ALICE) == everything
    assert shown_by(plain, BOB) == {FIRST.data}


def test_what_is_no_picture_is_left_and_told_of(plain: PhotoStore, sealing: PhotoStore) -> None:
    add(plain, ALICE, FIRST)
    (plain.folder(ALICE) / "notes.png").write_bytes(b"not a picture")
    assert seal_photos(sealing) == Converted(1, ("Alice_101/notes.png: it is no JPEG, PNG or WebP picture",))
    assert (plain.folder(ALICE) / "notes.png").read_bytes() == b"not a picture"


def test_what_cannot_be_unsealed_stays_sealed(plain: PhotoStore, sealing: PhotoStore, vault: Vault) -> None:
    add(sealing, ALICE, FIRST)
    add(sealing, BOB, SECOND)
    vault.forget("101")
    converted = unseal_photos(sealing, plain)
    assert converted.photos == 1
    assert [sentence.split(": ")[1] for sentence in converted.left] == [
        "There is no key for this person; was the folder's id changed?"
    ]
    assert len(plain.photos(ALICE)) == 1

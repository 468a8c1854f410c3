import hashlib
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from recognizer.engine.catalogue import CATALOGUE, find_weights, names
from recognizer.engine.weights import (
    Backend,
    Checksum,
    OptionalWeights,
    Role,
    WeightsFile,
    record_checksum,
    recorded_checksums,
)
from recognizer.errors import StartError, WeightsMissing

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://example.org/net_weights.h5"


def entry(
    sha256: str | None = SHA256, *, needs: tuple[str, ...] = (), restricted: bool = False, name: str = "Net"
) -> OptionalWeights:
    file = WeightsFile("net_weights.h5", (URL,), sha256=sha256, aliases=("net.h5",))
    return OptionalWeights(Role.MODEL, name, (Backend.TENSORFLOW,), (file,), "MIT", needs=needs, restricted=restricted)


def put(models_dir: Path, name: str, content: bytes = CONTENT) -> Path:
    file = models_dir / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("name", ["net_weights.h5", "net.h5", ".deepface/weights/net_weights.h5"])
def test_weights_are_found_under_every_name_people_keep_them_by(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name)

    (located,) = entry().locate(tmp_path)

    assert (located.name, located.path, located.sha256) == ("net_weights.h5", file, SHA256)


def test_deepfaces_own_name_goes_before_the_others(tmp_path: Path) -> None:
    put(tmp_path, "net.h5", b"older")
    put(tmp_path, ".deepface/weights/net_weights.h5", b"older still")
    file = put(tmp_path, "net_weights.h5")

    assert entry().locate(tmp_path)[0].path == file


def test_missing_weights_are_named_with_their_source_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing) as missing:
        entry().locate(tmp_path)

    assert all(each in str(missing.value) for each in (str(tmp_path / "net_weights.h5"), URL, "make models MODEL=Net"))


@pytest.mark.parametrize("content", [CONTENT[:-1], b"another", b""])
def test_a_truncated_or_other_file_is_refused(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "net.h5", content)

    with pytest.raises(WeightsMissing, match="truncated or another file"):
        entry().locate(tmp_path)


def test_a_file_without_a_known_checksum_is_taken_and_that_is_logged(tmp_path: Path) -> None:
    put(tmp_path, "net.h5")

    with capture_logs() as logged:
        (located,) = entry(sha256=None).locate(tmp_path)

    assert located.sha256 == SHA256
    assert [event["log_level"] for event in logged] == ["warning"]


def test_a_recorded_checksum_holds_a_file_without_a_published_one(tmp_path: Path) -> None:
    record_checksum(tmp_path, "net_weights.h5", Checksum(SHA256, len(CONTENT)))
    put(tmp_path, "net.h5", b"changed")

    with pytest.raises(WeightsMissing, match=SHA256):
        entry(sha256=None).locate(tmp_path)


def test_a_recorded_checksum_goes_before_the_published_one(tmp_path: Path) -> None:
    put(tmp_path, "net.h5", b"my own")
    record_checksum(tmp_path, "net_weights.h5", Checksum(hashlib.sha256(b"my own").hexdigest(), 6))

    assert entry().locate(tmp_path)[0].path.name == "net.h5"


def test_recording_one_checksum_keeps_the_others(tmp_path: Path) -> None:
    record_checksum(tmp_path, "a", Checksum("1", 1))
    record_checksum(tmp_path, "b", Checksum("2", 2))

    assert recorded_checksums(tmp_path) == {"a": Checksum("1", 1), "b": Checksum("2", 2)}


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": {"sha256": "1"}}', "\x00"])
def test_an_unreadable_table_of_checksums_stops_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "checksums.json").write_text(content)

    with pytest.raises(StartError, match=r"checksums\.json"):
        recorded_checksums(tmp_path)


def test_packages_that_are_not_installed_are_named_before_any_file(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no_such_package") as refused:
        entry(needs=("no_such_package", "json")).locate(tmp_path)

    assert "json" not in str(refused.value)


def test_a_restrictive_licence_is_logged_each_time_it_is_chosen(tmp_path: Path) -> None:
    put(tmp_path, "net.h5")

    with capture_logs() as logged:
        entry(restricted=True).locate(tmp_path)

    assert [event["weights"] for event in logged] == ["Net"]


def test_packaged_landmarks_serve_dlibs_detector(tmp_path: Path) -> None:
    (located,) = find_weights(CATALOGUE, Role.DETECTOR, "dlib", Backend.ONNX).locate(tmp_path)

    assert located.name == located.path.name == "shape_predictor_5_face_landmarks.dat"


def test_every_name_has_one_entry_for_each_of_its_backends() -> None:
    keys = [(each.role, each.name, backend) for each in CATALOGUE for backend in each.backends]

    assert len(keys) == len(set(keys))


def test_the_licences_that_forbid_commercial_use_are_marked() -> None:
    restricted = {each.name for each in CATALOGUE if each.restricted}

    assert "Buffalo_L" in restricted
    assert {name for name in names(CATALOGUE, Role.DETECTOR) if name.startswith("yolo")} == restricted - {"Buffalo_L"}


def test_a_model_on_the_wrong_backend_says_where_it_runs() -> None:
    with pytest.raises(StartError, match="only on onnx"):
        find_weights(CATALOGUE, Role.MODEL, "DeepFace", Backend.TENSORFLOW)


def test_people_find_their_facenet_files_under_the_names_they_know() -> None:
    files = {
        name: find_weights(CATALOGUE, Role.MODEL, name, Backend.TENSORFLOW).files[0]
        for name in ("Facenet", "Facenet512")
    }

    assert {name: file.aliases for name, file in files.items()} == {
        "Facenet": ("facenet.h5",),
        "Facenet512": ("facenet512.h5",),
    }

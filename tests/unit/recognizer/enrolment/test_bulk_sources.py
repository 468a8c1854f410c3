import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.enrolment.bulk_sources import FolderSource, UnreadableEntry, ZipLimits, ZipSource, open_source
from recognizer.errors import InvalidArchive

MIB = 1 << 20
Fill = Callable[[zipfile.ZipFile], None]


def archive(fill: Fill, **options: int) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as writer:  # type: ignore[call-overload]
        fill(writer)
    return file


def one(name: str, data: bytes = b"photo") -> Fill:
    return lambda writer: writer.writestr(name, data)


def read(source: ZipSource, name: str, max_bytes: int = MIB) -> bytes:
    return source.read(PurePosixPath(name), max_bytes)


def test_entries_come_out_as_they_went_in_whatever_slashes_they_have() -> None:
    source = ZipSource(archive(one("Bob_8\\x.jpg"), compression=zipfile.ZIP_DEFLATED))
    assert source.paths() == [PurePosixPath("Bob_8/x.jpg")]
    assert read(source, "Bob_8/x.jpg") == b"photo"


def test_an_entry_that_is_too_large_is_refused_at_its_limit() -> None:
    source = ZipSource(archive(one("x.jpg", b"x" * 11)))
    assert read(source, "x.jpg", max_bytes=11) == b"x" * 11
    with pytest.raises(UnreadableEntry, match="too large"):
        read(source, "x.jpg", max_bytes=10)


def test_an_entry_that_grows_a_hundred_times_is_no_photo() -> None:
    source = ZipSource(archive(one("bomb.jpg", bytes(8 * MIB)), compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(UnreadableEntry, match="grows too much"):
        read(source, "bomb.jpg", max_bytes=64 * MIB)


def test_the_size_that_an_entry_states_counts_for_nothing() -> None:
    file = archive(one("x.jpg", bytes(2 * MIB)), compression=zipfile.ZIP_DEFLATED)
    data = bytearray(file.getvalue())
    directory = data.rfind(b"PK\x01\x02")
    struct.pack_into("<L", data, directory + 24, 5)  # says that 5 bytes come out
    with pytest.raises(UnreadableEntry):
        read(ZipSource(io.BytesIO(bytes(data))), "x.jpg", max_bytes=10)


def test_all_that_comes_out_of_an_archive_is_bounded() -> None:
    def fill(writer: zipfile.ZipFile) -> None:
        for number in range(3):
            writer.writestr(f"{number}.jpg", b"x" * 10)

    source = ZipSource(archive(fill), ZipLimits(max_total_bytes=25))
    assert [read(source, f"{number}.jpg") for number in range(2)] == [b"x" * 10] * 2
    with pytest.raises(UnreadableEntry):
        read(source, "2.jpg")


@pytest.mark.parametrize("name", ["../x.jpg", "/etc/x.jpg", "a/../../x.jpg", "a/b/c/d/x.jpg", "..\\x.jpg"])
def test_paths_that_lead_elsewhere_or_too_deep_are_refused(name: str) -> None:
    source = ZipSource(archive(one(name)))
    with pytest.raises(UnreadableEntry, match="outside"):
        source.read(source.paths()[0], MIB)


def test_links_are_refused() -> None:
    link = zipfile.ZipInfo("Bob_8/x.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    source = ZipSource(archive(lambda writer: writer.writestr(link, "/etc/passwd")))
    with pytest.raises(UnreadableEntry, match="link"):
        read(source, "Bob_8/x.jpg")


def test_encrypted_entries_are_refused() -> None:
    data = bytearray(archive(one("x.jpg")).getvalue())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(header) + flags] |= 1
    with pytest.raises(UnreadableEntry, match="encrypted"):
        read(ZipSource(io.BytesIO(bytes(data))), "x.jpg")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_want_memory_as_they_like_are_refused(method: int) -> None:
    source = ZipSource(archive(one("x.jpg"), compression=method))
    with pytest.raises(UnreadableEntry, match="another way"):
        read(source, "x.jpg")


def test_an_entry_whose_bytes_changed_is_refused() -> None:
    data = archive(one("x.jpg", b"a photo of somebody")).getvalue().replace(b"a photo", b"b photo")
    with pytest.raises(UnreadableEntry, match="damaged"):
        read(ZipSource(io.BytesIO(data)), "x.jpg")


def test_an_archive_of_too_many_entries_is_refused_before_they_are_listed() -> None:
    def fill(writer: zipfile.ZipFile) -> None:
        for number in range(3):
            writer.writestr(f"{number}.jpg", b"")

    assert len(ZipSource(archive(fill), ZipLimits(max_entries=3)).paths()) == 3
    with pytest.raises(InvalidArchive, match="more than 2"):
        ZipSource(archive(fill), ZipLimits(max_entries=2))
    with pytest.raises(InvalidArchive):
        ZipSource(archive(fill), ZipLimits(max_directory_bytes=100))


def test_a_second_list_of_entries_is_not_looked_at() -> None:
    data = archive(one("x.jpg")).getvalue()
    end = data.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(16)
    with pytest.raises(InvalidArchive):
        ZipSource(io.BytesIO(data[:end] + locator + data[end:]))


@given(data=st.binary(max_size=200))
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidArchive):
        ZipSource(io.BytesIO(data))


@given(place=st.integers(min_value=0), mark=st.integers(0, 255))
def test_a_damaged_archive_is_refused_or_read(place: int, mark: int) -> None:
    data = bytearray(archive(one("Bob_8/x.jpg", b"x" * 50), compression=zipfile.ZIP_DEFLATED).getvalue())
    data[place % len(data)] = mark
    try:
        source = ZipSource(io.BytesIO(bytes(data)))
        for path in source.paths():
            source.read(path, MIB)
    except (InvalidArchive, UnreadableEntry):
        return


def test_a_folder_is_read_without_following_links_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    people = tmp_path / "people"
    (people / "Bob_8").mkdir(parents=True)
    (people / "Bob_8" / "x.jpg").write_bytes(b"photo")
    (people / "Bob_8" / "y.jpg").symlink_to(tmp_path / "secret.jpg")
    source = open_source(people)
    assert isinstance(source, FolderSource)
    assert source.paths() == [PurePosixPath("Bob_8/x.jpg")]
    assert source.read(PurePosixPath("Bob_8/x.jpg"), 5) == b"photo"
    with pytest.raises(UnreadableEntry):
        source.read(PurePosixPath("Bob_8/x.jpg"), 4)
    with pytest.raises(UnreadableEntry):
        source.read(PurePosixPath("Bob_8/gone.jpg"), 4)

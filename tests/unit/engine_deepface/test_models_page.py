from pathlib import Path

from recognizer.engine.catalogue import CATALOGUE

PAGE = Path(__file__).parents[3] / "models" / "README.md"


def test_the_page_names_every_choice_and_every_file() -> None:
    page = PAGE.read_text("utf-8")
    # Ultralytics' files are named there by their pattern.
    files = [file for each in CATALOGUE for file in each.files if not file.name.endswith("-face.pt")]

    assert [each.name for each in CATALOGUE if f"`{each.name}`" not in page] == []
    assert [name for file in files for name in (file.name, *file.aliases) if f"`{name}`" not in page] == []


def test_the_page_marks_exactly_the_files_with_a_published_checksum() -> None:
    page = PAGE.read_text("utf-8")
    files = [file for each in CATALOGUE for file in each.files]

    assert {file.name for file in files if f"`{file.name}` ●" in page} == {file.name for file in files if file.sha256}

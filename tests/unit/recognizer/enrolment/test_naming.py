import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.enrolment.naming import new_person
from recognizer.errors import InvalidField
from recognizer.gallery.dataset import person_of


@given(person_id=st.text(max_size=120), name=st.text(max_size=220))
def test_a_folder_gives_back_the_person_for_whom_it_was_named_or_there_is_none(person_id: str, name: str) -> None:
    try:
        person = new_person(person_id, name)
    except InvalidField:
        return
    assert person_of(person.folder) == person
    assert "/" not in person.folder
    assert "\0" not in person.folder
    assert not person.folder.startswith(".")
    assert 0 < len(person.folder.encode()) <= 255


@pytest.mark.parametrize(
    ("person_id", "name", "folder", "label"),
    [
        ("101", "Alice", "Alice_101", "Alice 101"),
        ("UE245051", "Mary Ann  Lee", "Mary_Ann_Lee_UE245051", "Mary Ann Lee UE245051"),
        (" 7 ", " Zoë ", "Zoë_7", "Zoë 7"),
        ("Alice", "Alice", "Alice_Alice", "Alice"),
        ("१२", "आरव शर्मा", "आरव_शर्मा_१२", "आरव शर्मा १२"),
        ("a-b.c", "J. R. O'Neil-Smith", "J._R._O'Neil-Smith_a-b.c", "J. R. O'Neil-Smith a-b.c"),
    ],
)
def test_names_become_folders_as_an_operator_would_make_them(
    person_id: str, name: str, folder: str, label: str
) -> None:
    person = new_person(person_id, name)
    assert (person.folder, person.label) == (folder, label)


def test_a_letter_and_its_accent_become_one_character() -> None:
    assert new_person("7", "Zoe\u0308").folder == "Zo\u00eb_7"


@pytest.mark.parametrize(
    ("person_id", "name"),
    [
        ("UE_1", "Alice"),  # would come back as the id 1
        ("CS/2021/7", "Alice"),
        ("..\\7", "Alice"),
        ("..", "Alice"),
        ("7", "Al_ice"),
        ("7", "../../etc"),
        ("7", ".hidden"),
        ("7", " "),
        ("", "Alice"),
        ("7", "Al\u202eice"),  # turns round what is read
        ("7", "Alice\0"),
        ("7", "A" * 201),
        ("7" * 101, "Alice"),
        ("7", "आ" * 100),  # 300 bytes
    ],
)
def test_what_a_folder_cannot_give_back_is_refused(person_id: str, name: str) -> None:
    with pytest.raises(InvalidField):
        new_person(person_id, name)

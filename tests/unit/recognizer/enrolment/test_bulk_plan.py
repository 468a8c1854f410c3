from pathlib import PurePosixPath

import pytest

from recognizer.enrolment.bulk_plan import Plan, find_table, plan
from shared.contracts.people import MAX_IMAGES


def paths(*names: str) -> list[PurePosixPath]:
    return [PurePosixPath(name) for name in names]


def whom(planned: Plan) -> dict[str, list[str]]:
    return {
        f"{person.fields.name}|{person.fields.person_id}": [str(path) for path in person.photos]
        for person in planned.people
    }


def test_each_folder_is_a_person_wherever_it_lies() -> None:
    planned = plan(paths("dataset/Mary_Ann_Lee_7/b.PNG", "dataset/Mary_Ann_Lee_7/a.jpg", "Bob_8/x.webp"), None)
    assert whom(planned) == {
        "Bob|8": ["Bob_8/x.webp"],
        "Mary Ann Lee|7": ["dataset/Mary_Ann_Lee_7/a.jpg", "dataset/Mary_Ann_Lee_7/b.PNG"],
    }
    assert planned.problems == ()


def test_what_is_hidden_or_no_photo_is_passed_over() -> None:
    planned = plan(paths("__MACOSX/Bob_8/._x.jpg", "Bob_8/.x.jpg", "Bob_8/notes.txt", ".git/Eve_9/x.jpg"), None)
    assert planned == Plan((), ())


def test_photos_outside_any_folder_are_nobodys() -> None:
    [problem] = plan(paths("x.jpg"), None).problems
    assert "not that of a person" in problem.detail


TABLE = """\ufeffPerson ID,Name,Department,Email,consent_version,consent_how,photos
7,Mary Ann Lee,Physics,m@example.org,v1,paper,mary.jpg; more/mary2.jpg
8,Bob,,,,,bobs
9,Carol,,,,,
"""


def test_a_table_says_who_people_are_and_which_photos_are_theirs() -> None:
    found = paths("top/mary.jpg", "top/more/mary2.jpg", "top/bobs/1.jpg", "top/bobs/2.jpg", "top/Carol_9/1.jpg")
    planned = plan(found, TABLE)
    assert whom(planned) == {
        "Mary Ann Lee|7": ["top/mary.jpg", "top/more/mary2.jpg"],
        "Bob|8": ["top/bobs/1.jpg", "top/bobs/2.jpg"],
        "Carol|9": ["top/Carol_9/1.jpg"],
    }
    mary = planned.people[0].fields
    assert (mary.department, mary.email, mary.consent_version, mary.consent_how) == (
        "Physics",
        "m@example.org",
        "v1",
        "paper",
    )
    assert planned.people[1].fields.department is None


def test_lines_that_cannot_be_used_are_named_and_the_others_are_used() -> None:
    table = "person_id,name,consent_version,photos\n1,Alice,,a.jpg\n2,,,b.jpg\n3,Carol,v1,c.jpg\n4,Dan,,gone.jpg\n\n"
    planned = plan(paths("a.jpg", "b.jpg", "c.jpg"), table)
    assert whom(planned) == {"Alice|1": ["a.jpg"]}
    assert [(problem.where, problem.detail.split(":")[0]) for problem in planned.problems] == [
        ("line 3", "name"),
        ("line 4", ""),
        ("line 5", "there is no photo gone.jpg"),
        ("line 5", "there is no photo of this person"),
    ]


@pytest.mark.parametrize("table", ["", "\n", '"', "a,b\n1", "person_id,name\n\0,\0\n", 'person_id,name\n"1,Al'])
def test_no_text_breaks_the_reading_of_a_table(table: str) -> None:
    assert plan(paths("a.jpg"), table).people == ()


def test_nobody_is_enrolled_with_more_photos_than_are_taken_at_once() -> None:
    planned = plan([PurePosixPath(f"Bob_8/{number:03}.jpg") for number in range(MAX_IMAGES + 1)], None)
    assert len(planned.people[0].photos) == MAX_IMAGES
    assert "only the first" in planned.problems[0].detail


def test_the_table_nearest_to_the_top_counts() -> None:
    assert find_table(paths("a/b/people.csv", "a/People.csv", "__MACOSX/people.csv")) == PurePosixPath("a/People.csv")
    assert find_table(paths("a.jpg")) is None

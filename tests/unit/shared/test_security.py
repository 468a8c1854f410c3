import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security import (
    Scope,
    find_key,
    new_key,
    new_secret,
    presented_secret,
    read_secret_file,
    write_secret_file,
)


def test_a_key_is_found_by_its_secret_alone() -> None:
    secrets = [new_secret() for _ in range(3)]
    keys = [new_key(secret, [Scope.EVENTS_WRITE], str(index)) for index, secret in enumerate(secrets)]
    assert [find_key(secret, keys) for secret in secrets] == keys
    assert find_key(new_secret(), keys) is None
    assert all(secret not in repr(keys) for secret in secrets)


@given(st.text())
def test_no_presented_text_breaks_the_search(secret: str) -> None:
    assert find_key(secret, [new_key(new_secret(), [], "")]) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"x-api-key": "abc"}, "abc"),
        ({"authorization": "Basic abc"}, None),
        ({"authorization": "Bearer"}, None),
        ({"x-api-key": ""}, None),
        ({}, None),
    ],
)
def test_a_key_comes_as_bearer_or_in_its_own_header(headers: dict[str, str], expected: str | None) -> None:
    assert presented_secret(headers) == expected


def test_a_secret_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "a.key"
    write_secret_file(file, "first")
    write_secret_file(file, "second")
    assert read_secret_file(file) == "second"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]

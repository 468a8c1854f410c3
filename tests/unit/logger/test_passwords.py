"""Passwords: argon2id at the published cost, and nothing that tells whether there is an account."""

import asyncio
import threading

import argon2
import pytest

from logger.errors import InvalidPassword, SignInBusy
from logger.services.passwords import MAX_WAITING, Argon2Passwords, Cost, check_password, new_password

CHEAP = Cost(memory_kib=8, passes=1)


@pytest.fixture
def passwords() -> Argon2Passwords:
    return Argon2Passwords(CHEAP)


async def test_a_hash_matches_its_password_alone_and_is_another_each_time(passwords: Argon2Passwords) -> None:
    first, second = await passwords.hash("correct horse"), await passwords.hash("correct horse")
    assert first != second
    assert await passwords.matches("correct horse", first)
    assert not await passwords.matches("correct horsE", first)


async def test_the_cost_is_the_published_one() -> None:
    parameters = argon2.extract_parameters(await Argon2Passwords().hash("correct horse"))
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)


async def test_nobodys_password_takes_the_same_work_and_matches_nothing(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str | bytes] = []
    verify = argon2.PasswordHasher.verify

    def watch(self: argon2.PasswordHasher, hashed: str | bytes, password: str | bytes) -> bool:
        compared.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watch)
    mine = await passwords.hash("correct horse")
    assert not await passwords.matches("", None)
    assert not await passwords.matches("wrong", mine)
    nobodys, known = (argon2.extract_parameters(str(one)) for one in compared)
    assert nobodys == known


async def test_a_letter_typed_in_two_ways_is_one_letter(passwords: Argon2Passwords) -> None:
    assert await passwords.matches("caf\u00e9 au lait", await passwords.hash("cafe\u0301 au lait"))
    assert not await passwords.matches("\ud800 half a letter", await passwords.hash("another one"))


async def test_a_hash_at_another_cost_is_outdated(passwords: Argon2Passwords) -> None:
    older = await Argon2Passwords(Cost(memory_kib=16, passes=1)).hash("correct horse")
    assert passwords.is_outdated(older)
    assert await passwords.matches("correct horse", older)
    assert not passwords.is_outdated(await passwords.hash("correct horse"))


async def test_whoever_would_wait_behind_too_many_is_told_so_and_the_loop_stays_free(
    passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def wait(*_: object) -> bool:
        assert threading.current_thread().name.startswith("passwords")
        return released.wait(30)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", wait)
    waiting = [asyncio.ensure_future(passwords.matches("a", None)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)  # each has asked
    with pytest.raises(SignInBusy):
        await passwords.matches("a", None)
    released.set()
    assert all(await asyncio.gather(*waiting))
    assert await passwords.matches("a", None)


@pytest.mark.parametrize("password", ["too short", "x" * 201, "aaaaaaaaaaaaaaa", "abababababab", "Somebody.Long"])
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(InvalidPassword):
        check_password(password, "somebody.long")


def test_a_made_password_can_be_used_and_read_out() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        check_password(password, "admin")
        assert not set(password) & set("0O1lIi")


async def test_a_digest_is_found_again_whatever_a_hash_costs_by_now(passwords: Argon2Passwords) -> None:
    dearer = Argon2Passwords(Cost(memory_kib=16, passes=1))
    digest = await passwords.digest("12345678", salt=b"of a test")
    assert await dearer.digest("12345678", salt=b"of a test") == digest
    assert await passwords.digest("12345679", salt=b"of a test") != digest
    assert await passwords.digest("12345678", salt=b"of another") != digest

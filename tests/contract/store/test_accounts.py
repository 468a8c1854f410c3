"""Accounts and logins, the same on every store."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from logger.domain.accounts import PasswordOrigin, Role
from logger.domain.audit import AuditAction
from logger.domain.logins import LoginKind
from logger.errors import Conflict, InvalidAccount, InvalidPassword, NotFound, Taken, TooManyAttempts, WrongPassword
from logger.services.accounts import AccountFields, AccountsService
from logger.services.audit import AuditService
from logger.services.logins import LoginsService, Opened
from logger.services.passwords import Argon2Passwords, Cost
from logger.services.sign_in import SignInService
from logger.store.base import Store
from logger.store.kinds import ACCOUNTS, ATTEMPTS, LOGINS
from logger.store.tables import Selection

SECRET = "correct horse battery"  # noqa: S105 - of nobody
TEACHER = AccountFields("Zoë", Role.TEACHER)
KIOSK = AccountFields("Door", Role.DEVICE, room="Room 1")


class Clock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 12, 0, 0, 7, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


class School:
    """The services of accounts on one store, with passwords that cost little."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Clock()
        self.passwords = Argon2Passwords(Cost(memory_kib=8, passes=1))
        self.audit = AuditService(store, self.clock)
        self.logins = LoginsService(store, self.clock)
        self.accounts = AccountsService(store, self.logins, self.passwords, self.audit, self.clock)
        self.sign_in = SignInService(store, self.logins, self.passwords, self.clock)

    async def enter(self, password: str = SECRET, *, name: str = "zoe", address: str = "10.0.0.1") -> Opened:
        kind = LoginKind.BROWSER
        return (await self.sign_in.sign_in(name, password, address=address, kind=kind, label="browser")).opened

    async def is_open(self, opened: Opened) -> bool:
        return await self.logins.find(opened.secret) is not None

    async def audited(self) -> list[tuple[AuditAction, str, str]]:
        return [(one.deed.action, one.deed.subject, one.deed.by) for one in await self.audit.entries()]


@pytest.fixture
async def school(store: Store) -> School:
    made = School(store)
    await made.accounts.add("Zoe", TEACHER, password=SECRET, by="admin")
    return made


async def test_whoever_knows_the_password_gets_a_login_that_leads_to_the_account(school: School) -> None:
    opened = await school.enter(name="ZOE")
    found = await school.logins.find(opened.secret)
    assert found is not None
    assert (found.account.account_id, found.account.role) == ("zoe", Role.TEACHER)
    assert not await school.is_open(Opened(opened.secret + "x", opened.login))
    kept = await school.store.select(LOGINS, Selection())
    assert opened.secret not in repr([LOGINS.write(row.value) for row in kept])


@pytest.mark.parametrize(("name", "password"), [("zoe", "wrong"), ("nobody", SECRET), ("a:b", SECRET), ("", "")])
async def test_a_wrong_name_and_a_wrong_password_are_told_the_same(school: School, name: str, password: str) -> None:
    with pytest.raises(WrongPassword, match="The name or the password is wrong"):
        await school.enter(password, name=name)


async def test_a_guesser_waits_longer_and_longer_and_keeps_nobody_else_out(school: School) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await school.enter("wrong")
    with pytest.raises(TooManyAttempts) as refused:
        await school.enter()
    assert refused.value.retry_after_s == 30
    await school.enter(address="10.0.0.2")
    school.clock.forward(seconds=30)
    with pytest.raises(WrongPassword):
        await school.enter("wrong")
    with pytest.raises(TooManyAttempts) as refused:
        await school.enter()
    assert refused.value.retry_after_s == 60
    school.clock.forward(seconds=60)
    await school.enter()
    assert await school.store.count(ATTEMPTS, {}) == 0


async def test_a_name_that_there_is_not_is_locked_as_one_that_there_is(school: School) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await school.enter(name="nobody")
    with pytest.raises(TooManyAttempts):
        await school.enter(name="nobody")


async def test_guesses_at_the_same_instant_are_no_way_past_the_lock(school: School) -> None:
    guesses = await asyncio.gather(*(school.enter("wrong") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(guess, WrongPassword) for guess in guesses) == 5
    assert sum(isinstance(guess, TooManyAttempts) for guess in guesses) == 15


async def test_attempts_and_logins_that_are_over_are_cleared_away(school: School) -> None:
    with pytest.raises(WrongPassword):
        await school.enter("wrong", name="nobody")
    await school.enter()
    school.clock.forward(days=8)
    last = await school.enter(address="10.0.0.9")
    assert await school.store.count(ATTEMPTS, {}) == 0
    assert [row.value for row in await school.store.select(LOGINS, Selection())] == [last.login]


async def test_a_browser_that_is_not_used_has_to_sign_in_again(school: School) -> None:
    used, left = await school.enter(), await school.enter()
    for _ in range(3):
        school.clock.forward(hours=6)
        assert await school.is_open(used)
    assert not await school.is_open(left)
    for _ in range(16):
        school.clock.forward(hours=10)
        await school.logins.find(used.secret)
    assert not await school.is_open(used)


async def test_a_closed_login_is_closed_also_while_it_is_used(school: School) -> None:
    opened = await school.enter()
    school.clock.forward(hours=1)
    await asyncio.gather(school.logins.find(opened.secret), school.logins.close(opened.login))
    await school.logins.close(opened.login)
    assert not await school.is_open(opened)
    assert await school.store.count(LOGINS, {}) == 0


async def test_another_password_ends_every_sign_in(school: School) -> None:
    opened = [await school.enter(), await school.enter()]
    await school.accounts.set_password("zoe", "another horse entirely", by="zoe")
    assert not any([await school.is_open(one) for one in opened])
    with pytest.raises(WrongPassword):
        await school.enter()
    await school.enter("another horse entirely")


async def test_a_role_and_a_closed_account_take_effect_at_once_and_nothing_is_lost(school: School) -> None:
    opened = await school.enter()
    await school.accounts.change("zoe", AccountFields("Zoë", Role.VIEWER), by="admin")
    found = await school.logins.find(opened.secret)
    assert found is not None
    assert found.account.role is Role.VIEWER
    await school.accounts.change("zoe", AccountFields("Zoë", Role.VIEWER, active=False), by="admin")
    assert not await school.is_open(opened)
    with pytest.raises(WrongPassword):
        await school.enter()
    await school.accounts.change("zoe", AccountFields("Zoë", Role.VIEWER), by="admin")
    school.clock.forward(minutes=1)
    await school.enter()


async def test_a_hash_at_an_older_cost_is_renewed_when_its_owner_signs_in_and_nobody_is_signed_out(
    school: School,
) -> None:
    opened = await school.enter()
    before = await school.accounts.get("zoe")
    dearer = Argon2Passwords(Cost(memory_kib=16, passes=1))
    await SignInService(school.store, school.logins, dearer, school.clock).check("zoe", SECRET, address="10.0.0.1")
    after = await school.accounts.get("zoe")
    assert after.password is not None
    assert before.password is not None
    assert after.password.hash != before.password.hash
    assert await school.is_open(opened)


async def test_a_device_has_two_keys_at_most_and_each_can_be_withdrawn(school: School) -> None:
    made = await school.accounts.add("kiosk", KIOSK, password=None, by="admin")
    second = await school.accounts.add_device_key("kiosk", "new", by="admin")
    assert made.secret is not None
    assert second.secret is not None
    with pytest.raises(Conflict):
        await school.accounts.add_device_key("kiosk", "third", by="admin")
    school.clock.forward(days=4_000)
    found = await school.logins.find(made.secret)
    assert found is not None
    assert found.account.actor.room == "Room 1"
    await school.accounts.close_login("kiosk", found.login.login_id, by="admin")
    assert await school.logins.find(made.secret) is None
    assert await school.logins.find(second.secret) is not None
    for password in ("", SECRET):
        with pytest.raises(WrongPassword):
            await school.enter(password, name="kiosk")


async def test_of_many_who_add_an_account_or_start_at_once_one_succeeds(school: School) -> None:
    adding = (school.accounts.add("ann", TEACHER, password=SECRET, by="admin") for _ in range(4))
    done = await asyncio.gather(*adding, return_exceptions=True)
    assert sum(isinstance(one, Taken) for one in done) == 3
    first = await asyncio.gather(*(school.accounts.ensure_admin(None) for _ in range(4)))
    [secret] = [made.secret for made in first if made.secret is not None]
    await school.enter(secret, name="admin")


async def test_the_first_administrator_is_made_once_with_the_given_password_or_a_made_one(school: School) -> None:
    with pytest.raises(InvalidPassword):
        await school.accounts.ensure_admin("short")
    made = await school.accounts.ensure_admin(SECRET)
    assert (made.secret, made.account.role) == (None, Role.ADMIN)
    assert made.account.password is not None
    assert made.account.password.origin is PasswordOrigin.SETTING
    again = await school.accounts.ensure_admin("another password")
    assert again == made


async def test_the_last_administrator_stays_one(school: School) -> None:
    await school.accounts.ensure_admin(SECRET)
    for fields in (AccountFields("A", Role.VIEWER), AccountFields("A", Role.ADMIN, active=False)):
        with pytest.raises(Conflict, match="only administrator"):
            await school.accounts.change("admin", fields, by="admin")
    await school.accounts.change("zoe", AccountFields("Zoë", Role.ADMIN), by="admin")
    await school.accounts.change("admin", AccountFields("A", Role.VIEWER), by="zoe")


@pytest.mark.parametrize(
    ("username", "fields"),
    [
        ("kiosk", AccountFields("Door", Role.DEVICE)),
        ("ann", AccountFields("Ann", Role.TEACHER, room="Room 1")),
        ("ann", AccountFields("Ann", Role.PROGRAM)),
        ("ann", AccountFields("\x07", Role.VIEWER)),
        ("key:1", TEACHER),
        ("two words", TEACHER),
        ("", TEACHER),
    ],
)
async def test_what_cannot_be_an_account_is_refused(school: School, username: str, fields: AccountFields) -> None:
    with pytest.raises(InvalidAccount):
        await school.accounts.add(username, fields, password=SECRET, by="admin")
    assert await school.store.count(ACCOUNTS, {}) == 1


async def test_a_person_does_not_become_a_device_and_who_is_not_there_is_not_found(school: School) -> None:
    with pytest.raises(InvalidAccount, match="stays"):
        await school.accounts.change("zoe", KIOSK, by="admin")
    with pytest.raises(Conflict):
        await school.accounts.add_device_key("zoe", "key", by="admin")
    for missing in (
        school.accounts.get("nobody"),
        school.accounts.set_password("nobody", None, by="admin"),
        school.accounts.close_login("zoe", "abc", by="admin"),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_the_audit_tells_what_was_done_with_accounts_and_no_secret(school: School) -> None:
    await school.accounts.change("zoe", AccountFields("Zoë", Role.VIEWER), by="admin")
    school.clock.forward(minutes=1)
    made = await school.accounts.set_password("zoe", None, by="admin")
    kiosk = await school.accounts.add("kiosk", KIOSK, password=None, by="console")
    [key] = await school.logins.of_account("kiosk")
    await school.accounts.close_login("kiosk", key.login_id, by="admin")
    assert await school.audited() == [
        (AuditAction.ACCOUNT_SAVED, "account:zoe", "admin"),
        (AuditAction.ACCOUNT_SAVED, "account:zoe", "admin"),
        (AuditAction.ACCOUNT_SAVED, "account:zoe", "admin"),
        (AuditAction.ACCOUNT_SAVED, "account:kiosk", "console"),
        (AuditAction.KEY_ADDED, "account:kiosk", "console"),
        (AuditAction.KEY_REVOKED, "account:kiosk", "admin"),
    ]
    told = repr(await school.audit.entries())
    assert await school.audit.verify() is None
    for secret in (made.secret, kiosk.secret, key.digest, "argon2"):
        assert secret is not None
        assert secret not in told

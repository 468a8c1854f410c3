"""How much one client may ask for, and who one client is."""

from collections.abc import Mapping

import pytest
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from shared.web.errors import ServiceError
from shared.web.limits import RateLimiter, RateLimits, Rates, address_client, client_of

KEYS = {"secret of a kiosk": "kiosk"}


def test_a_burst_and_then_the_rate() -> None:
    limiter = RateLimiter(per_s=10, burst_s=2)
    assert [limiter.wait_s("a", 0.0) for _ in range(20)] == [0.0] * 20
    assert limiter.wait_s("a", 0.0) == pytest.approx(0.1)
    assert limiter.wait_s("a", 0.05) == pytest.approx(0.05)
    assert limiter.wait_s("a", 0.1) == 0.0
    assert limiter.wait_s("a", 0.1) > 0


def test_one_client_does_not_spend_what_is_anothers() -> None:
    limiter = RateLimiter(per_s=1, burst_s=1)
    assert limiter.wait_s("a", 0.0) == 0.0
    assert limiter.wait_s("a", 0.0) > 0
    assert limiter.wait_s("b", 0.0) == 0.0


def test_what_was_refused_does_not_count() -> None:
    limiter = RateLimiter(per_s=1, burst_s=1)
    for _ in range(50):
        limiter.wait_s("impatient", 0.0)
    assert limiter.wait_s("impatient", 1.0) == 0.0


def test_a_slow_rate_lets_one_through_all_the_same() -> None:
    limiter = RateLimiter(per_s=0.1, burst_s=5)
    assert limiter.wait_s("a", 0.0) == 0.0
    assert limiter.wait_s("a", 0.0) == pytest.approx(10)


def test_a_flood_of_addresses_is_not_remembered_beyond_a_limit() -> None:
    limiter = RateLimiter(per_s=1, burst_s=10, max_clients=100)
    for number in range(10_000):
        limiter.wait_s(str(number), number / 1e6)
    assert len(limiter) == 100


def test_who_owes_nothing_any_more_is_forgotten() -> None:
    limiter = RateLimiter(per_s=1, burst_s=10)
    for number in range(100):
        limiter.wait_s(str(number), 0.0)
    for number in range(200):
        limiter.wait_s("the only one", 1_000.0 + number)
    assert len(limiter) == 1


class Site:
    """An application behind limits, on a clock of the test's own. `keys_away`: nobody can say whose a secret is."""

    def __init__(self, rates: Rates) -> None:
        self.now_s = 0.0
        self.keys_away = False
        self.seen: list[str] = []
        self._limits = RateLimits(self._answer, rates, self._key_of, lambda: self.now_s)

    async def ask(
        self,
        address: str = "192.0.2.1",
        *,
        kind: str = "http",
        path: str = "/recognize",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer."""
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("a byte of the body was read")

        async def send(message: Message) -> None:
            sent.append(message)

        given = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {"type": kind, "method": "POST", "path": path, "headers": given, "client": (address, 5), "state": {}}
        await self._limits(scope, receive, send)
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}

    async def _key_of(self, connection: HTTPConnection) -> str | None:
        if self.keys_away:
            raise ServiceError("the store is away")
        return KEYS.get(connection.headers.get("x-api-key", ""))

    async def _answer(self, scope: Scope, _: Receive, send: Send) -> None:
        self.seen.append(client_of(HTTPConnection(scope)))
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.fixture
def site() -> Site:
    """One request at once and one a second from an address; five for a key."""
    return Site(Rates(address_per_s=0.2, key_per_s=1))


async def test_too_many_are_told_when_to_come_back_before_their_body_is_read(site: Site) -> None:
    assert (await site.ask())[0] == 200
    status, headers = await site.ask()
    assert (status, headers["retry-after"], headers["content-type"]) == (429, "5", "application/problem+json")
    site.now_s = 5.0
    assert (await site.ask())[0] == 200


async def test_a_websocket_is_refused_before_it_is_accepted(site: Site) -> None:
    await site.ask()
    status, headers = await site.ask(kind="websocket")
    assert (status, headers["retry-after"]) == (429, "5")


async def test_who_holds_a_key_is_a_client_of_their_own_wherever_they_are(site: Site) -> None:
    key = {"x-api-key": "secret of a kiosk"}
    statuses = [(await site.ask(f"192.0.2.{number}", headers=key))[0] for number in range(6)]
    assert statuses == [200] * 5 + [429]
    assert (await site.ask("192.0.2.0"))[0] == 200
    assert site.seen == ["key:kiosk"] * 5 + ["address:192.0.2.0"]


async def test_guessing_keys_makes_nobody_a_new_client(site: Site) -> None:
    statuses = [(await site.ask(headers={"x-api-key": f"guess {number}"}))[0] for number in range(3)]
    assert statuses == [200, 429, 429]


async def test_while_keys_cannot_be_looked_up_the_address_counts(site: Site) -> None:
    site.keys_away = True
    statuses = [(await site.ask(headers={"x-api-key": "secret of a kiosk"}))[0] for _ in range(2)]
    assert statuses == [200, 429]


async def test_probes_are_answered_during_a_flood_from_the_same_address(site: Site) -> None:
    assert [(await site.ask())[0] for _ in range(2)] == [200, 429]
    assert (await site.ask(path="/readyz"))[0] == 200
    assert (await site.ask(path="/readyz"))[0] == 429


async def test_no_rate_is_no_limit() -> None:
    site = Site(Rates(address_per_s=0, key_per_s=0))
    assert {(await site.ask())[0] for _ in range(1_000)} == {200}


async def test_a_school_behind_one_address_is_not_held_up() -> None:
    """Two hundred phones that send a frame every five seconds, however they fall together."""
    site = Site(Rates(address_per_s=100, key_per_s=1_000))
    statuses = set()
    for round_of_frames in range(20):
        site.now_s = round_of_frames * 5.0
        statuses |= {(await site.ask())[0] for _ in range(200)}
    assert statuses == {200}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("x" * 5_000, "x" * 6_000, True),
    ],
)
def test_a_household_is_one_client(one: str, other: str, *, same: bool) -> None:
    clients = {
        address_client(HTTPConnection({"type": "http", "headers": [], "client": (host, 1)})) for host in (one, other)
    }
    assert (len(clients) == 1) is same
    assert all(len(client) < 100 for client in clients)

"""Codes of people: made and shown once, kept as digests, found by what is typed or scanned."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from logger.domain.audit import AuditAction
from logger.domain.presence import PIN_DIGITS, QR_DIGITS, PresenceCode, ReadCode
from logger.errors import NotFound, Taken
from logger.services.passwords import Passwords
from logger.services.trail import AuditTrail
from logger.store.kinds import PEOPLE, PRESENCE_CODES
from logger.store.tables import ANY, RowStore, Selection
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.security import digest_of


def random_digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


@dataclass(frozen=True, slots=True)
class MadeCode:
    """The digits, which nobody can ask for again, and what is kept of them."""

    pin: str = field(repr=False)
    qr: str = field(repr=False)
    kept: PresenceCode


class PresenceCodesService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        store: RowStore,
        passwords: Passwords,
        trail: AuditTrail,
        clock: Clock,
        *,
        new_digits: Callable[[int], str] = random_digits,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._trail = trail
        self._clock = clock
        self._new_digits = new_digits

    async def of_person(self, person_id: str) -> PresenceCode | None:
        row = await self._store.load(PRESENCE_CODES, person_id)
        return None if row is None else row.value

    async def make(self, person_id: str, *, by: str) -> MadeCode:
        """A new PIN and a new QR code; the ones before them are nobody's from now on. Raises NotFound, SignInBusy."""
        if await self._store.load(PEOPLE, person_id) is None:
            raise NotFound(f"There is nobody with the number {person_id}")
        async with self._trail.doing(AuditAction.PRESENCE_CODE_MADE, f"person:{person_id}", by=by):
            return await self._save_new(person_id, by)

    async def revoke(self, person_id: str, *, by: str) -> None:
        """Raises NotFound where there is no code."""
        async with self._trail.doing(AuditAction.PRESENCE_CODE_REVOKED, f"person:{person_id}", by=by):
            if not await self._store.remove(PRESENCE_CODES, person_id):
                raise NotFound("This person has no code")

    async def find(self, code: ReadCode) -> PresenceCode | None:
        """Whose code it is. Raises SignInBusy."""
        match code.method:
            case Method.PIN:
                terms = {"pin": await self._digest_of_pin(code.digits)}
            case Method.QR:
                terms = {"qr": digest_of(code.digits)}
            case Method.FACE | Method.CLIENT:
                return None
            case _:
                assert_never(code.method)
        rows = await self._store.select(PRESENCE_CODES, Selection(terms=terms, limit=1))
        return rows[0].value if rows else None

    async def _save_new(self, person_id: str, by: str) -> MadeCode:
        while True:
            pin, qr = self._new_digits(PIN_DIGITS), self._new_digits(QR_DIGITS)
            pin_digest = await self._digest_of_pin(pin)
            kept = PresenceCode(person_id, pin_digest, digest_of(qr), self._clock.now(), by)
            try:
                await self._store.save(PRESENCE_CODES, kept, ANY)
            except Taken:
                continue  # somebody has this PIN
            return MadeCode(pin, qr, kept)

    async def _digest_of_pin(self, pin: str) -> str:
        """Slow on purpose: whoever reads the store must not find eight digits by trying them all in a second."""
        return await self._passwords.digest(pin, salt=b"rollcall presence")

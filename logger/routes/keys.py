"""`/v1/keys`: the keys of programs, for administrators."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from logger.deps import KeyAdministrationDep, allowed, read_json
from logger.domain.accounts import Action, Actor
from logger.errors import Conflict, InvalidJson, NotFound, StoreUnavailable
from logger.store.base import StoredKey
from shared.contracts.base import Instant, Name, WireModel
from shared.security import Scope
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1/keys", tags=["accounts"])

Administrator = Annotated[Actor, allowed(Action.EDIT_KEYS)]

_ERRORS = problems(Unauthenticated, Forbidden, NotFound, Conflict, InvalidJson, StoreUnavailable)


class KeyView(WireModel):
    key_id: str
    label: str
    scopes: list[Scope]
    created_at: Instant
    revoked_at: Instant | None

    @classmethod
    def of(cls, stored: StoredKey) -> Self:
        return cls(
            key_id=stored.key.key_id,
            label=stored.key.label,
            scopes=sorted(stored.key.scopes),
            created_at=stored.created_at,
            revoked_at=stored.revoked_at,
        )


class Keys(WireModel):
    items: list[KeyView]


class NewKey(WireModel):
    label: Name
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]


class KeyWithSecret(WireModel):
    key_id: str
    secret: str  # shown this once


async def read_key(request: Request) -> NewKey:
    return await read_json(request, NewKey)


@router.get("", responses=_ERRORS)
async def list_keys(_: Administrator, keys: KeyAdministrationDep) -> Keys:
    return Keys(items=[KeyView.of(one) for one in await keys.list_keys()])


@router.post("", status_code=201, responses=_ERRORS)
async def add_key(
    actor: Administrator, given: Annotated[NewKey, Depends(read_key)], keys: KeyAdministrationDep
) -> KeyWithSecret:
    secret, key = await keys.add(given.scopes, given.label, by=actor.account_id)
    return KeyWithSecret(key_id=key.key_id, secret=secret)


@router.post("/{key_id}/rotation", status_code=201, responses=_ERRORS)
async def rotate_key(actor: Administrator, key_id: str, keys: KeyAdministrationDep) -> KeyWithSecret:
    """A key with the same scopes and label; both open until the first is revoked."""
    secret, key = await keys.rotate(key_id, by=actor.account_id)
    return KeyWithSecret(key_id=key.key_id, secret=secret)


@router.delete("/{key_id}", responses=_ERRORS)
async def revoke_key(actor: Administrator, key_id: str, keys: KeyAdministrationDep) -> KeyView:
    """Running services notice within seconds."""
    return KeyView.of(await keys.revoke(key_id, by=actor.account_id))

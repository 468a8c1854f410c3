"""Settings: the site, its rooms and cameras, its accounts, its programs' keys."""

from fastapi import APIRouter, Request, Response

from logger.domain.accounts import GRANTS, Role
from logger.errors import Conflict
from logger.routes.pages.forms import Form, FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.rights import EditsAccounts, EditsKeys, EditsRooms, EditsSettings
from logger.services.accounts import AccountFields
from logger.services.keys import KeyAdministration
from shared.security import Scope

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ROLES = (Role.TEACHER, Role.VIEWER, Role.ADMIN, Role.DEVICE)
_ANCHORS = {"rooms": "/settings#rooms", "accounts": "/settings#accounts", "keys": "/settings#keys"}


@router.get("/settings")
async def settings(request: Request, state: StateDep, _: EditsSettings) -> Response:
    keys, accounts = state.key_administration, await state.accounts.all()
    devices = [one.account_id for one in accounts if one.role is Role.DEVICE]
    return page(
        request,
        "settings.html",
        here="settings",
        rooms=await state.school.classes.rooms(),
        accounts=accounts,
        keys_of={account_id: await state.logins.of_account(account_id) for account_id in devices},
        roles=[(role.value, role.value.capitalize()) for role in ROLES],
        keys=[one for one in await keys.list_keys() if one.revoked_at is None] if keys else None,
        scopes=[scope for scope in Scope if GRANTS[scope]],  # the others are of the recognizer's own keys
        zone=state.pages.site.key,
        retention=state.school.retention.policy.sentences,
    )


@router.post("/settings/rooms")
async def save_room(state: StateDep, actor: EditsRooms, form: FormDep) -> Response:
    room = await state.school.classes.save_room(form.text("name"), form.words("sources"), by=actor.account_id)
    return go(_ANCHORS["rooms"], f"{room.name} is saved.")


@router.post("/settings/rooms/remove")
async def remove_room(state: StateDep, actor: EditsRooms, form: FormDep) -> Response:
    await state.school.classes.remove_room(form.text("name"), by=actor.account_id)
    return go(_ANCHORS["rooms"], "The room is removed.")


@router.post("/settings/accounts")
async def add_account(request: Request, state: StateDep, actor: EditsAccounts, form: FormDep) -> Response:
    role = Role(form.choice("role", list(ROLES)))
    fields = AccountFields(form.text("name"), role, room=form.text("room").strip() or None)
    made = await state.accounts.add(form.text("username"), fields, password=None, by=actor.account_id)
    return _secret(request, made.account.name, made.secret, "accounts")


@router.post("/settings/accounts/password")
async def renew_password(request: Request, state: StateDep, actor: EditsAccounts, form: FormDep) -> Response:
    made = await state.accounts.set_password(form.text("account_id"), None, by=actor.account_id)
    return _secret(request, made.account.name, made.secret, "accounts")


@router.post("/settings/accounts/active")
async def switch_account(state: StateDep, actor: EditsAccounts, form: FormDep) -> Response:
    known = await state.accounts.get(form.text("account_id"))
    fields = AccountFields(known.name, known.role, known.room, active=form.ticked("active"))
    await state.accounts.change(known.account_id, fields, by=actor.account_id)
    return go(_ANCHORS["accounts"], f"{known.name} {'may' if fields.active else 'may no longer'} sign in.")


@router.post("/settings/accounts/key")
async def add_device_key(request: Request, state: StateDep, actor: EditsAccounts, form: FormDep) -> Response:
    """A device's second, to be brought there before the first is withdrawn."""
    made = await state.accounts.add_device_key(form.text("account_id"), "another key", by=actor.account_id)
    return _secret(request, made.account.name, made.secret, "accounts")


@router.post("/settings/accounts/key/withdraw")
async def withdraw_device_key(state: StateDep, actor: EditsAccounts, form: FormDep) -> Response:
    await state.accounts.close_login(form.text("account_id"), form.text("login_id"), by=actor.account_id)
    return go(_ANCHORS["accounts"], "The key is withdrawn.")


@router.post("/settings/keys")
async def add_key(request: Request, state: StateDep, actor: EditsKeys, form: FormDep) -> Response:
    scopes = _scopes(form)
    secret, key = await _keys(state.key_administration).add(scopes, form.text("label"), by=actor.account_id)
    return _secret(request, key.label, secret, "keys")


@router.post("/settings/keys/rotate")
async def rotate_key(request: Request, state: StateDep, actor: EditsKeys, form: FormDep) -> Response:
    """The one before works on until it is revoked: the program is never without."""
    secret, key = await _keys(state.key_administration).rotate(form.text("key_id"), by=actor.account_id)
    return _secret(request, key.label, secret, "keys")


@router.post("/settings/keys/revoke")
async def revoke_key(state: StateDep, actor: EditsKeys, form: FormDep) -> Response:
    await _keys(state.key_administration).revoke(form.text("key_id"), by=actor.account_id)
    return go(_ANCHORS["keys"], "The key is revoked.")


def _keys(keys: KeyAdministration | None) -> KeyAdministration:
    if keys is None:
        raise Conflict("The keys of this site are those of LOGGER_API_KEYS.")
    return keys


def _scopes(form: Form) -> list[Scope]:
    return [scope for scope in Scope if scope.value in form.texts("scopes")]


def _secret(request: Request, name: str, secret: str | None, where: str) -> Response:
    """Shown on the answer itself: it must be in no address, no cookie and no history."""
    return page(request, "secret.html", here="settings", name=name, secret=secret, back=_ANCHORS[where])

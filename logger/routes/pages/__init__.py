"""The pages of teachers and administrators, made here on the server."""

from fastapi import APIRouter

from logger.routes.pages import (
    account,
    audit,
    calendars,
    classes,
    days,
    people,
    presence,
    reports,
    schedule,
    sessions,
    settings,
    sign_in,
    static,
    today,
)

PARTS = (
    static,
    sign_in,
    today,
    sessions,
    people,
    presence,
    classes,
    schedule,
    calendars,
    reports,
    days,
    audit,
    settings,
    account,
)
router = APIRouter()
for part in PARTS:
    router.include_router(part.router)

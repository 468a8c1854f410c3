"""The pages of teachers and administrators, made here on the server."""

from fastapi import APIRouter

from logger.routes.pages import (
    account,
    audit,
    classes,
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

router = APIRouter()
for part in (static, sign_in, today, sessions, people, presence, classes, schedule, reports, audit, settings, account):
    router.include_router(part.router)

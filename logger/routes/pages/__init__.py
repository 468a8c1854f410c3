"""The pages of teachers and administrators, made here on the server."""

from fastapi import APIRouter

from logger.routes.pages import static

router = APIRouter()
for part in (static,):
    router.include_router(part.router)

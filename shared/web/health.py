"""`/healthz`: the process answers. `/readyz`: everything it needs answers too."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from shared.contracts.health import Health, ReadyReport
from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)

CHECK_TIMEOUT_S = 2.0


class NotReady(Exception):
    """Raised by a check; the sentence is shown at `/readyz`."""


Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Readiness:
    checks: Mapping[str, Check]
    info: Callable[[], dict[str, str]] = dict

    async def report(self) -> ReadyReport:
        words = await asyncio.gather(*(_ask(check) for check in self.checks.values()))
        return ReadyReport(
            ready=all(word == "ok" for word in words),
            checks=dict(zip(self.checks, words, strict=True)),
            info=self.info(),
        )


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except (NotReady, ServiceError) as error:
        return str(error)
    except TimeoutError:
        return "does not answer"
    except Exception as error:
        log.exception("readiness check broke", exc_info=error)
        return "check failed"
    return "ok"


def health_router() -> APIRouter:
    """Needs `readiness` in the application's lifespan state."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get("/readyz", responses={503: {"model": ReadyReport}})
    async def readyz(request: Request, response: Response) -> ReadyReport:
        readiness: Readiness = request.state.readiness
        report = await readiness.report()
        if not report.ready:
            response.status_code = 503
            response.headers["Retry-After"] = "2"
        return report

    return router

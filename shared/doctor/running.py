"""The service as it runs at the moment, asked over its own port."""

from collections.abc import Iterator

import httpx
from pydantic import ValidationError

from shared.contracts.health import ReadyReport
from shared.doctor.findings import Finding, fault, ok, warning

TIMEOUT_S = 5.0


async def readiness(client: httpx.AsyncClient, package: str) -> list[Finding]:
    """`client` has the service's address."""
    try:
        answer = await client.get("/readyz")
        report = ReadyReport.model_validate_json(answer.content)
    except httpx.HTTPError:
        what = f"no {package} answers at {client.base_url}"
        return [warning("service", what, f"start it, if it is meant to run: python -m {package} serve")]
    except ValidationError:
        what = f"another program answers at {client.base_url}"
        return [fault("service", what, f"stop it, or choose another port with {package.upper()}_PORT")]
    return list(_judged(report)) or [ok("service", f"ready: {', '.join(report.checks)}")]


def _judged(report: ReadyReport) -> Iterator[Finding]:
    for name, word in report.checks.items():
        if word != "ok":
            yield fault("service", f"not ready, {name}: {word}", "its log says more; if it does not pass, restart it")

"""What `/healthz` and `/readyz` of both services answer."""

from shared.contracts.base import WireModel


class Health(WireModel):
    status: str = "ok"


class ReadyReport(WireModel):
    ready: bool
    checks: dict[str, str]  # "ok", or what is wrong
    info: dict[str, str]

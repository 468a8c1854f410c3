"""The frame that both services are built in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from shared.web.errors import install_error_handlers
from shared.web.health import health_router
from shared.web.hosts import HostRule, Hosts
from shared.web.limits import KeyOf, RateLimits, Rates
from shared.web.metrics import HttpMetrics, metrics_router
from shared.web.middleware import BodyLimit, BodyLimits, RequestContext

CORS_HEADERS = ("Content-Type", "Authorization", "X-API-Key", "Idempotency-Key", "ngrok-skip-browser-warning")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]  # yields the typed state, with `readiness`


def build_app(
    *,
    title: str,
    description: str,
    version: str,
    lifespan: Lifespan,
    registry: CollectorRegistry,
    cors_origins: Sequence[str],
    max_body_bytes: int,
    body_timeout_s: float,
    body_limits: Mapping[str, BodyLimit] | None = None,
    rates: Rates,
    key_of: KeyOf,
    hosts: HostRule,
) -> FastAPI:
    """Errors as problem+json, request ids, CORS, whose name it is, rate and body limits, `/healthz`, `/readyz`,
    `/metrics`, offline `/docs`."""
    app: FastAPI = FastAPIOffline(
        title=title,
        description=description,
        version=version,
        lifespan=lifespan,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=list(cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=list(CORS_HEADERS),
                expose_headers=["X-Request-ID", "Retry-After"],
                max_age=600,
            ),
            Middleware(RequestContext, metrics=HttpMetrics(registry)),
            Middleware(Hosts, rule=hosts),
            Middleware(RateLimits, rates=rates, key_of=key_of),
            Middleware(BodyLimits, max_bytes=max_body_bytes, timeout_s=body_timeout_s, under=body_limits),
        ],
    )
    install_error_handlers(app)
    app.include_router(health_router())
    app.include_router(metrics_router(registry))
    return app

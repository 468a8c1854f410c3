"""Prometheus metrics, in a registry of each application's own, so that several can live in one process."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class HttpMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "http_requests_total", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self.duration_s = Histogram(
            "http_request_duration_seconds", "Time to answer", ("route",), buckets=LATENCY_BUCKETS_S, registry=registry
        )

    def observe(self, *, method: str, route: str, status: int, duration_s: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.duration_s.labels(route).observe(duration_s)


def live_gauge(registry: CollectorRegistry, name: str, help_text: str, read: Callable[[], float]) -> None:
    """A gauge that is read when it is asked for."""
    Gauge(name, help_text, registry=registry).set_function(read)


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["operation"])

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:  # not async: gauges may read a file
        """Prometheus text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router

"""What the logger counts beside its requests."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.contracts.events import Outcome
from shared.web.metrics import LATENCY_BUCKETS_S


class LoggerMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("logger_events_total", "Events by what became of them", ("outcome",), registry=registry)
        for outcome in Outcome:
            self.events.labels(outcome.value)  # so that each is there, at zero, from the start
        self.commit_s = Histogram(
            "logger_commit_seconds",
            "Time until a delivery was durable",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.store_up = Gauge("logger_store_up", "1 when the store last answered, else 0", registry=registry)

"""What the recognizer measures of itself."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram

from recognizer.gallery.watcher import GalleryHolder
from recognizer.outbox import Outbox
from shared.contracts.recognition import DecisionKind
from shared.web.metrics import LATENCY_BUCKETS_S, live_gauge


class RecognitionMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._decisions = Counter("recognizer_decisions_total", "Frames by decision", ("decision",), registry=registry)
        self._steps_s = Histogram(
            "recognizer_step_seconds",
            "Time by step of a frame",
            ("step",),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )

        self._live_frames = Counter(
            "recognizer_live_frames_total",
            "Frames of live connections by what became of them",
            ("fate",),
            registry=registry,
        )

        self._tallies_dropped = Counter(
            "recognizer_tallies_dropped_total",
            "Sightings of faces without a name that the logger was not told of",
            registry=registry,
        )

    def drop_tallies(self, sightings: int) -> None:
        self._tallies_dropped.inc(sightings)

    def observe_live(self, fate: str, frames: int) -> None:
        self._live_frames.labels(fate).inc(frames)

    def watch_live(self, connections: Callable[[], int]) -> None:
        live_gauge(self._registry, "recognizer_live_connections", "Cameras that are live", connections)

    def observe(self, decision: DecisionKind, timings_ms: dict[str, float]) -> None:
        self._decisions.labels(decision).inc()
        for step, ms in timings_ms.items():
            self._steps_s.labels(step).observe(ms / 1e3)

    def watch(self, outbox: Outbox, holder: GalleryHolder) -> None:
        live_gauge(
            self._registry, "recognizer_people", "People who can be recognized", lambda: len(holder.current.people)
        )
        live_gauge(
            self._registry,
            "recognizer_outbox_pending",
            "Events not yet delivered",
            lambda: outbox.read_counts().pending,
        )
        live_gauge(
            self._registry, "recognizer_outbox_dead", "Events the logger refused", lambda: outbox.read_counts().dead
        )

"""When the service is ready, and what it says of itself then."""

from collections.abc import Awaitable, Callable
from functools import partial

from recognizer.enrolment.service import EnrolmentService
from recognizer.gallery.watcher import GalleryHolder
from recognizer.opening.delivery import Delivery
from recognizer.opening.gallery import OpenGallery
from recognizer.service import RecognitionService
from shared.web.health import NotReady, Readiness


def readiness_of(
    service: RecognitionService, gallery: OpenGallery, delivery: Delivery, enrolment: EnrolmentService
) -> Readiness:
    checks = {
        "gallery": _while(gallery.watcher.healthy, "the dataset is not watched any more"),
        "outbox": delivery.outbox.check,
        "delivery": _while(delivery.publisher.healthy, "deliveries have stopped"),
        "tallies": _while(delivery.tally_sender.healthy, "faces without a name are not told of any more"),
        "profiles": _while(enrolment.healthy, "the logger is not told of enrolled people any more"),
        "engine": service.check,
    }
    return Readiness(checks, partial(_described, service, gallery.holder))


def _while(healthy: Callable[[], bool], otherwise: str) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not healthy():
            raise NotReady(otherwise)

    return check


def _described(service: RecognitionService, holder: GalleryHolder) -> dict[str, str]:
    return {
        "engine": service.engine,
        "gallery": holder.current.fingerprint,
        "people": str(len(holder.current.people)),
        "photos_not_used": str(len(holder.report.unused)),
        "threshold": str(service.policy.threshold),
        "margin": str(service.policy.margin),
        "threshold_from": service.threshold_from,
    }

"""What the settings alone show. Pure."""

from collections.abc import Iterator

from recognizer.settings import RecognizerSettings
from shared.contracts.live import LivenessMode
from shared.doctor.findings import Finding, fault, ok, warning
from shared.doctor.network import browsers, is_local, limits, line_to


def by_settings(settings: RecognizerSettings) -> Iterator[Finding]:
    yield _callers(settings)
    if settings.compat_open:
        yield _open_enrolment(settings)
    yield browsers(settings.cors_origins, "RECOGNIZER_CORS_ORIGINS")
    yield limits(settings.host, settings.rate_per_s, "RECOGNIZER_RATE_PER_S")
    yield from line_to("logger", settings.logger_url, "RECOGNIZER_LOGGER_URL")
    yield _photographs(settings)
    if settings.consent == "off":
        yield warning(
            "consent",
            "people are enrolled without asking the logger whether they agreed",
            "set RECOGNIZER_CONSENT to ask or require",
        )


def _callers(settings: RecognizerSettings) -> Finding:
    if settings.auth == "key":
        return ok("callers", "recognition needs a key")
    if is_local(settings.host):
        return ok("callers", "recognition needs no key, and only this machine reaches it")
    return warning(
        "callers",
        f"it listens on {settings.host}, and whoever reaches it may ask whom a photo shows",
        "set RECOGNIZER_AUTH=key, or let only your own cameras reach it, over https: browsers lend no camera to http",
    )


def _open_enrolment(settings: RecognizerSettings) -> Finding:
    what = "RECOGNIZER_COMPAT_OPEN lets whoever reaches it enrol people and read their contacts and photos"
    if is_local(settings.host):
        return warning("enrolment", what, "unset it once every client has a key")
    return fault("enrolment", what, "unset it and give the clients a key")


def _photographs(settings: RecognizerSettings) -> Finding:
    if settings.liveness is LivenessMode.OFF:
        return warning(
            "liveness",
            "a photograph held before the camera counts as the person",
            "set RECOGNIZER_LIVENESS to passive or challenge where nobody watches; see docs/liveness.md",
        )
    return ok("liveness", f"{settings.liveness}")

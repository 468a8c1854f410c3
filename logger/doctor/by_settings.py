"""What the settings alone show. Pure."""

from collections.abc import Iterator

from logger.settings import LoggerSettings
from shared.doctor.findings import Finding, fault, ok, warning
from shared.doctor.network import browsers, is_local, limits, line_to


def by_settings(settings: LoggerSettings) -> Iterator[Finding]:
    yield _listening(settings)
    yield browsers(settings.cors_origins, "LOGGER_CORS_ORIGINS")
    yield limits(settings.host, settings.rate_per_s, "LOGGER_RATE_PER_S")
    yield _time_zone(settings)
    yield _word_of_browsers(settings)
    yield _retention(settings)
    if settings.recognizer_url is not None:
        yield from line_to("erasure", str(settings.recognizer_url), "LOGGER_RECOGNIZER_URL")


def _listening(settings: LoggerSettings) -> Finding:
    if is_local(settings.host):
        return ok("callers", "only this machine reaches it")
    return warning(
        "callers",
        f"it listens on {settings.host} in plain http: whoever is on the way can read passwords and names",
        "let a proxy with https stand before it, and nobody else reach it",
    )


def _time_zone(settings: LoggerSettings) -> Finding:
    if "timezone" in settings.model_fields_set:
        return ok("time zone", f"a day ends at midnight of {settings.timezone}")
    what = f"a day ends at midnight of {settings.timezone}, which is this machine's zone and not a setting"
    return warning("time zone", what, "set LOGGER_TIMEZONE to the site's, such as Asia/Kolkata")


def _word_of_browsers(settings: LoggerSettings) -> Finding:
    if settings.mark_attendance == "verify":
        return ok("marking", "a browser's word counts where the recognizer saw the person too")
    what = "LOGGER_MARK_ATTENDANCE=trusted: whoever reaches it may mark anybody present, without a key"
    say = warning if is_local(settings.host) else fault
    return say("marking", what, "set it to verify")


def _retention(settings: LoggerSettings) -> Finding:
    if settings.keep_days is None:
        return warning("retention", "attendance is kept for ever", "set LOGGER_KEEP_DAYS as your rules have it")
    return ok("retention", f"attendance is kept for {settings.keep_days} days")

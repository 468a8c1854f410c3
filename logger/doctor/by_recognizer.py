"""The recognizer, asked as an erasure would ask it, for nothing."""

from pathlib import Path

import httpx

from logger.settings import LoggerSettings
from shared.doctor.findings import Finding, fault, ok, warning

TIMEOUT_S = 5.0
KEY_FILE = Path("var/keys/enrolment.key")  # where `make run` keeps it


async def by_recognizer(settings: LoggerSettings, transport: httpx.AsyncBaseTransport | None = None) -> list[Finding]:
    if settings.recognizer_url is None:
        return [_not_joined()]
    key = settings.recognizer_key
    headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
    url = str(settings.recognizer_url)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_S, transport=transport) as client:
        try:
            answer = await client.get("/people?limit=1")
        except httpx.HTTPError:
            what = f"{url} does not answer: photos of who is erased stay there until they are erased again"
            return [warning("erasure", what, "start the recognizer, or correct LOGGER_RECOGNIZER_URL")]
    if answer.is_success:
        return [ok("erasure", "the recognizer takes the key with which photos are removed")]
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        fix = "give LOGGER_RECOGNIZER_KEY what RECOGNIZER_ENROLL_KEY has"
        return [fault("erasure", "the recognizer does not take the key: photos of who is erased stay there", fix)]
    fix = "`python -m recognizer doctor` there says more"
    return [warning("erasure", f"the recognizer answers {answer.status_code}", fix)]


def _not_joined() -> Finding:
    if KEY_FILE.exists():
        return ok("erasure", "`make run` gives the logger it starts the recognizer's address and key")
    what = "who is erased here keeps their photos in the recognizer's dataset"
    return warning("erasure", what, "set LOGGER_RECOGNIZER_URL and LOGGER_RECOGNIZER_KEY")

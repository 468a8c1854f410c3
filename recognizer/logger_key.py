"""The key with which the recognizer posts to the logger."""

from collections.abc import Generator
from pathlib import Path

import httpx

from shared.logs import get_logger
from shared.security import read_secret_file

log = get_logger(__name__)


class LoggerKey(httpx.Auth):
    """From a setting, or from a file that is read again at each delivery, so that a key can be rotated."""

    def __init__(self, secret: str | None, file: Path | None) -> None:
        self._secret = secret
        self._file = file

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        secret = self._secret or self._from_file()
        if secret:
            request.headers["Authorization"] = f"Bearer {secret}"
        yield request

    def _from_file(self) -> str | None:
        if self._file is None:
            return None
        try:
            return read_secret_file(self._file)
        except OSError as error:
            log.warning("the logger's key cannot be read", reason=error.strerror)
            return None

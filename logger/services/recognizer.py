"""What the logger asks of the recognizer: to remove the photos and templates of a person."""

from typing import Protocol
from urllib.parse import quote

import httpx

from logger.domain.erasure import Photos, PhotosAnswer

TIMEOUT_S = 30.0
NO_SUCH_PERSON = "no_such_person"  # the code of the recognizer's 404; another 404 may be of a proxy's


class PhotoKeeper(Protocol):
    async def remove(self, person_id: str) -> PhotosAnswer:
        """Never raises for a keeper that is away: that is an answer."""
        ...


class NoPhotoKeeper:
    async def remove(self, person_id: str) -> PhotosAnswer:  # noqa: ARG002 - the Protocol's
        return PhotosAnswer(
            Photos.NOT_ASKED, "LOGGER_RECOGNIZER_URL is not set: remove the person's folder from the dataset by hand"
        )


class RecognizerPhotos:
    """Implements PhotoKeeper by `DELETE /people/{id}`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` has the recognizer's address and, where one is needed, its key."""
        self._client = client

    async def remove(self, person_id: str) -> PhotosAnswer:
        try:
            answer = await self._client.delete(f"/people/{quote(person_id, safe='')}")
        except httpx.HTTPError:
            return PhotosAnswer(Photos.FAILED, "The recognizer did not answer; erase the person again later")
        if answer.is_success:
            return PhotosAnswer(Photos.REMOVED, "The recognizer removed photos and templates")
        if answer.status_code == httpx.codes.NOT_FOUND and _code(answer) == NO_SUCH_PERSON:
            return PhotosAnswer(Photos.NOT_THERE, "The recognizer has no photos of this person")
        return PhotosAnswer(
            Photos.FAILED, f"The recognizer answered {answer.status_code}; erase the person again later"
        )


def _code(answer: httpx.Response) -> object:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None

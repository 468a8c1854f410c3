"""What the recognizer answers about photos, and what the receipt then says."""

from collections.abc import Callable

import httpx
import pytest

from logger.domain.erasure import Photos
from logger.services.recognizer import NO_SUCH_PERSON, NoPhotoKeeper, RecognizerPhotos

Answer = Callable[[httpx.Request], httpx.Response]


def keeper(answer: Answer) -> RecognizerPhotos:
    return RecognizerPhotos(httpx.AsyncClient(base_url="http://recognizer", transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize(
    ("answer", "photos"),
    [
        (httpx.Response(200, json={}), Photos.REMOVED),
        (httpx.Response(204), Photos.REMOVED),
        (httpx.Response(404, json={"code": NO_SUCH_PERSON}), Photos.NOT_THERE),
        (httpx.Response(404, json={"code": "not_found"}), Photos.FAILED),
        (httpx.Response(404, text="<h1>proxy</h1>"), Photos.FAILED),
        (httpx.Response(404, json=["x"]), Photos.FAILED),
        (httpx.Response(403), Photos.FAILED),
        (httpx.Response(500), Photos.FAILED),
    ],
)
async def test_only_the_recognizers_own_word_counts(answer: httpx.Response, photos: Photos) -> None:
    assert (await keeper(lambda _: answer).remove("101")).photos is photos


async def test_a_number_with_a_slash_is_one_name() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200)

    await keeper(answer).remove("2021/CS/1")
    assert asked == [b"/people/2021%2FCS%2F1"]


async def test_a_recognizer_that_is_away_is_an_answer() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    assert (await keeper(fail).remove("101")).photos is Photos.FAILED


async def test_without_a_recognizer_the_receipt_says_what_to_do() -> None:
    answer = await NoPhotoKeeper().remove("101")
    assert answer.photos is Photos.NOT_ASKED
    assert "LOGGER_RECOGNIZER_URL" in answer.detail

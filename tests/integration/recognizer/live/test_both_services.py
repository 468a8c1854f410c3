"""From a camera to the attendance table: both services in this process, real faces, a real engine and a real store."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from pydantic import SecretStr

from logger.app import create_app as create_logger
from logger.settings import LoggerSettings
from recognizer.app import create_app as create_recognizer
from recognizer.settings import RecognizerSettings

WRITER, READER = "w" * 40, "r" * 40

Serve = Callable[[FastAPI, RecognizerSettings], AbstractAsyncContextManager[Any]]


async def test_a_camera_sees_a_stranger_and_then_a_person_who_is_marked_present_once(  # noqa: PLR0917
    make_settings: Callable[..., RecognizerSettings],
    real_engine: dict[str, object],
    demo_dataset: Path,
    serve_app: Serve,
    photos: Any,
    jpeg: Callable[[Any], bytes],
    tmp_path: Path,
) -> None:
    logger = create_logger(
        LoggerSettings(
            store_url=SecretStr(f"sqlite:///{tmp_path}/attendance.db"),
            timezone="Europe/Berlin",
            api_keys=SecretStr(f"events:write={WRITER}, attendance:read={READER}"),
        )
    )
    settings = make_settings(port=0, dataset_dir=demo_dataset, logger_key=WRITER, confirm_window_s=60, **real_engine)
    async with LifespanManager(logger) as running:
        to_logger = httpx.ASGITransport(running.app)
        recognizer = create_recognizer(settings, logger_transport=to_logger)
        async with serve_app(recognizer, settings) as place, place.camera("?source=door") as camera:
            strange = [await camera.show(jpeg(photos.collins)) for _ in range(4)]
            known = [await camera.show(jpeg(photos.hopper_again)) for _ in range(8)]
        async with httpx.AsyncClient(transport=to_logger, base_url="http://logger") as teacher:
            items = (await teacher.get("/v1/attendance", headers={"X-API-Key": READER})).json()["items"]

    assert {each["decision"] for each in strange} == {"unknown"}
    assert {each["attendance"] for each in strange} == {None}
    recorded = [each for each in known if each["attendance"] is not None]
    assert recorded[0]["confirmation"]["person"] == "Grace Hopper demo1"
    assert recorded[0]["attendance"]["outcome"] == "recorded"
    assert {each["attendance"]["event_id"] for each in recorded} == {recorded[0]["attendance"]["event_id"]}
    [record] = items
    assert (record["person_id"], record["status"], record["events"]) == ("demo1", "present", 1)

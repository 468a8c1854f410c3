"""Cameras that send faster than they are answered, and cameras that do not read."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

Draw = Callable[..., bytes]
Serving = Callable[..., AbstractAsyncContextManager[Any]]
MANY = 30


async def answers_until(camera: Any, seq: int) -> list[dict[str, Any]]:
    said = [await camera.next()]
    while said[-1]["seq"] < seq:
        said.append(await camera.next())
    return said


def accounted(said: list[dict[str, Any]]) -> int:
    """Frames that were answered, and frames that an answer says were passed over."""
    return sum(1 + int(each["dropped"]) for each in said)


async def test_of_a_rush_the_newest_frame_is_answered_and_the_others_are_counted(serving: Serving, draw: Draw) -> None:
    async with serving(live_fps=2) as place, place.camera() as camera:
        stranger = draw("Mallory")
        for _ in range(MANY - 1):
            await camera.connection.send(stranger)
        await camera.connection.send(draw("Alice_101"))
        said = await answers_until(camera, MANY)

        assert len(said) < MANY
        assert accounted(said) == MANY
        assert [each["seq"] for each in said] == sorted({each["seq"] for each in said})
        assert said[-1]["faces"][0]["person"] == "Alice 101"

        after = await camera.show(draw("Bob_102"))
        assert (after["seq"], after["dropped"], after["faces"][0]["person"]) == (MANY + 1, 0, "Bob 102")


async def test_a_camera_that_does_not_read_keeps_nobody_else_waiting(place: Any, draw: Draw) -> None:
    async with place.camera(max_queue=1) as idle, place.camera() as keen:
        alice = draw("Alice_101")
        for _ in range(MANY):
            await idle.connection.send(alice)
        said = [await keen.show(draw("Bob_102")) for _ in range(3)]
        assert [each["seq"] for each in said] == [1, 2, 3]
        assert said[-1]["attendance"]["outcome"] == "recorded"

        late = await answers_until(idle, MANY)
        assert accounted(late) == MANY
        assert {each["faces"][0]["person"] for each in late} == {"Alice 101"}

"""What a live camera without a key is told, and what becomes of a recording that is played to it twice."""

from typing import Any

import pytest

KEY = "rollcall_" + "n" * 43


@pytest.mark.parametrize(("headers", "knows"), [({}, False), ({"X-API-Key": KEY}, True)])
async def test_distances_are_for_cameras_with_a_key(
    serving: Any, draw: Any, headers: dict[str, str], knows: bool
) -> None:
    async with serving(distances="keys", enroll_key=KEY) as place, place.camera(additional_headers=headers) as camera:
        [face] = (await camera.show(draw("Alice_101")))["faces"]
        assert face["person"] == "Alice 101"
        assert (face["distance"] is not None, face["similarity"] is not None) == (knows, knows)


async def test_a_recording_that_is_played_again_is_recorded_once(serving: Any, draw: Any, scripted_logger: Any) -> None:
    picture = draw("Alice_101")
    notes = []
    async with serving(replay_window_s=600, confirm_frames=1) as place:
        for _ in range(2):
            async with place.camera() as camera:
                notes.append((await camera.show(picture))["attendance"])
    assert notes[1] == {**notes[0], "replay": True}
    assert scripted_logger.people == ["101"]

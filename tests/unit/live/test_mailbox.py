import asyncio

from recognizer.live.mailbox import Mailbox, Taken


async def test_the_newest_item_wins_and_the_others_are_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for item in (1, 2, 3):
        box.put(item)
    assert await box.take() == Taken(3, dropped=2)
    box.put(4)
    assert await box.take() == Taken(4, dropped=0)


async def test_whoever_waits_gets_the_next_item() -> None:
    box: Mailbox[str] = Mailbox()
    waiting = asyncio.create_task(box.take())
    await asyncio.sleep(0)  # until it waits
    box.put("frame")
    assert await waiting == Taken("frame", dropped=0)


async def test_an_item_is_taken_once() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("frame")
    await box.take()
    again = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    assert not again.done()
    box.close()
    assert await again is None


async def test_a_closed_box_gives_nothing_away() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("frame")
    box.close()
    assert await box.take() is None

"""Finish first what is begun: order, failures, cancelled work, the end."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from recognizer.threads import OrderedThreads

WAIT_S = 10


class Hold:
    """Keeps a thread busy until it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._released = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self._released.wait(WAIT_S)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def threads() -> Iterator[OrderedThreads]:
    with OrderedThreads(1, "test") as opened:
        yield opened


def test_what_is_ahead_goes_before_what_came_earlier(threads: OrderedThreads) -> None:
    order: list[str] = []
    hold = Hold()
    threads.submit(hold)
    assert hold.begun.wait(WAIT_S)
    last = threads.submit(order.append, "detect b")
    threads.ahead.submit(order.append, "embed a")
    threads.ahead.submit(order.append, "embed c")
    hold.release()
    last.result(WAIT_S)
    assert order == ["embed a", "embed c", "detect b"]


def test_work_in_turn_keeps_its_order(threads: OrderedThreads) -> None:
    order: list[int] = []
    futures = [threads.submit(order.append, number) for number in range(100)]
    futures[-1].result(WAIT_S)
    assert order == list(range(100))


def test_as_many_run_at_once_as_there_are_threads() -> None:
    meeting = threading.Barrier(3)
    with OrderedThreads(3, "test") as threads:
        futures = [threads.submit(meeting.wait, WAIT_S) for _ in range(3)]
        assert sorted(future.result(WAIT_S) for future in futures) == [0, 1, 2]


def test_a_failure_is_its_callers_and_the_thread_goes_on(threads: OrderedThreads) -> None:
    failed: Future[float] = threads.submit(lambda: 1 / 0)
    assert threads.submit(sum, [1, 2]).result(WAIT_S) == 3
    with pytest.raises(ZeroDivisionError):
        failed.result(WAIT_S)


def test_what_was_cancelled_while_it_waited_does_not_run(threads: OrderedThreads) -> None:
    ran: list[int] = []
    hold = Hold()
    threads.submit(hold)
    assert hold.begun.wait(WAIT_S)
    waiting = threads.submit(ran.append, 1)
    assert waiting.cancel()
    hold.release()
    threads.submit(ran.append, 2).result(WAIT_S)
    assert ran == [2]


def test_what_was_submitted_before_the_end_is_finished_and_nothing_after_it_is_taken() -> None:
    threads = OrderedThreads(1, "test")
    done = [threads.submit(sum, [number]) for number in range(20)]
    threads.shutdown()
    assert [future.result(0) for future in done] == list(range(20))
    for executor in (threads, threads.ahead):
        with pytest.raises(RuntimeError, match="shut down"):
            executor.submit(sum, [1])
    threads.shutdown()  # twice is once

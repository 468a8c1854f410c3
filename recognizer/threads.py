"""Threads that finish what is begun before they begin anything else."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from itertools import count
from queue import PriorityQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_AHEAD, _IN_TURN, _LAST = range(3)


class OrderedThreads(Executor):
    """An executor whose work runs in turn, and ahead of it what is submitted to `ahead`.

    A frame needs its detector first and its embedding afterwards. In one queue, the embedding of a frame that is nearly
    done waits behind the detector for everybody who came meanwhile, and in a rush all of them are answered at its end;
    decision 6 has the figures. Work that is ahead keeps its own order. `shutdown` lets what was submitted finish.
    """

    def __init__(self, threads: int, name: str) -> None:
        self.ahead: Executor = _Ahead(self)
        self._queue: PriorityQueue[tuple[int, int, Callable[[], None] | None]] = PriorityQueue()
        self._numbers = count()
        self._lock = threading.Lock()
        self._closed = False
        # Daemons, because a model that hangs must not keep the process from ending.
        self._threads = [threading.Thread(target=self._work, name=f"{name}_{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises RuntimeError after `shutdown`."""
        return self._put(_IN_TURN, fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - nothing is dropped
        with self._lock:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._queue.put((_LAST, next(self._numbers), None))
        if wait:
            for thread in self._threads:
                thread.join()

    def _put(self, turn: int, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._closed:
                raise RuntimeError("the threads are shut down")
            self._queue.put((turn, next(self._numbers), run))
        return future

    def _work(self) -> None:
        while (run := self._queue.get()[2]) is not None:
            run()
            del run  # and with it the frame, which must not stay until the next one comes


class _Ahead(Executor):
    def __init__(self, threads: OrderedThreads) -> None:
        self._threads = threads

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads._put(_AHEAD, fn, *args, **kwargs)  # noqa: SLF001 - one thing in two classes

    def shutdown(self, wait: bool = True, **_: Any) -> None:
        """The threads are not ours to end."""

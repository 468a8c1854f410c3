"""Threads that finish what is begun before they begin anything else."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Run: TypeAlias = Callable[[], None]


class OrderedThreads(Executor):
    """An executor whose work runs in turn, and ahead of it what is submitted to `ahead`.

    A frame needs its detector first and its embedding afterwards. In one queue, the embedding of a frame that is nearly
    done waits behind the detector for everybody who came meanwhile, and in a rush all of them are answered at its end;
    decision 6 has the figures. Work that is ahead keeps its own order. `shutdown` lets what was submitted finish.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._before: deque[Run] = deque()
        self._in_turn: deque[Run] = deque()
        self.ahead: Executor = _Ahead(self, self._before)
        # A token for each piece of work, and in the end one False for each thread. Threads wait in this queue, which is
        # C: PriorityQueue wakes them through locks in Python, and 4 and 16 clients waited 2 and 9 % longer.
        self._tokens: SimpleQueue[bool] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        # Daemons, because a model that hangs must not keep the process from ending.
        self._threads = [threading.Thread(target=self._work, name=f"{name}_{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises RuntimeError after `shutdown`."""
        return self._put(self._in_turn, fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - nothing is dropped
        with self._lock:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._tokens.put(False)
        if wait:
            for thread in self._threads:
                thread.join()

    def _put(self, waiting: deque[Run], fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
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
            waiting.append(run)
            self._tokens.put(True)
        return future

    def _work(self) -> None:
        while self._tokens.get():
            self._next()()

    def _next(self) -> Run:
        """There is one for each token, though another thread may be the quicker."""
        while True:
            for waiting in (self._before, self._in_turn):
                with suppress(IndexError):
                    return waiting.popleft()


class _Ahead(Executor):
    def __init__(self, threads: OrderedThreads, waiting: deque[Run]) -> None:
        self._threads = threads
        self._waiting = waiting

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads._put(self._waiting, fn, *args, **kwargs)  # noqa: SLF001 - one thing in two classes

    def shutdown(self, wait: bool = True, **_: Any) -> None:
        """The threads are not ours to end."""

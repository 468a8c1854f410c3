"""The tables, asked from the first route to the last."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fastapi import FastAPI

from shared.security import Scope
from tests.bad_input import logger_table, recognizer_table
from tests.bad_input.asking import CLEAR, Bad, Tally
from tests.bad_input.routes import path_parameters, query_parameters, routes_of
from tests.bad_input.scene import KEYS, Scene, bearer
from tests.bad_input.texts import heads, paths, queries, without_a_key

PAGES_OF_RECOGNIZER = frozenset({"POST /create-student"})


async def ask_recognizer(scene: Scene, *, one_in: int = 1, only: Iterable[str] | None = None) -> Tally:
    """`one_in`: of the inputs whose answer need only be clear, so many are left out but for one; none of the others."""
    tally, routes = Tally(), routes_of(scene.recognizer_app)
    asker = replace(scene.asker_of_recognizer(), pages=PAGES_OF_RECOGNIZER)
    for name in only or recognizer_table.TABLE:
        inputs = [*_of_any(name, routes[name]), *recognizer_table.TABLE[name]()]
        if name in recognizer_table.SOCKETS:
            inputs = []
        if name in recognizer_table.NEEDS_KEY:
            inputs += _without_the_right_key()
        await asker.ask_all(name, _some(inputs, one_in), tally, recognizer_table.PATH)
    return tally


async def ask_logger(scene: Scene, *, one_in: int = 1, only: Iterable[str] | None = None) -> Tally:
    tally, routes = Tally(), routes_of(scene.logger_app)
    pages = _pages(scene.logger_app)
    for name in only or logger_table.TABLE:
        reads = logger_table.TABLE[name]
        inputs = [] if isinstance(reads, logger_table.Endless) else [*_of_any(name, routes[name]), *reads.inputs()]
        if name not in logger_table.PUBLIC:
            sent_to_sign_in = {303} if name in pages else set()
            inputs += without_a_key(expected={401, *sent_to_sign_in})
        asker = replace(await scene.asker_of_logger(), pages=pages, guarded=logger_table.GUARDED)
        if isinstance(reads, logger_table.Batch):  # the recognizer's, whose key alone may send it
            asker = replace(asker, key=bearer(KEYS[Scope.EVENTS_WRITE]))
        await asker.ask_all(name, _some(inputs, one_in), tally, logger_table.PATH)
    return tally


def _some(inputs: Iterable[Bad], one_in: int) -> Iterator[Bad]:
    for place, bad in enumerate(inputs):
        if bad.expected is not CLEAR or place % one_in == 0:
            yield bad


def _of_any(name: str, route: object) -> Iterator[Bad]:
    yield from heads()
    yield from paths(path_parameters(name))
    yield from queries(query_parameters(route))


def _without_the_right_key() -> Iterator[Bad]:
    yield from without_a_key()
    scopes: Mapping[str, str] = {scope.value: secret for scope, secret in KEYS.items() if scope != "enroll"}
    for scope, secret in scopes.items():
        yield Bad(f"a key for {scope}", headers={"Authorization": f"Bearer {secret}"}, expected=(401, 403))


def _pages(app: FastAPI) -> frozenset[str]:
    """Made for people, who get their errors as pages too; and the route whose client reads a message alone."""
    hidden = {name for name, route in routes_of(app).items() if not getattr(route, "include_in_schema", True)}
    return frozenset(hidden | {"POST /mark-attendance"})

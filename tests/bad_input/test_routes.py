"""Whatever is sent to any route of either service, the answer is clear, and nothing is recorded."""

from tests.bad_input import logger_table, recognizer_table
from tests.bad_input.routes import routes_of
from tests.bad_input.running import ask_logger, ask_recognizer
from tests.bad_input.scene import Scene

ONE_IN = 5  # `make fuzz` asks them all


async def test_every_route_is_in_a_table(services: Scene) -> None:
    for app, table in ((services.logger_app, logger_table.TABLE), (services.recognizer_app, recognizer_table.TABLE)):
        names = routes_of(app).keys()
        assert names - table.keys() == set(), "say in the table what this route reads"
        assert table.keys() - names == set()


async def test_the_recognizer_answers_clearly_and_records_nothing(services: Scene) -> None:
    tally = await ask_recognizer(services, one_in=ONE_IN)
    assert tally.wrong == {}
    assert tally.server_faults == 0
    assert await services.recorded() == 0


async def test_the_logger_answers_clearly(services: Scene) -> None:
    tally = await ask_logger(services, one_in=ONE_IN)
    assert tally.wrong == {}
    assert tally.server_faults == 0

"""A few requests of every operation in both OpenAPI documents, in accordance with them and against them."""

from tests.bad_input.documents import fuzz_both
from tests.bad_input.scene import Scene

EXAMPLES, SEED = 1, 20_251_120  # `make fuzz` takes more, and another seed each time


async def test_whatever_the_documents_allow_or_forbid_is_answered_as_they_say(services: Scene) -> None:
    tally = await fuzz_both(services, examples=EXAMPLES, seed_=SEED)
    assert tally.wrong == {}
    assert tally.server_faults == 0
    assert tally.tried > 100

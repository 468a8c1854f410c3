import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.bad_input.scene import Scene, scene

settings.register_profile("long", deadline=None, max_examples=5_000)  # for `make fuzz`


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Scene]:
    """A line in the log for each of ten thousand requests would take longer than the requests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with scene(tmp_path) as opened:
        yield opened
    structlog.configure(**before)

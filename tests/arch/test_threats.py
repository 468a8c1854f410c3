"""docs/threats.md promises tests: they are there."""

import re
from pathlib import Path

from recognizer.settings import RecognizerSettings
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threats.md").read_text()


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:unit|integration|e2e|arch|bad_input)/[\w/.]*)`", PAGE)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`RECOGNIZER_([A-Z_]+)", PAGE))
    assert {name.lower() for name in named} <= set(RecognizerSettings.model_fields)
    assert {"allowed_hosts", "cors_origins", "trusted_proxies"} <= set(ServiceSettings.model_fields)

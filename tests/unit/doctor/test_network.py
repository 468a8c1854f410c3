import pytest

from shared.doctor.findings import Severity
from shared.doctor.network import browsers, is_local, is_open_line, limits, line_to, local_url
from shared.settings import LOCAL_ORIGINS

EVERYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (EVERYWHERE, False), ("192.168.1.5", False), ("", False)],
)
def test_only_the_loopback_is_this_machine_alone(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (EVERYWHERE, "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("10.0.0.7", "http://10.0.0.7:8000"),
    ],
)
def test_a_service_that_listens_everywhere_is_asked_here(host: str, url: str) -> None:
    assert local_url(host, 8000) == url


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("http://127.0.0.1:8001", False),
        ("http://logger:8001", False),
        ("https://attendance.example.org", False),
        ("http://attendance.example.org", True),
        ("http://192.168.1.5:8001", True),
        ("http://[fd00::1]:8001", True),
    ],
)
def test_a_key_can_be_read_on_a_plain_way_that_leaves_the_machine(url: str, is_open: bool) -> None:
    assert is_open_line(url) is is_open
    assert [found.severity for found in line_to("logger", url, "X")] == ([Severity.WARNING] if is_open else [])


@pytest.mark.parametrize(
    ("host", "rate_per_s", "severity"),
    [
        (EVERYWHERE, 100, Severity.OK),
        (EVERYWHERE, 0, Severity.WARNING),
        ("127.0.0.1", 0, Severity.OK),
    ],
)
def test_a_service_that_others_reach_has_a_limit(host: str, rate_per_s: float, severity: Severity) -> None:
    assert limits(host, rate_per_s, "X").severity is severity


@pytest.mark.parametrize(
    ("origins", "severity"),
    [
        (LOCAL_ORIGINS, Severity.OK),
        (("https://attendance.example.org",), Severity.OK),
        (("https://attendance.example.org", "http://kiosk.example.org"), Severity.WARNING),
        (("*",), Severity.FAULT),
    ],
)
def test_which_sites_may_call_the_service_is_judged(origins: tuple[str, ...], severity: Severity) -> None:
    assert browsers(origins, "X").severity is severity

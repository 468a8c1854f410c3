"""Who can reach a service, and what is carried in the open."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from shared.doctor.findings import Finding, fault, ok, warning


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens on, or is called, this."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def local_url(host: str, port: int) -> str:
    """Where a service that listens on this host is reached from its own machine."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - every interface, so our own too
    return f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"


def is_open_line(url: str) -> bool:
    """Whether what is sent there, keys among it, can be read on the way. A name without a dot is of a network of the
    machine's own, as the services of docker-compose.yml have it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and not is_local(host) and ("." in host or ":" in host)


def browsers(origins: Iterable[str], setting: str) -> Finding:
    given = tuple(origins)
    if "*" in given:
        return fault("origins", "pages of every site may call this service", f"name the exact origins in {setting}")
    bare = [origin for origin in given if is_open_line(origin)]
    if bare:
        return warning(
            "origins",
            f"pages that came over plain http may call this service: {' '.join(bare)}",
            f"serve them over https and name that in {setting}",
        )
    if all(is_local(urlsplit(origin).hostname or "") for origin in given):
        return ok("origins", "pages of this machine alone may call this service")
    return ok("origins", f"{len(given)} exact origins may call this service")


def limits(host: str, rate_per_s: float, setting: str) -> Finding:
    if rate_per_s:
        return ok("limits", f"one address may ask {rate_per_s:g} times a second")
    if is_local(host):
        return ok("limits", "one address may ask as often as it likes, and only this machine reaches it")
    return warning("limits", "one address may ask as often as it likes, and keep others out", f"set {setting}")


def line_to(subject: str, url: str, setting: str) -> Iterable[Finding]:
    """Nothing where nobody can listen."""
    if is_open_line(url):
        yield warning(subject, "the way there is plain http: the key can be read on it", f"use https in {setting}")

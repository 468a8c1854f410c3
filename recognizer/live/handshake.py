"""What a connection must show before it is taken: where it comes from, and a key where one is needed. Pure."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from shared.contracts.live import KEY_SUBPROTOCOL_PREFIX, SUBPROTOCOL


def is_own_origin(origin: str | None, host: str, allowed: Collection[str]) -> bool:
    """A browser connects from any page to any host and says which page it was: only ours (the host that it connects to)
    and those in `allowed` may. Whoever sends no origin is no browser.

    The scheme is not compared with ours, which a tunnel or a proxy in front changes.
    """
    if origin is None or origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc != "" and parts.netloc.lower() == host.lower()


def offered_secret(subprotocols: Sequence[str]) -> str | None:
    """The key that a browser sends as a subprotocol, for want of headers."""
    for offered in subprotocols:
        if offered.startswith(KEY_SUBPROTOCOL_PREFIX):
            return offered.removeprefix(KEY_SUBPROTOCOL_PREFIX) or None
    return None


def chosen_subprotocol(subprotocols: Sequence[str]) -> str | None:
    """Never the one with the key in it."""
    return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

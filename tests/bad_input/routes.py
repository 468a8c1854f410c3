"""What an application is made of: its routes, and the parameters that each reads."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute


def routes_of(app: FastAPI) -> dict[str, Any]:
    """Each method and path, a WebSocket's as GET, with its route."""
    return dict(_routes(app.routes))


def _routes(routes: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes, prefix + route.include_context.prefix)
            continue
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
            yield f"{method} {prefix}{route.path}", route


def path_parameters(route: str) -> list[str]:
    return re.findall(r"{(\w+)(?::\w+)?}", route)


def query_parameters(route: Any) -> list[str]:
    """By the names that a client writes."""
    if not isinstance(route, APIRoute):
        return []
    return [one.alias for one in get_flat_params(route.dependant) if isinstance(one.field_info, Query)]

"""Routes whose JSON FastAPI reads: with the strictness of those that read it themselves."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.web.strict_json import InvalidJson, parse_strict_json


class StrictJsonRoute(APIRoute):
    """Answers 400 for what `parse_strict_json` refuses: the `route_class` of a router with JSON bodies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_strictly(request: Request) -> Response:
            return await answer(_StrictRequest(request.scope, request.receive))

        return answer_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        """Raises JSONDecodeError, which FastAPI knows."""
        try:
            return parse_strict_json(await self.body())
        except InvalidJson as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

"""One base for what a service may answer instead of a result, and its translation to problem+json."""

from collections.abc import Mapping
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from shared.contracts.problem import PROBLEM_MEDIA_TYPE, FieldProblem, Problem


class ServiceError(Exception):
    """A fact with a status. `detail` is for the client: it never holds data of a person or of the machine. `about` are
    members of Problem that say more, to callers who may know it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong"
    retry_after_s: int | None = None

    def __init__(self, detail: str, **about: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.about = about


class Unauthenticated(ServiceError):
    status, code, title = 401, "unauthenticated", "A key is needed"


class Forbidden(ServiceError):
    status, code, title = 403, "forbidden", "This key may not do that"


def problems(*errors: type[ServiceError]) -> dict[int | str, dict[str, object]]:
    """The `responses=` of a route: which errors it may answer, for its OpenAPI document."""
    return {error.status: {"model": Problem, "description": error.title} for error in errors}


def request_id(connection: HTTPConnection) -> str:
    return str(getattr(connection.state, "request_id", ""))


def problem_response(
    request: HTTPConnection,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    fields: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
    about: Mapping[str, Any] | None = None,
) -> JSONResponse:
    body = Problem(
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id(request),
        error=detail,
        fields=fields,
        **(about or {}),
    )
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True),
        status_code=status,
        headers=dict(headers or {}),
        media_type=PROBLEM_MEDIA_TYPE,
    )


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101 - registered for this class alone
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if error.status == Unauthenticated.status:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(
        request,
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        headers=headers,
        about=error.about,
    )


_HTTP_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timed_out",
    413: "body_too_large",
    503: "overloaded",
}


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    detail = str(error.detail)
    code = _HTTP_CODES.get(error.status_code, "bad_request")
    return problem_response(
        request, status=error.status_code, code=code, title=detail, detail=detail, headers=error.headers
    )


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(
            request, status=400, code="invalid_json", title="Not JSON", detail="The body is not valid JSON"
        )
    fields = [
        FieldProblem(where=".".join(str(part) for part in item["loc"]), what=str(item["msg"])) for item in found[:20]
    ]
    detail = "; ".join(f"{field.where}: {field.what}" for field in fields[:3])
    return problem_response(
        request, status=422, code="invalid_field", title="A field is not valid", detail=detail, fields=fields
    )


def unexpected_response(request: HTTPConnection) -> JSONResponse:
    return problem_response(
        request,
        status=500,
        code=ServiceError.code,
        title=ServiceError.title,
        detail="The service met an unexpected condition; the request id finds it in the log",
    )


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)

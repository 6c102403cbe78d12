"""Errors as answers: RFC 9457 problem details for programs, a plain page for people. One place for all."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from app.core import logging
from app.core.errors import AppError, BadInput, Conflict, NotFound, TooMany, Unauthenticated, Unavailable
from app.web import pages

log = logging.get(__name__)

PROGRAM_PATHS = ("/api/", "/miniprogram/", "/openapi.json", "/metrics", "/healthz", "/readyz")
PROBLEM = "application/problem+json"
FIELD_PROBLEMS = {"missing": "缺少这一项", "string_too_short": "太短", "string_too_long": "太长"}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StaleDataError, _stale)
    app.add_exception_handler(IntegrityError, _stale)
    app.add_exception_handler(DataError, _malformed)
    app.add_exception_handler(UnicodeEncodeError, _malformed)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(Exception, _unexpected)


def for_programs(request: Request) -> bool:
    """Whether a program is asking."""
    return request.url.path.startswith(PROGRAM_PATHS)


def render(request: Request, error: AppError) -> Response:
    """An error in the form that the caller reads."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.data.get("retry_after", 60))
    if for_programs(request):
        return problem(error.status, error.code, error.message, error.data, headers)
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return RedirectResponse(pages.login_address(request), status_code=303)
    return pages.error(request, error, headers)


def problem(
    status: int, code: str, detail: str, data: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    """Problem details; `type` leads to the documentation of the code."""
    body = {
        **{key: value for key, value in data.items() if key not in {"type", "title", "status", "code"}},
        "type": f"/docs/errors#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status_code=status, media_type=PROBLEM, headers=dict(headers))


def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return render(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [
        {
            "field": ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]),
            "problem": FIELD_PROBLEMS.get(item["type"], item["msg"]),
        }
        for item in error.errors()
    ]
    named = "、".join(entry["field"] for entry in fields[:5])
    return render(request, _Invalid("request.invalid", f"请求的内容不对，请检查：{named}。", fields=fields))


class _Invalid(AppError):
    status = 422


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return render(request, NotFound("page.not_found", "没有这个页面，请检查链接是否完整。"))
    failure = AppError("request.refused", "这个请求不能这样发送，请返回上一页再试。")
    failure.status = error.status_code
    response = render(request, failure)
    response.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return response


def _allowed(request: Request) -> set[str]:
    """All methods of this address: the framework names those of the first route alone (RFC 9110 §15.5.6)."""
    found: set[str] = set()
    routes = list(request.app.routes)
    for route in routes:
        routes += getattr(getattr(route, "original_router", None), "routes", ())  # included routers
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= set(route.methods or ())
    return found


def _stale(request: Request, error: Exception) -> Response:
    return render(request, Conflict("request.conflict", "刚才有人改过同一内容，请刷新后再试。"))


def malformed() -> BadInput:
    """A NUL or half a character: no text that a person can type, and none that the database takes."""
    return BadInput("request.malformed", "内容里有无法识别的字符，请删掉重新输入后再试。")


def _malformed(request: Request, error: Exception) -> Response:
    log.warning("request_malformed", kind=type(error).__name__)
    return render(request, malformed())


def _database(request: Request, error: Exception) -> Response:
    log.error("database_failed", kind=type(error).__name__)
    return render(request, Unavailable("database.unavailable", "系统暂时繁忙，请稍后再试。"))


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", kind=type(error).__name__, path=request.scope.get("route_path", ""))
    return render(request, AppError("internal", "系统出了点问题，我们已记下，请稍后再试。"))

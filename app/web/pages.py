"""Server-rendered pages: the template environment, its filters, and what all pages share."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.core import clock, money
from app.core.errors import AppError
from app.web import context

ASSETS = Path(__file__).resolve().parents[1] / "assets" / "static"
DESK = "/desk"


@cache
def environment() -> Environment:
    """The templates of `app/h5/templates`; an unknown variable is an error, not an empty place."""
    made = Environment(
        loader=PackageLoader("app.h5", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(moment=clock.spoken, day=_day, yuan=money.yuan, paragraphs=_paragraphs)
    made.globals.update(asset=asset)
    return made


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Pages that show private matters are never kept by caches: `private` paths say no-store."""
    text = environment().get_template(template).render(request=request, path=request.url.path, **values)
    return HTMLResponse(text, status_code=status)


def error(request: Request, failure: AppError, headers: dict[str, str]) -> HTMLResponse:
    """An error in plain words, with the way back."""
    response = render(request, "error.html", status=failure.status, failure=failure)
    response.headers.update(headers)
    return response


def login_address(request: Request) -> str:
    """Where to log in before coming back to this page: WeChat, or outside of it the desk's own form."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    by_form = request.url.path.startswith(DESK) and not in_wechat(request)
    return f"{'/desk/login' if by_form else '/oauth/start'}?next={quote(target, safe='')}"


def in_wechat(request: Request) -> bool:
    """Whether the page is open inside WeChat, with an account that can log in there: the browser says so, or
    a page of WeChat's opened it. The second holds for the sandbox's phone, whichever browser shows it."""
    here = context.of(request)
    opened_by = urlsplit(request.headers.get("referer", "")).netloc
    inside = opened_by == urlsplit(here.settings.wechat_open_base).netloc
    return here.accounts.official.configured and (
        inside or "MicroMessenger" in request.headers.get("user-agent", "")
    )


@cache
def asset(name: str) -> str:
    """The address of a static file, with its digest so that it may be cached for ever."""
    version = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={version}"


def _day(value: date | datetime | None) -> str:
    if value is None:
        return ""
    return clock.spoken_day(clock.local(value).date() if isinstance(value, datetime) else value)


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]

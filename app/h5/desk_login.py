"""The officers' way in: WeChat, or login name and password where WeChat is not."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from app.core.errors import AppError
from app.h5.common import FORM, FORM_GOOD_FOR, AsNobody, check, go, log_in, show
from app.models.people import SessionKind
from app.services import sessions
from app.web import context
from app.web.auth import PAGE_COOKIE
from app.web.pages import in_wechat
from app.wechat.login import local

router = APIRouter(prefix="/desk", include_in_schema=False)

RATES = ("10/minute", "60/hour")
DESK = "/desk"


@router.get("/login")
def ask(
    request: Request,
    acting: AsNobody,
    next: Annotated[str, Query()] = DESK,
    password: Annotated[int, Query()] = 0,
) -> Response:
    """Inside WeChat straight on to WeChat's login; elsewhere, or when asked for, the form."""
    if in_wechat(request) and not password:
        return go(f"/oauth/start?next={quote(local(next), safe='')}")
    return _page(request, next)


@router.post("/login")
def enter(
    request: Request,
    acting: AsNobody,
    form: Annotated[str, Form()] = "",
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = DESK,
) -> Response:
    """Log in by password; every wrong try gets the same words."""
    here = context.of(request)
    try:
        request.app.state.limiter.hit(request, "login", *RATES)
        check(request, FORM, form, good_for=FORM_GOOD_FOR)
        with here.database.transaction() as session:
            opened = sessions.open_by_password(
                session, login=login, password=password, kind=SessionKind.PAGE, keys=here.keys
            )
    except AppError as problem:
        return _page(request, next, problem, login)
    target = local(next)
    response = go(target if target != "/" else DESK)
    log_in(response, here, opened)
    return response


@router.post("/logout")
def leave(request: Request, acting: AsNobody) -> Response:
    """Log out of this browser."""
    here = context.of(request)
    token = request.cookies.get(PAGE_COOKIE)
    if token:
        with here.database.transaction() as session:
            sessions.close(session, token=token, kind=SessionKind.PAGE, keys=here.keys)
    response = go("/desk/login?password=1")
    response.delete_cookie(PAGE_COOKIE, path="/")
    return response


def _page(request: Request, target: str, problem: AppError | None = None, login: str = "") -> Response:
    return show(
        request,
        "desk/login.html",
        status=problem.status if problem else 200,
        target=local(target),
        problem=problem,
        login=login,
        wechat=context.of(request).accounts.official.configured,
    )

"""Logging in through WeChat (网页授权): out to the platform and back with a cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.h5.common import AsNobody, go, log_in, set_cookie, show
from app.web.context import InContext
from app.wechat import login

router = APIRouter(prefix="/oauth", include_in_schema=False)

STATE_COOKIE = "mashang_oauth"
CALLBACK = "/oauth/callback"


@router.get("/start")
def start(acting: AsNobody, here: InContext, next: Annotated[str, Query()] = "/") -> Response:
    """Off to the platform, which asks WeChat who is there."""
    begun = login.begin(here.official, here.keys, callback=here.settings.url(CALLBACK), target=next)
    response = RedirectResponse(begun.url, status_code=302)
    lifetime = int(login.GOOD_FOR.total_seconds())
    set_cookie(response, here, STATE_COOKIE, begun.cookie, max_age=lifetime, path="/oauth")
    return response


@router.get("/callback")
def callback(
    request: Request,
    acting: AsNobody,
    here: InContext,
    code: Annotated[str, Query(max_length=512)] = "",
    state: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    """Back from the platform: log in and go on, only to a page of ours."""
    cookie = request.cookies.get(STATE_COOKIE, "")
    came = login.returned(here.keys, code=code, state=state, cookie=cookie)
    if came.code is None:
        return show(request, "login_refused.html", target=came.target)
    opened = login.finish(here.database, here.official, here.keys, code=came.code)
    response = go(came.target)
    log_in(response, here, opened)
    response.delete_cookie(STATE_COOKIE, path="/oauth")
    return response

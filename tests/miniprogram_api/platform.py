"""A stand-in for the platform on a loopback port: just the calls that the Mini Program's face makes."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Json = dict[str, Any]

LOGIN_ERRORS = {"bad": 40029, "used": 40163, "fraud": 40226, "busy": -1}


class Platform:
    """Answers as the platform does. A login code `wang` belongs to the openid `o-wang`, and `wang@union` to
    one with a unionid; a text with 违禁 is risky, one with 存疑 wants a look; `sec_error` is what checks fail
    with. `calls` keeps what was asked, by path."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.sec_error = 0
        self.app = Starlette(
            routes=[
                Route("/sns/jscode2session", self._login),
                Route("/cgi-bin/stable_token", self._token, methods=["POST"]),
                Route("/wxa/msg_sec_check", self._check, methods=["POST"]),
                Route("/wxa/business/getuserphonenumber", self._phone, methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        """Forget the last test."""
        self.calls.clear()
        self.sec_error = 0

    def asked(self, path: str) -> list[Json]:
        """The calls of one path."""
        return [body for called, body in self.calls if called == path]

    async def _login(self, request: Request) -> JSONResponse:
        query = dict(request.query_params)
        self.calls.append((request.url.path, query))
        code = query["js_code"]
        if code in LOGIN_ERRORS:
            return JSONResponse({"errcode": LOGIN_ERRORS[code], "errmsg": "no"})
        name, _, union = code.partition("@")
        answer = {"openid": f"o-{name}", "session_key": "c2Vzc2lvbg=="}
        return JSONResponse(answer | ({"unionid": union} if union else {}))

    async def _token(self, request: Request) -> JSONResponse:
        return JSONResponse({"access_token": "a-token", "expires_in": 7200})

    async def _check(self, request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        self.calls.append((request.url.path, body))
        if self.sec_error:
            return JSONResponse({"errcode": self.sec_error, "errmsg": "no"})
        suggest = "risky" if "违禁" in body["content"] else "review" if "存疑" in body["content"] else "pass"
        return JSONResponse({"errcode": 0, "errmsg": "ok", "result": {"suggest": suggest, "label": 100}})

    async def _phone(self, request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        self.calls.append((request.url.path, body))
        if body["code"] != "phone-code":
            return JSONResponse({"errcode": 40029, "errmsg": "no"})
        info = {"phoneNumber": "13800005678", "purePhoneNumber": "13800005678", "countryCode": "86"}
        return JSONResponse({"errcode": 0, "errmsg": "ok", "phone_info": info})

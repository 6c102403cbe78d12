"""The face for the Mini Program (小程序接口), `/miniprogram/v1`, with an OpenAPI document of its own."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from app.web import docs, errors
from app.web.context import Context
from app.web.limits import Limiter
from miniprogram_api import (
    anonymous,
    arrears,
    complaints,
    disclosures,
    files,
    interaction,
    login,
    obligations,
    open_data,
    projects,
    subscriptions,
    tenders,
    villages,
)

PREFIX = "/miniprogram/v1"
DESCRIPTION = (
    "小程序用的接口。登录后把令牌放在 `Authorization: Bearer …` 中；公开内容不用登录；"
    "`/anonymous/…` 一律不看登录。"
    "出错时返回 RFC 9457 的 problem details：`code` 稳定，供程序判断；`detail` 是给人看的中文。"
)
routers = (
    login.router,
    villages.router,
    disclosures.router,
    obligations.router,
    open_data.router,
    projects.router,
    arrears.router,
    interaction.router,
    tenders.router,
    files.router,
    complaints.router,
    anonymous.router,
    subscriptions.router,
)


def _problems(description: str, status: int, code: str, detail: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "description": description,
        "content": {
            errors.PROBLEM: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "code", "detail"],
                    "properties": {
                        "type": text,
                        "title": text,
                        "status": {"type": "integer"},
                        "code": text,
                        "detail": text,
                    },
                },
                "example": {
                    "type": f"/docs/errors#{code}",
                    "title": "",
                    "status": status,
                    "code": code,
                    "detail": detail,
                },
            }
        },
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": _problems("请求不能办理，`detail` 说明原因和做法", 401, "login.required", "请先登录。"),
    "5XX": _problems("系统或微信繁忙，稍后再试", 503, "wechat.busy", "微信服务器繁忙，请稍后再试。"),
}


def create(context: Context, limiter: Limiter | None = None) -> FastAPI:
    """The sub-application, to be mounted at `/miniprogram/v1` by the composition root."""
    app = FastAPI(
        title="码上工程 · 小程序接口",
        version="1",
        description=DESCRIPTION,
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
        telemetry={"logs": False},  # it would carry villagers' words
    )
    app.state.context = context
    app.state.limiter = limiter or Limiter()
    errors.install(app)
    for router in routers:
        app.include_router(router)
    docs.install(app, document=f"{PREFIX}/openapi.json")
    return app

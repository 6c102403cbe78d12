"""What every route of the REST face has: who may call it, how errors are documented, its operation id."""

from __future__ import annotations

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.api.schemas import Code, Problem
from app.models.people import SessionKind
from app.services import access
from app.services.actors import Actor
from app.web import paging
from app.web.auth import Allow, Caller
from app.web.errors import PROBLEM

PREFIX = "/api/v1"
DESCRIPTIONS = {
    400: "内容不符合规定；`code` 说明是哪一条",
    401: "没有登录，或令牌已失效",
    403: "没有权限",
    404: "没有找到，或不在您的权限范围内",
    409: "当前状态不允许这一步，或刚才有人改过",
    413: "文件太大",
    422: "字段缺失或格式不对；`fields` 逐项说明",
    429: "操作太频繁；`Retry-After` 是要等的秒数",
    503: "数据库或微信暂时没有响应",
}

Signed = Annotated[Actor, Depends(Allow(Caller.OFFICER, Caller.ADMINISTRATOR, by=SessionKind.TOKEN))]
"""An officer or an administrator with a token; what each may see and do, `services.access` says."""

Admin = Annotated[Actor, Depends(Allow(Caller.ADMINISTRATOR, by=SessionKind.TOKEN))]
Anybody = Annotated[Actor, Depends(Allow(Caller.PUBLIC, by=SessionKind.TOKEN))]

OfVillage = Annotated[Code | None, Query(description="只看这个村社（代码）")]

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="`POST /api/v1/sessions` 得到的令牌，或管理员发放的长期令牌。可随时吊销。",
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of these error answers."""
    schema = Problem.model_json_schema()
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}：{DESCRIPTIONS[status]}",
            "content": {PROBLEM: {"schema": schema}},
        }
        for status in statuses
    }


def _name(route: APIRoute) -> str:
    return route.name


def router(tag: str, *, public: bool = False) -> APIRouter:
    """The router of one noun. Operation ids are the names of the functions."""
    return APIRouter(
        prefix=PREFIX,
        tags=[tag],
        dependencies=[] if public else [Depends(_bearer)],
        responses=problems(503) if public else problems(401, 503),
        generate_unique_id_function=_name,
    )


def file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The documentation of an answer that is a file."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "文件内容", "content": dict.fromkeys(media_types, binary)}}


def page(
    session: Session,
    query: Select[*tuple[Any, ...]],
    *,
    cursor: str | None,
    limit: int,
    moment: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[uuid.UUID],
) -> tuple[list[Any], str | None]:
    """One page of rows of `query`, newest `moment` first, and the cursor of the next page. The first thing
    in each row has `moment` and `key`."""
    rows = list(session.execute(paging.after(query, cursor, moment, key).limit(limit + 1)))
    following = paging.cursor([row[0] for row in rows], limit, moment.key, key.key)
    return rows[:limit], following


def village_id(session: Session, acting: Actor, code: str | None) -> uuid.UUID | None:
    """The key of the village that a filter names. Raises NotFound for an unknown one."""
    return access.access_village(session, acting, code).id if code else None

"""Logging in and out, who one is, and long-lived tokens for other systems."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request, status
from pydantic import Field, StringConstraints

from app.api.common import Admin, Anybody, Signed, page, problems, router
from app.api.schemas import NO_NUL, Body, OrganisationRef, Out, Word, place
from app.core.errors import Unauthenticated
from app.models import LoginSession
from app.models import Officer as OfficerRow
from app.models.people import Duty, Role, SessionKind
from app.services import officers
from app.services import sessions as service
from app.services.actors import Actor, Officer
from app.web.auth import token_of
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

LOGIN_RATES = ("10/minute", "60/hour")

open_router = router("登录", public=True)
signed_router = router("登录")


class Credentials(Body):
    """Login name and password of an officer."""

    login: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] = Field(examples=["lianluo"])
    password: Annotated[str, StringConstraints(max_length=256, pattern=NO_NUL)] = Field(
        examples=["zhaoxia-2026-wanan"]
    )


class Post(Out):
    """One running appointment."""

    role: Role
    duty: Duty
    organisation: OrganisationRef


class Who(Out):
    """The caller. `posts` is empty for a platform token."""

    kind: str = Field(description="officer 或 administrator", examples=["officer"])
    id: uuid.UUID | None = Field(description="工作人员的编号；平台令牌没有")
    name: str = Field(examples=["李联络"])
    roles: list[Role]
    posts: list[Post]


class OpenedSession(Out):
    """A new login. The token is shown this once."""

    token: str
    expires_at: datetime
    officer: Who


class NewToken(Body):
    """A token for another system."""

    label: Word = Field(description="给谁用、做什么用", examples=["县级数据共享平台"])


class Token(Out):
    """A living token, without the token itself."""

    id: uuid.UUID
    label: str | None = Field(description="平台令牌的用途")
    officer: str | None = Field(description="登录的工作人员")
    created_at: datetime
    expires_at: datetime


class CreatedToken(Token):
    """A new token. `token` is shown this once."""

    token: str


@open_router.post("/sessions", status_code=status.HTTP_201_CREATED, responses=problems(400, 401, 422, 429))
def open_session(
    request: Request, body: Credentials, _caller: Anybody, session: WriteSession, here: InContext
) -> OpenedSession:
    """用登录名和密码登录，得到 12 小时有效的令牌。"""
    request.app.state.limiter.hit(request, "login", *LOGIN_RATES)
    opened = service.open_by_password(
        session, login=body.login, password=body.password, kind=SessionKind.TOKEN, keys=here.keys
    )
    officer_id = opened.session.officer_id
    acting = officers.acting_officer(session, officer_id) if officer_id else None
    if acting is None:
        raise Unauthenticated("login.failed", "登录名或密码不对，请核对后再试。")
    return OpenedSession(
        token=opened.token,
        expires_at=opened.session.expires_at,
        officer=_officer(officers.view(session, acting=acting, officer_id=acting.officer_id)),
    )


@signed_router.delete("/sessions/current", status_code=status.HTTP_204_NO_CONTENT)
def close_session(request: Request, _acting: Signed, session: WriteSession, here: InContext) -> None:
    """退出登录：当前令牌立即失效。"""
    token = token_of(request, SessionKind.TOKEN) or ""
    service.close(session, token=token, kind=SessionKind.TOKEN, keys=here.keys)


@signed_router.get("/me")
def show_me(acting: Signed, session: ReadSession) -> Who:
    """当前令牌是谁，担任哪些职务。"""
    if isinstance(acting, Officer):
        return _officer(officers.view(session, acting=acting, officer_id=acting.officer_id))
    return Who(kind=acting.kind, id=None, name=_label(acting), roles=[Role.ADMINISTRATOR], posts=[])


def _label(acting: Actor) -> str:
    return acting.id or acting.kind


def _officer(row: OfficerRow) -> Who:
    running = [post for post in row.appointments if officers.is_running(post)]
    return Who(
        kind="officer",
        id=row.id,
        name=row.name,
        roles=sorted({post.role for post in running}),
        posts=[
            Post(role=post.role, duty=post.duty, organisation=place(post.organisation)) for post in running
        ],
    )


@signed_router.get("/tokens", responses=problems(400, 403, 422))
def list_tokens(acting: Admin, session: ReadSession, after: After = None, limit: Limit = 50) -> Page[Token]:
    """还有效的令牌（不含令牌本身），新的在前。"""
    rows, following = page(
        session,
        service.tokens(acting),
        cursor=after,
        limit=limit,
        moment=LoginSession.created_at,
        key=LoginSession.id,
    )
    return Page(items=[_token(login, name) for login, name in rows], next=following)


@signed_router.post("/tokens", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 422))
def create_token(body: NewToken, acting: Admin, session: WriteSession, here: InContext) -> CreatedToken:
    """发放一年有效的平台令牌，给其他系统使用；只显示这一次。"""
    opened = service.create_token(session, acting=acting, label=body.label, keys=here.keys)
    return CreatedToken(**_token(opened.session, None).model_dump(), token=opened.token)


@signed_router.delete(
    "/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(403, 404, 422)
)
def revoke_token(token_id: uuid.UUID, acting: Admin, session: WriteSession) -> None:
    """吊销令牌，立即失效。"""
    service.revoke(session, acting=acting, session_id=token_id)


def _token(login: LoginSession, officer: str | None) -> Token:
    return Token(
        id=login.id,
        label=login.label,
        officer=officer,
        created_at=login.created_at,
        expires_at=login.expires_at,
    )

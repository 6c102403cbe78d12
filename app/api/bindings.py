"""Binding officers to their WeChat by a one-time code (temporary scene)."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query, status
from pydantic import Field

from app.api.common import Admin, page, problems, router
from app.api.schemas import OfficerRef, Out
from app.core.errors import Conflict
from app.models import Binding, Officer
from app.services import bindings as service
from app.services import qr_images, sessions
from app.services.bindings import BindingState
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("绑定微信")


class BindingCode(Out):
    """A one-time code, shown this once: let the officer scan it with his own WeChat."""

    url: str = Field(description="二维码的内容", examples=["http://weixin.qq.com/q/02kZ5fJ1yqeKT10000M07x"])
    image: str = Field(description="二维码图片（data:image/png;base64,…），可直接显示")
    expires_at: datetime = Field(description="30 分钟内有效，用一次即失效")


class BindingOut(Out):
    """What became of a code. WeChat's own ids are never shown."""

    id: uuid.UUID
    officer: OfficerRef
    state: BindingState
    issued_at: datetime
    expires_at: datetime
    bound_at: datetime | None
    unbound_at: datetime | None


@api.post(
    "/officers/{officer_id}/binding",
    status_code=status.HTTP_201_CREATED,
    responses=problems(403, 404, 409, 422),
)
def issue_binding(officer_id: uuid.UUID, acting: Admin, here: InContext) -> BindingCode:
    """发放一次性绑定码：本人用微信扫码后，任务会推送到他的微信。以前发放未用的码作废。"""
    if not here.accounts.official.configured:
        raise Conflict("wechat.not_configured", "还没有配置公众号，不能发放绑定码；请先完成微信配置。")
    with here.database.transaction() as session:
        issued = service.issue(session, acting=acting, officer_id=officer_id, keys=here.keys)
        expires_at = issued.binding.expires_at
    ticket = here.official.create_qr(issued.scene, expire_seconds=issued.seconds)
    picture = base64.b64encode(qr_images.png(ticket.url)).decode()
    return BindingCode(url=ticket.url, image=f"data:image/png;base64,{picture}", expires_at=expires_at)


@api.delete(
    "/officers/{officer_id}/binding",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(403, 404, 409, 422),
)
def unbind_officer(officer_id: uuid.UUID, acting: Admin, session: WriteSession) -> None:
    """解除绑定：不再推送到他的微信，消息留在收件箱；他的登录全部失效。"""
    service.unbind(session, acting=acting, officer_id=officer_id)
    sessions.revoke_officer(session, officer_id=officer_id)


@api.get("/bindings", responses=problems(400, 403, 422))
def list_bindings(
    acting: Admin,
    session: ReadSession,
    state: Annotated[BindingState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[BindingOut]:
    """发放过的绑定码，新的在前。"""
    rows, following = page(
        session,
        service.listing(acting, state=state),
        cursor=after,
        limit=limit,
        moment=Binding.created_at,
        key=Binding.id,
    )
    return Page(items=[_out(binding, officer) for binding, officer in rows], next=following)


def _out(binding: Binding, officer: Officer) -> BindingOut:
    return BindingOut(
        id=binding.id,
        officer=OfficerRef.model_validate(officer),
        state=service.state_of(binding),
        issued_at=binding.created_at,
        expires_at=binding.expires_at,
        bound_at=binding.bound_at,
        unbound_at=binding.unbound_at,
    )

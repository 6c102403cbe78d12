"""Consents to subscribe messages (订阅消息): which templates to ask for, and what the person answered."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from app.models.delivery import MessageKind
from app.services import templates, villagers
from app.services.deliveries import Channel
from app.web.context import InContext, ReadSession, WriteSession
from miniprogram_api.callers import AsAnybody, AsVillager
from miniprogram_api.fields import Readable

FOR_VILLAGERS = (MessageKind.COMPLAINT_PROGRESS, MessageKind.DISCLOSURE_PUBLISHED)
ACCEPTED = ("accept", "acceptWithAudio", "acceptWithAlert")
# The dialog did not show the template at all: no answer of the person.
NOT_ASKED = ("filter",)

router = APIRouter(tags=["订阅消息"])

TemplateId = Annotated[str, StringConstraints(min_length=1, max_length=64), Readable]
Choice = Literal["accept", "acceptWithAudio", "acceptWithAlert", "reject", "ban", "filter"]


class TemplateLine(BaseModel):
    """A template to name in `wx.requestSubscribeMessage`."""

    kind: MessageKind
    template_id: str = Field(examples=["zun-LzcQyW-edafCVvzPkK4de2Rllr1fFpw2A_x0oXE"])
    title: str = Field(examples=["办理进度提醒"])


class Choices(BaseModel):
    """What `wx.requestSubscribeMessage` answered, by template id."""

    results: dict[TemplateId, Choice] = Field(max_length=20)


class Counted(BaseModel):
    """How many answers were entered into the ledger of consents."""

    counted: int


@router.get("/subscriptions/templates")
def wanted(here: InContext, session: ReadSession, _acting: AsAnybody) -> list[TemplateLine]:
    """可以请村民订阅的消息模板；一次最多向微信请求三个。"""
    app_id = here.accounts.miniprogram.app_id
    return [
        TemplateLine(kind=row.kind, template_id=row.template_id, title=row.title)
        for row in templates.listing(session, app_id=app_id, channel=Channel.SUBSCRIBE)
        if row.kind in FOR_VILLAGERS
    ]


@router.post("/subscriptions")
def report(body: Choices, here: InContext, session: WriteSession, acting: AsVillager) -> Counted:
    """上报订阅弹窗的结果。微信也会推送同一次弹窗，只计一次。"""
    asked = {key: choice in ACCEPTED for key, choice in body.results.items() if choice not in NOT_ASKED}
    counted = villagers.report_consents(
        session,
        acting=acting,
        app_id=here.accounts.miniprogram.app_id,
        channel=Channel.SUBSCRIBE,
        answers=asked,
        source="page",
    )
    return Counted(counted=counted)

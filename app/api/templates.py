"""Which WeChat template carries which kind of message, and matching them anew."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.api.common import Admin, problems, router
from app.api.schemas import Out
from app.core.errors import Conflict
from app.models.delivery import MessageKind
from app.services import templates as service
from app.services.deliveries import Channel
from app.web.context import InContext, ReadSession
from app.wechat import templates

api = router("消息模板")


class TemplateOut(Out):
    """A kind of message on a channel, and its template in the account, if it has a usable one."""

    channel: Channel
    kind: MessageKind
    usable: bool
    title: str = Field(description="模板标题；没有可用模板时是应添加的标题", examples=["工单待处理提醒"])
    template_id: str | None
    mapping: dict[str, str] = Field(description="我们的字段 → 模板的关键词")
    synced_at: datetime | None


class Finding(Out):
    """What a sync found for one kind."""

    channel: Channel
    kind: MessageKind
    title: str
    usable: bool
    problem: str = Field(description="不能用的原因")


@api.get("/templates", responses=problems(403))
def list_templates(acting: Admin, session: ReadSession, here: InContext) -> list[TemplateOut]:
    """各类消息有没有可用的模板（上次同步的结果）。没有配置账号时为空。"""
    channels = templates.channels(here.clients)
    known = {
        (row.app_id, row.channel, row.kind): row
        for row in service.all_of(session, acting=acting, app_ids={app_id for _, app_id in channels})
    }
    listed = []
    for channel, app_id in channels:
        for kind, spec in templates.SPECS[channel].items():
            row = known.get((app_id, channel, kind))
            listed.append(
                TemplateOut(
                    channel=channel,
                    kind=kind,
                    usable=row is not None,
                    title=row.title if row else spec.titles[0],
                    template_id=row.template_id if row else None,
                    mapping=row.mapping if row else {},
                    synced_at=row.synced_at if row else None,
                )
            )
    return listed


@api.post("/templates/sync", responses=problems(403, 409))
def sync_templates(acting: Admin, here: InContext) -> list[Finding]:
    """从微信重新读取模板并配对；报告每类消息能不能发。"""
    if not templates.channels(here.clients):
        raise Conflict("wechat.not_configured", "还没有配置公众号或小程序，没有模板可以同步。")
    report = templates.sync(here.database, here.clients, acting=acting)
    return [
        Finding(
            channel=one.channel,
            kind=one.kind,
            title=one.title,
            usable=not one.problem,
            problem=one.problem,
        )
        for one in report.findings
    ]

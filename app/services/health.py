"""What `mashang check` looks for: things that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.core.db import database_now
from app.models import (
    Appointment,
    Complaint,
    InboundMessage,
    JobTick,
    MessageTemplate,
    Organisation,
    OutgoingMessage,
    QrPlacement,
    WechatIdentity,
)
from app.models.base import WorkState
from app.models.delivery import MessageKind
from app.models.organisations import OrganisationKind
from app.services import chain, officers
from app.services.complaints import colours, ladder

LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Examined:
    """One thing looked at, in plain words; `problem` when somebody must act."""

    title: str
    detail: str
    problem: bool


def examine(session: Session, *, app_id: str) -> list[Examined]:
    """Look at everything that is known to go wrong quietly."""
    return [
        _count(
            session, "未送达的任务消息", _messages(WorkState.WAITING), "条在收件箱里等待；请让当事人扫码绑定"
        ),
        _count(session, "发送失败", _messages(WorkState.FAILED), "条；请查看原因后重发"),
        _count(session, "结果不明", _messages(WorkState.UNKNOWN), "条；请核实后重发"),
        _count(session, "积压", _overdue(session), "条到期十分钟还没有发出；请检查 worker 是否在运行"),
        _count(session, "处理出错的来信", _failed_inbound(), "条；请查看日志"),
        _count(session, "没有绑定微信的工作人员", _unbound(), "人"),
        _count(session, "没有二维码的村社", _without_code(), "个；请运行 mashang qr issue"),
        _count(session, "超期的诉求", _complaints(colours.overdue()), "件"),
        _count(session, "没有下一步督办的诉求", _complaints(ladder.without_step()), "件"),
        _templates(session, app_id),
        _jobs(session),
        _chains(session),
    ]


def _count(session: Session, title: str, query: Select[int], words: str) -> Examined:
    number = session.scalar(query) or 0
    return Examined(title, f"{number} {words}" if number else "无", problem=bool(number))


def _messages(state: WorkState) -> Select[int]:
    return (
        select(func.count())
        .select_from(OutgoingMessage)
        .where(OutgoingMessage.state == state, OutgoingMessage.read_at.is_(None))
    )


def _overdue(session: Session) -> Select[int]:
    return (
        select(func.count())
        .select_from(OutgoingMessage)
        .where(
            OutgoingMessage.state.in_([WorkState.PENDING, WorkState.CLAIMED]),
            OutgoingMessage.due_at < database_now(session) - LATE,
            OutgoingMessage.coarse.is_(False),
        )
    )


def _failed_inbound() -> Select[int]:
    return select(func.count()).select_from(InboundMessage).where(InboundMessage.outcome == "error")


def _unbound() -> Select[int]:
    bound = select(WechatIdentity.officer_id).where(WechatIdentity.officer_id.is_not(None))
    return select(func.count(Appointment.officer_id.distinct())).where(
        officers.running(), Appointment.officer_id.not_in(bound)
    )


def _without_code() -> Select[int]:
    issued = select(QrPlacement.village_id).where(QrPlacement.url.is_not(None))
    return (
        select(func.count())
        .select_from(Organisation)
        .where(
            Organisation.kind == OrganisationKind.VILLAGE, Organisation.active, Organisation.id.not_in(issued)
        )
    )


def _complaints(wanted: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(Complaint).where(wanted)


def _templates(session: Session, app_id: str) -> Examined:
    if not app_id:
        return Examined("消息模板", "没有配置公众号；请设置 MASHANG_WECHAT_APP_ID 等", problem=True)
    known = set(
        session.scalars(
            select(MessageTemplate.kind).where(
                MessageTemplate.app_id == app_id, MessageTemplate.channel == "template"
            )
        )
    )
    missing = sorted(set(MessageKind) - known)
    detail = f"缺 {'、'.join(missing)}；请运行 mashang wechat setup" if missing else "齐全"
    return Examined("消息模板", detail, problem=bool(missing))


def _jobs(session: Session) -> Examined:
    last = session.scalar(select(func.max(JobTick.started_at)))
    late = last is None or last < database_now(session) - LATE
    detail = "最近十分钟没有任务运行；请检查 scheduler 是否在运行" if late else "正常"
    return Examined("定时任务", detail, problem=late)


def _chains(session: Session) -> Examined:
    """Verifies what all villages published against their chains; see `mashang chain verify`."""
    results = list(chain.verify_all(session))
    broken = [one for one in results if one.faults]
    if broken:
        names = "、".join(f"{one.name}（{len(one.faults)} 处）" for one in broken[:5])
        more = f"等 {len(broken)} 个村" if len(broken) > 5 else ""
        return Examined("公开存证链", f"{names}{more}；请运行 mashang chain verify 看明细", problem=True)
    total = sum(one.links for one in results)
    return Examined("公开存证链", f"{len(results)} 个村共 {total} 环，没有发现改动", problem=False)

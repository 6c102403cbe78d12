"""The states of an arrears notice, and what all its steps share."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict
from app.models import ArrearsNotice
from app.models.supervision import ArrearsState
from app.services import access_supervision, audit
from app.services.actors import Actor

S = ArrearsState
TRANSITIONS: dict[S, frozenset[S]] = {
    S.PREPARED: frozenset({S.SERVED, S.SETTLED, S.CANCELLED}),
    S.SERVED: frozenset({S.PUBLISHED, S.SETTLED, S.CANCELLED}),
    S.PUBLISHED: frozenset({S.REMOVED, S.CANCELLED}),
    S.REMOVED: frozenset(),
    S.SETTLED: frozenset(),
    S.CANCELLED: frozenset(),
}
STATE_NAMES = {
    S.PREPARED: "待送达",
    S.SERVED: "已预告",
    S.PUBLISHED: "公示中",
    S.REMOVED: "已缴清销号",
    S.SETTLED: "公示前已缴清",
    S.CANCELLED: "已取消",
}
OPEN = (S.PREPARED, S.SERVED, S.PUBLISHED)


def take(session: Session, acting: Actor, notice_id: uuid.UUID, version: int | None = None) -> ArrearsNotice:
    """The notice under its row lock. Raises NotFound; Conflict when it changed since `version`."""
    notice = access_supervision.access_arrears(session, acting, notice_id)
    session.refresh(notice, with_for_update=True)
    if version is not None and version != notice.lock_version:
        raise Conflict("arrears.changed", "刚才有人办过这份催缴预告，请刷新页面看清楚再办。")
    return notice


def move(session: Session, acting: Actor, notice: ArrearsNotice, to: S, *, because: str = "") -> None:
    """Take a step. Ends are dated with their reason. Raises Conflict for a step that the state forbids."""
    if to not in TRANSITIONS[notice.state]:
        raise Conflict(
            "arrears.state_wrong",
            f"这份催缴预告现在是「{STATE_NAMES[notice.state]}」，不能做这一步。",
            state=notice.state,
        )
    notice.state = to
    if to not in OPEN:
        notice.ended_at, notice.ended_because = clock.now(), because
    session.flush()
    record(session, acting, to.value, notice)


def record(session: Session, acting: Actor, action: str, notice: ArrearsNotice) -> None:
    """Leave the audit row of a step."""
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="arrears_notice",
        noun_id=notice.id,
        village_id=notice.village_id,
        state=notice.state,
    )

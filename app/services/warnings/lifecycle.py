"""What officers do with a warning. It is cleared by evidence alone, and closed by a second person."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, Forbidden
from app.models import EarlyWarning
from app.models.people import Role
from app.models.warnings import CloseReason, WarningState
from app.services import access
from app.services.actors import Actor, Officer
from app.services.warnings.evaluation import add_event

STATE_NAMES = {
    WarningState.OPEN: "待处置",
    WarningState.ACKNOWLEDGED: "处置中",
    WarningState.CLEARED: "待复核",
    WarningState.CLOSED: "已销号",
}
REASON_NAMES = {
    CloseReason.MENDED: "已整改",
    CloseReason.EXPLAINED: "已说明",
    CloseReason.FALSE_ALARM: "误报",
    CloseReason.TRANSFERRED: "已移送",
}
LONGEST = 2000


def acknowledge(
    session: Session, *, acting: Actor, warning_id: uuid.UUID, text: str = "", version: int | None = None
) -> EarlyWarning:
    """Take a warning in hand (签收): open → acknowledged. Raises Conflict when it is not open."""
    warning, officer = _take(session, acting, warning_id, version)
    if warning.state != WarningState.OPEN:
        raise _wrong_state(warning)
    warning.state = WarningState.ACKNOWLEDGED
    warning.acknowledged_by = officer.officer_id
    _event(session, warning, officer, "acknowledged", text.strip() or "已签收，正在处置。")
    return warning


def explain(session: Session, *, acting: Actor, warning_id: uuid.UUID, text: str) -> EarlyWarning:
    """Say what is being done (说明). Changes neither state nor colour. Raises BadInput for no text."""
    warning, officer = _take(session, acting, warning_id, None)
    if not text.strip():
        raise BadInput("warning.text_missing", "请写明处置情况。", field="text")
    if warning.state == WarningState.CLOSED:
        raise _wrong_state(warning)
    _event(session, warning, officer, "explained", text.strip()[:LONGEST])
    return warning


def close(
    session: Session,
    *,
    acting: Actor,
    warning_id: uuid.UUID,
    reason: CloseReason,
    text: str = "",
    version: int | None = None,
) -> EarlyWarning:
    """Review and strike off (复核销号): cleared → closed, by an inspector who did not take it in hand.

    Raises Conflict while the data do not say that it is mended, Forbidden for the first person."""
    warning, officer = _take(session, acting, warning_id, version)
    if warning.state != WarningState.CLEARED:
        raise _wrong_state(warning)
    if not access.covers(session, officer, warning.village_id, Role.TOWN_INSPECTOR, Role.COUNTY_INSPECTOR):
        raise Forbidden("warning.not_reviewer", "销号要由镇街或区级复核。")
    if warning.acknowledged_by == officer.officer_id:
        raise Forbidden("warning.same_person", "签收和销号要由两个人分别完成。")
    warning.state = WarningState.CLOSED
    warning.closed_at = clock.now()
    warning.close_reason = reason
    words = f"复核销号：{REASON_NAMES[reason]}。{text.strip()[:LONGEST]}"
    _event(session, warning, officer, "closed", words)
    return warning


def _take(
    session: Session, acting: Actor, warning_id: uuid.UUID, version: int | None
) -> tuple[EarlyWarning, Officer]:
    warning = access.access_warning(session, acting, warning_id)
    officer = access.require_officer(acting)
    session.refresh(warning, with_for_update=True)
    if version is not None and version != warning.lock_version:
        raise Conflict("warning.changed", "刚才有人处理过这条预警，请刷新页面看清楚再办。")
    return warning, officer


def _wrong_state(warning: EarlyWarning) -> Conflict:
    return Conflict(
        "warning.state_wrong",
        f"这条预警现在是「{STATE_NAMES[warning.state]}」，不能做这一步；预警要由数据证明整改后才能销号。",
        state=warning.state,
    )


def _event(session: Session, warning: EarlyWarning, officer: Officer, kind: str, text: str) -> None:
    add_event(
        session, warning, kind, who=officer.name, acting=officer, text=text, officer_id=officer.officer_id
    )

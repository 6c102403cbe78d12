"""Up to the day named to the debtor: preparing the notice, serving it, approving and cancelling it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.core.errors import BadInput, Conflict
from app.core.text import one_line, surname
from app.models import ArrearsNotice, EarlyWarning, Receivable
from app.models.ledgers import PartyKind
from app.models.supervision import ArrearsState
from app.models.warnings import WarningState
from app.services import access_supervision, county_settings
from app.services.actors import Actor
from app.services.arrears.queries import outstanding, receivable_of
from app.services.arrears.states import OPEN, move, record, take
from app.services.ledgers import words
from app.services.open_data import parties

LONGEST = 500


def prepare(
    session: Session, *, acting: Actor, receivable_id: uuid.UUID, publish_on: date | None = None
) -> ArrearsNotice:
    """Prepare the notice to a debtor: prepared. It names the day of publication, at least
    `arrears.notice_days` calendar days from today.

    Raises NotFound; Forbidden outside the village and its town; Conflict when the board is switched off,
    nothing is overdue for `arrears.overdue_days` yet, it is paid, or a notice is under way; BadInput for a
    day that is too early or further than half a year."""
    receivable = receivable_of(session, acting, receivable_id)
    officer = access_supervision.require_arrears_office(session, acting, receivable.village_id)
    session.refresh(receivable, with_for_update=True)
    owed = _require_overdue(session, receivable)
    today = clock.today()
    days = int(county_settings.get(session, "arrears.notice_days"))
    notice = ArrearsNotice(
        id=uuid.uuid4(),
        village_id=receivable.village_id,
        receivable_id=receivable.id,
        warning_id=_warning_of(session, receivable),
        state=ArrearsState.PREPARED,
        debtor_shown=shown(receivable),
        title_shown=parties.without_name(receivable.title, receivable.debtor),
        amount_fen=owed,
        due_on=receivable.due_on,
        notice_on=today,
        publish_on=_checked_day(publish_on or today + timedelta(days=days), days),
        prepared_by=officer.officer_id,
    )
    session.add(notice)
    session.flush()
    record(session, acting, "prepared", notice)
    return notice


def _require_overdue(session: Session, receivable: Receivable) -> int:
    """What is owed (fen), if it may be published by now."""
    if not county_settings.get(session, "arrears.enabled"):
        raise Conflict("arrears.switched_off", "区里没有开通欠款公示。")
    under_way = select(ArrearsNotice.id).where(
        ArrearsNotice.receivable_id == receivable.id, ArrearsNotice.state.in_(OPEN)
    )
    if session.scalar(under_way) is not None:
        raise Conflict("arrears.under_way", "这笔欠款已经有一份催缴预告在办理。")
    owed = outstanding(session, [receivable.id])[receivable.id]
    if owed <= 0 or receivable.voided_at is not None:
        raise Conflict("arrears.nothing_owed", "这笔应收款已经缴清或已作废，不需要催缴。")
    wait = int(county_settings.get(session, "arrears.overdue_days"))
    late = (clock.today() - receivable.due_on).days
    if late < max(wait, 1):
        raise Conflict(
            "arrears.too_early", f"逾期满 {wait} 天才能公示，这笔现在逾期 {max(late, 0)} 天。", days=wait
        )
    return owed


def _checked_day(publish_on: date, days: int) -> date:
    today = clock.today()
    if not today + timedelta(days=days) <= publish_on <= today + timedelta(days=183):
        raise BadInput(
            "arrears.day_wrong",
            f"公示日期至少要在 {days} 天以后、半年以内，让对方有时间缴清。",
            field="publish_on",
        )
    return publish_on


def _warning_of(session: Session, receivable: Receivable) -> uuid.UUID | None:
    return session.scalar(
        select(EarlyWarning.id).where(
            EarlyWarning.subject_kind == "receivable",
            EarlyWarning.subject_id == str(receivable.id),
            EarlyWarning.state != WarningState.CLOSED,
        )
    )


def shown(receivable: Receivable) -> str:
    """How the page names the debtor: a firm by its name, anybody else by surname and group."""
    kind = receivable.debtor_kind or words.party_kind(receivable.debtor)
    if kind is PartyKind.FIRM:
        return pii.mask(one_line(receivable.debtor))
    group = receivable.debtor_group.strip()
    return f"{surname(receivable.debtor)}某{f'（{group}）' if group else ''}"


def serve(
    session: Session,
    *,
    acting: Actor,
    notice_id: uuid.UUID,
    how: str,
    on: date | None = None,
    version: int | None = None,
) -> ArrearsNotice:
    """Note how and when the debtor got the notice: prepared → served. The day of publication moves on when
    less than `arrears.notice_days` would be left.

    Raises NotFound, Forbidden, Conflict; BadInput without a way or for a day that is not past."""
    notice = take(session, acting, notice_id, version)
    officer = access_supervision.require_arrears_office(session, acting, notice.village_id)
    served_on, today = on or clock.today(), clock.today()
    if not how.strip():
        raise BadInput("arrears.how_missing", "请写明怎样送达，例如当面、电话、邮寄。", field="how")
    if not notice.notice_on <= served_on <= today:
        raise BadInput("arrears.served_wrong", "送达日期要在预告日期之后、今天或以前。", field="on")
    days = int(county_settings.get(session, "arrears.notice_days"))
    notice.served_on, notice.served_how, notice.served_by = served_on, how.strip()[:100], officer.officer_id
    notice.publish_on = max(notice.publish_on, served_on + timedelta(days=days))
    move(session, acting, notice, ArrearsState.SERVED)
    return notice


def approve(
    session: Session, *, acting: Actor, notice_id: uuid.UUID, version: int | None = None
) -> ArrearsNotice:
    """Release it for the named day, as a second person. Raises NotFound, Forbidden, Conflict."""
    notice = take(session, acting, notice_id, version)
    officer = access_supervision.require_arrears_approver(session, acting, notice)
    if notice.state not in (ArrearsState.PREPARED, ArrearsState.SERVED) or notice.approved_by is not None:
        raise Conflict("arrears.approved", "这份催缴预告已经批准过，或已经不在办理。", state=notice.state)
    notice.approved_by = officer.officer_id
    session.flush()
    record(session, acting, "approved", notice)
    return notice


def cancel(
    session: Session, *, acting: Actor, notice_id: uuid.UUID, because: str, version: int | None = None
) -> ArrearsNotice:
    """Take it back (the debtor disputes it, the lease was changed), also from the page: cancelled.

    Raises NotFound, Forbidden, Conflict; BadInput without a reason."""
    notice = take(session, acting, notice_id, version)
    access_supervision.require_arrears_office(session, acting, notice.village_id)
    if not because.strip():
        raise BadInput("arrears.reason_missing", "请写明取消的原因。", field="because")
    move(session, acting, notice, ArrearsState.CANCELLED, because=because.strip()[:LONGEST])
    return notice

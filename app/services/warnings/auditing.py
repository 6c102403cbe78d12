"""The auditor: every open warning that is pushed has a next step and a human who was reached. It proves it,
mends what it can, and names the warnings of which nobody knows."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.core.logging import get
from app.models import EarlyWarning, Organisation, OutgoingMessage, WarningNotice
from app.models.base import WorkState
from app.models.delivery import Confirmation
from app.models.rules import RuleMode
from app.models.warnings import NoticeState, WarningState
from app.services import access, audit
from app.services.actors import Actor, System
from app.services.warnings import audience, escalation, notices

ACTING = System("warnings.audit")
OPEN = (WarningState.OPEN, WarningState.ACKNOWLEDGED, WarningState.PROPOSED)
GRACE = timedelta(hours=24)
"""A night and a morning: so long a message may be on its way before anybody worries."""

log = get(__name__)


class Why(enum.StrEnum):
    """nobody: no officer is appointed who would be told; waiting: the notice has not been sent yet;
    undelivered: WeChat brought it to nobody; unopened: it was handed over, but nothing tells that anybody has
    it."""

    NOBODY = "nobody"
    WAITING = "waiting"
    UNDELIVERED = "undelivered"
    UNOPENED = "unopened"


WORDS = {
    Why.NOBODY: "没有任命联络员、镇街纪检或职能部门经办人，没有人可以通知",
    Why.WAITING: "通知还没有发出",
    Why.UNDELIVERED: "微信没有送到任何人",
    Why.UNOPENED: "已交给微信，还不知道有没有人看到",
}


@dataclass(frozen=True)
class Unreached:
    """A warning of which, as far as we know, no human knows, and why."""

    warning: EarlyWarning
    why: Why

    @property
    def words(self) -> str:
        """The same in Chinese."""
        return WORDS[self.why]


@dataclass(frozen=True)
class Report:
    """What an audit found: open warnings, those whose lost next step or lost notice was put right, and those
    that nobody was reached about for a day."""

    open: int
    steps_mended: int
    notices_mended: int
    unreached: int


def _live() -> ColumnElement[bool]:
    return and_(EarlyWarning.mode == RuleMode.ACTIVE, EarlyWarning.state.in_(OPEN))


def _older(age: timedelta) -> ColumnElement[bool]:
    return EarlyWarning.created_at <= clock.now() - age


def reached() -> ColumnElement[bool]:
    """SQL over `EarlyWarning`: an officer opened it, took it in hand, or has a message about it that came."""
    came = or_(
        WarningNotice.seen_at.is_not(None),
        OutgoingMessage.read_at.is_not(None),
        OutgoingMessage.confirmation == Confirmation.DELIVERED,
    )
    known = (
        select(WarningNotice.id)
        .outerjoin(OutgoingMessage, OutgoingMessage.id == WarningNotice.message_id)
        .where(WarningNotice.warning_id == EarlyWarning.id, came)
        .exists()
    )
    return or_(EarlyWarning.acknowledged_by.is_not(None), EarlyWarning.proposed_by.is_not(None), known)


def _lost(since: timedelta) -> ColumnElement[bool]:
    """Open, not muted, and nobody knows for at least `since`."""
    return and_(_live(), EarlyWarning.muted_by == "", ~reached(), _older(since))


def unreached_listing(acting: Actor) -> Select[EarlyWarning, str]:
    """Open warnings that are not muted and of which nobody knows, each with the reason (`Why`), newest first.
    For inspectors and administrators."""
    access.require_inspector(acting)
    return (
        select(EarlyWarning, _why())
        .where(access.visible_warnings(acting), _lost(timedelta()))
        .options(joinedload(EarlyWarning.village).joinedload(Organisation.parent))
        .order_by(EarlyWarning.created_at.desc(), EarlyWarning.id.desc())
    )


def unreached(session: Session, acting: Actor, *, limit: int = 100) -> list[Unreached]:
    """The first of `unreached_listing`, with the reasons."""
    rows = session.execute(unreached_listing(acting).limit(limit))
    return [Unreached(warning, Why(why)) for warning, why in rows]


def count(session: Session, acting: Actor) -> int:
    """How many open warnings nobody was reached about for a day; for the desk."""
    access.require_inspector(acting)
    mine = (access.visible_warnings(acting), _lost(GRACE))
    return session.scalar(select(func.count()).select_from(EarlyWarning).where(*mine)) or 0


def _why() -> ColumnElement[str]:
    def some(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return (
            select(WarningNotice.id)
            .outerjoin(OutgoingMessage, OutgoingMessage.id == WarningNotice.message_id)
            .where(WarningNotice.warning_id == EarlyWarning.id, *conditions)
            .exists()
        )

    brought = OutgoingMessage.state.in_([WorkState.PENDING, WorkState.CLAIMED, WorkState.DONE])
    return case(
        (~some(WarningNotice.state != NoticeState.DROPPED), literal(Why.NOBODY.value)),
        (some(WarningNotice.state == NoticeState.GROUPED, brought), literal(Why.UNOPENED.value)),
        (some(WarningNotice.state == NoticeState.WAITING), literal(Why.WAITING.value)),
        else_=literal(Why.UNDELIVERED.value),
    )


def check(session: Session) -> Report:
    """Audit all open warnings: give back a lost next step, let notices wait for officers where none does, and
    report how many nobody was reached about for a day."""
    steps = _mend_steps(session)
    mended = _mend_notices(session)
    lost = select(func.count()).select_from(EarlyWarning).where(_lost(GRACE))
    report = Report(
        open=session.scalar(select(func.count()).select_from(EarlyWarning).where(_live())) or 0,
        steps_mended=steps,
        notices_mended=mended,
        unreached=session.scalar(lost) or 0,
    )
    if steps or mended:
        audit.record(
            session,
            acting=ACTING,
            action="mended",
            noun="warning",
            noun_id="audit",
            steps=steps,
            notices=mended,
        )
        log.warning("warnings.mended", steps=steps, notices=mended)
    if report.unreached:
        log.warning("warnings.unreached", count=report.unreached)
    return report


def _mend_steps(session: Session) -> int:
    """Every warning that is pushed and not closed has a next step."""
    lost = session.scalars(
        select(EarlyWarning)
        .where(
            EarlyWarning.mode == RuleMode.ACTIVE,
            EarlyWarning.state != WarningState.CLOSED,
            EarlyWarning.next_due_at.is_(None),
        )
        .order_by(EarlyWarning.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    terms = escalation.Terms.load(session) if lost else None
    for warning in lost:
        assert terms is not None
        steps = terms.climbing(warning.ladder) if warning.ladder else terms.begin(warning)
        escalation.set_steps(warning, steps)
    return len(lost)


def _mend_notices(session: Session) -> int:
    """Where nobody was to be told, because nobody was appointed or all have left since, somebody may be by
    now. The day keeps apart an officer who left and came back."""
    told_once = exists().where(
        WarningNotice.warning_id == EarlyWarning.id, WarningNotice.state != NoticeState.DROPPED
    )
    silent = session.scalars(
        select(EarlyWarning)
        .where(_live(), ~told_once)
        .order_by(EarlyWarning.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    if not silent:
        return 0
    told = audience.load(session, {warning.village_id for warning in silent})
    heard = [one for one in silent if told.first(one.village_id, one.line)]
    change = f"audited:{clock.today().isoformat()}"
    calls = [notices.Call(one, change, told.first(one.village_id, one.line)) for one in heard]
    return min(notices.call(session, calls), len(heard))

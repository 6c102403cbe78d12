"""The demo's warnings of the past, each closed by a second person with its reason, so that it shows how often
a rule was right. The open ones are not here: the first run of the real rules finds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.demo import plants
from app.demo.months import month_of
from app.demo.people import Staff
from app.demo.world import Draw, VillageStage, texts
from app.models import Base, EarlyWarning, Obligation, Officer, Receivable, WarningEvent
from app.models.rules import Colour
from app.models.warnings import CloseReason, WarningState
from app.rules import by_key
from app.services.warnings import ladder, terms
from app.services.warnings.events import SYSTEM
from app.services.warnings.names import REASONS

RUN_HOUR = 6
OLD_DAYS = 20  # what was mended so recently is not reviewed yet
YELLOW_DAYS, RED_DAYS = 30, 60
LATE_RED_DAYS = 15
_WORDS = texts("supervision")["warnings"]


@dataclass(frozen=True)
class _Case:
    """A warning from firing to closing. `proposal`: what the village said, where no data showed it."""

    stage: VillageStage
    rule: str
    subject_id: str
    colour: Colour
    fired: date
    mended: date
    worse: date | None
    title: str
    basis: str
    reason: CloseReason
    closing: str
    proposal: str = ""
    cleared: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


def write(
    session: Session, draw: Draw, stages: Sequence[VillageStage], staff: Mapping[str, Staff]
) -> Iterator[Base]:
    """The closed warnings of the county with their steps. Call it when everything else is stored."""
    for case in [*_told(draw, stages), *_rents(session, draw, stages), *_late_items(session, draw, stages)]:
        yield from _rows(draw, case, staff[case.stage.place.code])


def _told(draw: Draw, stages: Sequence[VillageStage]) -> Iterator[_Case]:
    """Those that people explained."""
    by_code = {stage.place.code: stage for stage in stages}
    for entry in _WORDS:
        fired = draw.today - timedelta(days=entry["fired"])
        # What is counted for a whole month shows when the month is over.
        whole = entry["subject"] == "person"
        day = month_of(fired) - timedelta(days=1) if whole else fired
        month, subject = f"{day.year}年{day.month}月", f"{day:%Y-%m}"
        if whole:
            subject = f"d{draw.random.getrandbits(64):016x}:{subject}"
        elif entry["subject"] == "payment":
            subject = f"payment:{draw.random.randint(1, 9)}"
        yield _Case(
            stage=by_code[entry["village"]],
            rule=entry["rule"],
            subject_id=subject,
            colour=Colour(entry["colour"]),
            fired=fired,
            mended=draw.today - timedelta(days=entry["closed"] + 1),
            worse=None,
            title=entry["title"].format(month=month),
            basis=entry["basis"].format(month=month),
            reason=CloseReason(entry["reason"]),
            closing=entry["closing"],
            proposal=entry["proposal"],
        )


def _rents(session: Session, draw: Draw, stages: Sequence[VillageStage]) -> Iterator[_Case]:
    """The rent that came after the notice."""
    by_code = {stage.place.code: stage for stage in stages}
    for story in plants.LATE:
        if story.paid_after is None:
            continue
        stage, due = by_code[story.village], draw.today - timedelta(days=story.due_days)
        owed = session.scalars(
            select(Receivable).where(Receivable.village_id == stage.village.id, Receivable.due_on == due)
        ).one()
        paid = due + timedelta(days=story.paid_after)
        yield _Case(
            stage=stage,
            rule="rent.overdue",
            subject_id=str(owed.id),
            colour=Colour.RED,
            fired=due + timedelta(days=YELLOW_DAYS),
            mended=paid + timedelta(days=1),
            worse=due + timedelta(days=RED_DAYS),
            title=f"{owed.title}逾期 {RED_DAYS} 天，欠 {owed.amount_fen / 100:,.2f} 元",
            basis=f"{stage.village.name}的应收款「{owed.title}」（编号 {owed.number}）逾期未缴。"
            f"依据：逾期满 {YELLOW_DAYS} 天黄色预警，满 {RED_DAYS} 天红色预警。",
            reason=CloseReason.MENDED,
            closing="银行回单已核对。",
            cleared=f"{clock.spoken_day(paid)}全部缴清。",
            evidence={"number": owed.number, "rows": [str(owed.id)], "row_count": 1, "rows_of": "receivable"},
        )


def _late_items(session: Session, draw: Draw, stages: Sequence[VillageStage]) -> Iterator[_Case]:
    """What came out late."""
    by_id = {stage.village.id: stage for stage in stages}
    late = Obligation.met_on > Obligation.due_on
    for row in session.scalars(select(Obligation).where(late).order_by(Obligation.due_on, Obligation.key)):
        assert row.met_on is not None
        if row.met_on > draw.today - timedelta(days=OLD_DAYS):
            continue
        stage, days = by_id[row.village_id], (row.met_on - row.due_on).days
        yield _Case(
            stage=stage,
            rule="disclosure.overdue",
            subject_id=str(row.id),
            colour=Colour.RED if days > LATE_RED_DAYS else Colour.YELLOW,
            fired=row.due_on + timedelta(days=1),
            mended=row.met_on + timedelta(days=1),
            worse=row.due_on + timedelta(days=LATE_RED_DAYS) if days > LATE_RED_DAYS else None,
            title=f"{row.title}逾期 {days} 天未公开",
            basis=f"{stage.village.name}的「{row.title}」应于{clock.spoken_day(row.due_on)}前公开，到期没有公开。"
            "依据：逾期满 1 天黄色预警，满 15 天红色预警。",
            reason=CloseReason.MENDED,
            closing="已在村码上公开，内容完整。",
            cleared=f"已于{clock.spoken_day(row.met_on)}公开。",
            evidence={"title": row.title, "rows": [str(row.id)], "row_count": 1, "rows_of": "obligation"},
        )


def _rows(draw: Draw, case: _Case, staff: Staff) -> Iterator[Base]:
    rule = by_key(case.rule)
    assert rule is not None
    fired = clock.at(case.fired, RUN_HOUR)
    taken = min(draw.moment(draw.work_day_from(case.fired), 9, 16), clock.at(case.mended, 5))
    closed = draw.moment(draw.work_day_from(case.mended + timedelta(days=1)), 9, 16)
    parts = (rule.key, str(case.stage.village.id), rule.subject, case.subject_id)
    steps = ladder.frozen(terms.DEFAULT, case.colour, fired, draw.calendar)
    steps = ladder.done(steps, (ladder.ACKNOWLEDGE,), taken)
    mended = clock.at(case.mended, RUN_HOUR)
    warning = EarlyWarning(
        id=draw.key(),
        rule=rule.key,
        rule_version=rule.version,
        line=rule.line,
        fingerprint=hashlib.sha256("\0".join(parts).encode()).hexdigest(),
        signature=hashlib.sha256(case.subject_id.encode()).hexdigest(),
        village_id=case.stage.village.id,
        subject_kind=rule.subject,
        subject_id=case.subject_id,
        colour=case.colour,
        state=WarningState.CLOSED,
        title=case.title,
        basis=case.basis,
        clears_by=rule.clears_by,
        evidence=dict(case.evidence),
        first_seen_on=case.fired,
        last_seen_on=case.mended - timedelta(days=1),
        acknowledged_by=staff.liaison.id,
        acknowledged_at=taken,
        closed_at=closed,
        close_reason=case.reason,
        settles=bool(case.proposal),
        ladder=ladder.done(steps, (ladder.MEND,), mended),
        pushed_at=fired,
        created_at=fired,
        lock_version=4,
    )
    if case.proposal:
        warning.proposal, warning.proposal_text = case.reason, case.proposal
        warning.proposed_by = staff.liaison.id
    else:
        warning.cleared_at, warning.clearing_evidence = mended, {"reason": case.cleared}
    yield warning
    yield from _events(draw, warning, case, staff, taken, mended, closed)


def _events(
    draw: Draw,
    warning: EarlyWarning,
    case: _Case,
    staff: Staff,
    taken: datetime,
    mended: datetime,
    closed: datetime,
) -> Iterator[WarningEvent]:
    name, reason = REASONS[case.reason], {"reason": case.reason.value}
    steps: list[tuple[str, datetime, Officer | None, str, dict[str, str]]] = [
        ("fired", warning.created_at, None, case.basis, {}),
        ("acknowledged", taken, staff.liaison, "已签收，正在处置。", {}),
    ]
    if case.worse is not None:
        steps.append(("worse", clock.at(case.worse, RUN_HOUR), None, case.basis, {}))
    if case.proposal:
        words = f"申请按「{name}」销号：{case.proposal}"
        steps.append(("proposed", mended, staff.liaison, words, reason))
    else:
        steps.append(("cleared", mended, None, case.cleared, {}))
    steps.append(("closed", closed, staff.town, f"复核销号：{name}。{case.closing}", reason))
    for position, (kind, at, officer, words, data) in enumerate(steps, start=1):
        yield WarningEvent(
            id=draw.key(),
            warning_id=warning.id,
            position=position,
            kind=kind,
            at=at,
            who=officer.name if officer else SYSTEM,
            officer_id=officer.id if officer else None,
            text=words,
            data=data,
        )

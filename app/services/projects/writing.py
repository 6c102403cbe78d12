"""Entering small works, changing them, and adding stages, contract and payments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.core.errors import BadInput, Conflict
from app.models import (
    Contract,
    Disclosure,
    DisclosureVersion,
    LedgerChange,
    Organisation,
    Payment,
    Project,
    ProjectStage,
)
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.projects import ProjectState, StageKind
from app.services import access, audit
from app.services.actors import Actor
from app.services.projects import stages

LONGEST_NAME = 60
LONGEST_TEXT = 500
STAGE_OF_KIND = {
    DisclosureKind.TENDER_NOTICE: StageKind.TENDER,
    DisclosureKind.AWARD_NOTICE: StageKind.AWARD,
}


@dataclass(frozen=True)
class Plan:
    """What is entered of a project. Amounts in fen; days in Asia/Shanghai. `exempt`: stages that it need not
    go through, with the reason, which is public."""

    number: str
    name: str
    description: str = ""
    estimate_fen: int | None = None
    approved_on: date | None = None
    planned_start_on: date | None = None
    planned_end_on: date | None = None
    contract_id: uuid.UUID | None = None
    final_fen: int | None = None
    exempt: tuple[StageKind, ...] = ()
    exempt_because: str = ""


@dataclass(frozen=True)
class Entry:
    """What is entered of a stage. `amount_fen`: the price of an award or contract, what a change adds (or
    takes away, negative). `disclosure_id`: the published item that shows it."""

    kind: StageKind
    day: date
    text: str = ""
    amount_fen: int | None = None
    votes_for: int | None = None
    votes_against: int | None = None
    votes_abstained: int | None = None
    disclosure_id: uuid.UUID | None = None


def enter(session: Session, *, acting: Actor, village: Organisation, plan: Plan) -> Project:
    """Enter a project. Raises BadInput for missing words, days in the wrong order, a contract of another
    village or personal data in its words, Conflict for a number in use."""
    access.require_ledger_keeper(session, acting, village.id)
    project = Project(id=uuid.uuid4(), village_id=village.id)
    _write(session, project, plan)
    session.add(project)
    session.flush()
    _record(session, acting, "entered", project)
    return project


def change(
    session: Session, *, acting: Actor, project_id: uuid.UUID, plan: Plan, seen: int | None = None
) -> Project:
    """Change what was entered; the audit trail keeps amounts, days and names of the fields before and after.

    `seen` is the version that the officer looked at. Raises as `enter`, Conflict for a cancelled project and
    for one that somebody changed since."""
    project = _open(session, acting, project_id)
    if seen is not None and seen != project.lock_version:
        raise Conflict("project.changed", "刚才有人改过这个工程，请看清楚现在的内容再改。")
    before = _facts(project)
    _write(session, project, plan)
    _settle(session, project)
    after = _facts(project)
    changed = sorted(name for name, value in after.items() if value != before[name])
    visible = [name for name in changed if name not in ("name", "description", "exempt_because")]
    _record(
        session,
        acting,
        "changed",
        project,
        fields=changed,
        before={name: before[name] for name in visible},
        after={name: after[name] for name in visible},
    )
    return project


def cancel(session: Session, *, acting: Actor, project_id: uuid.UUID, reason: str) -> Project:
    """Give a project up. The reason is public. Raises BadInput without one, Conflict once accepted."""
    project = _open(session, acting, project_id)
    _clean("reason", reason, required="取消工程要写明原因，原因会公开。")
    if project.state in (ProjectState.ACCEPTED, ProjectState.SETTLED):
        raise Conflict("project.state_wrong", "已经验收的工程不能取消。", state=project.state)
    project.state = ProjectState.CANCELLED
    project.cancelled_because = reason.strip()
    _record(session, acting, "cancelled", project)
    return project


def add_stage(session: Session, *, acting: Actor, project_id: uuid.UUID, entry: Entry) -> ProjectStage:
    """Add a stage that was gone through. Of the same kind the newest counts, but every change counts.

    Raises BadInput for a day to come, a payment (those are read from the ledger), evidence that is not a
    published item of the same village, or personal data in the text."""
    project = _open(session, acting, project_id)
    _check(session, project, entry)
    stage = ProjectStage(
        id=uuid.uuid4(), project_id=project.id, **(vars(entry) | {"text": entry.text.strip()})
    )
    session.add(stage)
    session.flush()
    if entry.kind == StageKind.DECISION and project.approved_on is None:
        project.approved_on = entry.day
    _settle(session, project)
    evidence = str(entry.disclosure_id) if entry.disclosure_id else None
    day = entry.day.isoformat()
    _record(session, acting, "stage_added", project, stage=entry.kind, day=day, disclosure=evidence)
    return stage


def link_payment(session: Session, *, acting: Actor, project_id: uuid.UUID, payment_id: int) -> Payment:
    """Note that a payment of the ledger was made for this project. Raises BadInput for one of another
    village, Conflict for one that belongs to another project."""
    project = _open(session, acting, project_id)
    payment = session.get(Payment, payment_id, with_for_update=True)
    if payment is None or payment.village_id != project.village_id or payment.voided_at is not None:
        raise BadInput("payment.unknown", "没有找到这笔付款，请从本村的收付台账里选。", field="payment")
    if payment.project_id not in (None, project.id):
        raise Conflict("payment.other_project", "这笔付款已经记在另一个工程上。")
    if payment.project_id is None:
        payment.project_id = project.id
        session.add(_linked(acting, project, payment))
    session.flush()
    _settle(session, project)
    _record(session, acting, "payment_linked", project, payment=payment.id)
    return payment


def _linked(acting: Actor, project: Project, payment: Payment) -> LedgerChange:
    """The change of the ledger that the link is."""
    return LedgerChange(
        id=uuid.uuid4(),
        noun="payments",
        noun_id=str(payment.id),
        village_id=project.village_id,
        at=clock.now(),
        actor_kind=acting.kind,
        actor_id=acting.id,
        reason=f"关联到工程 {project.number}",
        before={"project_id": None},
        after={"project_id": str(project.id)},
    )


def paid(session: Session, *, project_id: uuid.UUID) -> None:
    """A payment for this project was entered: its state follows."""
    project = session.get_one(Project, project_id, with_for_update=True)
    _settle(session, project)


def released(session: Session, *, acting: Actor, disclosure: Disclosure) -> ProjectStage | None:
    """A published item adds its stage: a tender or award notice by its kind, anything else by the stage that
    its field `stage` names. A correction of the same item changes the stage that it added."""
    if disclosure.project_id is None:
        return None
    project = session.get_one(Project, disclosure.project_id, with_for_update=True)
    version = session.execute(
        select(DisclosureVersion).where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == disclosure.current_version,
        )
    ).scalar_one()
    kind = STAGE_OF_KIND.get(disclosure.kind) or stages.named(version.filled.get("stage", ""))
    if kind is None or project.village_id != disclosure.village_id:
        return None
    stage = session.scalar(
        select(ProjectStage).where(
            ProjectStage.project_id == project.id,
            ProjectStage.disclosure_id == disclosure.id,
            ProjectStage.kind == kind,
        )
    )
    if stage is None:
        stage = ProjectStage(
            id=uuid.uuid4(), project_id=project.id, kind=kind, disclosure_id=disclosure.id, day=clock.today()
        )
        session.add(stage)
    stage.text = version.summary
    stage.day = _day(version.filled.get("day"), disclosure.published_at)
    stage.amount_fen = _whole(version.filled.get("amount"), stage.amount_fen)
    for name in ("votes_for", "votes_against", "votes_abstained"):
        setattr(stage, name, _whole(version.filled.get(name), getattr(stage, name)))
    if kind == StageKind.DECISION and project.approved_on is None:
        project.approved_on = stage.day
    if kind == StageKind.CONTRACT and project.contract_id is None:
        project.contract_id = disclosure.contract_id
    session.flush()
    _settle(session, project)
    _record(session, acting, "stage_added", project, stage=kind, disclosure=str(disclosure.id))
    return stage


def _day(filled: Any, published_at: datetime | None) -> date:
    try:
        day = date.fromisoformat(str(filled))
    except ValueError:
        day = clock.local(published_at).date() if published_at else clock.today()
    return min(day, clock.today())


def _whole(filled: Any, fallback: int | None) -> int | None:
    return filled if isinstance(filled, int) and not isinstance(filled, bool) else fallback


def _open(session: Session, acting: Actor, project_id: uuid.UUID) -> Project:
    project: Project = access.access_project(session, acting, project_id)
    access.require_ledger_keeper(session, acting, project.village_id)
    session.refresh(project, with_for_update=True)
    if project.state == ProjectState.CANCELLED:
        raise Conflict("project.state_wrong", "这个工程已经取消，不能再改。", state=project.state)
    return project


def _write(session: Session, project: Project, plan: Plan) -> None:
    number, name = plan.number.strip(), plan.name.strip()
    if not number or len(number) > LONGEST_NAME:
        raise BadInput(
            "project.number_missing", f"工程编号要填写，最多 {LONGEST_NAME} 个字。", field="number"
        )
    _clean("name", name, required="工程名称要填写。", longest=LONGEST_NAME)
    _clean("description", plan.description)
    _clean("exempt_because", plan.exempt_because)
    if plan.exempt and not plan.exempt_because.strip():
        raise BadInput(
            "project.exempt_because_missing", "请写明为什么不用走这些环节。", field="exempt_because"
        )
    if plan.planned_start_on and plan.planned_end_on and plan.planned_end_on < plan.planned_start_on:
        raise BadInput("project.days_reversed", "计划完工早于计划开工，请核对。", field="planned_end_on")
    if plan.approved_on and plan.approved_on > clock.today():
        raise BadInput("project.day_to_come", "决策日期还没有到，请核对。", field="approved_on")
    for field, amount in (("estimate_fen", plan.estimate_fen), ("final_fen", plan.final_fen)):
        if amount is not None and amount < 0:
            raise BadInput("project.amount_negative", "金额不能是负数。", field=field)
    _require_contract(session, project.village_id, plan.contract_id)
    taken = select(Project.id).where(
        Project.village_id == project.village_id, Project.number == number, Project.id != project.id
    )
    if session.scalar(taken):
        raise Conflict("project.number_taken", f"本村已有编号为 {number} 的工程。", number=number)
    for column in fields(Plan):
        setattr(project, column.name, getattr(plan, column.name))
    project.number, project.name = number, name
    project.description, project.exempt_because = plan.description.strip(), plan.exempt_because.strip()
    project.exempt = [kind.value for kind in plan.exempt]
    project.state = stages.state(
        (), approved_on=plan.approved_on, cancelled=False, started=plan.contract_id is not None
    )


def _require_contract(session: Session, village_id: uuid.UUID, contract_id: uuid.UUID | None) -> None:
    if contract_id is None:
        return
    contract = session.get(Contract, contract_id)
    if contract is None or contract.village_id != village_id:
        raise BadInput("project.contract_unknown", "所选合同不是本村的，请重新选择。", field="contract_id")


def _check(session: Session, project: Project, entry: Entry) -> None:
    if entry.kind == StageKind.PAYMENT:
        raise BadInput(
            "project.stage_payment", "付款不用在这里填：从收付台账关联到工程就会出现。", field="kind"
        )
    if entry.day > clock.today():
        raise BadInput("project.day_to_come", "这一天还没有到，只能填已经发生的事。", field="day")
    votes = (entry.votes_for, entry.votes_against, entry.votes_abstained)
    if any(number is not None and number < 0 for number in votes):
        raise BadInput("project.votes_negative", "票数不能是负数。", field="votes_for")
    if entry.amount_fen is not None and entry.amount_fen < 0 and entry.kind != StageKind.CHANGE:
        raise BadInput("project.amount_negative", "金额不能是负数；只有变更可以是减少。", field="amount_fen")
    _clean("text", entry.text)
    if entry.disclosure_id is not None:
        found = session.get(Disclosure, entry.disclosure_id)
        published = found is not None and found.state == DisclosureState.PUBLISHED
        if found is None or not published or found.village_id != project.village_id:
            raise BadInput(
                "project.evidence_unknown", "公开材料要选本村已经公开的一条。", field="disclosure_id"
            )


def _clean(field: str, text: str, *, required: str = "", longest: int = LONGEST_TEXT) -> None:
    """Words of a project are public at once, so personal data never get into them."""
    if required and not text.strip():
        raise BadInput("project.words_missing", required, field=field)
    if len(text) > longest:
        raise BadInput("project.words_long", f"这一栏最多 {longest} 个字。", field=field)
    found = pii.find(text)
    if found:
        raise BadInput(
            "project.words_personal",
            f"「{found[0].masked}」像是个人信息，工程资料会公开，请删掉再保存。",
            field=field,
        )


def _facts(project: Project) -> dict[str, Any]:
    values = {field.name: getattr(project, field.name) for field in fields(Plan)}
    return {
        name: str(value) if isinstance(value, date | uuid.UUID) else value for name, value in values.items()
    }


def _settle(session: Session, project: Project) -> None:
    """Let the stored state follow the stages, the contract and the payments."""
    session.flush()
    done = set(session.scalars(select(ProjectStage.kind).where(ProjectStage.project_id == project.id)))
    counts = Payment.voided_at.is_(None)
    payment = select(Payment.id).where(Payment.project_id == project.id, counts).limit(1)
    started = project.contract_id is not None or session.scalar(payment) is not None
    cancelled = project.state == ProjectState.CANCELLED
    project.state = stages.state(done, approved_on=project.approved_on, cancelled=cancelled, started=started)
    session.flush()


def _record(session: Session, acting: Actor, action: str, project: Project, **data: Any) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="project",
        noun_id=project.id,
        village_id=project.village_id,
        state=project.state,
        **data,
    )

"""One timeline per project: every expected stage in order, with evidence, votes, amounts and payments, and
in plain words what is missing, in the wrong order, or paid beyond the contract."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock, money
from app.models import Contract, Disclosure, DisclosureVersion, Obligation, Payment, Project, ProjectStage
from app.models.disclosures import DisclosureState
from app.models.obligations import ObligationState
from app.models.projects import ProjectState, StageKind
from app.services import access
from app.services.actors import Actor
from app.services.projects import shown, stages
from app.services.projects.stages import K

PUBLIC = (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)


@dataclass(frozen=True)
class Evidence:
    """The published item that shows a stage."""

    disclosure_id: uuid.UUID
    title: str
    withdrawn: bool


@dataclass(frozen=True)
class Votes:
    """How a meeting voted (赞成、反对、弃权)."""

    for_: int
    against: int
    abstained: int


@dataclass(frozen=True)
class Entry:
    """One thing that happened in a stage. `payee`, `purpose` are those of a payment."""

    day: date
    text: str = ""
    amount_fen: int | None = None
    votes: Votes | None = None
    evidence: Evidence | None = None
    payee: str = ""


@dataclass
class Step:
    """One expected stage. `state`: done 已办, missing 缺, waiting 未到, exempt 免, none 无.

    `because` says why it is missing or exempt; `faults` what is wrong with what is there. `entries` hold
    what happened, of a change or payment all, of another stage the newest; `total_fen` is their sum."""

    kind: StageKind
    name: str
    state: str = "waiting"
    because: str = ""
    entries: list[Entry] = field(default_factory=list)
    total_fen: int | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def day(self) -> date | None:
        """The day that the order is judged by: of payments and changes the first."""
        return self.entries[0].day if self.entries else None


@dataclass
class Timeline:
    """A project from proposal to final account. Amounts in fen; `agreed_fen` is the contract with its
    changes, or the final account once there is one."""

    project: Project
    state: ProjectState
    contract: Contract | None
    counterparty: str
    steps: list[Step]
    paid_fen: int
    agreed_fen: int | None
    overpaid_fen: int

    @property
    def settled(self) -> bool:
        """Whether `agreed_fen` is the final account."""
        final = next(step for step in self.steps if step.kind == K.FINAL_ACCOUNT)
        return self.project.final_fen is not None or any(one.amount_fen is not None for one in final.entries)

    @property
    def missing(self) -> list[Step]:
        """The stages that should be there and are not."""
        return [step for step in self.steps if step.state == "missing"]

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, in one list."""
        return [fault for step in self.steps for fault in step.faults]


def listing(
    acting: Actor, *, village_id: uuid.UUID | None = None, state: ProjectState | None = None
) -> Select[Project]:
    """The projects that the actor may know of, the newest entry first, with their villages."""
    query = select(Project).where(access.visible_projects(acting)).options(joinedload(Project.village))
    if village_id is not None:
        query = query.where(Project.village_id == village_id)
    if state is not None:
        query = query.where(Project.state == state)
    return query.order_by(Project.created_at.desc(), Project.id.desc())


def timeline(session: Session, *, acting: Actor, project_id: uuid.UUID, public: bool = True) -> Timeline:
    """The timeline of a project that the actor may know of. `public`: as everybody reads it, persons with
    their surname only. Raises NotFound."""
    project = access.access_project(session, acting, project_id)
    return _of(session, [project], public=public)[0]


def timelines(session: Session, projects: Sequence[Project], *, public: bool = True) -> list[Timeline]:
    """The timelines of several projects that the caller was allowed to see."""
    return _of(session, projects, public=public)


def _of(session: Session, projects: Sequence[Project], *, public: bool) -> list[Timeline]:
    keys = [project.id for project in projects]
    found: dict[uuid.UUID, list[Any]] = {key: [] for key in keys}
    rows = session.execute(
        select(ProjectStage, Disclosure.state, DisclosureVersion.title)
        .outerjoin(Disclosure, Disclosure.id == ProjectStage.disclosure_id)
        .outerjoin(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(ProjectStage.project_id.in_(keys))
        .order_by(ProjectStage.day, ProjectStage.created_at, ProjectStage.id)
    )
    for row in rows:
        found[row[0].project_id].append(row)
    contracts = {project.contract_id for project in projects if project.contract_id}
    of_contract = {one.id: one for one in session.scalars(select(Contract).where(Contract.id.in_(contracts)))}
    due = _due(session, keys)
    return [
        _build(
            project,
            found[project.id],
            of_contract.get(project.contract_id) if project.contract_id else None,
            _payments(session, project),
            due.get(project.id, {}),
            public=public,
        )
        for project in projects
    ]


def _payments(session: Session, project: Project) -> Sequence[Payment]:
    return session.scalars(
        select(Payment).where(payments_of(project)).order_by(Payment.paid_on, Payment.id)
    ).all()


def payments_of(project: Project) -> Any:
    """The condition for the payments of a project that count: noted on it, or made under its contract."""
    counts = Payment.voided_at.is_(None)
    own = Payment.project_id == project.id
    if project.contract_id is None:
        return own & counts
    under = (Payment.contract_id == project.contract_id) & Payment.project_id.is_(None)
    return (Payment.village_id == project.village_id) & or_(own, under) & counts


def _due(session: Session, project_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[StageKind, date]]:
    """By when stages that are owed and open should have been published, by project."""
    found: dict[uuid.UUID, dict[StageKind, date]] = {}
    rows = session.execute(
        select(Obligation.source_id, Obligation.key, Obligation.due_on).where(
            Obligation.source_id.in_(project_ids),
            Obligation.state == ObligationState.OPEN,
            Obligation.due_on < clock.today(),
        )
    )
    for source_id, key, due_on in rows:
        kind = stages.named(key.split(":")[2]) if key.count(":") >= 2 else None
        if kind is not None and source_id is not None:
            found.setdefault(source_id, {})[kind] = due_on
    return found


def _build(
    project: Project,
    rows: Sequence[Any],
    contract: Contract | None,
    payments: Sequence[Payment],
    due: dict[StageKind, date],
    *,
    public: bool,
) -> Timeline:
    steps = [Step(kind, stages.NAMES[kind]) for kind in stages.ORDER]
    by_kind = {step.kind: step for step in steps}
    for stage, state, title in rows:
        step = by_kind[stage.kind]
        entry = _entry(stage, state, title)
        step.entries = [*step.entries, entry] if stage.kind == K.CHANGE else [entry]
    if contract is not None:
        _from_contract(by_kind[K.CONTRACT], contract, public)
    by_kind[K.PAYMENT].entries = [_paid(payment, public) for payment in payments]
    _judge(project, steps, due)
    paid = sum(payment.amount_fen for payment in payments)
    agreed = _agreed(project, by_kind, contract)
    over = max(0, paid - agreed) if agreed is not None else 0
    for kind in (K.CHANGE, K.PAYMENT):
        amounts = [entry.amount_fen or 0 for entry in by_kind[kind].entries]
        by_kind[kind].total_fen = sum(amounts) if amounts else None
    party = contract.counterparty if contract else ""
    found = Timeline(
        project=project,
        state=_state(project, steps),
        contract=contract,
        counterparty=shown.payee(party) if public else party,
        steps=steps,
        paid_fen=paid,
        agreed_fen=agreed,
        overpaid_fen=over,
    )
    if over:
        than = "决算" if found.settled else "合同（含变更）"
        words = f"已付 {money.yuan(paid)}，比{than}的 {money.yuan(agreed or 0)}多付 {money.yuan(over)}。"
        by_kind[K.PAYMENT].faults.append(words)
    return found


def _entry(stage: ProjectStage, state: DisclosureState | None, title: str | None) -> Entry:
    votes = (stage.votes_for, stage.votes_against, stage.votes_abstained)
    counted = any(number is not None for number in votes)
    evidence = None
    if stage.disclosure_id is not None and state in PUBLIC:
        evidence = Evidence(stage.disclosure_id, title or "", state == DisclosureState.WITHDRAWN)
    return Entry(
        day=stage.day,
        text=stage.text,
        amount_fen=stage.amount_fen,
        votes=Votes(votes[0] or 0, votes[1] or 0, votes[2] or 0) if counted else None,
        evidence=evidence,
    )


def _from_contract(step: Step, contract: Contract, public: bool) -> None:
    """A linked contract is the stage's own evidence: its day and price count where none was entered."""
    if not step.entries:
        day = contract.signed_on or contract.starts_on
        title = shown.purpose(contract.title, contract.counterparty) if public else contract.title
        step.entries = [Entry(day, title, contract.amount_fen)]
    elif step.entries[0].amount_fen is None:
        first = step.entries[0]
        step.entries = [Entry(first.day, first.text, contract.amount_fen, first.votes, first.evidence)]


def _paid(payment: Payment, public: bool) -> Entry:
    purpose = payment.purpose or payment.category
    return Entry(
        day=payment.paid_on,
        text=shown.purpose(purpose, payment.payee) if public else purpose,
        amount_fen=payment.amount_fen,
        payee=shown.payee(payment.payee) if public else payment.payee,
    )


def _agreed(project: Project, by_kind: dict[StageKind, Step], contract: Contract | None) -> int | None:
    """What may be paid: the final account, else the contract (or the award) with its changes."""
    if project.final_fen is not None:
        return project.final_fen
    final = by_kind[K.FINAL_ACCOUNT].entries
    if final and final[0].amount_fen is not None:
        return final[0].amount_fen
    prices = [contract.amount_fen if contract else None]
    prices += [by_kind[kind].entries[0].amount_fen for kind in (K.CONTRACT, K.AWARD) if by_kind[kind].entries]
    price = next((one for one in prices if one is not None), None)
    if price is None:
        return None
    return price + sum(entry.amount_fen or 0 for entry in by_kind[K.CHANGE].entries)


def _judge(project: Project, steps: Sequence[Step], due: dict[StageKind, date]) -> None:
    """Say of each stage whether it is done, missing and why, exempt, or still to come."""
    cancelled = project.state == ProjectState.CANCELLED
    exempt = set(project.exempt)
    reached = [step for step in steps if step.entries]
    for step in steps:
        if step.entries:
            step.state = "done"
            step.faults += _wrong_evidence(step)
            step.faults += _wrong_order(step, reached)
        elif step.kind not in stages.OWED:
            step.state = "none"
        elif step.kind.value in exempt:
            step.state, step.because = "exempt", project.exempt_because
        else:
            step.because = "" if cancelled else _missing(project, step, reached, due)
            step.state = "missing" if step.because else "waiting"


def _missing(project: Project, step: Step, reached: Sequence[Step], due: dict[StageKind, date]) -> str:
    """Why a stage should be there by now; "" when it need not yet."""
    later = [other.name for other in reached if stages.place(other.kind) > stages.place(step.kind)]
    if later:
        return f"已经到了「{later[0]}」，这一步却没有记录。"
    if step.kind in due:
        day = due[step.kind]
        return f"应在{clock.spoken_day(day)}前公开，已经超期 {(clock.today() - day).days} 天。"
    start, end = project.planned_start_on, project.planned_end_on
    before = stages.place(step.kind) <= stages.place(K.CONTRACT)
    if before and start is not None and start < clock.today() and project.approved_on is not None:
        return f"计划{clock.spoken_day(start)}开工，开工前应当办的这一步没有记录。"
    if step.kind == K.ACCEPTANCE and end is not None and end < clock.today():
        return f"计划{clock.spoken_day(end)}完工，已过 {(clock.today() - end).days} 天，还没有验收记录。"
    return ""


def _wrong_evidence(step: Step) -> Iterator[str]:
    newest = step.entries[-1]
    if newest.evidence is not None and newest.evidence.withdrawn:
        yield "所附的公开材料已经撤回。"
    elif newest.evidence is None and step.kind in stages.PUBLIC:
        yield "只有登记，没有附公开材料，村民看不到原件。"
    votes = newest.votes
    if votes is not None and votes.for_ * 2 <= votes.for_ + votes.against + votes.abstained:
        yield f"赞成 {votes.for_} 票，没有过半数。"


def _wrong_order(step: Step, reached: Sequence[Step]) -> Iterator[str]:
    """The stage whose day should not be before that of an earlier stage; the nearest one is named."""
    earlier = [other for other in reached if stages.place(other.kind) < stages.place(step.kind)]
    for other in reversed(earlier):
        if other.kind in (K.CHANGE, K.PAYMENT):
            continue  # work is changed and paid for before and after acceptance
        if step.day is not None and other.day is not None and step.day < other.day:
            verb = "付了第一笔款" if step.kind == K.PAYMENT else f"已经「{step.name}」"
            yield (
                f"次序不对：{clock.spoken_day(step.day)}就{verb}，"
                f"{clock.spoken_day(other.day)}才「{other.name}」。"
            )
            return


def _state(project: Project, steps: Sequence[Step]) -> ProjectState:
    done = {step.kind for step in steps if step.entries}
    return stages.state(
        done,
        approved_on=project.approved_on,
        cancelled=project.state == ProjectState.CANCELLED,
        started=project.contract_id is not None or K.PAYMENT in done,
    )


def count(session: Session, *, acting: Actor, village_id: uuid.UUID) -> int:
    """How many projects of a village the actor may know of."""
    query = select(func.count()).select_from(Project)
    return session.scalar(query.where(Project.village_id == village_id, access.visible_projects(acting))) or 0

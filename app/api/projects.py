"""Small works (小型工程): from decision to final account, each with its timeline."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, status
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import (
    Body,
    Code,
    Day,
    Fen,
    OptionalLine,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Version,
    Word,
    place,
)
from app.core.money import LIMIT_FEN
from app.models import Project
from app.models.projects import ProjectState, StageKind
from app.services import access
from app.services import projects as service
from app.services.actors import Actor
from app.services.projects import choices
from app.services.projects.timeline import Entry, Step
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("工程")

Votes = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Delta = Annotated[int, Field(strict=True, ge=-LIMIT_FEN, le=LIMIT_FEN)]
Text = Annotated[OptionalParagraph, Field(max_length=500)]
PaymentId = Annotated[int, Path(ge=1, le=2**63 - 1, description="收付台账里这笔付款的 id")]


class ProjectOut(Out):
    """A project as lists show it."""

    id: uuid.UUID
    village: OrganisationRef
    number: str = Field(examples=["GC-2026-03"])
    name: str = Field(examples=["村道硬化"])
    description: str
    state: ProjectState
    estimate_fen: int | None = Field(description="估算，单位：分")
    approved_on: date | None = Field(description="决策日期")
    planned_start_on: date | None
    planned_end_on: date | None
    contract_id: uuid.UUID | None
    final_fen: int | None = Field(description="决算，单位：分")
    exempt: list[str] = Field(description="按规定不用走的环节")
    exempt_because: str
    cancelled_because: str
    version: int


class EvidenceOut(Out):
    """The published item that shows a stage."""

    disclosure_id: uuid.UUID
    title: str
    withdrawn: bool


class VotesOut(Out):
    """How a meeting voted."""

    in_favour: int = Field(description="赞成")
    against: int = Field(description="反对")
    abstained: int = Field(description="弃权")


class EntryOut(Out):
    """One thing that happened in a stage. Outside their own area callers see persons by surname only."""

    day: date
    text: str
    amount_fen: int | None
    payee: str = Field(description="付款才有：收款方")
    votes: VotesOut | None
    evidence: EvidenceOut | None


class StepOut(Out):
    """One expected stage: done 已办, missing 缺, waiting 未到, exempt 免, none 无."""

    kind: StageKind
    name: str = Field(examples=["招标公告"])
    state: str = Field(examples=["missing"])
    because: str = Field(description="为什么算缺，或为什么不用办")
    total_fen: int | None = Field(description="付款或变更的合计")
    faults: list[str] = Field(description="次序、票数、公开材料、超付等问题")
    entries: list[EntryOut]


class ProjectDetail(ProjectOut):
    """A project with its timeline."""

    counterparty: str = Field(description="承包方")
    paid_fen: int = Field(description="已付，单位：分")
    agreed_fen: int | None = Field(description="合同价（含变更），有决算时为决算价")
    overpaid_fen: int = Field(description="多付，单位：分")
    steps: list[StepOut]


class ProjectPlan(Body):
    """What is entered of a project. Its words become public."""

    number: Word = Field(description="工程编号，本村内不重复", examples=["GC-2026-03"])
    name: Word = Field(examples=["村道硬化"])
    description: Text = ""
    estimate_fen: Fen | None = None
    approved_on: Day | None = Field(default=None, examples=["2026-03-01"])
    planned_start_on: Day | None = None
    planned_end_on: Day | None = None
    contract_id: uuid.UUID | None = None
    final_fen: Fen | None = None
    exempt: list[StageKind] = Field(default_factory=list, max_length=8)
    exempt_because: OptionalLine = ""


class NewProject(ProjectPlan):
    """A project to enter."""

    village: Code


class ChangedProject(ProjectPlan):
    """A project as it should be now."""

    version: Version = None


class NewStage(Body):
    """A stage that was gone through. Payments are read from the ledger."""

    kind: StageKind = Field(examples=["vote"])
    day: Day = Field(examples=["2026-03-01"])
    text: Text = Field(default="", description="会公开")
    amount_fen: Delta | None = Field(default=None, description="单位：分；变更填增减额，可以是负数")
    votes_for: Votes | None = None
    votes_against: Votes | None = None
    votes_abstained: Votes | None = None
    disclosure_id: uuid.UUID | None = Field(default=None, description="本村已公开的一条，作为材料")


class Cancellation(Body):
    """Why a project is given up; the reason becomes public."""

    reason: Text = Field(examples=["资金没有落实"])


@api.get("/projects", responses=problems(400, 404, 422))
def list_projects(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[ProjectState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ProjectOut]:
    """小型工程，新录入的在前。还没有决策的只有本村和上级能看到。"""
    query = service.listing(acting, village_id=village_id(session, acting, village), state=state)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Project.created_at, key=Project.id
    )
    return Page(items=[ProjectOut(**_out(row[0])) for row in rows], next=following)


@api.get("/projects/{project_id}", responses=problems(404, 422))
def get_project(project_id: uuid.UUID, acting: Signed, session: ReadSession) -> ProjectDetail:
    """一个工程的全过程：每一步的日期、材料、票数、金额和付款，缺了什么、哪里不对。"""
    return _show(session, acting, project_id)


@api.post("/projects", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def enter_project(body: NewProject, acting: Signed, session: WriteSession) -> ProjectDetail:
    """录入工程：本村信息员、镇街或管理员。"""
    village = access.access_village(session, acting, body.village)
    made = service.enter(session, acting=acting, village=village, plan=_plan(body))
    return _show(session, acting, made.id)


@api.put("/projects/{project_id}", responses=problems(400, 403, 404, 409, 422))
def change_project(
    project_id: uuid.UUID, body: ChangedProject, acting: Signed, session: WriteSession
) -> ProjectDetail:
    """修改工程：所有字段按新的写；前后差别记在审计里。"""
    service.change(session, acting=acting, project_id=project_id, plan=_plan(body), seen=body.version)
    return _show(session, acting, project_id)


@api.post(
    "/projects/{project_id}/stages",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 404, 409, 422),
)
def add_project_stage(
    project_id: uuid.UUID, body: NewStage, acting: Signed, session: WriteSession
) -> ProjectDetail:
    """加一步。同一步再填一次以新的为准；变更每次都算。"""
    service.add_stage(session, acting=acting, project_id=project_id, entry=service.Entry(**dict(body)))
    return _show(session, acting, project_id)


@api.post("/projects/{project_id}/payments/{payment_id}", responses=problems(400, 403, 404, 409, 422))
def link_project_payment(
    project_id: uuid.UUID, payment_id: PaymentId, acting: Signed, session: WriteSession
) -> ProjectDetail:
    """把收付台账里的一笔付款记到工程上。工程合同名下的付款自动算，不用记。"""
    service.link_payment(session, acting=acting, project_id=project_id, payment_id=payment_id)
    return _show(session, acting, project_id)


@api.post("/projects/{project_id}/cancel", responses=problems(400, 403, 404, 409, 422))
def cancel_project(
    project_id: uuid.UUID, body: Cancellation, acting: Signed, session: WriteSession
) -> ProjectDetail:
    """取消工程，原因会公开。"""
    service.cancel(session, acting=acting, project_id=project_id, reason=body.reason)
    return _show(session, acting, project_id)


def _plan(body: ProjectPlan) -> service.Plan:
    values = {name: value for name, value in body if name not in ("village", "version", "exempt")}
    return service.Plan(**values, exempt=tuple(dict.fromkeys(body.exempt)))


def _show(session: Session, acting: Actor, project_id: uuid.UUID) -> ProjectDetail:
    project = access.access_project(session, acting, project_id)
    inside = choices.inside(session, acting=acting, village_id=project.village_id)
    found = service.timeline(session, acting=acting, project_id=project_id, public=not inside)
    session.refresh(project, ["village"])
    return ProjectDetail(
        **_out(project),
        counterparty=found.counterparty,
        paid_fen=found.paid_fen,
        agreed_fen=found.agreed_fen,
        overpaid_fen=found.overpaid_fen,
        steps=[_step(step) for step in found.steps],
    )


def _out(row: Project) -> dict[str, Any]:
    names = set(ProjectOut.model_fields) - {"village", "version"}
    return {name: getattr(row, name) for name in names} | {
        "village": place(row.village),
        "version": row.lock_version,
    }


def _step(step: Step) -> StepOut:
    return StepOut(
        kind=step.kind,
        name=step.name,
        state=step.state,
        because=step.because,
        total_fen=step.total_fen,
        faults=step.faults,
        entries=[_entry(entry) for entry in step.entries],
    )


def _entry(entry: Entry) -> EntryOut:
    votes = entry.votes
    return EntryOut(
        day=entry.day,
        text=entry.text,
        amount_fen=entry.amount_fen,
        payee=entry.payee,
        votes=VotesOut(in_favour=votes.for_, against=votes.against, abstained=votes.abstained)
        if votes
        else None,
        evidence=EvidenceOut.model_validate(entry.evidence) if entry.evidence else None,
    )

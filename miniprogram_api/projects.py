"""Small works (小型工程): a village's list, and one timeline per project; and the head of its hash chain."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.models import Organisation, Project
from app.models.projects import ProjectState, StageKind
from app.services import access, chain, projects
from app.services.actors import Visitor
from app.services.projects.timeline import Entry, Step, Timeline
from app.web import paging
from app.web.context import ReadSession
from app.web.paging import After, Limit, Page
from miniprogram_api import answers
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import Key, VillageCode

router = APIRouter(tags=["公开"])


class ProjectLine(BaseModel):
    """A project in a list. Amounts in fen; `lacking` names the stages that should be there and are not."""

    id: uuid.UUID = Field(examples=[answers.EXAMPLE_ID])
    name: str = Field(examples=["村道硬化"])
    state: ProjectState
    state_name: str = Field(examples=["实施中"])
    estimate_fen: int | None
    agreed_fen: int | None = Field(description="合同价（含变更），有决算时为决算价")
    paid_fen: int
    lacking: list[str] = Field(examples=[["招标公告"]])
    faults: int = Field(description="次序不对、多付等要说明的有几处")


class Proof(BaseModel):
    """The published item that shows a stage."""

    disclosure_id: uuid.UUID
    title: str
    withdrawn: bool


class VoteCount(BaseModel):
    """How a meeting voted (赞成、反对、弃权)."""

    in_favour: int
    against: int
    abstained: int


class EntryLine(BaseModel):
    """One thing that happened. Of persons who were paid only the surname."""

    day: date
    text: str
    amount_fen: int | None
    payee: str
    votes: VoteCount | None
    proof: Proof | None


class StepLine(BaseModel):
    """One stage: done 已办, missing 缺 (show it in red with `because`), waiting 未到, exempt 免, none 无."""

    kind: StageKind
    name: str = Field(examples=["招标公告"])
    state: str = Field(examples=["missing"])
    because: str
    total_fen: int | None
    faults: list[str]
    entries: list[EntryLine]


class ProjectPage(ProjectLine):
    """A project from proposal to final account."""

    village: answers.VillageName
    number: str
    description: str
    counterparty: str
    cancelled_because: str
    planned_start_on: date | None
    planned_end_on: date | None
    overpaid_fen: int
    steps: list[StepLine]


class ChainPage(BaseModel):
    """The head of a village's hash chain, null before the first publication, and the newest verification."""

    number: int | None
    digest: str | None
    short: str | None = Field(description="印在公告和回执上的样子", examples=["128:3f9a0c2177be01d499aa"])
    checked_at: datetime | None
    faults: int = Field(description="最近一次全面核对发现几处对不上")


@router.get("/villages/{code}/projects")
def listing(
    code: VillageCode, session: ReadSession, acting: AsAnybody, limit: Limit = 20, after: After = None
) -> Page[ProjectLine]:
    """一个村的小型工程，新的在前。"""
    village = access.access_village(session, acting, code)
    query = paging.after(
        projects.listing(Visitor(), village_id=village.id), after, Project.created_at, Project.id
    )
    rows = session.scalars(query.limit(limit + 1)).all()
    found = projects.timelines(session, rows[:limit])
    return Page(
        items=[ProjectLine(**_line(one)) for one in found], next=paging.cursor(rows, limit, "created_at")
    )


@router.get("/projects/{project_id}")
def one(project_id: Key, session: ReadSession, _acting: AsAnybody) -> ProjectPage:
    """一个工程从提议到决算的全过程，缺的环节写明原因。"""
    found = projects.timeline(session, acting=Visitor(), project_id=project_id)
    project = found.project
    return ProjectPage(
        **_line(found),
        village=answers.village_of(session, session.get_one(Organisation, project.village_id)),
        number=project.number,
        description=project.description,
        counterparty=found.counterparty,
        cancelled_because=project.cancelled_because,
        planned_start_on=project.planned_start_on,
        planned_end_on=project.planned_end_on,
        overpaid_fen=found.overpaid_fen,
        steps=[_step(step) for step in found.steps],
    )


@router.get("/villages/{code}/chain")
def chain_of(code: VillageCode, session: ReadSession, acting: AsAnybody) -> ChainPage:
    """村里公开存证链的链头，和最近一次全面核对的结果。"""
    village = access.access_village(session, acting, code)
    head, checked = chain.head(session, village.id), chain.last_check(session, village.id)
    return ChainPage(
        number=head.number if head else None,
        digest=head.digest if head else None,
        short=head.short if head else None,
        checked_at=checked.at if checked else None,
        faults=sum(checked.faults.values()) if checked else 0,
    )


def _line(found: Timeline) -> dict[str, Any]:
    return {
        "id": found.project.id,
        "name": found.project.name,
        "state": found.state,
        "state_name": projects.STATE_NAMES[found.state],
        "estimate_fen": found.project.estimate_fen,
        "agreed_fen": found.agreed_fen,
        "paid_fen": found.paid_fen,
        "lacking": [step.name for step in found.missing],
        "faults": len(found.faults),
    }


def _step(step: Step) -> StepLine:
    names = ("kind", "name", "state", "because", "total_fen", "faults")
    values = {name: getattr(step, name) for name in names}
    return StepLine(**values, entries=[_entry(entry) for entry in step.entries])


def _entry(entry: Entry) -> EntryLine:
    votes, proof = entry.votes, entry.evidence
    return EntryLine(
        day=entry.day,
        text=entry.text,
        amount_fen=entry.amount_fen,
        payee=entry.payee,
        votes=VoteCount(in_favour=votes.for_, against=votes.against, abstained=votes.abstained)
        if votes
        else None,
        proof=Proof(disclosure_id=proof.disclosure_id, title=proof.title, withdrawn=proof.withdrawn)
        if proof
        else None,
    )

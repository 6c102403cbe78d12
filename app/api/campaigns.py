"""Campaigns: self-checks that an office asks of its villages, their answers, and the board."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, status
from pydantic import Field, JsonValue, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import Signed, page, problems, router
from app.api.schemas import (
    NO_NUL,
    NOT_BLANK,
    Body,
    Code,
    Day,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Paragraph,
    Version,
    place,
)
from app.models import Campaign
from app.models.supervision import AnswerState, CampaignState
from app.services import campaigns, organisations
from app.services.actors import Actor
from app.services.campaigns import Line, QuestionKind
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("专项自查")

Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=NOT_BLANK)]
QuestionText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NOT_BLANK)]
Key = Annotated[str, StringConstraints(pattern=r"^q[0-9]{1,2}$")]
Typed = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Token = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]


class QuestionIn(Body):
    """One question."""

    text: QuestionText = Field(examples=["有没有应招标而没有招标的装修、改造工程？"])
    kind: QuestionKind = QuestionKind.YES_NO
    required: bool = True


class NewCampaign(Body):
    """A self-check to issue."""

    organisation: Code = Field(description="部署的镇街或区县（代码）")
    title: Title = Field(examples=["村务用工专项自查"])
    reason: Paragraph = Field(examples=["发现以用工名义实施装修工程，要求全镇自查。"])
    questions: list[QuestionIn] = Field(min_length=1, max_length=20)
    due_on: Day
    villages: list[Code] = Field(default=[], max_length=1000, description="不填为辖区内全部村社")
    warning_id: uuid.UUID | None = None


class Answering(Body):
    """What a village reports."""

    answers: dict[Key, Typed] = Field(
        default_factory=dict, max_length=20, examples=[{"q1": "no"}], description="是否题答 yes 或 no"
    )
    found: bool
    finding: OptionalParagraph = ""
    measures: OptionalParagraph = ""
    uploads: list[Token] = Field(default=[], max_length=9, description="佐证文件的上传令牌")
    version: Version = None


class Reviewing(Body):
    """Accepting or returning what a village reported."""

    accepted: bool
    remark: OptionalParagraph = ""
    version: Version = None


class Ending(Body):
    """The outcome."""

    outcome: Paragraph = Field(examples=["立案 1 件，退回工程款 2 笔。"])
    lesson: OptionalParagraph = Field(default="", examples=["10 万元以上装修一律进镇平台招标。"])
    version: Version = None


class QuestionOut(Out):
    """A question with the key under which it is answered."""

    key: str
    text: str
    kind: QuestionKind
    required: bool


class AnswerOut(Out):
    """One village's part."""

    id: uuid.UUID
    village: OrganisationRef
    state: AnswerState = Field(description="waiting 待自查、answered 已报送、returned 退回、accepted 已核对")
    late: bool = Field(description="逾期报送，或到期还没有报送")
    answers: dict[str, JsonValue]
    found: bool | None
    finding: str
    measures: str
    answered_at: datetime | None
    remark: str
    files: list[uuid.UUID]
    version: int


class CampaignLine(Out):
    """A campaign in a list."""

    id: uuid.UUID
    number: str = Field(examples=["ZC20261123-4F7K"])
    issuer: OrganisationRef
    title: str
    reason: str
    warning_id: uuid.UUID | None
    questions: list[QuestionOut]
    due_on: date
    state: CampaignState
    outcome: str
    lesson: str
    created_at: datetime
    closed_at: datetime | None
    version: int


class CampaignOut(CampaignLine):
    """A campaign with its board, as far as the caller may see it."""

    asked: int
    answered: int
    accepted: int
    late: int
    found: int
    villages: list[AnswerOut]


@api.get("/campaigns", responses=problems(400, 422))
def list_campaigns(
    acting: Signed,
    session: ReadSession,
    state: Annotated[CampaignState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[CampaignLine]:
    """专项自查，新的在前。"""
    query = campaigns.listing(acting, state=state)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Campaign.created_at, key=Campaign.id
    )
    return Page(items=[_line(row[0]) for row in rows], next=following)


@api.post("/campaigns", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 422))
def issue_campaign(body: NewCampaign, acting: Signed, session: WriteSession) -> CampaignOut:
    """部署自查：辖区内各村（或指定的村）收到任务。"""
    issuer = organisations.by_code(session, acting=acting, code=body.organisation)
    made = campaigns.issue(
        session,
        acting=acting,
        organisation=issuer,
        title=body.title,
        reason=body.reason,
        questions=[campaigns.Question(one.text, one.kind, one.required) for one in body.questions],
        due_on=body.due_on,
        village_codes=body.villages,
        warning_id=body.warning_id,
    )
    return _show(session, acting, made.id)


@api.get("/campaigns/{campaign_id}", responses=problems(404, 422))
def get_campaign(campaign_id: uuid.UUID, acting: Signed, session: ReadSession) -> CampaignOut:
    """一次自查和各村的情况；村干部只看到本村。"""
    return _show(session, acting, campaign_id)


@api.post("/campaigns/{campaign_id}/close", responses=problems(400, 403, 404, 409, 422))
def close_campaign(
    campaign_id: uuid.UUID, body: Ending, acting: Signed, session: WriteSession
) -> CampaignOut:
    """结束自查：写明处理结果和由此定下的新规定。"""
    campaigns.close(
        session,
        acting=acting,
        campaign_id=campaign_id,
        outcome=body.outcome,
        lesson=body.lesson,
        version=body.version,
    )
    return _show(session, acting, campaign_id)


@api.put("/campaigns/answers/{answer_id}", responses=problems(400, 403, 404, 409, 422))
def answer_campaign(
    answer_id: uuid.UUID, body: Answering, acting: Signed, session: WriteSession, here: InContext
) -> CampaignOut:
    """报送本村的自查结果，可附佐证；核对以前可以改。"""
    row = campaigns.answer(
        session,
        acting=acting,
        answer_id=answer_id,
        answers=body.answers,
        found=body.found,
        finding=body.finding,
        measures=body.measures,
        uploads=body.uploads,
        keys=here.keys,
        version=body.version,
    )
    return _show(session, acting, row.campaign_id)


@api.post("/campaigns/answers/{answer_id}/review", responses=problems(400, 403, 404, 409, 422))
def review_campaign_answer(
    answer_id: uuid.UUID, body: Reviewing, acting: Signed, session: WriteSession
) -> CampaignOut:
    """核对或退回一个村的自查。"""
    row = campaigns.review(
        session,
        acting=acting,
        answer_id=answer_id,
        accepted=body.accepted,
        remark=body.remark,
        version=body.version,
    )
    return _show(session, acting, row.campaign_id)


def _show(session: Session, acting: Actor, campaign_id: uuid.UUID) -> CampaignOut:
    board = campaigns.board(session, acting=acting, campaign_id=campaign_id)
    return CampaignOut(
        **_line(board.campaign).model_dump(),
        asked=board.asked,
        answered=board.answered,
        accepted=board.accepted,
        late=board.late,
        found=board.found,
        villages=[_answer(one) for one in board.lines],
    )


def _line(row: Campaign) -> CampaignLine:
    return CampaignLine(
        id=row.id,
        number=row.number,
        issuer=place(row.organisation),
        title=row.title,
        reason=row.reason,
        warning_id=row.warning_id,
        questions=[QuestionOut(**question) for question in row.questions],
        due_on=row.due_on,
        state=row.state,
        outcome=row.outcome,
        lesson=row.lesson,
        created_at=row.created_at,
        closed_at=row.closed_at,
        version=row.lock_version,
    )


def _answer(line: Line) -> AnswerOut:
    row = line.answer
    return AnswerOut(
        id=row.id,
        village=place(row.village),
        state=row.state,
        late=line.late,
        answers=row.answers,
        found=row.found,
        finding=row.finding,
        measures=row.measures,
        answered_at=row.answered_at,
        remark=row.remark,
        files=[file.id for file in line.files],
        version=row.lock_version,
    )

"""Tenders with sign-ups: their terms, the list for the village's office, award and failure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Response, status
from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, file, page, problems, router, village_id
from app.api.schemas import NOT_BLANK, Body, Day, Fen, OrganisationRef, Out, Version, place
from app.models import Tender
from app.models.interaction import TenderState
from app.services import access, access_interaction, organisations
from app.services.tenders import office, outcome, terms
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("招标报名")


def _words(limit: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=limit, pattern=NOT_BLANK)


class RequirementIn(Body):
    """One thing that a sign-up states besides name and phone."""

    label: Annotated[str, _words(terms.LONGEST_LABEL)] = Field(examples=["拟经营项目"])
    required: bool = True


class RequirementOut(Out):
    """The same with the key under which it is answered."""

    key: str
    label: str
    required: bool


class TermsIn(Body):
    """What a notice invites for."""

    closes_at: AwareDatetime = Field(description="报名截止", examples=["2026-12-07T17:00:00+08:00"])
    floor_price_fen: Fen | None = Field(default=None, description="起始价，单位：分")
    requirements: list[RequirementIn] = Field(default=[], max_length=terms.MOST_REQUIREMENTS)


class TenderOut(Out):
    """A tender. Winner and amount show once it is awarded; the public sees them with the award notice."""

    id: uuid.UUID
    village: OrganisationRef
    disclosure_id: uuid.UUID
    contract_id: uuid.UUID | None
    project_id: uuid.UUID | None
    title: str
    state: TenderState
    opens_at: datetime | None = Field(description="公告公开时开始报名")
    closes_at: datetime
    floor_price_fen: int | None
    requirements: list[RequirementOut]
    sign_ups: int = Field(description="有效报名数（公开）")
    winner: str
    award_fen: int | None
    awarded_on: date | None
    award_disclosure_id: uuid.UUID | None = Field(description="中标公示")
    remark: str = Field(description="流标或取消的原因")
    version: int


class SignUpLine(Out):
    """One who signed up."""

    number: int
    signed_up_at: datetime
    answers: dict[str, str] = Field(examples=[{"姓名或单位名称": "某某合作社", "联系电话": "13800000000"}])


class SignUps(Out):
    """The list; each reading is recorded."""

    labels: list[str]
    items: list[SignUpLine]


class AwardIn(Body):
    """Who won, for how much."""

    winner: Annotated[str, _words(outcome.LONGEST_WINNER)] = Field(examples=["某某水产专业合作社"])
    award_fen: Fen
    awarded_on: Day
    version: Version = None


class Awarded(Out):
    """The award, and the draft of its notice, which is to be completed and submitted."""

    tender: TenderOut
    award_disclosure_id: uuid.UUID


class FailureIn(Body):
    """Why nobody won; becomes public."""

    reason: Annotated[str, _words(outcome.LONGEST_REASON)] = Field(examples=["报名不足三家。"])
    version: Version = None


@api.get("/tenders", responses=problems(400, 404, 422))
def list_tenders(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[TenderState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[TenderOut]:
    """带报名的公告，新的在前。已公开的都看得到，草稿只有本村和上级看得到。"""
    wanted = village_id(session, acting, village)
    query = terms.listing(acting, village_id=wanted, states=[state] if state else ())
    rows, following = page(session, query, cursor=after, limit=limit, moment=Tender.created_at, key=Tender.id)
    found = [row[0] for row in rows]
    return Page(items=_out(session, acting, found), next=following)


@api.get("/tenders/{tender_id}", responses=problems(404, 422))
def get_tender(tender_id: uuid.UUID, acting: Signed, session: ReadSession) -> TenderOut:
    """一次招标的要求、报名数和结果。"""
    return _out(session, acting, [access_interaction.access_tender(session, acting, tender_id)])[0]


@api.put("/disclosures/{disclosure_id}/tender", responses=problems(400, 403, 404, 409, 422))
def put_tender(disclosure_id: uuid.UUID, body: TermsIn, acting: Signed, session: WriteSession) -> TenderOut:
    """给招标公告或重新招租公告的草稿加上报名，或修改报名要求。公告公开时开始报名。"""
    wanted = terms.Terms(
        closes_at=body.closes_at,
        floor_price_fen=body.floor_price_fen,
        requirements=[terms.Requirement(one.label, one.required) for one in body.requirements],
    )
    tender = terms.attach(session, acting=acting, disclosure_id=disclosure_id, terms=wanted)
    return _out(session, acting, [tender])[0]


@api.delete(
    "/disclosures/{disclosure_id}/tender",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(403, 404, 409, 422),
)
def delete_tender(disclosure_id: uuid.UUID, acting: Signed, session: WriteSession) -> None:
    """去掉草稿的报名。"""
    terms.detach(session, acting=acting, disclosure_id=disclosure_id)


@api.get("/tenders/{tender_id}/sign-ups", responses=problems(403, 404, 422))
def list_sign_ups(tender_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext) -> SignUps:
    """报名名单：只给本村信息员、联络员和镇街，每次查看都有记录。"""
    opened = office.read(session, acting=acting, tender_id=tender_id, keys=here.keys)
    lines = [SignUpLine.model_validate(line) for line in opened.lines]
    return SignUps(labels=list(opened.labels), items=lines)


@api.get(
    "/tenders/{tender_id}/sign-ups.csv",
    response_class=Response,
    responses={**problems(403, 404, 422), **file("text/csv")},
)
def download_sign_ups(
    tender_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext
) -> Response:
    """报名名单的表格文件，查看范围和记录同上。"""
    _, content = office.as_csv(session, acting=acting, tender_id=tender_id, keys=here.keys)
    headers = {"Content-Disposition": 'attachment; filename="sign-ups.csv"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv", headers=headers)


@api.post("/tenders/{tender_id}/award", responses=problems(400, 403, 404, 409, 422))
def award_tender(
    tender_id: uuid.UUID, body: AwardIn, acting: Signed, session: WriteSession, here: InContext
) -> Awarded:
    """登记定标，并生成中标公示的草稿。"""
    notice = outcome.award(
        session,
        acting=acting,
        tender_id=tender_id,
        award=outcome.Award(body.winner, body.award_fen, body.awarded_on),
        keys=here.keys,
        version=body.version,
    )
    tender = access_interaction.access_tender(session, acting, tender_id)
    return Awarded(tender=_out(session, acting, [tender])[0], award_disclosure_id=notice.id)


@api.post("/tenders/{tender_id}/failure", responses=problems(400, 403, 404, 409, 422))
def fail_tender(tender_id: uuid.UUID, body: FailureIn, acting: Signed, session: WriteSession) -> TenderOut:
    """登记流标，原因会公开。"""
    failed = outcome.fail(
        session, acting=acting, tender_id=tender_id, reason=body.reason, version=body.version
    )
    return _out(session, acting, [failed])[0]


def _out(session: Session, acting: Signed, rows: Sequence[Tender]) -> list[TenderOut]:
    villages = organisations.by_ids(session, [row.village_id for row in rows])
    return [_one(session, acting, row, place(villages[row.village_id])) for row in rows]


def _one(session: Session, acting: Signed, row: Tender, village: OrganisationRef) -> TenderOut:
    known = access.sees_drafts(session, acting, row.village_id) or terms.award_public(session, row)
    return TenderOut(
        id=row.id,
        village=village,
        disclosure_id=row.disclosure_id,
        contract_id=row.contract_id,
        project_id=row.project_id,
        title=row.title,
        state=row.state,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        floor_price_fen=row.floor_price_fen,
        requirements=[RequirementOut(**one) for one in row.requirements],
        sign_ups=row.sign_ups,
        winner=row.winner if known else "",
        award_fen=row.award_fen if known else None,
        awarded_on=row.awarded_on if known else None,
        award_disclosure_id=row.award_disclosure_id if known else None,
        remark=row.remark,
        version=row.lock_version,
    )

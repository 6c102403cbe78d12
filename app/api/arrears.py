"""The arrears board: what could be given notice of, notices and their steps. (The public reads the entries
through the village's page and the Mini Program.)"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Response, status
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, file, page, problems, router, village_id
from app.api.schemas import NOT_BLANK, Body, Day, OrganisationRef, Out, Version, place
from app.models import ArrearsNotice
from app.models.supervision import ArrearsState
from app.services import arrears
from app.services.actors import Actor
from app.services.arrears.queries import Line, outstanding
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("欠款公示")

Way = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=NOT_BLANK)]
Because = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=NOT_BLANK)]


class CandidateOut(Out):
    """An overdue receivable without a notice."""

    receivable_id: uuid.UUID
    village: OrganisationRef
    title: str = Field(examples=["标准厂房一号楼 2026 年上半年租金"])
    debtor: str
    due_on: date
    late_days: int = Field(description="逾期天数")
    owed_fen: int = Field(description="还欠金额，单位：分")


class ArrearsOut(Out):
    """A notice on its way to the village page, or off it."""

    id: uuid.UUID
    village: OrganisationRef
    receivable_id: uuid.UUID
    warning_id: uuid.UUID | None
    state: ArrearsState = Field(
        description="prepared 待送达、served 已预告、published 公示中、removed 已销号"
    )
    debtor: str
    debtor_shown: str = Field(
        description="公示时的称呼：单位写名称，个人只写姓和组", examples=["王某（三组）"]
    )
    title_shown: str
    amount_fen: int = Field(description="预告时所欠，单位：分")
    owed_fen: int = Field(description="现在所欠，单位：分")
    due_on: date
    notice_on: date
    publish_on: date = Field(description="到这一天未缴清就公示")
    served_on: date | None
    served_how: str = Field(examples=["当面送达"])
    approved: bool = Field(description="是否已由第二个人批准公示")
    published_at: datetime | None
    ended_at: datetime | None
    ended_because: str
    version: int


class NewArrears(Body):
    """Preparing a notice."""

    receivable_id: uuid.UUID
    publish_on: Day | None = Field(default=None, description="公示日期；不填为规定的最早一天")


class Service(Body):
    """How the debtor got it."""

    how: Way = Field(examples=["当面送达，本人签收"])
    on: Day | None = Field(default=None, description="送达日期，不填为今天")
    version: Version = None


class Approval(Body):
    """Releasing it for the named day."""

    version: Version = None


class Cancellation(Body):
    """Taking it back."""

    because: Because = Field(examples=["对方有异议，正在核实。"])
    version: Version = None


@api.get("/arrears/candidates", responses=problems(400, 404, 422))
def list_arrears_candidates(
    acting: Signed, session: ReadSession, village: OfVillage = None
) -> list[CandidateOut]:
    """逾期未缴、还没有预告的应收款，逾期最久的在前（最多 100 笔）。"""
    found = arrears.candidates(session, acting=acting, village_id=village_id(session, acting, village))
    return [
        CandidateOut(
            receivable_id=one.receivable.id,
            village=place(one.receivable.village),
            title=one.receivable.title,
            debtor=one.receivable.debtor,
            due_on=one.receivable.due_on,
            late_days=one.late_days,
            owed_fen=one.owed_fen,
        )
        for one in found
    ]


@api.get("/arrears", responses=problems(400, 404, 422))
def list_arrears(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[ArrearsState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ArrearsOut]:
    """催缴预告和公示，新的在前，含已销号的历史。"""
    query = arrears.listing(
        acting, village_id=village_id(session, acting, village), states=[state] if state else ()
    )
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=ArrearsNotice.created_at, key=ArrearsNotice.id
    )
    notices = [row[0] for row in rows]
    owed = outstanding(session, [notice.receivable_id for notice in notices])
    return Page(items=[_out(Line(one, owed[one.receivable_id])) for one in notices], next=following)


@api.get("/arrears/{notice_id}", responses=problems(404, 422))
def get_arrears(notice_id: uuid.UUID, acting: Signed, session: ReadSession) -> ArrearsOut:
    """一份催缴预告。"""
    return _out(arrears.find(session, acting=acting, notice_id=notice_id))


@api.get(
    "/arrears/{notice_id}/letter.pdf",
    responses=problems(404, 422) | file("application/pdf"),
    response_class=Response,
)
def get_arrears_letter(notice_id: uuid.UUID, acting: Signed, session: ReadSession) -> Response:
    """打印给对方的催缴及公示预告。"""
    line = arrears.find(session, acting=acting, notice_id=notice_id)
    return Response(arrears.letter(line.notice, owed_fen=line.owed_fen), media_type="application/pdf")


@api.post("/arrears", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def prepare_arrears(body: NewArrears, acting: Signed, session: WriteSession) -> ArrearsOut:
    """准备一份催缴预告：写明到哪一天未缴清就在村页面公示。"""
    made = arrears.prepare(
        session, acting=acting, receivable_id=body.receivable_id, publish_on=body.publish_on
    )
    return _show(session, acting, made)


@api.post("/arrears/{notice_id}/serve", responses=problems(400, 403, 404, 409, 422))
def serve_arrears(notice_id: uuid.UUID, body: Service, acting: Signed, session: WriteSession) -> ArrearsOut:
    """登记已经送达：怎样送、哪一天。送达晚了，公示日期顺延。"""
    served = arrears.serve(
        session, acting=acting, notice_id=notice_id, how=body.how, on=body.on, version=body.version
    )
    return _show(session, acting, served)


@api.post("/arrears/{notice_id}/approve", responses=problems(400, 403, 404, 409, 422))
def approve_arrears(
    notice_id: uuid.UUID, body: Approval, acting: Signed, session: WriteSession
) -> ArrearsOut:
    """批准到期公示：镇街或区级的另一个人。"""
    approved = arrears.approve(session, acting=acting, notice_id=notice_id, version=body.version)
    return _show(session, acting, approved)


@api.post("/arrears/{notice_id}/cancel", responses=problems(400, 403, 404, 409, 422))
def cancel_arrears(
    notice_id: uuid.UUID, body: Cancellation, acting: Signed, session: WriteSession
) -> ArrearsOut:
    """取消预告或撤下公示，写明原因。"""
    cancelled = arrears.cancel(
        session, acting=acting, notice_id=notice_id, because=body.because, version=body.version
    )
    return _show(session, acting, cancelled)


def _show(session: Session, acting: Actor, notice: ArrearsNotice) -> ArrearsOut:
    return _out(arrears.find(session, acting=acting, notice_id=notice.id))


def _out(line: Line) -> ArrearsOut:
    row = line.notice
    return ArrearsOut(
        id=row.id,
        village=place(row.village),
        receivable_id=row.receivable_id,
        warning_id=row.warning_id,
        state=row.state,
        debtor=row.receivable.debtor,
        debtor_shown=row.debtor_shown,
        title_shown=row.title_shown,
        amount_fen=row.amount_fen,
        owed_fen=max(line.owed_fen, 0),
        due_on=row.due_on,
        notice_on=row.notice_on,
        publish_on=row.publish_on,
        served_on=row.served_on,
        served_how=row.served_how,
        approved=row.approved_by is not None,
        published_at=row.published_at,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
        version=row.lock_version,
    )

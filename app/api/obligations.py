"""What villages owe to publish: the list, entering events, waiving, the board of a town."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query, status
from pydantic import Field
from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, problems, router
from app.api.schemas import Body, CategoryCode, Code, Day, Line, OrganisationRef, Out, Word, place
from app.core import clock
from app.models import Obligation
from app.models.obligations import ObligationSource, ObligationState
from app.services import access, access_obligations, obligations, organisations
from app.services.actors import Actor
from app.services.obligations import boards, standings
from app.web import paging
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("应公开事项")

PeriodText = Annotated[
    str, Query(max_length=10, description="所属期间：2026、2026-Q3 或 2026-10", examples=["2026-10"])
]


class ObligationOut(Out):
    """One thing that a village owes to publish. Late is late: `days_late` of what came out late stays."""

    id: uuid.UUID
    village: OrganisationRef
    category: str = Field(examples=["finance"])
    title: str = Field(examples=["2026年10月村级财务"])
    period: str = Field(description="所属期间；只欠一次的为空", examples=["2026-10"])
    source: ObligationSource = Field(description="谁要求公开：周期、合同、工程、事项")
    source_id: uuid.UUID | None = Field(description="对应的合同或工程")
    due_on: date = Field(description="应公开日")
    provisional: bool = Field(description="放假安排或工期未定，日期可能调整")
    state: ObligationState
    met_on: date | None = Field(description="公开日")
    days_late: int = Field(description="迟了几天（自然日）；未公开的算到今天")
    words: str = Field(examples=["逾期 3 天"])
    disclosure_id: uuid.UUID | None
    waived_because: str = Field(description="免于公开的原因，公众可见")


class NewObligation(Body):
    """Something happened that must be published; its category says within how many days."""

    village: Code
    category: CategoryCode = Field(examples=["house_building"])
    title: Word = Field(description="公众可见，不写个人信息", examples=["建房审批结果"])
    happened_on: Day = Field(description="发生日期", examples=["2026-10-09"])


class Waiver(Body):
    """Why it need not be published."""

    reason: Line = Field(description="原因，公众可见", examples=["撤并期间账目由镇统一公开。"])


class MetBy(Body):
    """The published item that meets it."""

    disclosure_id: uuid.UUID


class CellOut(Out):
    """How one category of one village stands."""

    colour: str = Field(description="green、yellow、red、grey；none：没有应公开的", examples=["red"])
    words: str = Field(examples=["逾期 16 天"])
    missing: int = Field(description="逾期几项")
    late_days: int
    due_on: date | None
    met_on: date | None = Field(description="最近一次公开的日期")


class LineOut(Out):
    """A village with its cells in the order of the columns."""

    village: OrganisationRef
    missing: int
    cells: list[CellOut]


class ColumnOut(Out):
    """A category of the board."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])


class BoardOut(Out):
    """A town's board: villages × categories."""

    town: OrganisationRef
    period: str | None
    missing: int = Field(description="逾期几项")
    complete: int = Field(description="几个村没有逾期")
    columns: list[ColumnOut]
    lines: list[LineOut]


@api.get("/obligations", responses=problems(400, 404, 422))
def list_obligations(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    organisation: Annotated[Code | None, Query(description="只看这个镇街或区县的村")] = None,
    category: Annotated[CategoryCode | None, Query(description="只看这个公开类别")] = None,
    state: Annotated[ObligationState | None, Query(description="只看这种状态")] = None,
    source: Annotated[ObligationSource | None, Query(description="只看这种来源")] = None,
    period: PeriodText | None = None,
    late: Annotated[bool | None, Query(description="是否逾期或迟公开")] = None,
    due_from: Annotated[Day | None, Query(description="应公开日不早于")] = None,
    due_until: Annotated[Day | None, Query(description="应公开日不晚于")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ObligationOut]:
    """应公开事项，先到期的在前。只看得到本村或本辖区的；公众看的在小程序和村主页。"""
    wanted = obligations.Filter(
        village_id=access.access_village(session, acting, village).id if village else None,
        organisation_id=organisations.by_code(session, acting=acting, code=organisation).id
        if organisation
        else None,
        category_code=category,
        state=state,
        source=source,
        period=period,
        late=late,
        due_from=due_from,
        due_until=due_until,
    )
    query = obligations.listing(acting, wanted)
    if after is not None:
        last = paging.decode(after, date.fromisoformat, uuid.UUID)
        query = query.where(tuple_(Obligation.due_on, Obligation.id) > last)
    rows = session.scalars(query.limit(limit + 1)).all()
    return Page(items=[_out(row) for row in rows[:limit]], next=paging.cursor(rows, limit, "due_on"))


@api.get("/obligations/board", responses=problems(400, 404, 422))
def get_obligation_board(
    acting: Signed,
    session: ReadSession,
    town: Annotated[Code, Query(description="镇街代码")],
    period: PeriodText | None = None,
) -> BoardOut:
    """一个镇街的公开进度：村 × 公开类别，缺什么一眼看清。村级人员只看到自己的村。"""
    found = organisations.by_code(session, acting=acting, code=town)
    return _board(obligations.board(session, acting=acting, town_id=found.id, period=period))


@api.post("/obligations", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def add_obligation(body: NewObligation, acting: Signed, session: WriteSession) -> ObligationOut:
    """登记一件应公开的事项（如政府审批结果）：本村人员或上级监察办。"""
    village = access.access_village(session, acting, body.village)
    row = obligations.owe(
        session,
        acting=acting,
        village=village,
        category_code=body.category,
        title=body.title,
        happened_on=body.happened_on,
    )
    return _show(session, acting, row.id)


@api.get("/obligations/{obligation_id}", responses=problems(404, 422))
def get_obligation(obligation_id: uuid.UUID, acting: Signed, session: ReadSession) -> ObligationOut:
    """一项应公开事项。"""
    return _show(session, acting, obligation_id)


@api.post("/obligations/{obligation_id}/waive", responses=problems(400, 403, 404, 409, 422))
def waive_obligation(
    obligation_id: uuid.UUID, body: Waiver, acting: Signed, session: WriteSession
) -> ObligationOut:
    """免于公开：镇街监察办或区纪委，原因会公开。"""
    obligations.waive(session, acting=acting, obligation_id=obligation_id, reason=body.reason)
    return _show(session, acting, obligation_id)


@api.post("/obligations/{obligation_id}/met", responses=problems(400, 403, 404, 409, 422))
def link_obligation(
    obligation_id: uuid.UUID, body: MetBy, acting: Signed, session: WriteSession
) -> ObligationOut:
    """指明哪一条已公开的内容对应它：监督公开的联络员或镇街。"""
    obligations.link(session, acting=acting, obligation_id=obligation_id, disclosure_id=body.disclosure_id)
    return _show(session, acting, obligation_id)


def _show(session: Session, acting: Actor, obligation_id: uuid.UUID) -> ObligationOut:
    row = access_obligations.access_obligation(session, acting, obligation_id)
    session.refresh(row, ["village"])
    return _out(row)


def _out(row: Obligation) -> ObligationOut:
    shown = standings.row_of(row, clock.today())
    return ObligationOut(
        id=row.id,
        village=place(row.village),
        category=row.category_code,
        title=row.title,
        period=row.period,
        source=row.source,
        source_id=row.source_id,
        due_on=row.due_on,
        provisional=row.provisional,
        state=row.state,
        met_on=row.met_on,
        days_late=shown.days_late,
        words=shown.words,
        disclosure_id=row.disclosure_id,
        waived_because=row.waived_because,
    )


def _board(board: boards.Board) -> BoardOut:
    return BoardOut(
        town=place(board.town),
        period=board.period,
        missing=board.missing,
        complete=board.complete,
        columns=[ColumnOut.model_validate(column) for column in board.columns],
        lines=[
            LineOut(
                village=place(line.village),
                missing=line.missing,
                cells=[CellOut.model_validate(cell) for cell in line.cells],
            )
            for line in board.lines
        ],
    )

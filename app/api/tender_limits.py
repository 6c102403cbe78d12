"""Tender limits: from which amount a purchase needs a vote, a tender, the procedure of the law."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field, JsonValue

from app.api.common import Signed, page, problems, router
from app.api.schemas import Body, Code, Day, Fen, Line, Out, Paragraph
from app.models import SettingHistory
from app.models.rules import TenderKind, TenderLimit
from app.services import tender_limits as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("设置")


class TenderLimitOut(Out):
    """The lines of a kind of purchase from a day on. Amounts in fen."""

    kind: TenderKind
    valid_from: date
    vote_fen: int | None = Field(description="从多少起要村级会议表决", examples=[5_000_000])
    tender_fen: int = Field(description="从多少起要镇街公开招标", examples=[10_000_000])
    law_fen: int | None = Field(description="从多少起适用法定招标程序", examples=[400_000_000])
    source: str = Field(description="依据")
    own: bool = Field(description="本区县自己的；否为各地通用的默认值")


class TenderLimitChange(Body):
    """New lines, and why."""

    valid_from: Day = Field(description="从哪一天起执行；同一天的已有限额按这次的改正")
    vote_fen: Fen | None = None
    tender_fen: Fen
    law_fen: Fen | None = None
    source: Line = Field(description="依据的文件", examples=["区政办〔2026〕12号第六条"])
    reason: Paragraph = Field(description="修改的原因，留存", examples=["区里调整小型工程招标限额。"])


class TenderLimitChangeOut(Out):
    """One change: the lines before and after it."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    reason: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@api.get("/tender-limits/{county}", responses=problems(403, 404, 422))
def list_tender_limits(county: Code, acting: Signed, session: ReadSession) -> list[TenderLimitOut]:
    """一个区县的招标限额：自己的和通用的，按类别，新的在前。付款按付款当天有效的限额衡量。"""
    return [_out(row) for row in service.listing(session, acting=acting, county=county)]


@api.put("/tender-limits/{county}/{kind}", responses=problems(400, 403, 404, 409, 422))
def put_tender_limit(
    county: Code, kind: TenderKind, body: TenderLimitChange, acting: Signed, session: WriteSession
) -> TenderLimitOut:
    """登记本区县从某一天起执行的限额；区纪委和平台管理员可以改，留有记录。"""
    lines = service.Lines(
        tender_fen=body.tender_fen, source=body.source, vote_fen=body.vote_fen, law_fen=body.law_fen
    )
    row = service.put(
        session,
        acting=acting,
        county=county,
        kind=kind,
        valid_from=body.valid_from,
        lines=lines,
        reason=body.reason,
    )
    return _out(row)


@api.get("/tender-limits/{county}/{kind}/history", responses=problems(400, 403, 404, 422))
def list_tender_limit_changes(
    county: Code,
    kind: TenderKind,
    acting: Signed,
    session: ReadSession,
    after: After = None,
    limit: Limit = 50,
) -> Page[TenderLimitChangeOut]:
    """一个区县一类限额的变更记录，新的在前。"""
    query = service.changes(session, acting=acting, county=county, kind=kind)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=SettingHistory.at, key=SettingHistory.id
    )
    return Page(items=[TenderLimitChangeOut.model_validate(row[0]) for row in rows], next=following)


def _out(row: TenderLimit) -> TenderLimitOut:
    return TenderLimitOut(
        kind=row.kind,
        valid_from=row.valid_from,
        vote_fen=row.vote_fen,
        tender_fen=row.tender_fen,
        law_fen=row.law_fen,
        source=row.source,
        own=row.county_id is not None,
    )

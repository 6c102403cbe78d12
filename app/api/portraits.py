"""Portraits of villages: points, trend, peers' median, and the rows behind every point."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, status
from pydantic import Field

from app.api.common import PREFIX, Signed, problems, router
from app.api.schemas import Body, Code, OrganisationRef, Out, Paragraph, place
from app.models import Organisation, VillageScore
from app.models.supervision import Band
from app.services.portrait import showing, snapshots
from app.services.portrait.indicators import BY_KEY
from app.web import paging
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit

api = router("画像")

MonthText = Annotated[
    str | None, Query(max_length=7, description="月份；不填为最近一个月", examples=["2026-10"])
]


class RowsRef(Out):
    """Where the rows behind a point are."""

    noun: str = Field(description="哪一种台账", examples=["payment"])
    filters: dict[str, str]
    count: int | None = Field(description="计算时有几行；太少时不显示")
    rows: str = Field(description="这些行的地址")


class IndicatorOut(Out):
    """One indicator. Points and maximum are in tenths of a point."""

    key: str = Field(examples=["money.cashless"])
    title: str = Field(examples=["非现金支付"])
    words: str = Field(description="怎么算的")
    maximum: int = Field(description="满分，单位 0.1 分")
    points: int | None = Field(description="得分，单位 0.1 分；数据不足不计分，为空")
    own: float | None = Field(description="本村自己的数，0 到 1；太少或没有为空")
    value: float | None = Field(description="向规模相近村的中位数收拢后的数，按它计分")
    median: float | None = Field(description="规模相近村的中位数")
    peers: int = Field(description="中位数由几个村算出")
    whole_county: bool = Field(description="规模相近的村太少，用的是全区县的中位数")
    n: int | None = Field(description="本村有几行；太少时不显示")
    good: int | None = Field(description="其中几行完全合格；太少时不显示")
    few: bool = Field(description="行数太少，可能指向个人，不单独显示，按中位数计分")
    missing: str = Field(description="缺什么台账，所以不计分", examples=["预算"])
    behind: RowsRef


class ComponentOut(Out):
    """One of the five components. `counted` is the part of `maximum` that could be told."""

    key: str = Field(examples=["money"])
    title: str = Field(examples=["资金规范"])
    maximum: int = Field(description="满分，单位 0.1 分")
    counted: int = Field(description="其中能计分的满分")
    points: int | None
    indicators: list[IndicatorOut]


class PeersOut(Out):
    """What villages of the same size have in the middle; none of them is named."""

    points: int | None = Field(description="规模相近村总分的中位数，单位 0.1 分；不足最少村数为空")
    n: int


class CoverageOut(Out):
    """What the confidence rests on."""

    rules_computed: int = Field(description="能判断的规则有几条")
    rules: int = Field(description="运行过的规则有几条")
    rules_lacking: list[str] = Field(description="数据不足、无法判断的规则")
    missing: list[str] = Field(description="缺的台账")


class PointOut(Out):
    """One month of the village's own trend."""

    month: str
    points: int | None
    band: Band
    confidence: int


class PortraitOut(Out):
    """A portrait as it was computed. Points are in tenths: 873 are 87.3 of 100."""

    village: OrganisationRef
    month: str = Field(examples=["2026-10"])
    as_of: date = Field(description="算到哪一天")
    revision: int = Field(description="第几次计算")
    reason: str = Field(description="为什么计算")
    computed_at: datetime
    points: int | None = Field(description="总分，单位 0.1 分；缺台账的项不计，其余按比例折成 100 分")
    band: Band = Field(description="green 好、yellow 一般、red 差、unknown 数据不足")
    confidence: int = Field(description="可信度，0 到 100")
    components: list[ComponentOut]
    peers: PeersOut
    coverage: CoverageOut
    weights: dict[str, Any] = Field(description="计算时的分值和计分办法")
    trend: list[PointOut] = Field(description="本村自己逐月的总分")


class RevisionOut(PointOut):
    """One computation of a month."""

    revision: int
    reason: str
    computed_at: datetime


class RowOut(Out):
    """A row behind a point."""

    id: str
    day: date
    label: str
    amount_fen: int | None
    share: float = Field(description="这一行有多合格，0 到 1；预警则是扣去该项的比例")


class RowsOut(Out):
    """The rows behind an indicator as the ledgers are now."""

    noun: str
    indicator: str
    month: str
    then: int | None = Field(description="计算时有几行；之后台账更正过，就会与现在不同")
    items: list[RowOut]
    next: str | None = Field(default=None, description="取下一页时作为 after 传入")


class Recomputation(Body):
    """A month to be computed again, and why."""

    month: str = Field(max_length=7, examples=["2026-10"])
    reason: Paragraph = Field(description="原因，留存", examples=["十月付款台账导入有误，更正后重算。"])


@api.get("/portraits/{village}", responses=problems(400, 404, 422))
def get_portrait(village: Code, acting: Signed, session: ReadSession, month: MonthText = None) -> PortraitOut:
    """一个村一个月的画像：得分、依据、自己的走势、规模相近村的中位数。不排名，不向公众公开。"""
    return _out(showing.portrait(session, acting=acting, village=village, month=month))


@api.get("/portraits/{village}/rows", responses=problems(400, 404, 422))
def list_portrait_rows(
    village: Code,
    acting: Signed,
    session: ReadSession,
    indicator: Annotated[
        str, Query(pattern=r"^[a-z_.]{1,60}$", description="指标", examples=["money.cashless"])
    ],
    month: MonthText = None,
    only_bad: Annotated[bool, Query(description="只看失分的")] = False,
    after: After = None,
    limit: Limit = 50,
) -> RowsOut:
    """一项得分是由哪些行算出来的，日期近的在前。诉求、预警只列出您有权看的。"""
    last = paging.decode(after, date.fromisoformat, _key) if after else None
    found = showing.rows(
        session,
        acting=acting,
        village=village,
        month=month,
        indicator=indicator,
        only_bad=only_bad,
        after=last,
        limit=limit,
    )
    return RowsOut(
        noun=found.indicator.rows_of,
        indicator=found.indicator.key,
        month=found.month,
        then=found.then,
        items=[
            RowOut(id=row.id, day=row.day, label=row.label, amount_fen=row.fen, share=row.share)
            for row in found.items
        ],
        next=paging.cursor([*found.items, found.items[-1]], len(found.items), "day") if found.last else None,
    )


@api.get("/portraits/{village}/revisions", responses=problems(400, 404, 422))
def list_portrait_revisions(
    village: Code,
    acting: Signed,
    session: ReadSession,
    month: Annotated[str, Query(max_length=7, description="月份", examples=["2026-10"])],
) -> list[RevisionOut]:
    """一个月的每一次计算，新的在前；以前的都留着，不会改。"""
    found = showing.revisions(session, acting=acting, village=village, month=month)
    return [RevisionOut.model_validate(row) for row in found]


@api.post(
    "/portraits/{village}/revisions",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 404, 409, 422),
)
def recompute_portrait(
    village: Code, body: Recomputation, acting: Signed, session: WriteSession
) -> RevisionOut:
    """重新计算一个已过完的月份，要写原因；以前的结果留着。区纪委和平台管理员可以做。"""
    made = snapshots.recompute(session, acting=acting, village=village, month=body.month, reason=body.reason)
    return RevisionOut.model_validate(made)


def _key(given: str) -> str:
    """The key in a cursor: of any ledger, a number or a UUID."""
    if not re.fullmatch(r"[0-9a-f-]{1,36}", given):
        raise ValueError("no key of ours")
    return given


def _out(shown: showing.Shown) -> PortraitOut:
    score: VillageScore = shown.score
    rules = score.context["rules"]
    return PortraitOut(
        village=place(shown.village),
        month=score.month,
        as_of=date.fromisoformat(score.context["as_of"]),
        revision=score.revision,
        reason=score.reason,
        computed_at=score.computed_at,
        points=score.points,
        band=score.band,
        confidence=score.confidence,
        components=[_component(shown.village, component) for component in score.components],
        peers=PeersOut(**score.context["peers"]),
        coverage=CoverageOut(
            rules_computed=rules["computed"],
            rules=rules["of"],
            rules_lacking=rules["lacking"],
            missing=score.context["missing"],
        ),
        weights=score.weights,
        trend=[PointOut.model_validate(row) for row in shown.trend],
    )


def _component(village: Organisation, component: dict[str, Any]) -> ComponentOut:
    parts = [_indicator(village, part) for part in component["indicators"]]
    return ComponentOut(**{**component, "indicators": parts})


def _indicator(village: Organisation, part: dict[str, Any]) -> IndicatorOut:
    known = BY_KEY.get(part["key"])
    behind = part["rows"]
    query = urlencode({"month": behind["filters"]["month"], "indicator": part["key"]})
    return IndicatorOut(
        **{name: value for name, value in part.items() if name != "rows"},
        title=known.title if known else part["key"],
        words=known.words if known else "",
        behind=RowsRef(**behind, rows=f"{PREFIX}/portraits/{village.code}/rows?{query}"),
    )

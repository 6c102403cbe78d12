"""Key figures: their definitions, and their values by place and period."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.schemas import Code, Day, OrganisationRef, Out, place
from app.services import kpis as service
from app.web.context import ReadSession

api = router("指标")

KpiKey = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,60}$", description="指标的名称", examples=["cashless_share"])
]


class KpiOut(Out):
    """What a key figure is."""

    key: str = Field(examples=["cashless_share"])
    title: str = Field(examples=["非现金支付占比"])
    words: str = Field(description="怎么算的")
    source: str = Field(description="出处")
    goal: str = Field(description="目标")
    unit: str = Field(description="share 比例、change 增减比例、number 数、minutes 分钟、days 天、fen 分")
    unit_words: str
    minimum_cell: int = Field(description="少于几件不显示；0 为都显示")
    by: str | None = Field(description="还按什么分", examples=["rule"])


class CellOut(Out):
    """A figure of one place in one period."""

    place: OrganisationRef
    period: str = Field(examples=["2026-10"])
    group: str = Field(description="按什么分时，是哪一个")
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int | None = Field(description="由多少行算出")
    counted: int | None = Field(description="几个村有数据")
    villages: int = Field(description="一共几个村")
    so_far: bool = Field(description="这一期还没有过完")
    note: service.Note | None = Field(
        description="没有值的原因：suppressed 数量太少不显示，no_denominator 没有基数，"
        "no_data 没有数据，not_yet 还没有发生"
    )


class FiguresOut(Out):
    """A key figure of a place."""

    kpi: KpiOut
    place: OrganisationRef
    grain: service.Grain
    cells: list[CellOut]


@api.get("/kpis")
def list_kpis(_acting: Signed) -> list[KpiOut]:
    """全部指标：怎么算、出处、目标、多少件以下不显示。"""
    return [_out(kpi) for kpi in service.definitions().values()]


@api.get("/kpis/{kpi}", responses=problems(400, 404, 422))
def get_kpi(
    kpi: KpiKey,
    acting: Signed,
    session: ReadSession,
    organisation: Annotated[Code, Query(alias="place", description="村社、镇街或区县的代码")],
    since: Annotated[Day, Query(alias="from", description="从这一天所在的期起", examples=["2026-01-01"])],
    until: Annotated[Day, Query(alias="to", description="到这一天所在的期止", examples=["2026-12-31"])],
    grain: Annotated[service.Grain, Query(description="按月、季或年")] = service.Grain.MONTH,
    each: Annotated[
        service.Each, Query(description="合计，或分到每个镇街、每个村；按代码排列，不排名")
    ] = service.Each.WHOLE,
) -> FiguresOut:
    """一个指标在一个地方的数。基数没有的是空，不是 0%；少到可能指向个人的不显示。"""
    found = service.figures(
        session,
        acting=acting,
        kpi=service.find(kpi),
        place=organisation,
        grain=grain,
        since=since,
        until=until,
        each=each,
    )
    return FiguresOut(
        kpi=_out(found.kpi),
        place=place(found.place),
        grain=found.grain,
        cells=[_cell(cell) for cell in found.cells],
    )


def _out(kpi: service.Kpi) -> KpiOut:
    return KpiOut(
        key=kpi.key,
        title=kpi.title,
        words=kpi.words,
        source=kpi.source,
        goal=kpi.goal,
        unit=kpi.unit,
        unit_words=service.UNITS[kpi.unit],
        minimum_cell=kpi.minimum_cell,
        by=kpi.by,
    )


def _cell(cell: service.Cell) -> CellOut:
    return CellOut(
        place=place(cell.unit),
        period=cell.period.text,
        group=cell.group,
        value=cell.value,
        numerator=cell.numerator,
        denominator=cell.denominator,
        n=cell.n,
        counted=cell.counted,
        villages=cell.villages,
        so_far=cell.so_far,
        note=cell.note,
    )

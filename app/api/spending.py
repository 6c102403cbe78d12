"""What villages and towns spend, as series ready for charts; every figure has the address of its rows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from app.api import spending_charts as charts
from app.api.common import Signed, problems, router
from app.api.schemas import Code, Day, Word
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.services import spending as service
from app.web.context import ReadSession
from app.web.paging import After, Limit, Page

api = router("支出分析")

KeyText = Annotated[str, Query(max_length=36, pattern=r"^(-|[0-9a-fA-F-]{36})$")]


def _slice(
    since: Annotated[Day, Query(alias="from", description="从这一天起", examples=["2026-01-01"])],
    until: Annotated[Day, Query(alias="to", description="到这一天为止（含）", examples=["2026-12-31"])],
    expense: Annotated[
        str | None,
        Query(description="支出类别；`-` 为科目未归类的", pattern=f"^(-|{'|'.join(ExpenseClass)})$"),
    ] = None,
    purpose: Annotated[Word | None, Query(description="用途归并后的名称；`-` 为未填用途的")] = None,
    payee: Annotated[Word | None, Query(description="收款人归并后的名称")] = None,
    method: Annotated[PaymentMethod | None, Query(description="付款方式")] = None,
    category: Annotated[Word | None, Query(description="科目")] = None,
    project: Annotated[KeyText | None, Query(description="工程；`-` 为未关联工程的")] = None,
    contract: Annotated[KeyText | None, Query(description="合同；`-` 为未关联合同的")] = None,
) -> service.Slice:
    """Time and filters from the address. Raises BadInput for a span that ends before it begins."""
    return service.Slice(since, until, expense, purpose, payee, method, category, project, contract)


Wanted = Annotated[service.Slice, Depends(_slice)]


Grouped = Annotated[service.By, Query(description="按什么分")]
Most = Annotated[int, Query(ge=1, le=200, description="最多分几项")]


@api.get("/spending/villages/{village}", responses=problems(400, 404, 422))
def get_village_spending(
    village: Code,
    acting: Signed,
    session: ReadSession,
    wanted: Wanted,
    by: Grouped = service.By.EXPENSE,
    most: Most = 50,
) -> charts.BreakdownOut:
    """一个村的支出，按月份、用途、收款人、方式、类别、科目或工程分；条件可以叠加，逐层往下看。"""
    return charts.breakdown(session, service.village(session, acting=acting, code=village), wanted, by, most)


@api.get("/spending/villages/{village}/trend", responses=problems(400, 404, 422))
def get_village_spending_trend(
    village: Code, acting: Signed, session: ReadSession, wanted: Wanted
) -> charts.TrendOut:
    """一个村逐月的支出，旁边是上年同月和前十二个月的平均；按整月算。"""
    return charts.trend(session, service.village(session, acting=acting, code=village), wanted)


@api.get("/spending/villages/{village}/peers", responses=problems(400, 404, 422))
def get_village_spending_peers(
    village: Code, acting: Signed, session: ReadSession, wanted: Wanted
) -> charts.ComparisonOut:
    """一个村户均支出与规模相近村的中位数、四分位；只给数，不给村名。收款人、工程、合同的条件不适用。"""
    here = service.village(session, acting=acting, code=village)
    return charts.comparison(service.compare(session, place=here, wanted=wanted)[0])


@api.get("/spending/villages/{village}/rows", responses=problems(400, 404, 422))
def list_village_spending_rows(
    village: Code,
    acting: Signed,
    session: ReadSession,
    wanted: Wanted,
    after: After = None,
    limit: Limit = 50,
) -> Page[charts.RowOut]:
    """组成这个数的付款，日期近的在前。"""
    here = service.village(session, acting=acting, code=village)
    return charts.rows(session, acting, here, wanted, after, limit)


@api.get("/spending/towns/{town}", responses=problems(400, 404, 422))
def get_town_spending(
    town: Code,
    acting: Signed,
    session: ReadSession,
    wanted: Wanted,
    by: Grouped = service.By.VILLAGE,
    most: Most = 50,
) -> charts.BreakdownOut:
    """一个镇街各村合计的支出，同样地分；默认按村。"""
    return charts.breakdown(session, service.town(session, acting=acting, code=town), wanted, by, most)


@api.get("/spending/towns/{town}/trend", responses=problems(400, 404, 422))
def get_town_spending_trend(
    town: Code, acting: Signed, session: ReadSession, wanted: Wanted
) -> charts.TrendOut:
    """一个镇街各村合计的逐月支出，旁边是上年同月和前十二个月的平均。"""
    return charts.trend(session, service.town(session, acting=acting, code=town), wanted)


@api.get("/spending/towns/{town}/peers", responses=problems(400, 404, 422))
def get_town_spending_peers(
    town: Code, acting: Signed, session: ReadSession, wanted: Wanted
) -> list[charts.ComparisonOut]:
    """一个镇街的每个村与各自规模相近的村比，按村社代码排列，不排名。"""
    here = service.town(session, acting=acting, code=town)
    return [charts.comparison(one) for one in service.compare(session, place=here, wanted=wanted)]


@api.get("/spending/towns/{town}/rows", responses=problems(400, 404, 422))
def list_town_spending_rows(
    town: Code, acting: Signed, session: ReadSession, wanted: Wanted, after: After = None, limit: Limit = 50
) -> Page[charts.RowOut]:
    """组成这个数的付款，日期近的在前。"""
    return charts.rows(session, acting, service.town(session, acting=acting, code=town), wanted, after, limit)

"""Spending as charts take it: labels, series in fen, parts with the addresses of their rows."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from app.api.common import PREFIX
from app.api.schemas import OrganisationRef, Out, place
from app.models import Payment
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.models.organisations import OrganisationKind
from app.services import spending as service
from app.services.actors import Actor
from app.services.peers import Middle
from app.services.spending.breakdown import Breakdown, Group, Missing, Sum
from app.services.spending.comparison import Beside, Comparison
from app.services.spending.slices import NOTHING
from app.services.spending.trend import Trend
from app.web import paging
from app.web.paging import Page


class SumOut(Out):
    """An amount and the number of payments it is made of."""

    amount_fen: int = Field(description="金额，单位：分")
    count: int = Field(description="笔数")


class MissingOut(Out):
    """What a figure could not be told apart by: amount, payments, and their share of all payments."""

    field: str = Field(description="purpose 用途、expense 支出类别、project 工程", examples=["purpose"])
    label: str = Field(examples=["未填用途"])
    amount_fen: int
    count: int
    share: float | None = Field(description="占全部笔数的比例", examples=[0.1])
    amount_share: float | None = Field(description="占全部金额的比例", examples=[0.08])
    rows: str = Field(description="这些付款的地址")


class SeriesOut(Out):
    """One line or set of bars; as many values as there are labels, null where there is none."""

    key: str = Field(examples=["amount"])
    name: str = Field(examples=["支出金额"])
    unit: str = Field(examples=["fen"])
    values: list[float | int | None]


class PartOut(Out):
    """One part of the figure, how to narrow down to it, and the address of its rows."""

    key: str
    label: str
    amount_fen: int
    count: int
    filters: dict[str, str] = Field(description="再往下看时带上的条件")
    rows: str = Field(description="组成这个数的付款", examples=["/api/v1/spending/villages/donglian/rows?…"])


class ChartOut(Out):
    """A figure as a chart takes it: labels, series, and what stands behind."""

    place: OrganisationRef
    since: date
    until: date
    filters: dict[str, str]
    labels: list[str]
    series: list[SeriesOut]
    parts: list[PartOut]
    total: SumOut
    rows: str = Field(description="全部付款的地址")
    missing: list[MissingOut] = Field(description="用途、类别、工程没有填的有多少")


class BreakdownOut(ChartOut):
    """Spending taken apart."""

    by: service.By
    groups: int = Field(description="一共有几项；比 parts 多时，其余的合在 rest")
    rest: SumOut


class TrendOut(ChartOut):
    """Spending by month beside the place's own past."""

    ledger_from: date | None = Field(description="从这天起台账齐全；此前的月份没有数，不是零")
    so_far: str | None = Field(description="还没有过完的月份")


class BesideOut(Out):
    """One class of spending beside the peers'. Per household, in fen."""

    key: str
    label: str
    amount_fen: int
    count: int
    per_household: float | None
    peers_low: float | None = Field(description="规模相近村的下四分位")
    peers_median: float | None = Field(description="规模相近村的中位数；不足最少村数为空")
    peers_high: float | None = Field(description="规模相近村的上四分位")
    n: int = Field(description="有台账、可比的村有几个")
    minimum: int = Field(description="至少要几个才作比较")
    rows: str


class ComparisonOut(Out):
    """A village beside villages of its size in its county, which are not named."""

    village: OrganisationRef
    households: int | None
    spread_percent: int = Field(description="户数相差不超过百分之几")
    lines: list[BesideOut]
    unclassified: float | None = Field(description="科目未归类的占全部金额的比例")


class RowOut(Out):
    """One payment."""

    id: int
    village: OrganisationRef
    voucher: str
    paid_on: date
    payee: str
    amount_fen: int
    method: PaymentMethod
    category: str
    expense: ExpenseClass | None
    purpose: str | None
    purpose_key: str | None
    contract_id: uuid.UUID | None
    project_id: uuid.UUID | None


# --- rendering ------------------------------------------------------------------------------------


def _address(of: Any, wanted: service.Slice) -> str:
    noun = "villages" if of.kind == OrganisationKind.VILLAGE else "towns"
    return f"{PREFIX}/spending/{noun}/{of.code}/rows?{wanted.query}"


def breakdown(
    session: Session, here: service.Place, wanted: service.Slice, by: service.By, most: int
) -> BreakdownOut:
    """A place's spending taken apart, with its bars."""
    found = service.breakdown(session, place=here, wanted=wanted, by=by, limit=most)
    return BreakdownOut(
        **_chart(here, found.slice, [_part(here, part) for part in found.parts], found.total),
        series=[
            SeriesOut(
                key="amount",
                name="支出金额",
                unit="fen",
                values=[part.total.amount_fen for part in found.parts],
            ),
            SeriesOut(
                key="count", name="笔数", unit="rows", values=[part.total.count for part in found.parts]
            ),
        ],
        missing=_missing(here, found),
        by=by,
        groups=found.groups,
        rest=SumOut.model_validate(found.rest),
    )


def _chart(here: service.Place, wanted: service.Slice, parts: list[PartOut], total: Sum) -> dict[str, Any]:
    return {
        "place": place(here.organisation),
        "since": wanted.since,
        "until": wanted.until,
        "filters": wanted.filters,
        "labels": [part.label for part in parts],
        "parts": parts,
        "total": SumOut.model_validate(total),
        "rows": _address(here.organisation, wanted),
    }


def _part(here: service.Place, part: Group) -> PartOut:
    return PartOut(
        key=part.village.code if part.village else part.key,
        label=part.label,
        amount_fen=part.total.amount_fen,
        count=part.total.count,
        filters=part.slice.filters,
        rows=_address(part.village or here.organisation, part.slice),
    )


def _missing(here: service.Place, found: Breakdown) -> list[MissingOut]:
    missing: Missing = found.missing
    words = (("purpose", "未填用途"), ("expense", "科目未归类"), ("project", "未关联工程"))
    return [
        _lacking(here, found.slice, found.total, field, label, getattr(missing, field))
        for field, label in words
    ]


def _lacking(
    here: service.Place, wanted: service.Slice, total: Sum, field: str, label: str, lacking: Sum
) -> MissingOut:
    narrowed = wanted if getattr(wanted, field) else wanted.but(**{field: NOTHING})
    return MissingOut(
        field=field,
        label=label,
        amount_fen=lacking.amount_fen,
        count=lacking.count,
        share=_share(lacking.count, total.count),
        amount_share=_share(lacking.amount_fen, total.amount_fen),
        rows=_address(here.organisation, narrowed),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def trend(session: Session, here: service.Place, wanted: service.Slice) -> TrendOut:
    """A place's months with the lines of its own past."""
    found: Trend = service.trend(session, place=here, wanted=wanted)
    months = found.months
    parts = [
        PartOut(
            key=month.month,
            label=month.month,
            amount_fen=month.total.amount_fen,
            count=month.total.count,
            filters=month.slice.filters,
            rows=_address(here.organisation, month.slice),
        )
        for month in months
    ]
    lines: tuple[tuple[str, str, list[float | int | None]], ...] = (
        ("amount", "支出金额", [month.total.amount_fen for month in months]),
        ("year_ago", "上年同月", [month.year_ago_fen for month in months]),
        ("trailing", "前十二个月平均", [month.trailing_fen for month in months]),
    )
    return TrendOut(
        **_chart(here, found.slice, parts, found.total),
        series=[SeriesOut(key=key, name=name, unit="fen", values=values) for key, name, values in lines],
        missing=[
            _lacking(here, found.slice, found.total, "purpose", "未填用途", found.unnamed),
            _lacking(here, found.slice, found.total, "expense", "科目未归类", found.unclassified),
        ],
        ledger_from=found.ledger_from,
        so_far=next((month.month for month in months if month.so_far), None),
    )


def comparison(found: Comparison) -> ComparisonOut:
    """A village beside its peers, class by class."""
    whole = found.lines[0].own
    unclassified = sum(line.own.amount_fen for line in found.lines if line.key == NOTHING)
    return ComparisonOut(
        village=place(found.village),
        households=found.village.households,
        spread_percent=found.spread_percent,
        lines=[_beside(found, line) for line in found.lines],
        unclassified=_share(unclassified, whole.amount_fen),
    )


def _beside(found: Comparison, line: Beside) -> BesideOut:
    peers: Middle = line.peers
    return BesideOut(
        key=line.key,
        label=line.label,
        amount_fen=line.own.amount_fen,
        count=line.own.count,
        per_household=line.per_household,
        peers_low=peers.low,
        peers_median=peers.median,
        peers_high=peers.high,
        n=peers.n,
        minimum=peers.minimum,
        rows=_address(found.village, line.slice),
    )


def rows(
    session: Session,
    acting: Actor,
    here: service.Place,
    wanted: service.Slice,
    after: str | None,
    limit: int,
) -> Page[RowOut]:
    """One page of the payments behind a figure."""
    query = service.rows(acting, here, wanted)
    if after is not None:
        last = paging.decode(after, date.fromisoformat, lambda given: min(int(given), 2**63 - 1))
        query = query.where(tuple_(Payment.paid_on, Payment.id) < last)
    rows = session.scalars(query.limit(limit + 1)).all()
    return Page(
        items=[
            RowOut.model_validate({**vars(row), "village": place(row.village)}, from_attributes=True)
            for row in rows[:limit]
        ],
        next=paging.cursor(rows, limit, "paid_on"),
    )

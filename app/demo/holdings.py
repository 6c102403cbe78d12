"""What the demo's villages have and plan: assets and resources, funds with their months, budgets."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.demo import plants
from app.demo.books import Books, months_over
from app.demo.contracts import TERMS, WORDS
from app.demo.payments import FIT_OUT_VILLAGE, LABOUR
from app.demo.rows import Row, completed
from app.demo.world import Draw, VillageStage
from app.models import Asset, Contract
from app.models.holdings import AssetKind, AssetStatus
from app.models.ledgers import AreaUnit, ContractState

BOUNDARY = "东至机耕路，南至水渠，西至村界，北至河道"
DONATION_VILLAGES = {"shunba": "老年食堂捐款", "xiangshu": "乡贤助学金", "huangshan": "乡贤助老金"}
GAP_FEN = 6_000_00
LABOUR_BUDGET_FEN = 320_000_00


def assets(draw: Draw, stage: VillageStage, leases: Sequence[Contract]) -> list[Asset]:
    """One for everything that is let, tied to its leases, and what the village uses itself or not at all."""
    made: dict[str, Asset] = {}
    for contract in sorted(leases, key=lambda one: one.starts_on):
        title = contract.title.removesuffix("（新一轮）")
        asset = made.setdefault(title, _let(draw, stage, contract, title))
        contract.asset_id = asset.id
        if contract.state == ContractState.ACTIVE:
            asset.status_since = contract.starts_on
    rows = list(made.values())
    rows += [_own(draw, stage, entry) for entry in WORDS["own_use"]]
    if stage.number % 3 == 1:
        rows.append(_own(draw, stage, WORDS["idle"]))
        rows[-1].status = AssetStatus.IDLE
    for number, asset in enumerate(rows, start=1):
        asset.number = f"ZC-{number:03}"
    return rows


def _let(draw: Draw, stage: VillageStage, contract: Contract, title: str) -> Asset:
    terms = TERMS.get(title)
    older = {entry["title"]: entry["kind"] for entry in WORDS["older"]}
    return Asset(
        id=draw.key(),
        village_id=stage.village.id,
        name=re.sub(r"(整体)?(经营权)?(出租|承包|流转)$", "", title),
        kind=AssetKind(terms.kind if terms else older[title]),
        land_kind=contract.land_kind,
        area=contract.area,
        area_unit=contract.area_unit,
        location=stage.village.name,
        boundary=BOUNDARY if contract.area_unit == AreaUnit.MU else "",
        status=AssetStatus.LET,
        status_since=contract.starts_on,
        created_at=contract.created_at,
    )


def _own(draw: Draw, stage: VillageStage, entry: dict[str, Any]) -> Asset:
    return Asset(
        id=draw.key(),
        village_id=stage.village.id,
        name=entry["name"],
        kind=AssetKind(entry["kind"]),
        area=Decimal(entry["area"]) or None,
        area_unit=AreaUnit.SQUARE_METRE if entry["area"] else None,
        location=stage.village.name,
        status=AssetStatus.OWN_USE,
        status_since=draw.today - timedelta(days=900),
        value_fen=int(entry["value"]) * 100,
        created_at=draw.horizon - timedelta(days=390),
    )


def funds(draw: Draw, stage: VillageStage, books: Books) -> tuple[list[Row], list[Row]]:
    """The village's own money, and in some villages a donation; and what each was at the end of a month."""
    own = {
        "id": books.fund_id,
        "village_id": stage.village.id,
        "number": "ZJ-01",
        "name": "村级集体资金",
        "source": "集体经营收入和上级补助",
        "purpose": "村级运转、建设和公益",
    }
    rows, months = [own], []
    opening = books.opening_fen
    for month in months_over(books, draw.today):
        income = sum(books.incomes[month].values())
        balance = books.balances[month]
        months.append(_month(stage, books.fund_id, month, opening, income, opening + income - balance))
        opening = balance
    name = DONATION_VILLAGES.get(stage.place.code)
    if name is not None:
        fund_id = draw.key()
        rows.append(own | {"id": fund_id, "number": "ZJ-02", "name": name, "source": "捐赠", "purpose": name})
        months += _donated(draw, stage, books, fund_id)
    return rows, months


def _donated(draw: Draw, stage: VillageStage, books: Books, fund_id: uuid.UUID) -> Iterator[Row]:
    """A donation that is spent little by little; in one village a month does not add up."""
    opening = draw.random.randint(40, 90) * 1_000_00
    over = months_over(books, draw.today)
    for month in over:
        income = draw.random.choice((0, 0, 0, 2_000_00, 5_000_00))
        expense = min(opening, draw.random.randint(0, 6) * 800_00)
        row = _month(stage, fund_id, month, opening, income, expense)
        opening = row["balance_fen"]
        if stage.place.code == plants.GAP_VILLAGE and month == over[-2]:
            row["balance_fen"] = opening = opening - GAP_FEN
        yield row


def _month(
    stage: VillageStage, fund_id: uuid.UUID, month: date, opening: int, income: int, expense: int
) -> Row:
    return {
        "village_id": stage.village.id,
        "fund_id": fund_id,
        "period": f"{month:%Y-%m}",
        "opening_fen": opening,
        "income_fen": income,
        "expense_fen": expense,
        "balance_fen": opening + income - expense,
    }


def budgets(draw: Draw, stage: VillageStage, books: Books, meetings: Sequence[Row]) -> Iterator[Row]:
    """What the first meeting of a year allowed for each title: somewhat more than what is spent, except for
    the labour of the village whose labour should make somebody look."""
    for year in (draw.today.year - 1, draw.today.year):
        met = next((row for row in meetings if row["held_on"].year == year), None)
        if met is None:
            continue
        for category, fen in sorted(_yearly(books, year, draw.today).items()):
            amount = round(fen * draw.random.uniform(1.12, 1.4) / 100_000 + 20) * 100_000
            if category == LABOUR and stage.place.code == FIT_OUT_VILLAGE:
                amount = LABOUR_BUDGET_FEN
            row = {
                "village_id": stage.village.id,
                "year": year,
                "category": category,
                "expense": None,
                "amount_fen": amount,
                "adopted_on": met["held_on"],
                "meeting_id": met["id"],
            }
            yield completed("budgets", row)


def _yearly(books: Books, year: int, today: date) -> dict[str, int]:
    """What a year's payments of each title come to; of a year that is under way, what they will."""
    sums: dict[str, int] = defaultdict(int)
    for payment in books.payments:
        if payment.paid_on.year == year:
            sums[payment.category] += payment.amount_fen
    if year < today.year:
        return sums
    share = max(0.1, (today - date(year, 1, 1)).days / 365)
    return {category: round(fen / share) if share < 1 else fen for category, fen in sums.items()}

"""Planted in leases: used on after the end, ending unprepared, rent unpaid, let for nothing, too long, to
outsiders behind closed doors, too cheap."""

from __future__ import annotations

from datetime import date, timedelta

from app.models.holdings import AssetKind, AssetStatus
from app.models.ledgers import ContractState, LandKind
from bench.county import leases
from bench.county.sorts import FACTORY, FIELD, POND, SHOP
from bench.county.village import Village


def expired_used(village: Village) -> None:
    """The lease is over, the tenant stays, nobody writes a new contract."""
    draw = village.draw("expired_used")
    ends = date(village.year, draw.randint(3, 6), 1) - timedelta(days=1)
    begins = (ends + timedelta(days=1)).replace(year=village.year - 3)
    made = leases.let(village, draw, SHOP if village.plan.ordinal % 2 else POND, begins, ends)
    made.contract["still_used"] = True
    village.plant(
        "expired_used", "合同到期后资产仍在使用", [made.contract, made.asset], ends + timedelta(days=1)
    )


def ending_unprepared(village: Village) -> None:
    """A lease ends, and until its last day nothing is prepared; then the thing lies idle."""
    draw = village.draw("ending_unprepared")
    ends = date(village.year, draw.randint(5, 11), draw.choice((10, 15, 20)))
    begins = (ends + timedelta(days=1)).replace(year=village.year - 5)
    made = leases.let(village, draw, FIELD, begins, ends)
    made.contract["state"], made.contract["state_since"] = ContractState.ENDED, ends + timedelta(days=1)
    made.asset["status"], made.asset["status_since"] = AssetStatus.IDLE, ends + timedelta(days=1)
    known = ends - timedelta(days=30)
    village.plant(
        "ending_unprepared", "合同即将到期，没有任何准备", [made.contract, made.asset], known, until=ends
    )


def rent_unpaid(village: Village) -> None:
    """A tenant stops paying; some pay a little of it."""
    draw = village.draw("rent_unpaid")
    begins = date(village.year - 2, draw.randint(1, 5), 1)
    sort = FACTORY if village.plan.ordinal % 2 else SHOP
    made = leases.let(
        village, draw, sort, begins, begins.replace(year=village.year + 3) - timedelta(days=1), paid=False
    )
    deal = made.contract
    first, second = made.dues
    links = {"contract_id": deal["id"], "receivable_id": first["id"]}
    village.receive(first["due_on"], deal["counterparty"], first["amount_fen"] / 100, first["title"], **links)
    if village.plan.ordinal % 3 == 0:
        links = {"contract_id": deal["id"], "receivable_id": second["id"]}
        part = round(second["amount_fen"] / 500)
        village.receive(
            village.work_day(second["due_on"]), deal["counterparty"], part, second["title"], **links
        )
    village.plant("rent_unpaid", "租金几个月没有收回", [second, deal], second["due_on"] + timedelta(days=1))


def asset_no_income(village: Village) -> None:
    """Let, says the register; no money ever came: without a contract, or with one that nobody collects on."""
    draw = village.draw("asset_no_income")
    since = date(village.year - 2, 4, 1)
    if village.plan.ordinal % 2:
        kind, land = AssetKind.SHOP, LandKind.BUILDING
        thing = leases.asset(village, "老供销社门面", kind, land, 86, AssetStatus.LET, since)
        rows = [thing]
    else:
        ends = date(village.year + 2, 3, 31)
        made = leases.let(village, draw, FACTORY, since, ends, dues=False)
        rows = [made.asset, made.contract]
    village.plant("asset_no_income", "登记为出租的资产一直没有收入", rows, date(village.year, 1, 1))


def term_too_long(village: Village) -> None:
    """A lease far beyond the twenty years that the civil code allows."""
    draw = village.draw("term_too_long")
    begins = date(village.year - 6, 3, 1)
    years = draw.choice((25, 30, 35))
    sort = (SHOP, POND, FACTORY)[village.plan.ordinal % 3]
    made = leases.let(
        village, draw, sort, begins, begins.replace(year=begins.year + years) - timedelta(days=1)
    )
    village.plant("term_too_long", f"租期{years}年", [made.contract], date(village.year, 1, 1))


def outsider_no_vote(village: Village) -> None:
    """Fields go to somebody from outside; no vote, no approval."""
    draw = village.draw("outsider_no_vote")
    begins = date(village.year, draw.randint(3, 8), 1)
    ends = begins.replace(year=village.year + 5) - timedelta(days=1)
    made = leases.let(village, draw, FIELD, begins, ends, outsider=True, decided=False)
    village.plant(
        "outsider_no_vote", "土地包给外人，没有表决和审批", [made.contract], made.contract["signed_on"]
    )


def rent_too_low(village: Village) -> None:
    """A friend has it for a fifth of what others pay."""
    draw = village.draw("rent_too_low")
    begins = date(village.year - 1, draw.randint(2, 9), 1)
    ends = begins.replace(year=village.year + 2) - timedelta(days=1)
    sort = FIELD if village.plan.ordinal % 2 else SHOP
    made = leases.let(village, draw, sort, begins, ends, price=0.2)
    village.plant("rent_too_low", "租金只有同类的两成", [made.contract], date(village.year, 1, 1))


PLANTS = {
    "expired_used": expired_used,
    "ending_unprepared": ending_unprepared,
    "rent_unpaid": rent_unpaid,
    "asset_no_income": asset_no_income,
    "term_too_long": term_too_long,
    "outsider_no_vote": outsider_no_vote,
    "rent_too_low": rent_too_low,
}

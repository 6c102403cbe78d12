"""The demo's contracts: what a village lets, builds, buys, and whom it hires for a year."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.demo.months import add_months, add_years, month_of
from app.demo.people import FIRMS, SURNAMES
from app.demo.world import Draw, VillageStage, texts
from app.models import Contract
from app.models.ledgers import AreaUnit, ContractKind, ContractState, LandKind

LEASE_OUT = ContractKind.LEASE_OUT
# village → title and days until the end of a lease that somebody should prepare
ENDING = {
    "donglian": ("村口鱼塘承包", 20),
    "qiaoting": ("桥头店面出租", 3),
    "xinhua": ("标准厂房二号楼出租", -12),
}
RETENDERED = {"xingyu": ("蔬菜加工点厂房出租", 15)}
FAR_AWAY_MONTHS = 5
# The round of household contracts that runs now: whoever has such land cannot let it for longer.
ROUND_ENDS = date(2029, 12, 31)
ENTERED_DAYS = 390  # before today: what runs by then was entered when the village began with its ledgers
OLDER = {1: (0, 2), 2: (3,), 4: (0, 1), 7: (2,), 9: (0, 1), 11: (0, 3), 12: (2,)}

CLEANING = "村庄保洁服务采购"

WORDS = texts("ledgers")


@dataclass(frozen=True)
class Lease:
    """Something that a village lets: rent of a year from `low` to `high` yuan, to a firm or a person; and
    what kind of asset it is."""

    title: str
    subject: str
    low: int
    high: int
    firm: bool
    kind: str
    land: str
    area: float
    unit: str


LEASES = [Lease(**entry) for entry in WORDS["leases"]]
PLANTED = {entry["title"]: Lease(**entry) for entry in WORDS["planted"]}
TERMS = {**{lease.title: lease for lease in LEASES}, **PLANTED}


def sign(draw: Draw, stage: VillageStage) -> tuple[list[Contract], list[tuple[Contract, Contract]]]:
    """The contracts of a village in the order of their beginning, and each lease that was let anew."""
    leases = [lease(draw, terms) for terms in draw.random.sample(LEASES, 3 + stage.number % 2)]
    renewed: list[tuple[Contract, Contract]] = []
    ending = ENDING.get(stage.place.code) or RETENDERED.get(stage.place.code)
    if ending:
        title, days = ending
        leases[0] = lease(draw, PLANTED[title])
        term(leases[0], draw.today + timedelta(days=days), draw.random.randint(2, 5))
    else:
        # Farm land is never let for longer than the round, so it is no example of a new term.
        former = [one for one in leases if one.land_kind != LandKind.FARMLAND][-1]
        renewed.append((former, _past(draw, former)))
    works = draw.random.sample(WORDS["works"], 2)
    others = [_service(draw), _labour_contract(draw)]
    if stage.number % 3 == 0:
        others.append(_lease_in(draw))
    contracts = [
        *leases,
        *(latter for _, latter in renewed),
        _works(draw, works[0], finished=True),
        _works(draw, works[1], finished=False),
        *others,
    ]
    contracts.sort(key=lambda contract: contract.starts_on)
    for number, contract in enumerate(contracts, start=1):
        first, last = (3, 8) if any(contract is latter for _, latter in renewed) else (5, 25)
        enter(draw, stage, contract, number, days=draw.random.randint(first, last))
    return contracts, renewed


def enter(draw: Draw, stage: VillageStage, contract: Contract, number: int, *, days: int) -> None:
    """Write a contract down, signed so many days before it begins."""
    contract.id, contract.village_id = draw.key(), stage.village.id
    contract.number = f"HT{contract.starts_on.year}-{number:03}"
    contract.signed_on = contract.starts_on - timedelta(days=days)
    contract.created_at = draw.horizon - timedelta(
        days=ENTERED_DAYS if contract.starts_on < draw.today else 1
    )
    over = contract.state != ContractState.ACTIVE
    contract.state_since = contract.ends_on if over else contract.starts_on
    if contract.kind in (LEASE_OUT, ContractKind.LEASE_IN):
        contract.annual_rent_fen = yearly_rent(contract) or None


def older(draw: Draw, stage: VillageStage) -> list[Contract]:
    """Terms of decades that the law allows, in some villages: household land, waste land, a wood."""
    made = []
    for number, place in enumerate(OLDER.get(stage.number, ()), start=1):
        entry = WORDS["older"][place]
        starts = date(draw.today.year - entry["ran"], 1, 1)
        contract = Contract(
            kind=LEASE_OUT,
            state=ContractState.ACTIVE,
            title=entry["title"],
            subject=entry["subject"],
            counterparty=person(draw),
            counterparty_group=f"{draw.random.randint(1, 9)}组",
            is_member=True,
            land_kind=LandKind(entry["land"]),
            area=Decimal(str(entry["area"])),
            area_unit=AreaUnit.MU,
            starts_on=starts,
            ends_on=add_years(starts, entry["years"]) - timedelta(days=1),
            amount_fen=entry["rent"] * entry["years"] * 100,
        )
        enter(draw, stage, contract, 900 + number, days=30)
        made.append(contract)
    return made


def lease(draw: Draw, terms: Lease) -> Contract:
    """Let something for some years, of which some are left."""
    years = draw.random.choice((3, 5, 5, 8, 10))
    contract = Contract(
        kind=LEASE_OUT,
        state=ContractState.ACTIVE,
        title=terms.title,
        subject=terms.subject,
        counterparty=firm(draw, "实业") if terms.firm else person(draw),
        amount_fen=round(draw.random.randint(terms.low, terms.high), -2) * years * 100,
        **_described(terms),
    )
    left = draw.random.randint(FAR_AWAY_MONTHS, years * 12 - 3)
    ends = add_months(month_of(draw.today), left + 1) - timedelta(days=1)
    if terms.land == LandKind.FARMLAND and draw.today + timedelta(days=150) < ROUND_ENDS:
        ends = min(ends, ROUND_ENDS)
    term(contract, ends, years)
    return contract


def _described(terms: Lease) -> dict[str, Any]:
    return {
        "land_kind": LandKind(terms.land),
        "area": Decimal(str(terms.area)) if terms.unit else None,
        "area_unit": AreaUnit(terms.unit) if terms.unit else None,
    }


def term(contract: Contract, ends_on: date, years: int) -> None:
    """Give a contract its term; the rent of a year stays what it was."""
    rent = yearly_rent(contract) if contract.ends_on else 0
    after = ends_on + timedelta(days=1)
    day = min(after.day, calendar.monthrange(after.year - years, after.month)[1])
    contract.starts_on, contract.ends_on = after.replace(year=after.year - years, day=day), ends_on
    if rent:
        contract.amount_fen = rent * years


def _past(draw: Draw, contract: Contract) -> Contract:
    """Let a lease have ended some months ago; returns the one that followed after a new tender."""
    months = draw.random.randint(2, 8)
    term(contract, add_months(month_of(draw.today), -months) - timedelta(days=1), draw.random.choice((3, 5)))
    contract.state = ContractState.ENDED
    rent = round(yearly_rent(contract) * draw.random.uniform(1.06, 1.22) / 10_000) * 10_000
    latter = Contract(
        kind=LEASE_OUT,
        state=ContractState.ACTIVE,
        title=f"{contract.title}（新一轮）",
        subject=contract.subject,
        counterparty=person(draw),
        amount_fen=rent * 3,
        **_described(TERMS[contract.title]),
    )
    assert contract.ends_on is not None
    after = contract.ends_on + timedelta(days=1)
    term(latter, after.replace(year=after.year + 3) - timedelta(days=1), 3)
    return latter


def yearly_rent(contract: Contract) -> int:
    """The rent of a year in fen."""
    assert contract.ends_on is not None
    years = round((contract.ends_on - contract.starts_on).days / 365.25)
    return contract.amount_fen // max(1, years)


def _works(draw: Draw, terms: dict[str, str], *, finished: bool) -> Contract:
    starts = draw.day_ago(300, 190) if finished else draw.day_ago(55, 30)
    contract = Contract(
        kind=ContractKind.WORKS,
        state=ContractState.ENDED if finished else ContractState.ACTIVE,
        title=terms["title"],
        subject=terms["subject"],
        counterparty=firm(draw, terms["trade"]),
        starts_on=starts,
        ends_on=starts + timedelta(days=draw.random.randint(60, 90) + (0 if finished else 60)),
        amount_fen=draw.random.randint(86, 560) * 1_000 * 100,
    )
    contract.schedule = [
        {"due_on": day.isoformat(), "amount_fen": fen, "note": words}
        for day, fen, words in instalments(contract)
    ]
    return contract


def instalments(contract: Contract) -> list[tuple[date, int, str]]:
    """Works are paid in stages: at the start, half-way, and after acceptance, three per cent kept back."""
    assert contract.ends_on is not None
    length = (contract.ends_on - contract.starts_on).days
    return [
        (contract.starts_on + timedelta(days=after), contract.amount_fen // 100 * share // 100 * 100, words)
        for share, after, words in (
            (30, 12, "预付款"),
            (50, length // 2 + 12, "进度款"),
            (17, length + 20, "验收款"),
        )
    ]


def _service(draw: Draw) -> Contract:
    terms = draw.random.choice(WORDS["services"])
    starts = add_months(month_of(draw.today), -draw.random.randint(2, 5))
    return Contract(
        kind=ContractKind.PURCHASE,
        state=ContractState.ACTIVE,
        title=terms["title"],
        subject=terms["subject"],
        counterparty=firm(draw, "服务"),
        starts_on=starts,
        ends_on=add_months(starts, 12) - timedelta(days=1),
        amount_fen=draw.random.randint(terms["low"], terms["high"]) * 100,
    )


def clean(draw: Draw, stage: VillageStage, contracts: list[Contract], firms: list[str]) -> list[Contract]:
    """Who keeps the village clean, the first first: whoever won the last tender, and before him another."""
    now = next((one for one in contracts if one.title == CLEANING), None)
    starts = add_months(month_of(draw.today), -draw.random.randint(18, 30))
    before = Contract(
        kind=ContractKind.PURCHASE,
        state=ContractState.ENDED if now else ContractState.ACTIVE,
        title=f"{CLEANING}（上一轮）" if now else CLEANING,
        subject="全村道路、河岸、公厕",
        counterparty=draw.random.choice(firms),
        starts_on=starts,
        ends_on=(now.starts_on if now else add_months(starts, 36)) - timedelta(days=1),
        amount_fen=draw.random.randint(520, 640) * 1_000 * 100,
    )
    enter(draw, stage, before, len(contracts) + 1, days=20)
    return [before, now] if now else [before]


def _labour_contract(draw: Draw) -> Contract:
    starts = add_months(month_of(draw.today), -draw.random.randint(1, 5))
    return Contract(
        kind=ContractKind.LABOUR,
        state=ContractState.ACTIVE,
        title=draw.random.choice(WORDS["labour_contracts"]),
        counterparty=person(draw),
        starts_on=starts,
        ends_on=add_months(starts, 12) - timedelta(days=1),
        amount_fen=draw.random.randint(24, 42) * 1_000 * 100,
    )


def _lease_in(draw: Draw) -> Contract:
    site = Lease(
        "停车场用地租用", "空地 1,400 平方米", 18_000, 30_000, False, "land", "other", 1400, "square_metre"
    )
    contract = lease(draw, site)
    contract.kind = ContractKind.LEASE_IN
    return contract


def person(draw: Draw) -> str:
    """Somebody as the public sees him: 沈某."""
    return draw.random.choice(SURNAMES) + "某"


def firm(draw: Draw, trade: str) -> str:
    """A firm of a trade, with an invented name."""
    return f"杭州{draw.random.choice(FIRMS)}{trade}有限公司"

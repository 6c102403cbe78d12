"""What a village lets: assets, leases with what is owed and what came in, and what follows when a lease
ends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.models import Asset, Contract, Receivable
from app.models.governance import MeetingKind
from app.models.holdings import AssetKind, AssetStatus
from app.models.income import Collector, ReceivableKind
from app.models.ledgers import AreaUnit, ContractKind, ContractState, LandKind, PaymentMethod
from app.services.ledgers import words
from bench.county.bulk import Row
from bench.county.publishing import retender
from bench.county.sorts import FIELD, ROUND_ENDS, SORTS, Sort
from bench.county.village import CALENDAR, Village, entered


@dataclass
class Let:
    """A lease with its asset and what was owed and paid on it."""

    contract: Row
    asset: Row
    dues: list[Row]
    receipts: list[Row]


def leases(village: Village) -> None:
    """Everything that the village lets, honestly."""
    draw = village.draw("leases")
    for _ in range(max(5, round(draw.lognormvariate(2.5, 0.4) * (0.5 + village.size / 2)))):
        sort = draw.choices(SORTS, [sort.weight for sort in SORTS])[0]
        term = draw.choice(sort.terms)
        begins = date(village.year, 1, 1) - timedelta(days=draw.randrange(term * 365))
        begins = begins.replace(day=1)
        ends = _years(begins, term)
        if village.plan.gap == "silent" and ends.year <= village.year:
            continue
        made = let(village, draw, sort, begins, ends)
        if ends <= village.world.last:
            _over(village, draw, sort, made, ends)
    _long_lawful(village, draw)
    for number, name in enumerate(("旧仓库", "空闲办公用房")[: draw.randint(0, 2)]):
        since = date(village.year - 1 - number, 6, 1)
        asset(village, name, AssetKind.BUILDING, LandKind.BUILDING, 120, AssetStatus.IDLE, since)
    for name in ("村办公楼", "文化礼堂"):
        asset(
            village, name, AssetKind.BUILDING, LandKind.BUILDING, 900, AssetStatus.OWN_USE, date(2016, 1, 1)
        )


def asset(
    village: Village,
    name: str,
    kind: AssetKind,
    land: LandKind,
    area: float,
    status: AssetStatus,
    since: date,
) -> Row:
    """An asset of the register."""
    return village.batch.add(
        Asset,
        village_id=village.id,
        number=f"ZC-{village.count('asset'):03}",
        name=name,
        kind=kind,
        land_kind=land,
        area=round(area, 1),
        area_unit=AreaUnit.SQUARE_METRE if land == LandKind.BUILDING else AreaUnit.MU,
        status=status,
        status_since=since,
        created_at=entered(date(2020, 12, 1)),
    )


def let(
    village: Village,
    draw: random.Random,
    sort: Sort,
    begins: date,
    ends: date,
    *,
    thing: Row | None = None,
    price: float = 1.0,
    outsider: bool | None = None,
    paid: bool = True,
    dues: bool = True,
    decided: bool = True,
    signed: date | None = None,
) -> Let:
    """One lease. `price` times the going rate; the rent was agreed when it was signed, when rents were
    lower."""
    name = f"{draw.choice(sort.names)}{village.count(sort.land.value)}号"
    area = float(thing["area"]) if thing else round(draw.uniform(sort.low, sort.high), 1)
    thing = thing or asset(village, name, sort.asset, sort.land, area, AssetStatus.LET, begins)
    place = village.world.rents[village.plan.town] * draw.lognormvariate(0, 0.13)
    rate = sort.yuan * place * price * 1.025 ** (begins.year - village.year)
    yearly = max(500.0, round(rate * area, -1))
    outside = draw.random() < 0.35 if outsider is None else outsider
    tenant, group = _tenant(village, draw, sort, outside)
    deal = _sign(
        village,
        thing,
        yearly,
        counterparty=tenant,
        counterparty_group=group,
        is_member=not outside,
        signed_on=signed or begins - timedelta(days=draw.randint(3, 20)),
        starts_on=begins,
        ends_on=ends,
        deposit_fen=round(yearly * 20) if draw.random() < 0.4 else None,
    )
    if decided:
        _decide(village, draw, deal, sort, outside)
    made = Let(deal, thing, [], [])
    if dues:
        _owed(village, draw, made, yearly, paid)
    return made


def _sign(village: Village, thing: Row, yearly: float, **told: Any) -> Row:
    """The contract of a lease. Some village never writes down when its leases end."""
    signed, tenant = told["signed_on"], told["counterparty"]
    years = max(1, round((told["ends_on"] - told["starts_on"]).days / 365))
    if village.plan.gap == "no_ends":
        told["ends_on"] = None
    return village.batch.add(
        Contract,
        village_id=village.id,
        number=f"ZL{signed.year}-{village.count('lease'):03}",
        kind=ContractKind.LEASE_OUT,
        state=ContractState.ACTIVE,
        state_since=signed,
        title=f"{thing['name']}租赁合同",
        subject=thing["name"],
        counterparty_key=words.name_key(tenant),
        counterparty_kind=words.party_kind(tenant),
        asset_id=thing["id"],
        land_kind=thing["land_kind"],
        area=thing["area"],
        area_unit=thing["area_unit"],
        amount_fen=round(yearly * 100) * years,
        annual_rent_fen=round(yearly * 100),
        created_at=entered(signed),
        **told,
    )


def _tenant(village: Village, draw: random.Random, sort: Sort, outside: bool) -> tuple[str, str]:
    """Name and group of a tenant: one of the village, or a firm or a person from outside."""
    if not outside:
        person = village.person(draw)
        return person.name, person.group
    if sort.land == LandKind.POND:
        return village.naming.person(village.plan.ordinal * 53 + draw.randrange(6_000)), ""
    return village.firm(draw.choice(("food", "garden", "goods", "material")), 4), ""


def _decide(village: Village, draw: random.Random, deal: Row, sort: Sort, outside: bool) -> None:
    """How the lease came about: land for outsiders by vote and the town's approval, buildings by the trade
    centre, small things for members by the committee. The papers of old leases are not always at hand."""
    signed = deal["signed_on"]
    if sort is FIELD and deal["ends_on"] and deal["ends_on"].year > ROUND_ENDS:
        village.lapse("beyond_round", "流转期超过本轮承包期", [deal], signed)
    town = village.naming.town(village.plan.town)
    number = village.town_number()
    if sort.land == LandKind.BUILDING:
        deal["tender_ref"] = f"{town}产交〔{signed.year}〕{number}号"
    if not outside:
        return
    if signed.year < 2018 and draw.random() < 0.1:
        village.lapse("old_lease_papers", "老合同没有登记表决和审批", [deal], signed)
        return
    deal["town_approval"] = f"{town}经审〔{signed.year}〕{number}号"
    deal["town_approved_on"] = signed - timedelta(days=draw.randint(1, 12))
    if sort.land != LandKind.BUILDING:
        known = [row for row in village.meetings if row["held_on"] < signed]
        day = signed - timedelta(days=draw.randint(10, 40))
        kind, subject = MeetingKind.REPRESENTATIVES, "土地发包给本集体以外承包人的表决"
        fresh = signed >= date(village.year - 1, 7, 1) and known
        meeting = village.vote(signed) if fresh else village.meet(draw, day, kind, subject)
        deal["meeting_id"] = meeting["id"]


def _owed(village: Village, draw: random.Random, made: Let, yearly: float, paid: bool) -> None:
    """The rent of this year and the last, each year in advance; most pay in time, some a week or two late."""
    deal = made.contract
    begins, ends = deal["starts_on"], deal["ends_on"] or date(2099, 12, 31)
    for year in range(begins.year, village.year + 1):
        due = begins.replace(year=year)
        if due > ends or due > village.world.last:
            continue
        if year >= village.year - 1:
            row = _receivable(village, deal, due, yearly, min(ends, _years(due, 1)))
            made.dues.append(row)
            if paid:
                made.receipts.extend(_paid(village, draw, deal, row, yearly))
    deal["schedule"] = [
        {"due_on": row["due_on"].isoformat(), "amount_fen": row["amount_fen"], "note": "年租金"}
        for row in made.dues
    ]


def _receivable(village: Village, deal: Row, due: date, yearly: float, until: date) -> Row:
    return village.batch.add(
        Receivable,
        village_id=village.id,
        number=f"YS{due.year}-{village.count('due'):03}",
        kind=ReceivableKind.RENT,
        title=f"{deal['title']}{due.year}年租金",
        contract_id=deal["id"],
        debtor=deal["counterparty"],
        debtor_key=deal["counterparty_key"],
        debtor_kind=deal["counterparty_kind"],
        debtor_group=deal["counterparty_group"],
        period_from=due,
        period_to=until,
        due_on=due,
        amount_fen=round(yearly * 100),
        created_at=entered(due - timedelta(days=40)),
    )


def _paid(village: Village, draw: random.Random, deal: Row, due: Row, yearly: float) -> list[Row]:
    """What came in on a receivable: mostly at once and by transfer, now and then in two parts or in cash."""
    kind = draw.random()
    after = draw.randint(4, 24) if kind < 0.06 else -draw.randint(-3, 20)
    day = CALENDAR.add_work_days(due["due_on"] + timedelta(days=after), 0).day
    links = {"contract_id": deal["id"], "receivable_id": due["id"]}
    if day > village.world.last:
        return []
    if after > 3:
        village.lapse("rent_weeks_late", "租金晚了几天到几周", [due, deal], due["due_on"] + timedelta(days=1))
    purpose, payer = due["title"], deal["counterparty"]
    if deal["is_member"] and yearly < 6_000 and draw.random() < 0.4:
        return [_cash(village, draw, day, payer, yearly, purpose, **links)]
    if draw.random() < 0.05 and (second := village.work_day(day + timedelta(days=9))) <= village.world.last:
        half = round(yearly / 2)
        first = village.receive(day, payer, half, purpose, **links)
        return [first, village.receive(second, payer, yearly - half, purpose, **links)]
    return [village.receive(day, payer, yearly, purpose, **links)]


def _cash(
    village: Village, draw: random.Random, day: date, payer: str, yuan: float, purpose: str, **more: Any
) -> Row:
    """Cash: the cashier brings it to the bank the same day, others hand it over within two; what comes in
    on a Saturday reaches the bank on Monday."""
    other = draw.random() < 0.25
    if draw.random() < 0.08:
        day -= timedelta(days=(day.weekday() - 5) % 7)
    banked = village.work_day(day + timedelta(days=draw.randint(0, 2) if other else 0))
    collector = Collector.OTHER if other else Collector.CASHIER
    known = None if village.plan.gap == "no_banking_day" else banked
    more = {**more, "collector": collector, "banked_on": known}
    return village.receive(day, payer, yuan, purpose, method=PaymentMethod.CASH, **more)


def fees(village: Village) -> None:
    """Small takings in cash: market stalls, the activity room. A third of the villages has them."""
    if village.plan.ordinal % 3 != 1 and village.plan.gap != "no_banking_day":
        return
    draw = village.draw("fees")
    for month in range(1, 13):
        day = village.day(draw, month, 3, 26)
        payer, yuan = village.person(draw).name, draw.randint(20, 90) * 10
        _cash(village, draw, day, payer, yuan, draw.choice(("集市摊位费", "活动室场地费")))


def _over(village: Village, draw: random.Random, sort: Sort, made: Let, ends: date) -> None:
    """A lease that ends within the year: let anew in the open, let on to the same, or taken back."""
    deal, kind = made.contract, draw.random()
    if kind < 0.85:
        if kind < 0.6:
            retender(village, deal["id"], ends - timedelta(days=draw.randint(38, 80)), deal["subject"])
        signed = ends - timedelta(days=draw.randint(3, 20) if kind < 0.6 else draw.randint(38, 60))
        begins = ends + timedelta(days=1)
        term = _years(begins, draw.choice((3, 5)))
        let(
            village,
            draw,
            sort,
            begins,
            term,
            thing=made.asset,
            outsider=not deal["is_member"],
            signed=signed,
        )
        deal["state"], deal["state_since"] = ContractState.RENEWED, signed
    else:
        slow = draw.randint(2, 10) if draw.random() < 0.3 else 0
        deal["state"], deal["state_since"] = ContractState.ENDED, ends + timedelta(days=slow)
        made.asset["status"], made.asset["status_since"] = AssetStatus.OWN_USE, ends + timedelta(days=1)
        village.lapse("taken_back", "到期收回自用，没有重新招租", [deal], ends - timedelta(days=30))


def _long_lawful(village: Village, draw: random.Random) -> None:
    """Long terms that the law allows: household land for 30 years without rent, waste land for 50 years
    paid at once, forest for up to 70, a building for just 20."""
    person = village.person(draw)
    for land, name, begins, term, yuan in (
        (LandKind.HOUSEHOLD_LAND, "家庭承包地", date(1999, 1, 1), 30, 0),
        (LandKind.WASTE_LAND, "荒山", date(2004, 7, 1), 50, 60_000),
        (LandKind.FOREST, "用材林", date(2009, 1, 1), 50, 80_000),
        (LandKind.BUILDING, "老厂房", date(2011, 5, 1), 20, 700_000),
    ):
        if draw.random() > 0.35:
            continue
        thing = asset(
            village, f"{name}{village.count('long')}号", AssetKind.OTHER, land, 40, AssetStatus.LET, begins
        )
        once = land in (LandKind.HOUSEHOLD_LAND, LandKind.WASTE_LAND, LandKind.FOREST)
        deal = village.batch.add(
            Contract,
            village_id=village.id,
            number=f"CB{begins.year}-{village.count('long_lease'):02}",
            kind=ContractKind.LEASE_OUT,
            state=ContractState.ACTIVE,
            state_since=begins,
            title=f"{thing['name']}承包合同",
            subject=thing["name"],
            counterparty=person.name,
            counterparty_key=words.name_key(person.name),
            counterparty_kind=words.party_kind(person.name),
            counterparty_group=person.group,
            is_member=True,
            asset_id=thing["id"],
            land_kind=land,
            area=thing["area"],
            area_unit=thing["area_unit"],
            signed_on=begins,
            starts_on=begins,
            ends_on=_years(begins, term),
            amount_fen=yuan * 100,
            annual_rent_fen=0 if once else yuan * 100 // term,
            created_at=entered(date(2020, 12, 1)),
        )
        if not once:
            _owed(village, draw, Let(deal, thing, [], []), yuan / term, paid=True)


def _years(begins: date, years: int) -> date:
    """The last day of a term of so many years."""
    return begins.replace(year=begins.year + years) - timedelta(days=1)

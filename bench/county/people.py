"""The people of a village: members, cadres and their declared kin, deaths, benefits, day labour with
slips."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from app.models import Benefit, DeathRecord, HouseholdCount, LabourSlip, Member, Relation
from app.models.governance import RelationKind
from app.models.welfare import WorkUnit
from app.services.ledgers import words
from bench.county.bulk import Row
from bench.county.texts import CHORES
from bench.county.village import Person, Village, entered

POSTS = ("村党组织书记", "村监委主任", "村委会副主任", "村两委委员", "村两委委员", "村报账员")
GROUPS = "一二三四五六七八九十"


def settle(village: Village) -> None:
    """Who lives here; the register of members, the cadres and the kin that they declared."""
    draw = village.draw("people")
    number = village.plan.ordinal * 4001
    groups = 4 + village.plan.ordinal % 6
    for household in range(village.plan.households):
        group = f"{GROUPS[household * groups // village.plan.households]}组"
        for _ in range(draw.choice((1, 2, 2, 2, 3, 3))):
            village.people.append(Person(number, village.naming.person(number), group, household))
            number += 1
    heads = heads_of(village)
    village.cadres = heads[:6]
    village.ordinary = [person for person in village.people if person.household >= 24]
    joined = date(2003, 9, 1)
    for person in village.people:
        village.batch.add(
            Member,
            village_id=village.id,
            household=f"{person.household + 1:04}",
            name=person.name,
            name_key=words.name_key(person.name),
            person_digest=village.digest(person),
            group_name=person.group,
            joined_on=joined,
            created_at=entered(date(2020, 5, 1)),
        )
    for year in (village.year - 1, village.year):
        village.batch.add(
            HouseholdCount,
            village_id=village.id,
            year=year,
            households=village.plan.households,
            adults=round(village.plan.households * 2.1),
            members=len(village.people),
            created_at=entered(date(year, 1, 5)),
        )
    if village.plan.gap != "no_relations":
        _relations(village, heads)


def heads_of(village: Village) -> list[Person]:
    """The first person of each household."""
    heads: dict[int, Person] = {}
    for person in village.people:
        heads.setdefault(person.household, person)
    return list(heads.values())


def kin(village: Village, cadre: int) -> dict[RelationKind, Person]:
    """The declared kin of a cadre, by his number from 0 to 5."""
    heads = heads_of(village)
    found = {
        RelationKind.SIBLING: heads[6 + cadre],
        RelationKind.IN_LAW: heads[12 + cadre],
        RelationKind.PARENT: heads[18 + cadre],
    }
    own = [person for person in village.people if person.household == cadre]
    if len(own) > 1:
        found[RelationKind.SPOUSE] = own[1]
    if len(own) > 2:
        found[RelationKind.CHILD] = own[2]
    return found


def kin_firm(village: Village, cadre: int) -> str:
    """The firm that a cadre's family has."""
    trade = ("works", "material", "garden", "goods", "food", "advice")[cadre]
    return village.naming.firm(110 + (village.plan.ordinal + cadre) % 10, trade)


def _relations(village: Village, heads: list[Person]) -> None:
    for number, cadre in enumerate(village.cadres):
        parties = [(kind, person.name, person) for kind, person in kin(village, number).items()]
        firm = [(RelationKind.FIRM, kin_firm(village, number), None)] if number % 2 == 0 else []
        for kind, party, person in [*parties, *firm]:
            village.batch.add(
                Relation,
                village_id=village.id,
                cadre=cadre.name,
                cadre_key=words.name_key(cadre.name),
                post=POSTS[number],
                kind=kind,
                party=party,
                party_key=words.name_key(party),
                party_digest=village.digest(person) if person else None,
                declared_on=date(2021, 3, 20),
                created_at=entered(date(2021, 3, 20)),
            )


def benefits(village: Village) -> None:
    """Aid of the year, month by month, and who died. It stops with the month of death."""
    draw = village.draw("benefits")
    pool = draw.sample(village.ordinary, len(village.ordinary))
    size = village.plan.households

    def take(count: int) -> list[Person]:
        return [pool.pop() for _ in range(count)]

    poor, destitute, aged = take(max(3, size // 55)), take(draw.randint(2, 4)), take(size // 25)
    disabled = take(draw.randint(2, 5)) + poor[:2]
    dead = _deaths(village, draw, aged)
    for month in range(1, 13):
        paid = village.day(draw, month, 8, 14)
        for kind, whom, yuan in (
            ("低保金", poor, 960),
            ("特困供养金", destitute, 1_610),
            ("困难残疾人生活补贴", disabled, 311),
            ("高龄津贴", aged, 100),
        ):
            for person in whom:
                if person.number not in dead or dead[person.number] >= paid.replace(day=1):
                    benefit(village, person, kind, paid, yuan + person.number % 5 * (kind == "低保金") * 37)
    for person in take(draw.randint(1, 4)):
        month = draw.randint(1, 12)
        benefit(
            village, person, "临时救助", village.day(draw, month), draw.choice((1_000, 2_000, 3_000, 5_000))
        )
    _moved(village, draw, take(1)[0])
    if village.planted("dead_recipient"):
        _paid_when_dead(village, aged, dead)
    if village.planted("exclusive_benefits"):
        _twice(village, take(1)[0])


def benefit(village: Village, person: Person, kind: str, paid: date, yuan: float) -> Row:
    """One benefit of one month."""
    return village.batch.add(
        Benefit,
        village_id=village.id,
        kind=kind,
        period=f"{paid:%Y-%m}",
        line=village.count(f"{kind} {paid:%Y-%m} {person.number}"),
        recipient=person.name,
        recipient_key=words.name_key(person.name),
        recipient_digest=village.digest(person),
        recipient_group=person.group,
        paid_on=paid,
        amount_fen=round(yuan * 100),
        basis="县民政局审批",
        created_at=entered(paid),
    )


def died(village: Village, person: Person, day: date) -> Row:
    """A death, as civil affairs register it some days later."""
    return village.batch.add(
        DeathRecord,
        village_id=village.id,
        name=person.name,
        name_key=words.name_key(person.name),
        person_digest=village.digest(person),
        died_on=day,
        registered_on=day + timedelta(days=3 + person.number % 9),
        created_at=entered(day, 15),
    )


def _deaths(village: Village, draw: random.Random, aged: list[Person]) -> dict[int, date]:
    """Old people mostly; the family gets the funeral allowance. With some offices the allowance stands under
    the dead person's own name, which is no fault."""
    if village.plan.gap == "no_deaths":
        return {}
    others = draw.sample(village.ordinary, max(3, village.plan.households // 90))
    whom = {person.number: person for person in [*aged[: draw.randint(0, 2)], *others]}
    dead: dict[int, date] = {}
    for person in whom.values():
        day = date(village.year, draw.randint(1, 12), draw.randint(1, 28))
        dead[person.number] = day
        died(village, person, day)
        paid = village.work_day(day + timedelta(days=draw.randint(20, 45)))
        if paid <= village.world.last:
            heir = person if draw.random() < 0.05 else village.person(draw)
            benefit(village, heir, "丧葬补助", paid, 4_000)
    return dead


def _moved(village: Village, draw: random.Random, person: Person) -> None:
    """Somebody whom the office moved from one aid to another in the middle of the year: no month has both."""
    if draw.random() > 0.3:
        return
    for month in range(1, 13):
        paid = village.day(draw, month, 8, 14)
        benefit(village, person, "低保金" if month < 6 else "特困供养金", paid, 980 if month < 6 else 1_610)


def _paid_when_dead(village: Village, aged: list[Person], dead: dict[int, date]) -> None:
    """Nobody told the office that an old man died: his money goes on for months."""
    draw = village.draw("dead_recipient")
    person = next(one for one in reversed(aged) if one.number not in dead)
    day = date(village.year, draw.randint(2, 6), draw.randint(1, 28))
    mine = [
        row
        for row in village.batch.rows(Benefit)
        if row["recipient_digest"] == village.digest(person) and row["paid_on"] > day
    ]
    after = [row for row in mine if row["period"] > f"{day:%Y-%m}"]
    record = died(village, person, day)
    what = f"去世后仍发放{len(after)}个月高龄津贴"
    village.plant("dead_recipient", what, [*after, record], after[0]["paid_on"], village.digest(person))


def _twice(village: Village, person: Person) -> None:
    """One person draws destitute support and the minimum living allowance for the same months."""
    draw = village.draw("exclusive_benefits")
    first = draw.randint(2, 6)
    rows = []
    for month in range(first, first + 5):
        paid = village.day(draw, month, 8, 14)
        rows.append(benefit(village, person, "特困供养金", paid, 1_610))
        rows.append(benefit(village, person, "低保金", paid, 960))
    village.plant(
        "exclusive_benefits",
        "同一人同时领取特困供养金和低保金",
        rows,
        rows[1]["paid_on"],
        village.digest(person),
    )


def slip(village: Village, worker: Person, day: date, job: str, site: str, **more: object) -> Row:
    """One person's work on one day; a whole day unless `quantity` and `unit` say otherwise."""
    values = {"unit": WorkUnit.DAY, "quantity": Decimal(1), "rate_fen": 16_000, **more}
    return village.batch.add(
        LabourSlip,
        village_id=village.id,
        number=f"YG{day:%Y%m}-{village.count(f'slip{day:%Y%m}'):04}",
        worker=worker.name,
        worker_key=words.name_key(worker.name),
        worker_digest=village.digest(worker),
        worked_on=day,
        job=job,
        site=site,
        amount_fen=int(Decimal(str(values["quantity"])) * int(str(values["rate_fen"]))),
        dispatched_by=village.cadres[2].name,
        confirmed_by=village.cadres[1].name,
        rostered=True,
        created_at=entered(day),
        **values,
    )


def settle_slips(village: Village, rows: list[Row], worker: Person, account: str, purpose: str) -> Row:
    """Pay somebody for his slips, within the month after."""
    last = max(row["worked_on"] for row in rows)
    due = (last.replace(day=1) + timedelta(days=32)).replace(day=5)
    paid = min(
        village.work_day(due + timedelta(days=worker.number % 9)), village.work_day(village.world.last)
    )
    payment = village.pay(paid, worker.name, sum(row["amount_fen"] for row in rows) / 100, account, purpose)
    for row in rows:
        row["payment_id"], row["paid_on"] = payment["id"], paid
    return payment


def labour(village: Village) -> None:
    """Day labour: each month some people of the roster for some days, paid by their slips in the month
    after."""
    draw = village.draw("labour")
    roster = draw.sample(village.ordinary, 8)
    bulky = village.plan.ordinal % 4 == 1
    for month in range(1, 12):
        for worker in roster[: draw.choice((1, 2, 2, 3)) + (village.size > 1.3)]:
            chore = chore_of(village, draw, month)
            days = sorted(draw.sample(range(1, 29), draw.randint(3, 14)))
            if bulky:
                last = date(village.year, month, days[-1])
                rows = [slip(village, worker, last, chore, worker.group, quantity=Decimal(len(days)))]
            else:
                rows = [row for day in days for row in _worked(village, draw, worker, month, day, chore)]
            settle_slips(village, rows, worker, "day_labour", chore)


def _worked(
    village: Village, draw: random.Random, worker: Person, month: int, day: int, chore: str
) -> list[Row]:
    """A day: one job, or one in the morning and one in the afternoon somewhere else, or some hours."""
    on = date(village.year, month, day)
    kind = draw.random()
    if kind < 0.08:
        half = Decimal("0.5")
        other = village.naming.hamlet(village.plan.ordinal + day)
        return [
            slip(village, worker, on, chore, worker.group, quantity=half),
            slip(village, worker, on, "道路保洁", other, quantity=half),
        ]
    if kind < 0.14:
        hours = Decimal(draw.randint(3, 7))
        return [
            slip(village, worker, on, chore, worker.group, unit=WorkUnit.HOUR, quantity=hours, rate_fen=2_200)
        ]
    return [slip(village, worker, on, chore, worker.group)]


def chore_of(village: Village, draw: random.Random, month: int) -> str:
    """What day labour is hired for."""
    return fill(village, draw, draw.choice(CHORES), month)


def fill(village: Village, draw: random.Random, phrase: str, month: int) -> str:
    """A phrase with its place, group and month."""
    place = village.naming.hamlet(village.plan.ordinal * 3 + draw.randrange(3))
    return phrase.format(month=month, place=place, group=draw.randint(1, 4 + village.plan.ordinal % 6))

"""A county-year: 22 towns, their villages with households, ledgers and publications, ordinary in everything
but what is planted. The same seed makes the same rows; another set of names changes nothing but names."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.keys import Keys
from app.models import (
    Benefit,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    LabourSlip,
    Meeting,
    Obligation,
    Organisation,
    PageView,
    Payment,
    Receipt,
)
from app.models.base import Base
from app.models.obligations import ObligationState
from app.models.organisations import Line, OrganisationKind
from app.services import reference
from bench.county import (
    books,
    cases_leases,
    cases_money,
    cases_works,
    leases,
    money,
    people,
    publishing,
    works,
)
from bench.county.bulk import Batch
from bench.county.names import SETS
from bench.county.truth import Case, Truth
from bench.county.village import Plan, Village, World

TOWNS = 22
AT_ONCE = 20
SMALLEST = 20
PLANTS = {**cases_money.PLANTS, **cases_works.PLANTS, **cases_leases.PLANTS}
ELSEWHERE = (  # planted where their rows are made
    "dead_recipient",
    "exclusive_benefits",
    "disclosure_late",
    "short_notice",
    "no_meeting",
    "budget_overrun",
    "fund_gap",
)
ALONE = ("labour_fit_out",)  # has its village to itself
KINDS = (*PLANTS, *ELSEWHERE)
GAPS = (
    "no_payments",
    "no_purpose",
    "no_approvals",
    "no_banking_day",
    "no_relations",
    "no_deaths",
    "no_budget",
    "no_ends",
)
SILENT_FROM = (5, 1)
SHARE = 1.67  # of large works, dividends and compensations: so that the sum is that of the published year
DATED: dict[type[Base], str] = {
    Payment: "paid_on",
    Receipt: "received_on",
    LabourSlip: "worked_on",
    Benefit: "paid_on",
    Meeting: "held_on",
}
SECRET = b"a secret of the generated county, 40 bytes."


def generate(
    session: Session,
    *,
    seed: int,
    villages: int = 420,
    payments: int = 80_000,
    year: int = 2025,
    names: str = "a",
) -> Truth:
    """Fill an empty, migrated database with a county and its year, and tell what was planted.

    `payments` is the number of payments altogether, `names` which set of names is used. At least 20
    villages."""
    if villages < SMALLEST:
        raise ValueError(f"a county needs {SMALLEST} villages or more")
    reference.load(session)
    draw = random.Random(f"county:{seed}")
    batch = Batch(random.Random(f"keys:{seed}"))
    truth = Truth(seed=seed, year=year, names=names)
    categories = list(session.scalars(select(DisclosureCategory)))
    world = World(seed, year, SETS[names], Keys.of(SECRET), batch, SHARE, categories)
    plans = list(_plans(draw, world, villages, payments))
    _places(world, plans)
    for town in range(TOWNS):
        world.rents[town] = random.Random(f"rent:{seed}:{town}").lognormvariate(0, 0.12)
    carried = 0
    for number, plan in enumerate(plans, start=1):
        village = Village(world, plan)
        target = plan.target - carried
        _live(village, target)
        kept = len(village.payments)
        carried = kept - target
        truth.villages[plan.code] = plan.id
        truth.cases += village.cases
        truth.lapses += village.lapses
        truth.paid_fen += sum(row["amount_fen"] for row in village.payments if "voided_at" not in row)
        if plan.gap and plan.gap != "silent":
            truth.gaps.append(Case(plan.gap, plan.code, plan.gap, frozenset(), date(year, 1, 31)))
        if number % AT_ONCE == 0 or number == villages:
            batch.flush(session)
    batch.finish(session)
    truth.rows = dict(batch.written)
    return truth


def _plans(draw: random.Random, world: World, villages: int, payments: int) -> Iterator[Plan]:
    """How large each village is, how many payments it has, what is planted and what is never recorded. Each
    kind comes once in 70 villages, at least once; two villages in three have nothing planted at full
    size."""
    households = [min(1_600, max(90, round(draw.lognormvariate(5.98, 0.5)))) for _ in range(villages)]
    order = draw.sample(range(villages), villages)
    times = max(1, villages // 70)
    gaps: dict[int, str] = {}
    kinds: dict[int, list[str]] = {number: [] for number in range(villages)}
    for gap in (*GAPS, "silent"):
        for _ in range(times if villages >= 70 else 1):
            gaps[order.pop()] = gap
    for kind in ALONE:
        for _ in range(times):
            kinds[order.pop()].append(kind)
    crowd = order if villages >= 70 else order[: len(order) - 2]
    spread = [kind for kind in KINDS if kind not in ALONE for _ in range(times)]
    draw.shuffle(spread)
    for number, kind in enumerate(spread):
        kinds[crowd[number % len(crowd)]].append(kind)
    fewer = {"no_payments": 0.0, "silent": 0.4}
    weights = [
        (0.45 + 0.55 * size / 450) * fewer.get(gaps.get(n, ""), 1.0) for n, size in enumerate(households)
    ]
    total, given = sum(weights), 0
    for n, size in enumerate(households):
        target = round(payments * sum(weights[: n + 1]) / total) - given
        given += target
        key = uuid.UUID(int=random.Random(f"village:{world.seed}:{n}").getrandbits(128), version=4)
        town = n * TOWNS // villages
        code, planted = f"c{n + 1:03}", tuple(kinds[n])
        yield Plan(n, code, key, town, size, target, town % 3, planted, gaps.get(n))


def _places(world: World, plans: list[Plan]) -> None:
    """The county with its discipline office, the towns, the villages."""
    naming, batch = world.naming, world.batch
    long_ago = clock.at(date(2019, 6, 1))

    def place(
        kind: OrganisationKind, code: str, name: str, above: list[uuid.UUID], **more: object
    ) -> uuid.UUID:
        key = more.pop("id", None) or batch.key()
        batch.add(
            Organisation,
            id=key,
            code=code,
            kind=kind,
            name=name,
            parent_id=above[-1] if above else None,
            ancestry=[*above, key],
            created_at=long_ago,
            **more,
        )
        assert isinstance(key, uuid.UUID)
        return key

    county = place(OrganisationKind.COUNTY, "county", naming.county, [])
    office = f"{naming.county}纪委监委"
    place(OrganisationKind.DEPARTMENT, "discipline", office, [county], line=Line.DISCIPLINE)
    towns = [place(OrganisationKind.TOWN, f"t{n + 1:02}", naming.town(n), [county]) for n in range(TOWNS)]
    for plan in plans:
        more = {"id": plan.id, "households": plan.households, "adults": round(plan.households * 2.1)}
        name = naming.village(plan.ordinal)
        place(OrganisationKind.VILLAGE, plan.code, name, [county, towns[plan.town]], **more)


def _live(village: Village, target: int) -> None:
    """The year of one village: what is ordinary, what is planted, small payments up to the number, the
    books."""
    people.settle(village)
    books.funds(village)
    money.meetings(village)
    people.benefits(village)
    leases.leases(village)
    leases.fees(village)
    publishing.notices(village)
    if village.plan.gap != "no_payments":
        people.labour(village)
        money.everyday(village)
        works.works(village)
    for kind in village.plan.kinds:
        if kind in PLANTS:
            PLANTS[kind](village)
    if village.plan.gap == "silent":
        _silence(village)
    elif village.plan.gap != "no_payments":
        money.fill_up(village, target)
    village.close()
    books.budgets(village)
    books.statements(village)
    publishing.calendar_items(village)
    publishing.views(village)
    if village.plan.gap == "silent":
        _unpublish(village)


def _silence(village: Village) -> None:
    """From a day in spring on nothing comes from this village any more."""
    since = date(village.year, *SILENT_FROM)
    for model, day in DATED.items():
        _drop(village, model, day, since)
    village.payments = [row for row in village.payments if row["paid_on"] < since]
    village.receipts = [row for row in village.receipts if row["received_on"] < since]
    village.meetings = [row for row in village.meetings if row["held_on"] < since]
    kept = {row["id"] for row in village.payments}
    for row in village.batch.rows(LabourSlip):
        if row["village_id"] == village.id and row.get("payment_id") and row["payment_id"] not in kept:
            row["payment_id"] = row["paid_on"] = None
    village.plant("silent", "5月起没有任何登记和公开", [], since, village.plan.code)


def _drop(village: Village, model: type[Base], day: str, since: date) -> None:
    rows = village.batch.rows(model)
    village.batch.keep(model, [row for row in rows if row["village_id"] != village.id or row[day] < since])


def _unpublish(village: Village) -> None:
    """Nothing was published after that day either; what was due stays open."""
    since = date(village.year, *SILENT_FROM)
    batch = village.batch
    gone = {
        row["id"]
        for row in batch.rows(Disclosure)
        if row["village_id"] == village.id and clock.local(row["published_at"]).date() >= since
    }
    batch.keep(Disclosure, [row for row in batch.rows(Disclosure) if row["id"] not in gone])
    versions = [row for row in batch.rows(DisclosureVersion) if row["disclosure_id"] not in gone]
    batch.keep(DisclosureVersion, versions)
    for row in batch.rows(Obligation):
        if row["disclosure_id"] in gone:
            row["state"], row["disclosure_id"], row["met_on"] = ObligationState.OPEN, None, None
    _drop(village, PageView, "day", since)

"""Planted in works and labour: the year of labour with a fit-out inside that was never put to tender, works
without tender, changes, works that never end, one firm that always wins, and slips for days that nobody
has."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from app.models.ledgers import ContractKind
from bench.county import people, works
from bench.county.bulk import Row
from bench.county.texts import CHORES, CONSTRUCTION, FIT_OUT
from bench.county.village import Village


def labour_fit_out(village: Village) -> None:
    """More than a million for labour without any large project; six tenths of it for building; inside that
    the fit-out of a new office building, given out crew by crew. A tenth of the purposes is missing."""
    draw = village.draw("labour_fit_out")
    crews = [(draw.choice(village.ordinary), trade) for _, trade in FIT_OUT for _ in range(2)]
    inside: list[Row] = []
    while sum(row["amount_fen"] for row in inside) < 38_000_000:
        phrase, trade = draw.choice(FIT_OUT)
        person = draw.choice([one for one, skill in crews if skill == trade])
        day = village.day(draw, draw.randint(3, 9))
        yuan = draw.randint(110, 480) * 100
        inside.append(village.pay(day, person.name, yuan, "day_labour", phrase))
    bought = []
    for phrase in ("办公楼装修地砖", "办公楼吊顶材料", "办公楼涂料", "办公楼门窗"):
        day, yuan = village.day(draw, draw.randint(3, 8)), draw.randint(180, 420) * 100
        bought.append(village.buy(draw, day, village.firm("material", 1), yuan, "material", phrase))
    building = list(inside)
    while sum(row["amount_fen"] for row in building) < 67_000_000:
        building.append(_hired(village, draw, CONSTRUCTION, 50, 260))
    labour = list(building)
    while sum(row["amount_fen"] for row in labour) < 111_000_000:
        labour.append(_hired(village, draw, CHORES, 25, 130))
    known = _passes(inside, 10_000_000)
    village.plant("fit_out_untendered", "新办公楼装修拆成零星用工，未招标", inside + bought, known)
    what = "没有大工程，全年用工支出超过100万元"
    village.plant("labour_total", what, labour, _passes(labour, 50_000_000))


def _hired(village: Village, draw: random.Random, phrases: tuple[str, ...], low: int, high: int) -> Row:
    month = draw.randint(1, 12)
    purpose = people.fill(village, draw, draw.choice(phrases), month)
    who = village.person(draw).name
    return village.pay(village.day(draw, month), who, draw.randint(low, high) * 100, "day_labour", purpose)


def _passes(rows: list[Row], fen: int) -> date:
    """The day on which the sum passes so much."""
    total = 0
    for row in sorted(rows, key=lambda row: row["paid_on"]):
        total += row["amount_fen"]
        if total > fen:
            break
    day: date = row["paid_on"]
    return day


def works_untendered(village: Village) -> None:
    """A square is built by a firm that somebody chose: no project, no contract, no tender in any ledger."""
    draw = village.draw("works_untendered")
    place = village.naming.hamlet(village.plan.ordinal)
    firm, day = village.firm("works", 4), village.day(draw, draw.randint(2, 6))
    rows = []
    for number in range(draw.randint(3, 4)):
        on = village.work_day(day + timedelta(days=number * draw.randint(18, 32)))
        purpose = f"{place}休闲广场建设工程款（第{'一二三四'[number]}笔）"
        yuan = draw.randint(62, 110) * 1_000
        rows.append(village.pay(on, firm, yuan, "works", purpose, told=True, **village.invoice(draw, on)))
    village.plant(
        "works_untendered", "休闲广场没有立项、合同和招标就付工程款", rows, _passes(rows, 10_000_000)
    )


def project_untendered(village: Village) -> None:
    """A project on record, voted and contracted, for several times the line; nobody put it to tender."""
    draw = village.draw("project_untendered")
    begins, yuan = village.day(draw, draw.randint(2, 5)), draw.randint(18, 42) * 10_000.0
    name, ends = "村级综合服务楼外立面改造", begins + timedelta(days=100)
    meeting = village.vote(begins)
    deal = works.contract(
        village,
        ContractKind.WORKS,
        village.firm("works", 2),
        f"{name}施工合同",
        yuan,
        begins,
        ends,
        meeting_id=meeting["id"],
    )
    project = works.vote_only(village, name, yuan, begins, deal, ends)
    rows = [project, deal]
    for part, days in ((0.3, 10), (0.4, 50), (0.25, 110)):
        on = village.work_day(begins + timedelta(days=days))
        more = {"contract_id": deal["id"], "project_id": project["id"], **village.invoice(draw, on)}
        rows.append(
            village.pay(on, deal["counterparty"], yuan * part, "works", f"{name}工程款", told=True, **more)
        )
    village.plant("project_untendered", f"{yuan:.0f}元的工程未招标", rows, rows[3]["paid_on"])


def change_orders(village: Village) -> None:
    """A cheap bid that becomes dear: change after change."""
    draw = village.draw("change_orders")
    begins = date(village.year, 1, 12) + timedelta(days=draw.randrange(40))
    work = works.build(village, draw, "自来水管网改造", draw.randint(30, 90) * 10_000, begins)
    rows = [work.project]
    for number in range(3):
        on = work.starts + timedelta(days=12 + number * 14)
        yuan = work.yuan * draw.uniform(0.1, 0.16)
        rows.append(works.change(village, work, on, yuan, "设计变更增加工程量"))
    village.plant("change_orders", "变更累计超过合同价三成", rows, rows[-1]["day"])


def project_stalled(village: Village) -> None:
    """Works that were to be done in spring are not done at the end of the year."""
    draw = village.draw("project_stalled")
    begins = date(village.year - 1, 10, 20) + timedelta(days=draw.randrange(60))
    yuan = draw.randint(20, 80) * 10_000
    work = works.build(
        village, draw, "粮食烘干中心建设", yuan, begins, finished=False, days=draw.randint(60, 90)
    )
    known = work.ends + timedelta(days=1)
    village.plant("project_stalled", "工程过了计划完工日一直没有验收", [work.project, *work.paid], known)


def one_winner(village: Village) -> None:
    """One firm wins every tender of the village."""
    draw = village.draw("one_winner")
    names = ("机耕路一标", "机耕路二标", "沟渠整治", "水塔改建", "便民中心装修", "泵房迁建")
    firm = village.naming.firm(100 + village.plan.ordinal % 9, "works")
    rows = []
    for number, name in enumerate(names):
        begins = date(village.year, 1, 8) + timedelta(days=number * 38)
        yuan = draw.randint(12, 26) * 10_000
        rows.append(works.build(village, draw, name, yuan, begins, firm=firm, days=40).contract)
    village.plant("one_winner", "一年六个工程都由同一家单位中标", rows, rows[4]["signed_on"])


def worker_days(village: Village) -> None:
    """Slips by the fortnight that give one man more days than the month has."""
    draw = village.draw("worker_days")
    month, worker = draw.randint(3, 10), village.person(draw)
    rows = []
    for day, quantity, job in (
        (10, 13, "河道保洁"),
        (20, 12, "绿化养护"),
        (28, draw.randint(11, 14), "村道清扫"),
    ):
        on = date(village.year, month, day)
        rows.append(people.slip(village, worker, on, job, worker.group, quantity=Decimal(quantity)))
    paid = people.settle_slips(village, rows, worker, "day_labour", f"{month}月杂工工资")
    known = date(village.year, month, 28)
    days = sum(row["quantity"] for row in rows)
    village.plant("worker_days", f"一个月记了{days}个工", [*rows, paid], known, village.digest(worker))


def worker_two_places(village: Village) -> None:
    """One man works whole days at two places at once."""
    draw = village.draw("worker_two_places")
    month, worker = draw.randint(3, 10), village.person(draw)
    place = village.naming.hamlet(village.plan.ordinal + 2)
    twice: list[Row] = []
    rows: list[Row] = []
    for day in sorted(draw.sample(range(1, 28), 7)):
        on = date(village.year, month, day)
        rows.append(people.slip(village, worker, on, "渠道清淤", worker.group))
        if len(twice) < 8:
            twice += [rows[-1], people.slip(village, worker, on, "公厕保洁", place)]
            rows.append(twice[-1])
    people.settle_slips(village, rows, worker, "day_labour", f"{month}月临时用工")
    known = twice[1]["worked_on"]
    village.plant("worker_two_places", "同一人同一天在两处各记一个工", twice, known, village.digest(worker))


PLANTS = {
    "labour_fit_out": labour_fit_out,
    "works_untendered": works_untendered,
    "project_untendered": project_untendered,
    "change_orders": change_orders,
    "project_stalled": project_stalled,
    "one_winner": one_winner,
    "worker_days": worker_days,
    "worker_two_places": worker_two_places,
}

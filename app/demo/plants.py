"""The stories that the rules find in the demo's ledgers without being told, each in a village of its own.

Here only the rows are planted: leases with rent that somebody pays late, payments that look wrong. Those of
people and funds (one dead recipient, one fund that does not add up, one late deposit, one quarter without a
meeting) are named here and written where their ledgers are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.contracts import PLANTED, enter, firm
from app.demo.contracts import lease as let
from app.demo.months import add_years, month_of
from app.demo.payments import WORKS_CATEGORY, payment
from app.demo.world import Draw, VillageStage
from app.models import Contract, Payment
from app.models.ledgers import PaymentMethod

SPLIT_VILLAGE = "zhuantangtou"
DUPLICATE_VILLAGE = "luomu"
CASH_VILLAGE = "xiangnan"
UNAPPROVED_VILLAGE = "huangshan"
DEAD_VILLAGE = "qiaoting"
LATE_DEPOSIT_VILLAGE = "erqiao"
GAP_VILLAGE = "xiangshu"
LONG_VILLAGE = "huangshan"
LONG_TITLE = "老供销社楼整体出租"
LONG_YEARS, LONG_RAN = 25, 11


@dataclass(frozen=True)
class Late:
    """Rent that was due `due_days` before today and came `paid_after` days later, or not yet."""

    village: str
    title: str
    due_days: int
    paid_after: int | None = None


LATE = (
    Late("xinhua", "标准厂房三号楼出租", 75),
    Late("qunwei", "沿塘仓库出租", 118),
    Late("donglian", "老机修车间出租", 190, 80),
    Late("xingyu", "净菜配送点房屋出租", 160, 66),
)
PUBLISHED, PREPARED, REMOVED, SETTLED = "qunwei", "xinhua", "donglian", "xingyu"


def late_rent(village: str, title: str) -> Late | None:
    """The story of a lease, if it has one."""
    return next((one for one in LATE if (one.village, one.title) == (village, title)), None)


def leases(draw: Draw, stage: VillageStage, there: int) -> list[Contract]:
    """The leases that stories need, numbered after the `there` others."""
    made = []
    for one in LATE:
        if one.village == stage.place.code:
            due = draw.today - timedelta(days=one.due_days)
            made.append(_lease(draw, one.title, add_years(due, -2), 5))
    if stage.place.code == LONG_VILLAGE:
        began = date(draw.today.year - LONG_RAN, 1, 1)
        made.append(_lease(draw, LONG_TITLE, began, LONG_YEARS))
    for number, contract in enumerate(made, start=there + 1):
        enter(draw, stage, contract, number, days=14)
    return made


def _lease(draw: Draw, title: str, starts: date, years: int) -> Contract:
    contract = let(draw, PLANTED[title])
    contract.starts_on = starts
    contract.ends_on = add_years(starts, years) - timedelta(days=1)
    contract.amount_fen = PLANTED[title].low * 100 * years
    return contract


def payments(draw: Draw, stage: VillageStage) -> list[Payment]:
    """The payments that look wrong."""
    return [*_split(draw, stage), *_twice(draw, stage), *_cash(draw, stage), *_unapproved(draw, stage)]


def _split(draw: Draw, stage: VillageStage) -> Iterator[Payment]:
    """One repair of a roof in four pieces just below the line, to one builder, without a contract."""
    if stage.place.code != SPLIT_VILLAGE:
        return
    builder = firm(draw, "建筑装饰")
    for days, yuan, words in ((62, 48_600, "一"), (55, 49_200, "二"), (49, 47_800, "三"), (41, 49_500, "四")):
        day = draw.work_day_before(draw.today - timedelta(days=days))
        yield payment(stage, day, WORKS_CATEGORY, yuan, builder, f"文化礼堂屋面修缮（第{words}期）")


def _twice(draw: Draw, stage: VillageStage) -> Iterator[Payment]:
    """One invoice at two vouchers."""
    if stage.place.code != DUPLICATE_VILLAGE:
        return
    for days, purpose in ((96, "分类垃圾桶采购"), (54, "垃圾桶采购款")):
        day = draw.work_day_before(draw.today - timedelta(days=days))
        made = payment(stage, day, "物资采购", 18_640, "青埭环境服务部", purpose)
        made.invoice_number = "26332000004518820736"
        made.invoiced_on = draw.today - timedelta(days=101)
        yield made


def _cash(draw: Draw, stage: VillageStage) -> Iterator[Payment]:
    """Two payments in cash that should have been transfers, in one month."""
    if stage.place.code != CASH_VILLAGE:
        return
    first = month_of(month_of(draw.today) - timedelta(days=1))
    for day, yuan, purpose in ((8, 1_860, "敬老活动演出"), (19, 2_350, "敬老活动用餐")):
        made = payment(stage, first + timedelta(days=day), "文体活动", yuan, "云畈文化服务社", purpose)
        made.method = PaymentMethod.CASH
        yield made


def _unapproved(draw: Draw, stage: VillageStage) -> Iterator[Payment]:
    """A large transfer that the town did not approve before."""
    if stage.place.code != UNAPPROVED_VILLAGE:
        return
    day = draw.work_day_before(draw.today - timedelta(days=38))
    made = payment(stage, day, "水利维修", 68_400, "渔湾水利服务队", "台风后排涝泵抢修")
    made.town_approval = ""
    yield made

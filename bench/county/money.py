"""What every village pays for in a year: power and wages each month, repairs, goods, services, welfare,
land rent, dividends, deposits given back. All of it honest."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from app.core import clock
from app.models.governance import MeetingKind, RelationKind
from app.models.ledgers import PaymentMethod
from bench.county import people
from bench.county.texts import ADVICE, GOODS, OFFICE, UPKEEP
from bench.county.village import Village
from bench.county.works import framework

SPRING = (1, 8, 18)  # before the Spring Festival: wages of the month after are paid with those of this month


def everyday(village: Village) -> None:
    """What a village pays whatever its size."""
    _monthly(village)
    _staff(village)
    _consolation(village)
    _elderly(village)
    _land(village)
    _dividend(village)
    _medical(village)
    if village.plan.ordinal % 3 == 0:
        _canteen(village)
    if village.plan.ordinal % 9 == 4:
        _compensation(village)
    if village.plan.ordinal % 25 == 7:
        _voided(village)
    if village.plan.ordinal % 40 == 11:
        _in_two_parts(village)


def fill_up(village: Village, target: int) -> None:
    """Small ordinary payments until the village has as many as it is to have."""
    draw = village.draw("fill")
    while len(village.payments) < target:
        _small(village, draw, draw.randint(1, 12))


def _monthly(village: Village) -> None:
    draw = village.draw("monthly")
    lamps, office = draw.uniform(1_500, 5_000) * village.size, draw.uniform(500, 1_600)
    for month in range(1, 13):
        day = village.day(draw, month, 15, 22)
        season = 1.35 if month in (7, 8, 12, 1) else 1.0
        power = village.naming.public("power")
        village.buy(draw, day, power, lamps * season * draw.uniform(0.9, 1.1), "power", f"{month}月路灯电费")
        village.buy(
            draw, day, power, office * season * draw.uniform(0.9, 1.1), "power", f"{month}月办公楼电费"
        )
        if month % 2 == 0:
            water = village.naming.public("water")
            village.buy(draw, day, water, draw.uniform(300, 1_200), "power", f"{month - 1}-{month}月水费")
        if village.plan.ordinal % 2:
            village.buy(draw, day, village.naming.public("phone"), 299, "office", f"{month}月宽带电话费")
    village.buy(
        draw,
        village.day(draw, 1),
        village.naming.public("post"),
        draw.randint(20, 60) * 100,
        "press",
        "全年报刊费",
    )
    insurer = village.naming.public("insurer")
    village.buy(draw, village.day(draw, 3), insurer, 3_800 * village.size, "insurance", "村级公共财产保险")


def _staff(village: Village) -> None:
    """Wages on the tenth; in January those of February too. Cleaners the same, where no firm cleans."""
    draw = village.draw("staff")
    staff = [(person, draw.randint(36, 62) * 100.0) for person in village.cadres[2 : 4 + (village.size > 1)]]
    by_firm = village.size > 0.9
    cleaners = [] if by_firm else [(one, 2_800.0) for one in draw.sample(village.ordinary, 2)]
    for month in range(1, 13):
        day = village.work_day(date(village.year, month, 10))
        if month == SPRING[0] + 1:
            day = village.work_day(date(village.year, 1, SPRING[2] + 2))
        for person, yuan in staff:
            village.pay(day, person.name, yuan, "wages", f"{month}月误工报酬", told=True)
        for person, yuan in cleaners:
            village.pay(day, person.name, yuan, "cleaners", f"{month}月保洁员工资", told=True)
    if by_firm:
        yearly = draw.uniform(110_000, 260_000) * village.size
        signed = framework(village, draw, village.firm("cleaning", draw.randrange(5)), "村庄保洁服务", yearly)
        for month in range(1, 13):
            day, firm = village.day(draw, month, 5, 25), signed["counterparty"]
            purpose = f"{month}月村庄保洁服务费"
            more: dict[str, Any] = {**village.invoice(draw, day), "contract_id": signed["id"]}
            village.pay(day, firm, round(yearly / 12), "cleaning", purpose, **more)


def _consolation(village: Village) -> None:
    """Envelopes before the Spring Festival and when somebody is ill: what some villages still pay in
    cash."""
    draw = village.draw("consolation")
    day = village.day(draw, 1, SPRING[1], SPRING[2])
    for person in draw.sample(village.ordinary, draw.randint(3, 8)):
        more: dict[str, Any] = {"voucher": f"记-{day:%Y-%m}-春节", "line": village.count("spring")}
        more["method"] = PaymentMethod.TRANSFER if village.plan.ordinal % 6 else PaymentMethod.CASH
        village.pay(day, person.name, 500, "consolation", "春节困难户慰问金", **more)
    for _ in range(draw.choice((0, 0, 1, 2))):
        on, person = village.day(draw, draw.randint(2, 12)), village.person(draw)
        yuan = draw.choice((200, 300, 500, 800))
        village.pay(on, person.name, yuan, "consolation", "住院慰问", method=PaymentMethod.CASH)
    if village.plan.ordinal % 30 == 13:
        _after_the_storm(village, draw)


def _after_the_storm(village: Village, draw: random.Random) -> None:
    """Cash for the households that a typhoon hit, all on one day; the town agreed before."""
    day = village.work_day(date(village.year, 9, 25))
    more: dict[str, Any] = {
        "method": PaymentMethod.CASH,
        "voucher": f"记-{day:%Y-%m}-救灾",
        "town_approval": f"镇民批〔{village.year}〕12号",
        "town_approved_on": day - timedelta(days=4),
    }
    for number in range(14):
        who = village.person(draw).name
        village.pay(day, who, 800, "consolation", "台风受灾户慰问金", line=number + 1, **more)


def _elderly(village: Village) -> None:
    """The same sum for each old person at the Double Ninth; cadres have parents too."""
    draw = village.draw("elderly")
    day = village.day(draw, 10, 20, 28)
    whom = [*draw.sample(village.ordinary, draw.randint(5, 9)), people.kin(village, 1)[RelationKind.PARENT]]
    for number, person in enumerate(whom, start=1):
        more: dict[str, Any] = {"voucher": f"记-{day:%Y-%m}-重阳", "line": number}
        village.pay(day, person.name, 600, "elderly", f"{village.year}年重阳节老人福利", told=True, **more)
    bank = village.naming.public("bank")
    yuan = 420.0 * village.plan.households * draw.uniform(0.6, 1.2)
    village.pay(village.day(draw, 6), bank, round(yuan), "elderly", "代发60周岁以上老人生活补贴", told=True)


def _land(village: Village) -> None:
    """Rent for the land that households gave to the village, so much an acre; the same price for all."""
    draw = village.draw("land")
    price = draw.choice((800, 900, 1_000, 1_100))
    day = village.day(draw, 11, 5, 25)
    whom = [*draw.sample(village.ordinary, draw.randint(3, 6)), people.kin(village, 3)[RelationKind.SIBLING]]
    for number, person in enumerate(whom, start=1):
        yuan = price * draw.randint(8, 45) / 10
        more: dict[str, Any] = {"voucher": f"记-{day:%Y-%m}-流转", "line": number}
        village.pay(day, person.name, yuan, "land_rent", f"{village.year}年土地流转租金", **more)
    for group in range(1, 4 + round(village.size)):
        yuan = price * draw.uniform(90, 380) * village.size
        bank = village.naming.public("bank")
        village.pay(
            day, bank, round(yuan), "land_rent", f"代发{group}组{village.year}年土地流转租金", told=True
        )


def _dividend(village: Village) -> None:
    draw = village.draw("dividend")
    if draw.random() < 0.75:
        yuan = village.plan.households * draw.lognormvariate(7.45, 0.5) * village.world.share
        bank = village.naming.public("bank")
        village.pay(village.day(draw, 12, 1, 20), bank, round(yuan), "dividend", "代发股份分红", told=True)


def _medical(village: Village) -> None:
    draw = village.draw("medical")
    yuan = len(village.people) * draw.choice((100, 150, 200, 280))
    day = village.day(draw, 11, 10, 28)
    village.pay(day, f"{village.naming.county}税务局", yuan, "medical", "村民城乡居民医保补助", told=True)
    for person in draw.sample(village.ordinary, draw.randint(2, 5)):
        on = village.day(draw, 8, 20, 28)
        village.pay(on, person.name, 2_000, "schooling", "大学新生助学金", told=True)


def _canteen(village: Village) -> None:
    """The old people's canteen buys from one dealer, whom the village chose in the open, twice a month."""
    draw = village.draw("canteen")
    yearly = draw.uniform(60_000, 140_000)
    signed = framework(village, draw, village.firm("food", draw.randrange(5)), "老年食堂食材定点供应", yearly)
    for month in range(1, 13):
        for first in (4, 18):
            day = village.day(draw, month, first, first + 5)
            purpose = f"老年食堂{month}月{'上' if first < 10 else '下'}半月食材"
            yuan = yearly / 24 * draw.uniform(0.85, 1.15)
            village.buy(draw, day, signed["counterparty"], yuan, "canteen", purpose, contract_id=signed["id"])


def _compensation(village: Village) -> None:
    draw = village.draw("compensation")
    for person in draw.sample(village.ordinary, draw.randint(6, 14)):
        yuan = draw.uniform(40_000, 180_000)
        village.pay(
            village.day(draw, 5), person.name, round(yuan), "compensation", "征地青苗补偿款", told=True
        )
    bank = village.naming.public("bank")
    yuan = draw.uniform(2_000_000, 8_000_000) * village.world.share
    village.pay(village.day(draw, 6), bank, round(yuan), "compensation", "代发征地补偿款", told=True)


def _voided(village: Village) -> None:
    """A voucher entered with a wrong day, voided and entered anew: the same invoice stands there twice."""
    draw = village.draw("voided")
    day = village.day(draw, 4)
    invoice = village.invoice(draw, day)
    firm, yuan = village.firm("hardware", 1), draw.randint(3_000, 9_000)
    wrong = village.pay(day, firm, yuan, "repair", "水泵配件", **invoice)
    wrong["voided_at"] = clock.at(day + timedelta(days=6), 15)
    wrong["voided_because"] = "日期录错"
    village.pay(day + timedelta(days=1), firm, yuan, "repair", "水泵配件", told=True, **invoice)


def _in_two_parts(village: Village) -> None:
    """One invoice paid in two equal parts, as its contract says."""
    draw = village.draw("parts")
    day = village.day(draw, 5)
    yuan = draw.randint(15_000, 30_000)
    signed = framework(village, draw, village.firm("goods", 2), "会议室音视频设备", yuan * 2)
    more = {**village.invoice(draw, day), "contract_id": signed["id"], "told": True}
    village.pay(day, signed["counterparty"], yuan, "equipment", "会议室音视频设备首付款50%", **more)
    later = village.work_day(day + timedelta(days=45))
    village.pay(later, signed["counterparty"], yuan, "equipment", "会议室音视频设备尾款50%", **more)


def _small(village: Village, draw: random.Random, month: int) -> None:
    """One small payment: repairs, office, goods, advice, travel, chores, festivals."""
    day, kind = village.day(draw, month), draw.random()
    if kind < 0.34:
        phrase, trade = draw.choice(UPKEEP)
        purpose = people.fill(village, draw, phrase, month)
        yuan = min(28_000.0, draw.lognormvariate(8.0, 0.8))
        village.buy(draw, day, village.firm(trade, draw.choice((0, 0, 1, 2))), yuan, "repair", purpose)
    elif kind < 0.50:
        phrase, trade = draw.choice(OFFICE)
        village.buy(
            draw, day, village.firm(trade, draw.randrange(3)), draw.lognormvariate(6.8, 0.7), "office", phrase
        )
    elif kind < 0.70:
        phrase, trade = draw.choice(GOODS)
        account = "material" if trade == "material" else "goods"
        yuan = min(26_000.0, draw.lognormvariate(8.3, 0.8))
        village.buy(draw, day, village.firm(trade, draw.randrange(4)), yuan, account, phrase)
    elif kind < 0.78:
        phrase, low, high = draw.choice(ADVICE)
        firm = village.firm("advice", draw.randrange(5))
        village.buy(draw, day, firm, draw.randint(low // 100, high // 100) * 100, "advice", phrase)
    elif kind < 0.88:
        person = village.person(draw)
        purpose = people.chore_of(village, draw, month)
        village.pay(day, person.name, draw.randint(2, 30) * 150, "day_labour", purpose)
    elif kind < 0.93:
        person = draw.choice(village.cadres)
        village.pay(day, person.name, draw.randint(40, 400), "travel", "外出培训差旅费")
    elif kind < 0.96:
        village.buy(
            draw, day, village.firm("print", 2), draw.randint(8, 60) * 100, "culture", "村晚演出搭台音响"
        )
    else:
        # Deposits of a tender go back to all who lost: the same sum on the same day.
        for which in range(3):
            village.pay(day, village.firm("works", which), 5_000, "deposit", "退还投标保证金", told=True)


def meetings(village: Village) -> None:
    """Representatives each quarter, often twice; the committee each month; the supervisors each quarter."""
    draw = village.draw("meetings")
    without = 3 if village.planted("no_meeting") else None
    for quarter in range(-1, 5):
        year, first = (
            (village.year, quarter * 3 - 2) if quarter > 0 else (village.year - 1, 7 + 3 * (quarter + 1))
        )
        if quarter == without:
            period = f"{village.year}-Q{quarter}"
            known = date(village.year, quarter * 3 + 1, 1)
            village.plant("no_meeting", "一个季度没有开村民代表会议", [], known, period)
            continue
        often = {1, 2} if quarter - 1 == without else {0, draw.randint(0, 2)}
        for offset in sorted(often):
            day = village.work_day(date(year, first + offset, draw.randint(3, 27)))
            village.meet(draw, day, MeetingKind.REPRESENTATIVES, "村民代表会议")
        supervision = date(year, first + 2, draw.randint(10, 27))
        village.meet(draw, supervision, MeetingKind.SUPERVISION, "村务监督委员会例会")
    for month in range(1, 13):
        day = date(village.year, month, draw.randint(1, 27))
        village.meet(draw, day, MeetingKind.COMMITTEE, "村两委会议")

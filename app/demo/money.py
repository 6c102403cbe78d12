"""What the demo's villages publish about money: accounts, labour, assets, party dues, shares.

Everything is computed from the same books that the warnings read, so that a page and a ledger never differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from app.core import money
from app.demo.articles import ASK, Article, Pen
from app.demo.months import add_months
from app.demo.payments import LABOUR
from app.models import Payment

A_DAY_FEN = 18_000  # what a day's work is paid: the rate that the representatives decided
FIRST_STATEMENT = (40, 55)  # days after New Year's Day


def total(payments: list[Payment]) -> int:
    """The sum in fen."""
    return sum(payment.amount_fen for payment in payments)


def write(pen: Pen) -> list[Article]:
    """All articles about money of a year."""
    return [
        *finance(pen),
        *labour(pen),
        *assets(pen),
        *assets_change(pen),
        *party_dues(pen),
        *distribution(pen),
    ]


def finance(pen: Pen) -> Iterator[Article]:
    """Income and spending of each of the last twelve complete months, item by item of the books."""
    for back, month in pen.months():
        on = pen.for_period("finance", back, add_months(month, 1), (5, 9))
        if on is None:
            continue
        spent = pen.books.spent(month)
        payments = [payment for group in spent.values() for payment in group]
        incomes = pen.books.incomes[month]
        largest = max(payments, key=lambda payment: payment.amount_fen)
        transfers = sum(payment.method == "transfer" for payment in payments)
        dearest = max(spent, key=lambda category: total(spent[category]))
        records: list[dict[str, object]] = [
            {"direction": "收入", "item": name, "amount": fen} for name, fen in incomes.items()
        ]
        records += [
            {"direction": "支出", "item": category, "count": len(group), "amount": total(group)}
            for category, group in spent.items()
        ]
        yield Article(
            category="finance",
            title=f"{month.year}年{month.month}月收支公开",
            on=on,
            body=(
                f"本月共 {len(payments)} 笔支出，其中 {transfers} 笔走银行转账。花得最多的是「{dearest}」。\n"
                f"最大一笔 {money.yuan(largest.amount_fen)}，付给{largest.payee}，"
                f"用于{largest.purpose or largest.category}。\n{ASK}"
            ),
            filled={
                "income": sum(incomes.values()),
                "expense": total(payments),
                "balance": pen.books.balances[month],
            },
            records=records,
            period=f"{month:%Y-%m}",
            papers=("statement",) if back == 1 and pen.stage.place.code == "donglian" else (),
        )


def labour(pen: Pen) -> Iterator[Article]:
    """Whom the village hired in a quarter, for what, and for how much."""
    for back, first, after, words, period in pen.quarters():
        on = pen.for_period("labour", back, after, (8, 11))
        hired = [p for p in pen.books.payments if p.category == LABOUR and first <= p.paid_on < after]
        if on is None or not hired:
            continue
        yield Article(
            category="labour",
            title=f"{words}村务用工公开",
            on=on,
            body=f"小工每天 180 元，是村民代表会议定的标准；当天记工，按月转账到本人。\n{ASK}",
            records=[
                {
                    "name": payment.payee,
                    "job": payment.purpose or "零工",
                    "days": f"{max(1, round(payment.amount_fen / A_DAY_FEN * 2)) / 2:g}",
                    "amount": payment.amount_fen,
                }
                for payment in hired
            ],
            period=period,
        )


def assets(pen: Pen) -> Iterator[Article]:
    """The collective's funds, assets and resources at the end of each of the last years."""
    buildings, hall = pen.draw.random.randint(900, 4800), pen.draw.random.randint(600, 1400)
    later = pen.draw.random.randint(*FIRST_STATEMENT)
    for year in (pen.draw.today.year - 2, pen.draw.today.year - 1):
        on = pen.day(date(year + 1, 1, 1) + timedelta(days=later))
        if not pen.draw.today - timedelta(days=385) < on:
            continue
        december = date(year, 12, 1)
        funds = pen.books.balances.get(december) or pen.books.balances[min(pen.books.balances)]
        worth, machines = buildings * 1_150_00, 68 * 10_000_00
        yield Article(
            category="assets",
            title=f"{year}年度集体三资公开",
            on=on,
            body="资金、资产、资源都由监督委员会核对过。房屋和土地有变化的，随时在这里更新。",
            filled={"funds": funds, "assets": worth + machines, "land": pen.stage.place.area_mu, "debts": 0},
            records=[
                {"kind": "资金", "name": "银行存款", "value": funds},
                {
                    "kind": "房屋",
                    "name": "厂房和店面",
                    "amount": f"{buildings - hall // 2:,} 平方米",
                    "value": worth * 3 // 4,
                    "use": "出租",
                },
                {
                    "kind": "房屋",
                    "name": "村部和文化礼堂",
                    "amount": f"{hall:,} 平方米",
                    "value": worth - worth * 3 // 4,
                    "use": "自用",
                },
                {
                    "kind": "设备",
                    "name": "机埠和农机",
                    "amount": "14 台",
                    "value": machines,
                    "use": "自用",
                },
                {
                    "kind": "土地",
                    "name": "耕地、水面和山林",
                    "amount": f"{pen.stage.place.area_mu:,} 亩",
                    "use": "出租",
                },
            ],
            period=str(year),
        )


def assets_change(pen: Pen) -> Iterator[Article]:
    """In every other village something was bought or written off."""
    if pen.stage.number % 2:
        return
    on = pen.ago(64 + pen.stage.number)
    happened = pen.draw.work_day_before(on, 2)
    name, fen = pen.draw.random.choice(
        (("老年食堂蒸饭柜", 1_260_000), ("电动保洁车两辆", 2_980_000), ("文化礼堂音响一套", 1_850_000))
    )
    yield Article(
        category="assets_change",
        title=f"购入{name}",
        on=on,
        body="三家供应商报过价，价低者得；发票和验收单在村委会可以查。",
        records=[
            {
                "day": happened.isoformat(),
                "change": "购入",
                "name": name,
                "amount": fen,
                "decided": "村两委会",
            }
        ],
        happened_on=happened,
    )


def party_dues(pen: Pen) -> Iterator[Article]:
    """What the party's members paid in a quarter, by branch."""
    members = [max(9, pen.stage.place.adults // divisor) for divisor in (52, 66, 91)]
    each = pen.draw.random.randint(33, 54)
    for back, _, after, words, period in pen.quarters():
        on = pen.for_period("party_dues", back, after, (6, 11))
        if on is None:
            continue
        paid = [number * each * 100 + pen.draw.random.randint(0, 90) * 100 for number in members]
        yield Article(
            category="party_dues",
            title=f"{words}党费收缴公开",
            on=on,
            body="党费由党员本人通过手机交到专户，全额上交镇街，返还部分只用于党员活动和慰问老党员。",
            filled={
                "members": sum(members),
                "paid_members": sum(members),
                "paid": sum(paid),
                "handed_up": sum(paid),
                "spent": pen.draw.random.randint(4, 26) * 10_000,
            },
            records=[
                {"item": f"第{numeral}支部", "amount": fen, "words": f"{number} 名党员"}
                for numeral, number, fen in zip("一二三", members, paid, strict=True)
            ],
            period=period,
        )


def distribution(pen: Pen) -> Iterator[Article]:
    """In every third village the collective shared out its income."""
    if pen.stage.number % 3:
        return
    each = pen.draw.random.randint(3, 9) * 10_000
    people = round(pen.stage.place.adults * 1.18)
    decided = pen.ago(296)
    yield Article(
        category="distribution",
        title="集体收益分配公开",
        on=pen.day(decided + timedelta(days=2)),
        body="钱直接转到各户的社员账户，不发现金；没收到的请到村委会核对账号。",
        filled={
            "total": each * people,
            "people": people,
            "each": each,
            "words": "按股份经济合作社社员人口平均分配，新生儿和新嫁入的按登记日期计算。",
        },
        happened_on=decided,
    )


def area_mu(subject: str) -> int | None:
    """The area in a contract's subject: 118 of 水田 118 亩."""
    found = re.search(r"(\d+) 亩", subject)
    return int(found[1]) if found else None

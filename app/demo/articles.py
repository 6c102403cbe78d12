"""What the demo's villages publish about money: accounts, labour, assets, small works and leases.

Everything is computed from the same books that the warnings read, so that a page and a ledger never differ.
`affairs` has the rest of the 10+X list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.core import clock, money
from app.demo.ledgers import LABOUR, Books, add_months, month_of, quarter_of
from app.demo.people import Names
from app.demo.world import Draw, VillageStage
from app.models import Contract, Payment
from app.models.disclosures import DisclosureKind
from app.models.ledgers import ContractKind, ContractState

NUMERALS = "一二三四"
ASK = "有看不懂的地方，可以在本页提问，联络员会答复。"
REPAIRS = "设施维修"
SHOWN_REPAIRS = 8


@dataclass(frozen=True)
class Article:
    """One text that is published on the day `on`, or will be."""

    category: str
    title: str
    summary: str
    on: date
    body: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)
    period: str | None = None
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract: Contract | None = None
    notice_days: int = 0


@dataclass(frozen=True)
class Pen:
    """What a village's information officer has on the desk."""

    draw: Draw
    stage: VillageStage
    books: Books
    names: Names

    def day(self, day: date) -> date:
        """A day on which somebody works: `day` or the next one."""
        return self.draw.work_day_from(day)

    def quarters(self) -> Iterator[tuple[date, date, str, str]]:
        """The last four complete quarters: first day, first day after, words, period."""
        last = quarter_of(self.draw.today)
        for back in (4, 3, 2, 1):
            first = add_months(last, -3 * back)
            number = (first.month - 1) // 3
            words = f"{first.year}年第{NUMERALS[number]}季度"
            yield first, add_months(first, 3), words, f"{first.year}-Q{number + 1}"


def table(columns: str, rows: list[list[str]]) -> dict[str, Any]:
    """A table; `columns` are separated by spaces."""
    return {"columns": columns.split(), "rows": rows}


def amount(fen: int) -> str:
    """An amount in yuan without its unit, for a column that names it."""
    return money.yuan(fen).removesuffix(" 元")


def compared(now: int, before: int | None) -> str:
    """多 12%, 少 8%, 持平; nothing to compare with: —."""
    if not before:
        return "—"
    change = round((now - before) * 100 / before)
    return "持平" if change == 0 else f"{'多' if change > 0 else '少'} {abs(change)}%"


def total(payments: list[Payment]) -> int:
    """The sum in fen."""
    return sum(payment.amount_fen for payment in payments)


def write(pen: Pen) -> list[Article]:
    """All articles about money of a year."""
    return [*finance(pen), *labour(pen), *assets(pen), *small_works(pen), *repairs(pen), *leases(pen)]


def finance(pen: Pen) -> Iterator[Article]:
    """Income and spending of each of the last twelve complete months, entry by entry of the books."""
    this_month = month_of(pen.draw.today)
    for back in range(12, 0, -1):
        month = add_months(this_month, -back)
        spent = pen.books.spent(month)
        payments = [payment for group in spent.values() for payment in group]
        income, outgoing = sum(pen.books.incomes[month].values()), total(payments)
        before = pen.books.spent(add_months(month, -1))
        last = sum(total(group) for group in before.values())
        largest = max(payments, key=lambda payment: payment.amount_fen)
        transfers = sum(payment.method == "transfer" for payment in payments)
        dearest = max(spent, key=lambda category: total(spent[category]))
        yield Article(
            category="finance",
            title=f"{month.year}年{month.month}月收支公开",
            summary=f"{month.month}月收入 {money.spoken(income)}，支出 {money.spoken(outgoing)}。",
            on=pen.day(add_months(month, 1) + timedelta(days=pen.draw.random.randint(5, 9))),
            body=(
                f"本月共 {len(payments)} 笔支出，其中 {transfers} 笔走银行转账。花得最多的是「{dearest}」。\n"
                f"最大一笔 {money.yuan(largest.amount_fen)}，付给{largest.payee}，"
                f"用于{largest.purpose or largest.category}。\n"
                f"月底村集体账上还有 {money.yuan(pen.books.balances[month])}。{ASK}"
            ),
            figures={
                "收入": money.spoken(income),
                "支出": money.spoken(outgoing),
                "结余": money.spoken(pen.books.balances[month]),
                "支出比上月": compared(outgoing, last),
            },
            table=table("收支 项目 笔数 金额（元）", _finance_rows(pen.books.incomes[month], spent)),
            period=f"{month:%Y-%m}",
        )


def _finance_rows(incomes: dict[str, int], spent: dict[str, list[Payment]]) -> list[list[str]]:
    return [
        *(["收入", name, "—", amount(fen)] for name, fen in incomes.items()),
        *(["支出", category, str(len(group)), amount(total(group))] for category, group in spent.items()),
    ]


def labour(pen: Pen) -> Iterator[Article]:
    """Whom the village hired in a quarter, for what, and for how much."""
    for first, after, words, period in pen.quarters():
        hired = [p for p in pen.books.payments if p.category == LABOUR and first <= p.paid_on < after]
        jobs: dict[str, list[Payment]] = {}
        for payment in hired:
            jobs.setdefault(payment.purpose or "其他零工", []).append(payment)
        ranked = sorted(jobs.items(), key=lambda job: -total(job[1]))
        yield Article(
            category="labour",
            title=f"{words}村务用工公开",
            summary=f"请工 {len(hired)} 笔，共付工钱 {money.spoken(total(hired))}。",
            on=pen.day(after + timedelta(days=pen.draw.random.randint(9, 15))),
            body=f"工价按村民代表会议定的标准，当天记工，按月转账到本人。\n{ASK}",
            figures={"请工": f"{len(hired)} 笔", "付工钱": money.spoken(total(hired))},
            table=table(
                "干什么活 笔数 工钱（元）",
                [[job, str(len(group)), amount(total(group))] for job, group in ranked],
            ),
            period=period,
        )


def assets(pen: Pen) -> Iterator[Article]:
    """The collective's funds, assets and resources at the end of a quarter."""
    buildings = pen.draw.random.randint(900, 4800)
    for _, after, words, period in pen.quarters():
        month = add_months(after, -1)
        balance = pen.books.balances[month]
        let = [c for c in pen.books.contracts if _runs(c, after - timedelta(days=1))]
        yield Article(
            category="assets",
            title=f"{words}集体三资公开",
            summary=f"到{month.month}月底账上 {money.spoken(balance)}，出租资产 {len(let)} 处。",
            on=pen.day(after + timedelta(days=pen.draw.random.randint(12, 20))),
            body="资金、资产、资源都由监督委员会核对过。房屋和土地有变化的，随时在这里更新。",
            figures={"账上资金": money.spoken(balance), "出租": f"{len(let)} 处"},
            table=table(
                "类别 内容 数量或金额",
                [
                    ["资金", "银行存款", money.yuan(balance)],
                    ["资产", "集体房屋", f"{buildings:,} 平方米"],
                    ["资产", "对外出租", f"{len(let)} 处"],
                    ["资源", "耕地、水面和山林", f"{pen.stage.place.area_mu:,} 亩"],
                ],
            ),
            period=period,
        )


def _runs(contract: Contract, day: date) -> bool:
    return (
        contract.kind == ContractKind.LEASE_OUT
        and contract.starts_on <= day
        and (contract.ends_on is None or day <= contract.ends_on)
    )


def small_works(pen: Pen) -> Iterator[Article]:
    """Each small work from the decision to the acceptance, as far as it has come."""
    for contract in pen.books.contracts:
        if contract.kind != ContractKind.WORKS or contract.ends_on is None or contract.signed_on is None:
            continue
        start, price = contract.starts_on, money.spoken(contract.amount_fen)
        everything = [
            ("立项表决", start - timedelta(days=62), "村民代表会议同意，预算公示没有异议"),
            ("公开招标", start - timedelta(days=42), "在镇街招投标中心公告 7 天"),
            ("中标公示", start - timedelta(days=30), f"{contract.counterparty}中标，公示 3 天"),
            ("签订合同", contract.signed_on, f"合同价 {price}，留 3% 质保金"),
            ("开工", start, "监督委员会成员到场"),
            ("验收", contract.ends_on, "镇街和村里一起验收，合格"),
            ("审价付款", contract.ends_on + timedelta(days=20), "按审定价付到 97%"),
        ]
        past = [step for step in everything if step[1] < pen.draw.today - timedelta(days=4)]
        done = len(past) == len(everything)
        yield Article(
            category="small_works",
            title=f"{contract.title}全过程公开",
            summary=f"{contract.subject}，合同价 {price}，{'已验收付款' if done else '正在施工'}。",
            on=pen.day(past[-1][1] + timedelta(days=2)),
            body=f"施工单位：{contract.counterparty}。每走完一步就在这里更新。{ASK}",
            figures={"合同价": price, "进度": f"{len(past)}/{len(everything)} 步"},
            table=table(
                "步骤 日期 情况", [[name, clock.spoken_day(day), words] for name, day, words in past]
            ),
            contract=contract,
        )


def repairs(pen: Pen) -> Iterator[Article]:
    """The small repairs of half a year, the dearest first."""
    on = pen.draw.work_day_before(pen.draw.today, 7)
    since = on - timedelta(days=182)
    found = [p for p in pen.books.payments if p.category == REPAIRS and since <= p.paid_on < on]
    shown = sorted(found, key=lambda payment: -payment.amount_fen)[:SHOWN_REPAIRS]
    yield Article(
        category="small_works",
        title="近半年零星维修清单",
        summary=f"半年修了 {len(found)} 处，共花 {money.spoken(total(found))}。",
        on=on,
        body="两万元以下的小修小补，由村两委会定，监督委员会验收。下面列出花钱最多的几笔。",
        table=table(
            "日期 修什么 金额（元）",
            [[clock.spoken_day(p.paid_on), p.purpose or REPAIRS, amount(p.amount_fen)] for p in shown],
        ),
    )


def leases(pen: Pen) -> Iterator[Article]:
    """What is let to whom, twice a year; and the notices of each new round."""
    for back in (196, 19):
        yield _register(pen, pen.day(pen.draw.today - timedelta(days=back)))
    for contract in pen.books.contracts:
        if contract.kind != ContractKind.LEASE_OUT or contract.ends_on is None:
            continue
        if contract.state != ContractState.ACTIVE:
            yield _retender(pen, contract, pen.day(contract.ends_on - timedelta(days=24)))
        elif contract.signed_on and contract.starts_on > pen.draw.today - timedelta(days=330):
            yield _result(pen, contract, pen.day(contract.signed_on - timedelta(days=9)))
    ending = pen.books.ending()
    if ending is not None:
        yield _retender(pen, ending, pen.draw.work_day_before(pen.draw.today, 4))


def _register(pen: Pen, on: date) -> Article:
    let = [c for c in pen.books.contracts if _runs(c, on)]
    return Article(
        category="leasing",
        title=f"集体土地房屋出租一览（{on.year}年{on.month}月）",
        summary=f"正在出租 {len(let)} 处，租给谁、到什么时候都在这里。",
        on=on,
        body="合同到期前一个月公开新一轮招租，本村村民同等条件下优先。",
        figures={"正在出租": f"{len(let)} 处"},
        table=table(
            "项目 内容 承租人 到期",
            [[c.title, c.subject, c.counterparty, clock.spoken_day(c.ends_on or on)] for c in let],
        ),
    )


def _retender(pen: Pen, contract: Contract, on: date) -> Article:
    assert contract.ends_on is not None
    yearly = contract.amount_fen // max(1, contract.ends_on.year - contract.starts_on.year)
    floor = round(yearly * 1.05 / 10_000) * 10_000
    closing = on + timedelta(days=9)
    return Article(
        category="leasing",
        title=f"{contract.title}重新招租公告",
        summary=f"{contract.subject}重新招租，{closing.month}月{closing.day}日前报名。",
        on=on,
        body=(
            f"原合同 {clock.spoken_day(contract.ends_on)}到期，现公开招租，期限三年。\n"
            f"起租价每年 {money.spoken(floor)}，价高者得，同价时本村村民优先。\n"
            "报名带身份证到村委会办公室填表，交保证金 5,000 元，没租到的三天内退还。"
        ),
        figures={"起租价": f"{money.spoken(floor)}/年", "报名截止": f"{closing.month}月{closing.day}日"},
        kind=DisclosureKind.RETENDER_NOTICE,
        contract=contract,
        notice_days=9,
    )


def _result(pen: Pen, contract: Contract, on: date) -> Article:
    bidders = pen.draw.random.randint(3, 6)
    return Article(
        category="leasing",
        title=f"{contract.title}招租结果公示",
        summary=f"{bidders} 家报名，{contract.counterparty}出价最高。",
        on=on,
        body=f"开标时监督委员会和村民代表在场。公示 3 天，有异议请在公示期内提出。合同总价 "
        f"{money.yuan(contract.amount_fen)}。",
        figures={"报名": f"{bidders} 家", "合同总价": money.spoken(contract.amount_fen)},
        contract=contract,
        notice_days=3,
    )

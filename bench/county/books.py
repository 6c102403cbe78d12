"""Funds whose statements add up month by month, budgets, and the fault in either that is planted."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from app.models import Budget, Fund, FundStatement
from app.models.ledgers import PartyKind
from app.services.ledgers import words
from bench.county.bulk import Row
from bench.county.texts import ACCOUNTS, title
from bench.county.village import Village, entered

FUNDS = (("村集体资金", "村级自有资金"), ("上级专项资金", "财政补助"))


def funds(village: Village) -> None:
    """The village's own money and what comes from above."""
    for number, (name, source) in enumerate(FUNDS, start=1):
        made = village.batch.add(
            Fund,
            village_id=village.id,
            number=f"ZJ{number:02}",
            name=name,
            source=source,
            created_at=entered(date(village.year - 1, 1, 5)),
        )
        village.funds.append(made)


def statements(village: Village) -> None:
    """What each fund took in and paid out each month; large works come from above. What is lacking comes from
    the town's treasury within the month."""
    above = village.funds[1]
    for row in village.payments:
        if row.get("project_id") and row.get("payee_kind") == PartyKind.FIRM:
            row["fund_id"] = above["id"]
    for number, fund in enumerate(village.funds):
        spent = _by_month(village.payments, "paid_on", fund)
        balance = 40_000_000 + village.plan.ordinal % 9 * 3_000_000
        rows: list[Row] = []
        for month in range(1, 13):
            period = f"{village.year}-{month:02}"
            if (village.plan.gap == "silent" and month > 4) or village.plan.gap == "no_payments":
                break
            if balance - spent[period] < 20_000_000:
                day = village.work_day(date(village.year, month, 3))
                lacking = (20_000_000 - balance + spent[period]) // 100 + 50_000 * (1 + month % 3)
                payer = f"{village.naming.town(village.plan.town)}财政所"
                village.receive(
                    day, payer, lacking, "上级补助资金" if number else "财政转移支付", fund_id=fund["id"]
                )
            income = _by_month(village.receipts, "received_on", fund)[period]
            rows.append(_statement(village, fund, period, balance, income, spent[period]))
            balance += income - spent[period]
        if number == 0 and village.planted("fund_gap"):
            _gap(village, rows)


def _by_month(rows: list[Row], day: str, fund: Row) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.get("fund_id", None) == fund["id"] and "voided_at" not in row:
            found[f"{row[day]:%Y-%m}"] += row["amount_fen"]
    return found


def _statement(village: Village, fund: Row, period: str, opening: int, income: int, spent: int) -> Row:
    year, month = map(int, period.split("-"))
    return village.batch.add(
        FundStatement,
        village_id=village.id,
        fund_id=fund["id"],
        period=period,
        opening_fen=opening,
        income_fen=income,
        expense_fen=spent,
        balance_fen=opening + income - spent,
        created_at=entered(date(year, month, 28), 8),
    )


def _gap(village: Village, rows: list[Row]) -> None:
    """Money is gone between two lines: the balance is less than the lines before it give, or the next month
    begins with less than the last one ended with."""
    draw = village.draw("fund_gap")
    month = draw.randrange(4, 10)
    missing = draw.randint(8_000, 60_000) * 100
    inside = village.plan.ordinal % 2 == 0
    for place in range(month, 12):
        if place > month or not inside:
            rows[place]["opening_fen"] -= missing
        rows[place]["balance_fen"] -= missing
    bad = rows[month]
    what = "月末结存比收支算出的少" if inside else "本月期初与上月结存对不上"
    year, number = map(int, bad["period"].split("-"))
    village.plant("fund_gap", f"{bad['period']}{what}{missing // 100}元", [bad], date(year, number, 28))


def budgets(village: Village) -> None:
    """The year's budget of each account title, somewhat more than what was spent; a few were overspent by
    some parts in a hundred, and a planted one by half."""
    draw = village.draw("budgets")
    if village.plan.gap == "no_budget":
        return
    spent: dict[str, int] = defaultdict(int)
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in village.payments:
        if "voided_at" not in row:
            spent[row["category"]] += row["amount_fen"]
            rows[row["category"]].append(row)
    if village.plan.gap == "no_payments":
        spent.update({title(account, village.plan.style): 9_000_000 for account in ACCOUNTS})
    adopted = village.vote(date(village.year, 4, 1))
    fitting = [name for name, fen in spent.items() if fen > 8_000_000 and len(rows[name]) > 8]
    over = draw.choice(sorted(fitting)) if village.planted("budget_overrun") and fitting else None
    for category, fen in sorted(spent.items()):
        part = draw.uniform(1.04, 1.4)
        little = draw.random() < 0.02
        if little:
            part = draw.uniform(0.96, 0.995)
        if category == over:
            part = draw.uniform(0.58, 0.7)
        amount = -(-round(fen * part) // 100_000) * 100_000 if not little else round(fen * part)
        made = village.batch.add(
            Budget,
            village_id=village.id,
            year=village.year,
            category=category,
            expense=words.expense_class(category),
            amount_fen=amount,
            adopted_on=adopted["held_on"],
            meeting_id=adopted["id"],
            created_at=entered(adopted["held_on"]),
        )
        total = 0
        for row in sorted(rows[category], key=lambda row: row["paid_on"]):
            total += row["amount_fen"] * ("voided_at" not in row)
            if total > amount and (little or category == over):
                told = [made, *(one for one in rows[category])]
                if category == over:
                    village.plant("budget_overrun", f"「{category}」超预算", told, row["paid_on"])
                else:
                    village.lapse("budget_little_over", f"「{category}」略超预算", told, row["paid_on"])
                break

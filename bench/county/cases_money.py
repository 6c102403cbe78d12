"""Planted in the money: purchases in pieces, payments made twice, kin who are paid, cash, transfers that
nobody approved, takings that stay in a drawer. As somebody would do it who knows the lines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.models.governance import RelationKind
from app.models.income import Collector
from app.models.ledgers import PaymentMethod
from bench.county import people
from bench.county.village import Village


def split_purchase(village: Village) -> None:
    """One purchase in pieces, each just below the 50,000 from which vote and approval are asked."""
    draw = village.draw("split_purchase")
    way, day = village.plan.ordinal % 3, village.day(draw, draw.randint(3, 9))
    pieces = draw.randint(3, 5)
    firm, account, phrase = (
        (village.firm("goods", 3), "equipment", "文化礼堂音响灯光设备第{n}批"),
        (village.firm("works", 3), "repair", "中心路沥青修补{n}段"),
        (village.firm("garden", 3), "greening", "村口绿化苗木款{n}"),
    )[way]
    rows = []
    for number in range(pieces):
        on = village.work_day(day + timedelta(days=0 if way == 2 else number * draw.randint(4, 9)))
        yuan = draw.randint(43_000, 49_800)
        purpose = phrase.format(n="一二三四五"[number])
        rows.append(village.pay(on, firm, yuan, account, purpose, told=True, **village.invoice(draw, on)))
    total = sum(row["amount_fen"] for row in rows) // 100
    known = sorted(rows, key=lambda row: row["paid_on"])[2]["paid_on"]
    village.plant("split_purchase", f"{total}元的采购分{pieces}次付款，每次不到5万元", rows, known)


def duplicate_invoice(village: Village) -> None:
    """One invoice is paid twice, the second time weeks later, sometimes with a slip in the payee's name."""
    draw = village.draw("duplicate_invoice")
    day = village.day(draw, draw.randint(2, 8))
    invoice, yuan = village.invoice(draw, day), draw.randint(6_000, 46_000)
    firm = village.firm("material", 2)
    other = f"{firm[:4]} {firm[4:]}" if village.plan.ordinal % 2 else firm
    later = village.work_day(day + timedelta(days=draw.randint(20, 75)))
    first = village.pay(day, firm, yuan, "material", "砂石料款", told=True, **invoice)
    second = village.pay(later, other, yuan, "material", "水泥砂石料", told=True, **invoice)
    village.plant("duplicate_invoice", "同一张发票付了两次", [first, second], later)


def same_twice(village: Village) -> None:
    """The same sum to the same payee for the same thing twice within days, without any invoice."""
    draw = village.draw("same_twice")
    day = village.day(draw, draw.randint(2, 10), 1, 20)
    later = village.work_day(day + timedelta(days=draw.randint(2, 5)))
    person, yuan = village.person(draw), draw.randint(60, 290) * 100 + 60
    rows = [
        village.pay(on, person.name, yuan, "repair", "挖机台班费（3组渠道清障）", told=True)
        for on in (day, later)
    ]
    village.plant("same_twice", "几天内向同一人付同样金额两次", rows, later)


def related_person(village: Village) -> None:
    """A cadre's near kin gets the village's odd jobs, for more than anybody else."""
    draw = village.draw("related_person")
    cadre = village.plan.ordinal % 3
    kin = people.kin(village, cadre)
    whom = kin.get(RelationKind.CHILD) or kin.get(RelationKind.SPOUSE) or kin[RelationKind.SIBLING]
    rows = []
    for month in sorted(draw.sample(range(2, 12), 4)):
        purpose = f"{month}月村内零星修缮人工费"
        yuan = draw.randint(90, 160) * 100
        rows.append(village.pay(village.day(draw, month), whom.name, yuan, "day_labour", purpose, told=True))
    total = sum(row["amount_fen"] for row in rows) // 100
    village.plant("related_person", f"干部近亲属四次承揽零工，共{total}元", rows, rows[0]["paid_on"])


def related_firm(village: Village) -> None:
    """The firm of a cadre's family supplies the village."""
    draw = village.draw("related_firm")
    firm = people.kin_firm(village, 2 * (village.plan.ordinal % 3))
    rows = []
    for month in sorted(draw.sample(range(2, 11), 3)):
        on = village.day(draw, month)
        yuan = draw.randint(180, 460) * 100
        rows.append(
            village.pay(on, firm, yuan, "goods", "村道绿化补种", told=True, **village.invoice(draw, on))
        )
    total = sum(row["amount_fen"] for row in rows) // 100
    village.plant("related_firm", f"干部家属的企业三次向村里供货，共{total}元", rows, rows[0]["paid_on"])


def cash_large(village: Village) -> None:
    """A firm is paid in cash."""
    draw = village.draw("cash_large")
    on = village.day(draw, draw.randint(3, 10))
    yuan = draw.randint(55, 280) * 100
    more: dict[str, Any] = {"method": PaymentMethod.CASH, "told": True}
    row = village.pay(on, village.firm("shop", 2), yuan, "goods", "活动物资采购", **more)
    village.plant("cash_large", f"向商户付现金{yuan}元", [row], on)


def cash_day(village: Village) -> None:
    """Envelopes on one day for more than the 10,000 that the town must approve, without approval."""
    draw = village.draw("cash_day")
    on, rows = village.day(draw, draw.randint(8, 9)), []
    for number, person in enumerate(draw.sample(village.ordinary, draw.randint(14, 20)), start=1):
        more: dict[str, Any] = {"voucher": f"记-{on:%Y-%m}-走访", "line": number, "told": True}
        more["method"] = PaymentMethod.CASH
        rows.append(village.pay(on, person.name, 1_000, "consolation", "走访慰问", **more))
    village.plant("cash_day", f"一天内现金慰问{len(rows) * 1_000}元，未经镇街审批", rows, on)


def transfer_unapproved(village: Village) -> None:
    """The village's money goes to a firm as a loan; the town was never asked."""
    draw = village.draw("transfer_unapproved")
    on = village.day(draw, draw.randint(2, 10))
    yuan = draw.randint(12, 38) * 10_000
    purpose = "借给合作企业周转款"
    row = village.pay(on, village.firm("goods", 4), yuan, "other", purpose, approved=False, told=True)
    village.plant("transfer_unapproved", f"{yuan}元转账没有镇街审批", [row], on)


def late_banking(village: Village) -> None:
    """Stall fees that were taken in cash lie in a drawer for weeks."""
    draw = village.draw("late_banking")
    on = date(village.year, draw.randint(2, 9), draw.randint(1, 28))
    banked = village.work_day(on + timedelta(days=draw.randint(18, 45)))
    more = {"method": PaymentMethod.CASH, "collector": Collector.CASHIER, "banked_on": banked}
    yuan = draw.randint(60, 240) * 100
    row = village.receive(on, village.person(draw).name, yuan, "集市摊位费", **more)
    known = on + timedelta(days=3)
    village.plant("late_banking", f"现金{yuan}元收取{(banked - on).days}天后才存入银行", [row], known)


def cash_kept(village: Village) -> None:
    """Takings in cash that never reach the bank, where all others have their day of banking."""
    draw = village.draw("cash_kept")
    rows = []
    for month in range(1, 13):
        on = village.day(draw, month, 4, 25)
        kept = month in (4, 5)
        more: dict[str, Any] = {"method": PaymentMethod.CASH, "banked_on": None if kept else on}
        yuan = draw.randint(40, 90) * 100 if kept else draw.randint(2, 9) * 100
        row = village.receive(on, village.person(draw).name, yuan, "集市摊位费", **more)
        rows += [row] * kept
    total, known = sum(row["amount_fen"] for row in rows) // 100, rows[0]["received_on"] + timedelta(days=3)
    village.plant("cash_kept", f"两笔现金共{total}元一直没有存入银行", rows, known)


PLANTS = {
    "split_purchase": split_purchase,
    "duplicate_invoice": duplicate_invoice,
    "same_twice": same_twice,
    "related_person": related_person,
    "related_firm": related_firm,
    "cash_large": cash_large,
    "cash_day": cash_day,
    "transfer_unapproved": transfer_unapproved,
    "late_banking": late_banking,
    "cash_kept": cash_kept,
}

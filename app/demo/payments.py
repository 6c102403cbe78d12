"""A year of payments of the demo's villages: the everyday ones, those of works, and the fit-out of 民丰村."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.contracts import WORDS, instalments, person
from app.demo.months import add_months, first_month, month_of
from app.demo.world import Draw, VillageStage
from app.models import Contract, Payment
from app.models.ledgers import ContractKind, ExpenseClass, PartyKind, PaymentMethod

FIT_OUT_VILLAGE = "minfeng"
LABOUR_YUAN = 1_128_000  # in the twelve months before today, all labour of that village
FIT_OUT_SHARE = 0.6
LABOUR, WORKS_CATEGORY, HARDSHIP, OFFICE = "村务用工", "小型工程", "困难补助", "办公费"
CLEANING = "环境保洁"
HALF_DAY_YUAN = 90  # labour is paid by the half day
APPROVED_FROM_FEN = 50_000 * 100
INVOICED = frozenset(ExpenseClass) - {ExpenseClass.LABOUR, ExpenseClass.WELFARE, ExpenseClass.TRANSFER}


@dataclass(frozen=True)
class Spending:
    """A kind of payment: how often, how much (yuan) and what for. Without payees it goes to a person."""

    category: str
    weight: int
    low: int
    high: int
    payees: list[str]
    purposes: list[str]


SPENDING = [Spending(**entry) for entry in WORDS["spending"]]


def payment(
    stage: VillageStage, day: date, category: str, yuan: int, payee: str, purpose: str | None, fen: int = 0
) -> Payment:
    """A transfer, not numbered yet."""
    return Payment(
        village_id=stage.village.id,
        paid_on=day,
        category=category,
        amount_fen=yuan * 100 + fen,
        payee=payee,
        purpose=purpose,
        method=PaymentMethod.TRANSFER,
    )


def everyday(draw: Draw, stage: VillageStage) -> list[Payment]:
    """What a village pays for month by month."""
    payments = []
    month = first_month(draw.today)
    while month < draw.today:
        last = min(add_months(month, 1), draw.today) - timedelta(days=1)
        days = (last - month).days + 1
        number = round(draw.random.randint(15, 22) * min(1.0, days / 28))
        for spending in draw.random.choices(SPENDING, [kind.weight for kind in SPENDING], k=number):
            day = month + timedelta(days=draw.random.randrange(days))
            payments.append(_one(draw, stage, day, spending))
        month = add_months(month, 1)
    return payments


def _one(draw: Draw, stage: VillageStage, day: date, kind: Spending) -> Payment:
    payee = draw.random.choice(kind.payees) if kind.payees else person(draw)
    # Small sums are commoner than large ones.
    yuan = int(kind.low + (kind.high - kind.low) * draw.random.random() ** 1.7)
    purpose = None if draw.random.random() < 0.1 else draw.random.choice(kind.purposes)
    fen = draw.random.choice((0, 0, 0, 50))
    if kind.category == LABOUR:
        yuan, fen = _half_days(yuan), 0
    made = payment(stage, day, kind.category, yuan, payee, purpose, fen)
    if kind.category == HARDSHIP and draw.random.random() < 0.03:
        made.method, made.amount_fen = PaymentMethod.CASH, 500 * 100
        made.purpose = "丧葬慰问"
    elif kind.category == OFFICE and yuan < 1_000 and draw.random.random() < 0.03:
        made.method = PaymentMethod.CARD
    return made


def _half_days(yuan: int) -> int:
    return max(HALF_DAY_YUAN, round(yuan / HALF_DAY_YUAN) * HALF_DAY_YUAN)


def of_works(draw: Draw, stage: VillageStage, contracts: list[Contract]) -> list[Payment]:
    """What is due of the contracts of works."""
    payments = []
    for contract in contracts:
        if contract.kind != ContractKind.WORKS:
            continue
        for day, fen, words in instalments(contract):
            if first_month(draw.today) <= day < draw.today:
                purpose = contract.title + words
                made = payment(stage, day, WORKS_CATEGORY, fen // 100, contract.counterparty, purpose)
                made.contract_id = contract.id
                payments.append(made)
    return payments


def fit_out(draw: Draw, stage: VillageStage, payments: list[Payment]) -> list[Payment]:
    """The village whose labour spending should make somebody look."""
    since = draw.today - timedelta(days=365)
    so_far = sum(p.amount_fen // 100 for p in payments if p.category == LABOUR and p.paid_on >= since)
    share = round(LABOUR_YUAN * FIT_OUT_SHARE)
    added = _split(
        draw, stage, LABOUR_YUAN - share - so_far, WORDS["top_up_purposes"], number=11, span=(340, 20)
    )
    return added + _split(draw, stage, share, WORDS["fit_out_purposes"], number=22, span=(260, 110))


def _split(
    draw: Draw,
    stage: VillageStage,
    yuan: int,
    purposes: tuple[str, ...],
    *,
    number: int,
    span: tuple[int, int],
) -> list[Payment]:
    shares = [draw.random.uniform(0.7, 1.3) for _ in range(number)]
    amounts = [_half_days(int(yuan * share / sum(shares))) for share in shares]
    return [
        payment(stage, draw.day_ago(*span), LABOUR, amount, person(draw), draw.random.choice(purposes))
        for amount in amounts
    ]


def cleaners() -> list[str]:
    """The firms that keep villages clean."""
    return next(kind.payees for kind in SPENDING if kind.category == CLEANING)


def of_cleaning(payments: Sequence[Payment], contracts: Sequence[Contract]) -> None:
    """Cleaning is paid to whoever has the contract on the day."""
    for made in payments:
        if made.category == CLEANING:
            contract = [one for one in contracts if one.starts_on <= made.paid_on][-1]
            made.contract_id, made.payee = contract.id, contract.counterparty


def numbered(payments: list[Payment]) -> list[Payment]:
    """In order of day, with a voucher number for each within its month."""
    payments.sort(key=lambda payment: payment.paid_on)
    counters: dict[date, int] = defaultdict(int)
    for made in payments:
        month = month_of(made.paid_on)
        counters[month] += 1
        made.voucher = f"{month:%Y%m}-{counters[month]:03}"
    return payments


def vouch(draw: Draw, town: str, payments: Sequence[Payment], cashier: str, chairs: Sequence[str]) -> None:
    """Who handled and approved each payment, the invoice behind it, and from 50,000 yuan the town's approval
    before the money went. Call it when the payments are complete; what a story set stays: an approval that is
    "" was never asked for."""
    secretary, supervisor = chairs
    number = 0
    for made in payments:
        made.handled_by = cashier
        earlier = draw.random.randint(1, 6)
        signed = (made.paid_on - timedelta(days=earlier)).isoformat()
        made.approvals = [
            {"who": secretary, "role": "村主任", "on": signed},
            {"who": supervisor, "role": "监委会主任", "on": signed},
        ]
        firm = made.payee_kind == PartyKind.FIRM and made.expense in INVOICED
        if firm and not made.invoice_number:
            made.invoice_number = f"26332000{draw.random.randrange(10**12):012}"
            made.invoiced_on = made.paid_on - timedelta(days=earlier + draw.random.randint(1, 12))
        if made.amount_fen >= APPROVED_FROM_FEN and made.town_approval is None:
            number += 1
            made.town_approval = f"{town[0]}财审〔{made.paid_on.year}〕{number:03}号"
            made.town_approved_on = made.paid_on - timedelta(days=draw.random.randint(0, earlier))
        made.town_approval = made.town_approval or None

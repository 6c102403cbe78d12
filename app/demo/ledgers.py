"""The demo's books: contracts and a year of payments of each village.

Two stories of the published programme are planted. Leases about to end: one in 东联村 (yellow), one in
桥亭村 and one in 新华村 (red), and one in 兴裕村 whose re-tender is public already. And 民丰村, whose
labour spending passes a million yuan in a year although most of it is the fit-out of an office building.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.demo.people import FIRMS, SURNAMES
from app.demo.world import Draw, VillageStage, texts
from app.models import Contract, Payment
from app.models.ledgers import ContractKind, ContractState, PaymentMethod

# village → title and days until the end of a lease that somebody should prepare
ENDING = {
    "donglian": ("村口鱼塘承包", 20),
    "qiaoting": ("桥头店面出租", 3),
    "xinhua": ("标准厂房二号楼出租", -12),
}
RETENDERED = {"xingyu": ("蔬菜加工点厂房出租", 15)}
FIT_OUT_VILLAGE = "minfeng"
LABOUR_YUAN = 1_128_000  # in the twelve months before today, all labour of that village
FIT_OUT_SHARE = 0.6
FAR_AWAY_MONTHS = 5

_WORDS = texts("ledgers")
LABOUR, WORKS_CATEGORY, HARDSHIP, OFFICE = "村务用工", "小型工程", "困难补助", "办公费"


@dataclass(frozen=True)
class Lease:
    """Something that a village lets: rent of a year from `low` to `high` yuan, to a firm or a person."""

    title: str
    subject: str
    low: int
    high: int
    firm: bool


@dataclass(frozen=True)
class Spending:
    """A kind of payment: how often, how much (yuan) and what for. Without payees it goes to a person."""

    category: str
    weight: int
    low: int
    high: int
    payees: list[str]
    purposes: list[str]


LEASES = [Lease(**entry) for entry in _WORDS["leases"]]
SPENDING = [Spending(**entry) for entry in _WORDS["spending"]]


@dataclass
class Books:
    """What one village has in its books. `renewed` are leases that ended, each with the one of the new round.
    Incomes and balances are by the first day of a month, in fen."""

    contracts: list[Contract]
    payments: list[Payment]
    renewed: list[tuple[Contract, Contract]] = field(default_factory=list)
    incomes: dict[date, dict[str, int]] = field(default_factory=dict)
    balances: dict[date, int] = field(default_factory=dict)

    def spent(self, month: date) -> dict[str, list[Payment]]:
        """The payments of a month by category, in the order of the list above."""
        groups: dict[str, list[Payment]] = defaultdict(list)
        for payment in self.payments:
            if month_of(payment.paid_on) == month:
                groups[payment.category].append(payment)
        return dict(sorted(groups.items()))

    def ending(self) -> Contract | None:
        """The lease whose re-tender notice is already public."""
        titles = {title for title, _ in RETENDERED.values()}
        return next((contract for contract in self.contracts if contract.title in titles), None)


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def add_months(month: date, number: int) -> date:
    """The first day of the month `number` months later (or earlier)."""
    index = month.year * 12 + month.month - 1 + number
    return date(index // 12, index % 12 + 1, 1)


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def first_month(today: date) -> date:
    """Where the books begin: the quarter that holds the month a year ago."""
    return quarter_of(add_months(month_of(today), -12))


def keep(draw: Draw, stage: VillageStage) -> Books:
    """The books of one village."""
    contracts, renewed = _contracts(draw, stage)
    payments = [*_everyday(draw, stage), *_works_payments(draw, stage, contracts)]
    if stage.place.code == FIT_OUT_VILLAGE:
        payments += _fit_out(draw, stage, payments)
    books = Books(contracts, _numbered(payments), renewed)
    _incomes(draw, books)
    return books


# --- contracts ------------------------------------------------------------------------------------


def _contracts(draw: Draw, stage: VillageStage) -> tuple[list[Contract], list[tuple[Contract, Contract]]]:
    leases = [_lease(draw, terms) for terms in draw.random.sample(LEASES, 3 + stage.number % 2)]
    renewed: list[tuple[Contract, Contract]] = []
    planted = ENDING.get(stage.place.code) or RETENDERED.get(stage.place.code)
    if planted:
        title, days = planted
        subject = "水面 26 亩" if "鱼塘" in title else "房屋 380 平方米"
        lease = _lease(draw, Lease(title, subject, 36_000, 72_000, firm=True))
        _term(lease, draw.today + timedelta(days=days), draw.random.randint(2, 5))
        leases[0] = lease
    else:
        renewed.append((leases[-1], _past(draw, leases[-1])))
    works = draw.random.sample(_WORDS["works"], 2)
    others = [_service(draw), _labour_contract(draw)]
    if stage.number % 3 == 0:
        others.append(_lease_in(draw))
    contracts = [
        *leases,
        *(latter for _, latter in renewed),
        _works(draw, works[0], finished=True),
        _works(draw, works[1], finished=False),
        *others,
    ]
    contracts.sort(key=lambda contract: contract.starts_on)
    for number, contract in enumerate(contracts, start=1):
        contract.id, contract.village_id = draw.key(), stage.village.id
        contract.number = f"HT{contract.starts_on.year}-{number:03}"
        first, last = (3, 8) if any(contract is latter for _, latter in renewed) else (5, 25)
        contract.signed_on = contract.starts_on - timedelta(days=draw.random.randint(first, last))
        contract.created_at = draw.horizon - timedelta(days=390 if contract.starts_on < draw.today else 1)
    return contracts, renewed


def _lease(draw: Draw, terms: Lease) -> Contract:
    years = draw.random.choice((3, 5, 5, 8, 10))
    contract = Contract(
        kind=ContractKind.LEASE_OUT,
        state=ContractState.ACTIVE,
        title=terms.title,
        subject=terms.subject,
        counterparty=firm(draw, "实业") if terms.firm else person(draw),
        amount_fen=round(draw.random.randint(terms.low, terms.high), -2) * years * 100,
    )
    left = draw.random.randint(FAR_AWAY_MONTHS, years * 12 - 3)
    _term(contract, add_months(month_of(draw.today), left + 1) - timedelta(days=1), years)
    return contract


def _term(contract: Contract, ends_on: date, years: int) -> None:
    """Give a contract its term; the rent of a year stays what it was."""
    rent = yearly_rent(contract) if contract.ends_on else 0
    after = ends_on + timedelta(days=1)
    day = min(after.day, calendar.monthrange(after.year - years, after.month)[1])
    contract.starts_on, contract.ends_on = after.replace(year=after.year - years, day=day), ends_on
    if rent:
        contract.amount_fen = rent * years


def _past(draw: Draw, contract: Contract) -> Contract:
    """Let a lease have ended some months ago; returns the one that followed after a new tender."""
    months = draw.random.randint(2, 8)
    _term(contract, add_months(month_of(draw.today), -months) - timedelta(days=1), draw.random.choice((3, 5)))
    contract.state = ContractState.ENDED
    rent = round(yearly_rent(contract) * draw.random.uniform(1.06, 1.22) / 10_000) * 10_000
    latter = Contract(
        kind=ContractKind.LEASE_OUT,
        state=ContractState.ACTIVE,
        title=f"{contract.title}（新一轮）",
        subject=contract.subject,
        counterparty=person(draw),
        amount_fen=rent * 3,
    )
    assert contract.ends_on is not None
    after = contract.ends_on + timedelta(days=1)
    _term(latter, after.replace(year=after.year + 3) - timedelta(days=1), 3)
    return latter


def yearly_rent(contract: Contract) -> int:
    """The rent of a year in fen."""
    assert contract.ends_on is not None
    years = round((contract.ends_on - contract.starts_on).days / 365.25)
    return contract.amount_fen // max(1, years)


def _works(draw: Draw, terms: dict[str, str], *, finished: bool) -> Contract:
    starts = draw.day_ago(300, 190) if finished else draw.day_ago(55, 30)
    return Contract(
        kind=ContractKind.WORKS,
        state=ContractState.ENDED if finished else ContractState.ACTIVE,
        title=terms["title"],
        subject=terms["subject"],
        counterparty=firm(draw, terms["trade"]),
        starts_on=starts,
        ends_on=starts + timedelta(days=draw.random.randint(60, 90) + (0 if finished else 60)),
        amount_fen=draw.random.randint(86, 560) * 1_000 * 100,
    )


def _service(draw: Draw) -> Contract:
    terms = draw.random.choice(_WORDS["services"])
    starts = add_months(month_of(draw.today), -draw.random.randint(2, 5))
    return Contract(
        kind=ContractKind.PURCHASE,
        state=ContractState.ACTIVE,
        title=terms["title"],
        subject=terms["subject"],
        counterparty=firm(draw, "服务"),
        starts_on=starts,
        ends_on=add_months(starts, 12) - timedelta(days=1),
        amount_fen=draw.random.randint(terms["low"], terms["high"]) * 100,
    )


def _labour_contract(draw: Draw) -> Contract:
    starts = add_months(month_of(draw.today), -draw.random.randint(1, 5))
    return Contract(
        kind=ContractKind.LABOUR,
        state=ContractState.ACTIVE,
        title=draw.random.choice(_WORDS["labour_contracts"]),
        counterparty=person(draw),
        starts_on=starts,
        ends_on=add_months(starts, 12) - timedelta(days=1),
        amount_fen=draw.random.randint(24, 42) * 1_000 * 100,
    )


def _lease_in(draw: Draw) -> Contract:
    contract = _lease(draw, Lease("停车场用地租用", "空地 1,400 平方米", 18_000, 30_000, firm=False))
    contract.kind = ContractKind.LEASE_IN
    return contract


def person(draw: Draw) -> str:
    """Somebody as the public sees him: 沈某."""
    return draw.random.choice(SURNAMES) + "某"


def firm(draw: Draw, trade: str) -> str:
    """A firm of a trade, with an invented name."""
    return f"杭州{draw.random.choice(FIRMS)}{trade}有限公司"


# --- payments -------------------------------------------------------------------------------------


def _payment(
    stage: VillageStage, day: date, category: str, yuan: int, payee: str, purpose: str | None, fen: int = 0
) -> Payment:
    return Payment(
        village_id=stage.village.id,
        paid_on=day,
        category=category,
        amount_fen=yuan * 100 + fen,
        payee=payee,
        purpose=purpose,
        method=PaymentMethod.TRANSFER,
    )


def _everyday(draw: Draw, stage: VillageStage) -> list[Payment]:
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
    payment = _payment(stage, day, kind.category, yuan, payee, purpose, draw.random.choice((0, 0, 0, 50)))
    if kind.category == HARDSHIP and draw.random.random() < 0.03:
        payment.method, payment.amount_fen = PaymentMethod.CASH, 500 * 100
        payment.purpose = "丧葬慰问"
    elif kind.category == OFFICE and yuan < 1_000 and draw.random.random() < 0.03:
        payment.method = PaymentMethod.CARD
    return payment


def _works_payments(draw: Draw, stage: VillageStage, contracts: list[Contract]) -> list[Payment]:
    """Works are paid in stages: at the start, half-way, and after acceptance, three per cent kept back."""
    payments = []
    for contract in contracts:
        if contract.kind != ContractKind.WORKS or contract.ends_on is None:
            continue
        length = (contract.ends_on - contract.starts_on).days
        for share, after, words in (
            (30, 12, "预付款"),
            (50, length // 2 + 12, "进度款"),
            (17, length + 20, "验收款"),
        ):
            day = contract.starts_on + timedelta(days=after)
            if first_month(draw.today) <= day < draw.today:
                yuan = contract.amount_fen // 100 * share // 100
                purpose = contract.title + words
                payment = _payment(stage, day, WORKS_CATEGORY, yuan, contract.counterparty, purpose)
                payment.contract_id = contract.id
                payments.append(payment)
    return payments


def _fit_out(draw: Draw, stage: VillageStage, payments: list[Payment]) -> list[Payment]:
    """The village whose labour spending should make somebody look."""
    since = draw.today - timedelta(days=365)
    so_far = sum(p.amount_fen // 100 for p in payments if p.category == LABOUR and p.paid_on >= since)
    fit_out = round(LABOUR_YUAN * FIT_OUT_SHARE)
    added = _split(
        draw, stage, LABOUR_YUAN - fit_out - so_far, _WORDS["top_up_purposes"], number=11, span=(340, 20)
    )
    return added + _split(draw, stage, fit_out, _WORDS["fit_out_purposes"], number=22, span=(260, 110))


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
    amounts = [int(yuan * share / sum(shares)) for share in shares]
    amounts[-1] += yuan - sum(amounts)
    return [
        _payment(stage, draw.day_ago(*span), LABOUR, amount, person(draw), draw.random.choice(purposes))
        for amount in amounts
    ]


def _numbered(payments: list[Payment]) -> list[Payment]:
    """In order of day, with a voucher number for each within its month."""
    payments.sort(key=lambda payment: payment.paid_on)
    counters: dict[date, int] = defaultdict(int)
    for payment in payments:
        month = month_of(payment.paid_on)
        counters[month] += 1
        payment.voucher = f"{month:%Y%m}-{counters[month]:03}"
    return payments


def _incomes(draw: Draw, books: Books) -> None:
    """What came in, near to what was spent, and what was left; never below nothing."""
    balance = draw.random.randint(180, 620) * 10_000 * 100
    for month in sorted({month_of(payment.paid_on) for payment in books.payments}):
        spent = sum(payment.amount_fen for group in books.spent(month).values() for payment in group)
        total = max(0, round(spent * draw.random.uniform(0.85, 1.2) / 100)) * 100
        rent, subsidy = round(total * 0.58 / 100) * 100, round(total * 0.27 / 100) * 100
        books.incomes[month] = {
            "土地房屋租金": rent,
            "上级补助": subsidy,
            "投资分红和利息": total - rent - subsidy,
        }
        balance = max(balance + total - spent, 0)
        books.balances[month] = balance

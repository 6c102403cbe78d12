"""Who worked for the demo's villages, who got aid, who died. All names are invented, and so are the digests:
there is no identity number behind them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from app.demo import plants
from app.demo.articles import Article, Pen
from app.demo.governance import Cadres, digest
from app.demo.money import A_DAY_FEN
from app.demo.months import add_months, first_month, month_of
from app.demo.payments import LABOUR
from app.demo.people import MIDDLE, OLDER, Names
from app.demo.rows import Row, completed
from app.demo.world import Draw
from app.models import Payment
from app.models.welfare import WorkUnit
from app.services.ledgers.words import name_key

SLIP_DAYS = 130  # the village keeps slips for so long now
MOST_DAYS = 20  # of one person in a month
WINDOW = 24  # days before the payment on which the work was done
LIVING, LIVING_DAY = "低保金", 12
DIED_DAYS, AFTER_DEATH_MONTHS = 150, 3


@dataclass
class Roster:
    """The people whom a village hires, each with the days on which he worked already."""

    draw: Draw
    names: Names
    digests: dict[str, str] = field(default_factory=dict)
    used: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    months: Counter[tuple[str, date]] = field(default_factory=Counter)

    def worker(self, surname: str) -> Iterator[str]:
        """Those of that surname first (whoever got the money), then the others; new ones as needed."""
        own = [name for name in self.digests if name[0] == surname]
        yield from own
        if not own:
            yield self._hire(surname)
        yield from [name for name in self.digests if name[0] != surname]
        while True:
            yield self._hire("")

    def _hire(self, surname: str) -> str:
        name = self.names.draw(MIDDLE, OLDER, surname=surname)
        self.digests[name] = digest(self.draw)
        return name

    def book(self, name: str, day: date) -> bool:
        """Let him work on a day, if he is free."""
        month = (name, month_of(day))
        if day in self.used[name] or self.months[month] >= MOST_DAYS:
            return False
        self.used[name].add(day)
        self.months[month] += 1
        return True


def slips(pen: Pen, draw: Draw, names: Names, led_by: Cadres, payments: Sequence[Payment]) -> list[Row]:
    """A slip for each day of work behind the labour payments of the last months: together they come to what
    was paid."""
    roster = Roster(draw, names)
    made: list[Row] = []
    counters: Counter[str] = Counter()
    for payment in payments:
        if payment.category != LABOUR or payment.paid_on < draw.today - timedelta(days=SLIP_DAYS):
            continue
        for name, day, part in _shifts(roster, payment):
            month = f"{day:%Y%m}"
            counters[month] += 1
            row = {
                "village_id": pen.stage.village.id,
                "number": f"YG{month}-{counters[month]:04}",
                "worker": name,
                "worker_digest": roster.digests[name],
                "worked_on": day,
                "job": payment.purpose or "零工",
                "site": pen.stage.village.name,
                "unit": WorkUnit.DAY,
                "quantity": part,
                "rate_fen": A_DAY_FEN,
                "amount_fen": int(part * A_DAY_FEN),
                "dispatched_by": led_by.director,
                "confirmed_by": led_by.supervisor,
                "rostered": True,
                "paid_on": payment.paid_on,
                "payment_id": payment.id,
            }
            made.append(completed("labour_slips", row))
    return made


def _shifts(roster: Roster, payment: Payment) -> Iterator[tuple[str, date, Decimal]]:
    left = Decimal(payment.amount_fen) / A_DAY_FEN
    days = [payment.paid_on - timedelta(days=number) for number in range(1, WINDOW + 1)]
    for name in roster.worker(payment.payee[0]):
        for day in days:
            if left <= 0:
                return
            if roster.book(name, day):
                part = min(left, Decimal(1))
                left -= part
                yield name, day, part


def benefits(pen: Pen, draw: Draw, articles: Sequence[Article]) -> tuple[list[Row], list[Row]]:
    """Aid as the village made it public, and the death register: in one village somebody goes on drawing the
    allowance after his death."""
    known = _Digests(draw)
    aided = [row for one in articles if one.category == "hardship_aid" for row in _aid(pen, one, known)]
    review = next((one for one in articles if one.key == "minimum_living:复核"), None)
    dead: dict[str, date] = {}
    deaths = _deaths(pen, draw, review, known, dead)
    if review is not None:
        aided += _living(pen, draw, review, known, dead)
    return aided, deaths


class _Digests:
    """One digest for each name."""

    def __init__(self, draw: Draw) -> None:
        self.of = cache(lambda name: digest(draw))


def _aid(pen: Pen, article: Article, known: _Digests) -> Iterator[Row]:
    year, number = str(article.period).split("-Q")
    last = add_months(date(int(year), int(number) * 3, 1), 1) - timedelta(days=1)
    for record in article.records:
        row = _benefit(pen, record, known, f"{last:%Y-%m}", last - timedelta(days=4))
        yield row | {"kind": record["kind"], "amount_fen": record["amount"], "basis": article.filled["basis"]}


def _living(pen: Pen, draw: Draw, review: Article, known: _Digests, dead: dict[str, date]) -> Iterator[Row]:
    month = first_month(draw.today)
    while (paid_on := month + timedelta(days=LIVING_DAY - 1)) < draw.today:
        for record in review.records:
            died = dead.get(record["name"])
            later = AFTER_DEATH_MONTHS if pen.stage.place.code == plants.DEAD_VILLAGE else -1
            if died is None or paid_on <= died or month <= add_months(month_of(died), later):
                row = _benefit(pen, record, known, f"{month:%Y-%m}", paid_on)
                yield row | {"kind": LIVING, "amount_fen": record["amount"], "basis": "最低生活保障审批表"}
        month = add_months(month, 1)


def _benefit(pen: Pen, record: Any, known: _Digests, period: str, paid_on: date) -> Row:
    name = record["name"]
    return {
        "village_id": pen.stage.village.id,
        "period": period,
        "line": 1,
        "recipient": name,
        "recipient_key": name_key(name),
        "recipient_digest": known.of(name),
        "recipient_group": record["group"],
        "paid_on": paid_on,
    }


def _deaths(
    pen: Pen, draw: Draw, review: Article | None, known: _Digests, dead: dict[str, date]
) -> list[Row]:
    """A few of the last year; one of them drew the minimum living allowance."""
    people = [(pen.names.draw(OLDER), draw.random.randint(20, 350)) for _ in range(draw.random.randint(2, 4))]
    if review is not None and review.records:
        people.append((review.records[0]["name"], DIED_DAYS))
    rows = []
    for name, days in people:
        died_on = draw.today - timedelta(days=days)
        dead[name] = died_on
        rows.append(
            {
                "village_id": pen.stage.village.id,
                "name": name,
                "name_key": name_key(name),
                "person_digest": known.of(name),
                "died_on": died_on,
                "registered_on": died_on + timedelta(days=draw.random.randint(3, 15)),
            }
        )
    return rows

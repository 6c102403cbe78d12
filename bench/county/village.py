"""One village while it is made: its people and firms, and how rows of its ledgers are entered."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from app.core import clock
from app.core.keys import Keys
from app.core.pii.numbers import id_check_digit
from app.core.workdays import Calendar
from app.models import Meeting, Payment, Receipt
from app.models.governance import MeetingKind
from app.models.income import Collector
from app.models.ledgers import PaymentMethod
from app.services.ledgers import words
from app.services.ledgers.purposes import purpose_key
from bench.county.bulk import Batch, Row
from bench.county.names import Naming
from bench.county.texts import title
from bench.county.truth import Case, keys

APPROVAL_FEN = 5_000_000  # the programme asks the town's approval for transfers of 50,000 yuan and more
CALENDAR = Calendar()


@dataclass(frozen=True)
class Person:
    """Somebody of a village: `number` gives the name."""

    number: int
    name: str
    group: str
    household: int


@dataclass(frozen=True)
class Plan:
    """What a village is to be. `kinds` are planted in it; `gap` is what it never records."""

    ordinal: int
    code: str
    id: uuid.UUID
    town: int
    households: int
    target: int
    style: int
    kinds: tuple[str, ...] = ()
    gap: str | None = None


@dataclass
class World:
    """What all villages share."""

    seed: int
    year: int
    naming: Naming
    keys: Keys
    batch: Batch
    share: float
    categories: list[Any]
    rents: dict[int, float] = field(default_factory=dict)

    @property
    def last(self) -> date:
        """The day on which the books were copied: nothing in them is later."""
        return date(self.year, 12, 31)


@lru_cache(maxsize=5000)
def entered(day: date, after: int = 2) -> datetime:
    """When a row of this day was entered."""
    return clock.at(day + timedelta(days=after), 10)


class Village:
    """A village and the rows entered for it."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan = world, plan
        self.id, self.year, self.naming, self.batch = plan.id, world.year, world.naming, world.batch
        self.size = plan.households / 450
        self.payments: list[Row] = []
        self.receipts: list[Row] = []
        self.meetings: list[Row] = []
        self.told: set[int] = set()
        self.cases: list[Case] = []
        self.lapses: list[Case] = []
        self.people: list[Person] = []
        self.cadres: list[Person] = []
        self.ordinary: list[Person] = []
        self.funds: list[Row] = []
        self._counts: dict[str, int] = {}
        self._digests: dict[int, str] = {}

    def draw(self, what: str) -> random.Random:
        """Random numbers for one purpose: other purposes never change them."""
        return random.Random(f"{self.world.seed}:{self.plan.ordinal}:{what}")

    def planted(self, *kinds: str) -> bool:
        """Whether one of these is planted here."""
        return any(kind in self.plan.kinds for kind in kinds)

    def count(self, what: str) -> int:
        """The next number of something."""
        self._counts[what] = self._counts.get(what, 0) + 1
        return self._counts[what]

    def day(self, draw: random.Random, month: int, first: int = 1, last: int = 28) -> date:
        """A work day of the month; the first after the last day when there is none."""
        day = date(self.year, month, draw.randint(first, last))
        return self.work_day(day)

    def work_day(self, day: date) -> date:
        """This day, or the first work day after it; never later than the books."""
        wanted = day
        while not CALENDAR.is_work_day(day):
            day += timedelta(days=1)
        if wanted <= self.world.last < day:
            day = self.world.last
            while not CALENDAR.is_work_day(day):
                day -= timedelta(days=1)
        return day

    def person(self, draw: random.Random) -> Person:
        """Somebody who is no cadre."""
        return draw.choice(self.ordinary)

    def digest(self, person: Person) -> str:
        """How the ledgers remember the person."""
        if person.number not in self._digests:
            born = date(1932, 1, 1) + timedelta(days=person.number * 7919 % 27_000)
            first = f"339910{born:%Y%m%d}{person.number // 27_000:03}"
            number = first + id_check_digit(first)
            self._digests[person.number] = self.world.keys.person_digest(number)
        return self._digests[person.number]

    def firm(self, trade: str, which: int) -> str:
        """A firm that works in this town; `which` from 0 to 4."""
        return self.naming.firm(self.plan.town * 5 + which, trade)

    def pay(
        self,
        day: date,
        payee: str,
        yuan: float,
        account: str,
        purpose: str | None,
        *,
        method: PaymentMethod = PaymentMethod.TRANSFER,
        approved: bool = True,
        told: bool = False,
        **more: Any,
    ) -> Row:
        """A payment. Transfers from 50,000 yuan on have the town's approval unless `approved` is false;
        `told`: the clerk does not forget what it was for."""
        fen = round(yuan * 100)
        category = title(account, self.plan.style)
        row: Row = {
            "village_id": self.id,
            "paid_on": day,
            "payee": payee,
            "payee_key": words.name_key(payee),
            "payee_kind": words.party_kind(payee),
            "amount_fen": fen,
            "method": method,
            "category": category,
            "expense": words.expense_class(category),
            "purpose": purpose,
            "created_at": entered(day),
            "handled_by": self.cadres[-1].name,
            **more,
        }
        if approved and fen >= APPROVAL_FEN and method == PaymentMethod.TRANSFER:
            row["town_approval"] = (
                f"{self.naming.town(self.plan.town)}资审〔{day.year}〕{self.town_number()}号"
            )
            row["town_approved_on"] = day - timedelta(days=row["amount_fen"] % 5)
        made = self.batch.add(Payment, **row)
        self.payments.append(made)
        if told:
            self.told.add(made["id"])
        return made

    def town_number(self) -> int:
        """The next number of approval of the town, as this village sees them."""
        return self.plan.ordinal * 3 + self.count("approval") * 11

    def invoice(self, draw: random.Random, day: date) -> dict[str, Any]:
        """Number and day of an invoice of twenty digits."""
        number = f"{day.year % 100}33{draw.randrange(10**16):016}"
        return {"invoice_number": number, "invoiced_on": day - timedelta(days=draw.randint(0, 20))}

    def buy(
        self, draw: random.Random, day: date, payee: str, yuan: float, account: str, purpose: str, **more: Any
    ) -> Row:
        """A payment to a firm, nine times of ten with the number of its invoice."""
        invoice = self.invoice(draw, day)
        told = invoice if draw.random() < 0.9 else {}
        return self.pay(day, payee, round(yuan, draw.choice((0, 0, 2))), account, purpose, **{**told, **more})

    def receive(self, day: date, payer: str, yuan: float, purpose: str, **more: Any) -> Row:
        """Money that came in; by transfer unless told otherwise."""
        method = more.pop("method", PaymentMethod.TRANSFER)
        made = self.batch.add(
            Receipt,
            village_id=self.id,
            voucher=f"收-{day:%Y%m}-{self.count(f'receipt{day:%Y%m}'):03}",
            received_on=day,
            payer=payer,
            payer_key=words.name_key(payer),
            amount_fen=round(yuan * 100),
            method=method,
            purpose=purpose,
            collector=more.pop("collector", Collector.CASHIER),
            handled_by=self.cadres[-1].name,
            banked_on=more.pop("banked_on", day),
            fund_id=more.pop("fund_id", self.funds[0]["id"]),
            created_at=entered(day),
            **more,
        )
        self.receipts.append(made)
        return made

    def meet(self, draw: random.Random, day: date, kind: MeetingKind, subject: str, **more: Any) -> Row:
        """A meeting, announced some days before, with its votes."""
        entitled = {MeetingKind.COMMITTEE: 7, MeetingKind.SUPERVISION: 3}.get(
            kind, 30 + self.plan.ordinal % 25
        )
        if kind == MeetingKind.VILLAGERS:
            entitled = self.plan.households * 2
        present = max(entitled * 2 // 3 + 1, entitled - draw.randint(0, entitled // 5))
        against = draw.randint(0, present // 12)
        made = self.batch.add(
            Meeting,
            village_id=self.id,
            number=f"HY{day.year}-{self.count(f'meeting{day.year}'):03}",
            kind=kind,
            held_on=day,
            noticed_on=day - timedelta(days=draw.randint(3, 9)),
            title=subject,
            resolution=more.pop("resolution", "同意"),
            entitled=entitled,
            present=present,
            votes_for=present - against,
            votes_against=against,
            votes_abstained=0,
            created_at=entered(day),
            **more,
        )
        self.meetings.append(made)
        return made

    def vote(self, before: date) -> Row:
        """The representatives' meeting that decided something done on a day: the last one before it."""
        fitting = [row for row in self.meetings if row["held_on"] < before and _decides(row)]
        return max(fitting, key=lambda row: row["held_on"])

    def plant(
        self, kind: str, what: str, rows: Sequence[Row], known: date, *more: str, until: date | None = None
    ) -> None:
        """Say what was planted."""
        self.cases.append(Case(kind, self.plan.code, what, keys(rows, *more), known, until))

    def lapse(self, kind: str, what: str, rows: Sequence[Row], known: date, *more: str) -> None:
        """Say which small lapse happened."""
        self.lapses.append(Case(kind, self.plan.code, what, keys(rows, *more), known))

    def close(self) -> None:
        """Number the vouchers month by month, forget purposes as clerks do, add approvals and object keys."""
        draw = self.draw("close")
        batches: dict[str, int] = {}
        for row in sorted(self.payments, key=lambda row: (row["paid_on"], row["id"])):
            month = f"{row['paid_on']:%Y-%m}"
            if "voucher" not in row:
                batches[month] = batches.get(month, 0) + 1
                row["voucher"] = f"记-{month}-{batches[month]:03}"
            if self.plan.gap == "no_purpose" or (draw.random() < 0.1 and row["id"] not in self.told):
                row["purpose"] = None
            row["purpose_key"] = purpose_key(row["purpose"])
            row.setdefault("fund_id", self.funds[0]["id"])
            self._approve(row)

    def _approve(self, row: Row) -> None:
        """Who signed: the more the money, the more of them. The town's number where the village records
        it."""
        who = self.cadres[: 1 + (row["amount_fen"] >= 200_000) + (row["amount_fen"] >= 1_000_000)]
        posts = ("村书记", "村监委主任", "村委会副主任")
        row["approvals"] = [
            {"who": person.name, "role": post, "on": row["paid_on"].isoformat()}
            for person, post in zip(who, posts, strict=False)
        ]
        if self.plan.gap == "no_approvals":
            row["town_approval"] = row["town_approved_on"] = None


def _decides(row: Row) -> bool:
    return row["kind"] in (MeetingKind.REPRESENTATIVES, MeetingKind.VILLAGERS, MeetingKind.MEMBERS)

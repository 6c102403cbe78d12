"""What came in: rents as they were due and paid, subsidies, dividends, and a little cash."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from app.demo import plants
from app.demo.contracts import WORDS, person
from app.demo.months import first_month, month_of
from app.demo.rows import Row, completed
from app.demo.world import Draw, VillageStage
from app.models import Contract
from app.models.income import Collector
from app.models.ledgers import PaymentMethod
from app.services.ledgers.receivables import Planned, plan_for

RENT, SUBSIDY, DIVIDENDS, CASH = "土地房屋租金", "上级补助", "投资分红和利息", "零星收入"
CASH_DAYS = (350, 262, 187, 121, 77, 33, 12)  # before today
LATE_DEPOSIT_DAYS = 33


class Ledger:
    """The receivables and receipts of one village while they are written."""

    def __init__(self, draw: Draw, stage: VillageStage, fund_id: uuid.UUID) -> None:
        self._draw, self._stage, self._fund_id = draw, stage, fund_id
        self.receivables: list[Row] = []
        self._receipts: list[Row] = []
        self._sums: dict[date, dict[str, int]] = defaultdict(dict)

    def collect(self, leases: Iterable[Contract]) -> None:
        """What the leases make due, as the product plans it, and what was paid of it until today."""
        for contract in leases:
            for planned in plan_for(contract, today=self._draw.today):
                row = self._receivable(contract, planned)
                self.receivables.append(row)
                day = self._paid_on(contract, planned)
                if day is not None and day < self._draw.today:
                    self._receipt(day, RENT, contract.counterparty, planned.amount_fen, planned.title)
                    self._receipts[-1] |= {"contract_id": contract.id, "receivable_id": row["id"]}

    def _receivable(self, contract: Contract, planned: Planned) -> Row:
        row = {
            **vars(planned),
            "id": self._draw.key(),
            "village_id": self._stage.village.id,
            "contract_id": contract.id,
            "debtor": contract.counterparty,
            "debtor_kind": contract.counterparty_kind,
            "debtor_group": contract.counterparty_group or "",
            "planned": True,
            "created_at": contract.created_at,
        }
        return completed("receivables", row)

    def _paid_on(self, contract: Contract, planned: Planned) -> date | None:
        """Most are paid in time, some a few days late, a few later."""
        chance = self._draw.random.random()
        after = (
            -self._draw.random.randint(0, 12)
            if chance < 0.7
            else self._draw.random.randint(1, 9)
            if chance < 0.95
            else self._draw.random.randint(10, 24)
        )
        story = plants.late_rent(self._stage.place.code, contract.title)
        if story is not None and planned.due_on == self._draw.today - timedelta(days=story.due_days):
            if story.paid_after is None:
                return None
            after = story.paid_after
        return planned.due_on + timedelta(days=after)

    def take_cash(self) -> None:
        """A few small sums in cash; the cashier banks them the same day, others within two."""
        for days in CASH_DAYS:
            day = self._draw.today - timedelta(days=days)
            cashier = self._draw.random.random() < 0.7
            late = days == LATE_DEPOSIT_DAYS and self._stage.place.code == plants.LATE_DEPOSIT_VILLAGE
            if day < first_month(self._draw.today):
                continue
            purpose = self._draw.random.choice(WORDS["cash_incomes"])
            self._receipt(day, CASH, person(self._draw), self._draw.random.randint(8, 90) * 1_000, purpose)
            banked = day + timedelta(days=0 if cashier else self._draw.random.randint(0, 2))
            if late:
                due_on = self._draw.work_day_from(day + timedelta(days=2))
                banked = due_on + timedelta(days=2)
            self._receipts[-1] |= {
                "method": PaymentMethod.CASH,
                "collector": Collector.CASHIER if cashier and not late else Collector.OTHER,
                "banked_on": banked,
            }

    def fill(self, month: date, total: int, *, least: int) -> None:
        """Subsidies and dividends of a month, so that about `total` came in, and never less than `least`."""
        there = sum(self._sums[month].values())
        dividends = round(total * 0.15 / 100) * 100
        subsidy = max(round(total * 0.2 / 100) * 100, (total - there - dividends) // 100 * 100)
        subsidy = max(subsidy, -(-(least - there - dividends) // 100) * 100)
        last = min(month + timedelta(days=24), self._draw.today - timedelta(days=1))
        town = self._stage.town.name
        for name, fen, payer, words in (
            (SUBSIDY, subsidy, f"{town}财政所", "村级组织运转和项目补助"),
            (DIVIDENDS, dividends, "区集体资产经营公司", "物业项目分红和存款利息"),
        ):
            if fen > 0:
                day = max(month, last - timedelta(days=self._draw.random.randint(0, 9)))
                self._receipt(day, name, payer, fen, f"{month.year}年{month.month}月{words}")

    def of(self, month: date) -> dict[str, int]:
        """What came in in a month, by its name in the accounts."""
        sums = self._sums[month]
        return {name: sums[name] for name in (RENT, SUBSIDY, DIVIDENDS, CASH) if sums.get(name)}

    def _receipt(self, day: date, name: str, payer: str, fen: int, purpose: str) -> None:
        self._receipts.append(
            {
                "village_id": self._stage.village.id,
                "received_on": day,
                "payer": payer,
                "amount_fen": fen,
                "method": PaymentMethod.TRANSFER,
                "category": name,
                "purpose": purpose,
                "contract_id": None,
                "receivable_id": None,
                "fund_id": self._fund_id,
                "collector": None,
                "banked_on": day,
            }
        )
        sums = self._sums[month_of(day)]
        sums[name] = sums.get(name, 0) + fen

    def numbered(self) -> list[Row]:
        """The receipts in order of day, each with its key and voucher."""
        counters: dict[date, int] = defaultdict(int)
        made = []
        for row in sorted(self._receipts, key=lambda row: row["received_on"]):
            month = month_of(row["received_on"])
            counters[month] += 1
            voucher = f"收{month:%Y%m}-{counters[month]:02}"
            made.append(completed("receipts", {**row, "id": self._draw.key(), "voucher": voucher, "line": 1}))
        return made

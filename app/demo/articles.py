"""What a village's information officer writes: one article for each thing that is published.

`money`, `leasing`, `works` and `affairs` write the articles, `publications` turns them into rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.demo.books import Books
from app.demo.months import add_months, month_of, quarter_of
from app.demo.people import Names
from app.demo.world import Draw, VillageStage
from app.models import Contract, DisclosureCategory, Project
from app.models.disclosures import DisclosureKind
from app.models.projects import StageKind

NUMERALS = "一二三四"
ASK = "有看不懂的地方，可以在本页提问，联络员会答复。"
# (village, category, how many periods back) → days after the day on which it was due; None: not published
# at all. All the others come out in time, so that the board is mostly green.
TARDY: dict[tuple[str, str, int], int | None] = {
    ("donglian", "finance", 6): 3,
    ("xingyu", "party_dues", 2): 5,
    ("qunwei", "finance", 1): None,
    ("qunwei", "labour", 2): 8,
    ("zhuantangtou", "labour", 1): None,
    ("zhuantangtou", "finance", 3): 12,
    ("zhuantangtou", "finance", 5): 4,
    ("minfeng", "labour", 3): 21,
    ("xiangnan", "meetings", 1): 6,
    ("luomu", "finance", 1): None,
    ("luomu", "party_dues", 1): None,
    ("laohudong", "hardship_aid", 1): 9,
    ("xiangshu", "finance", 2): 7,
    ("xiangshu", "meetings", 1): None,
    ("erqiao", "finance", 4): 2,
    ("xinhua", "party_dues", 3): 11,
}


@dataclass(frozen=True)
class Stage:
    """The stage of small works that an article publishes."""

    project: Project
    kind: StageKind
    day: date
    amount_fen: int | None = None


@dataclass(frozen=True)
class Invitation:
    """The tender (报名) that an article opens, and how it ended if it did. Amounts in fen."""

    closes_on: date
    floor_fen: int
    sign_ups: int
    requirements: tuple[str, ...] = ()
    winner: str = ""
    award_fen: int | None = None
    awarded_on: date | None = None


@dataclass(frozen=True)
class Article:
    """One text that is published on the day `on`, or will be.

    `filled` and `records` follow the category's fields; without a `summary` the sentence is made from them.
    `key` joins a tender notice and its result; `happened_on` is the day of the event that it reports;
    `papers` names the files of `papers` that hang on it."""

    category: str
    title: str
    on: date
    summary: str = ""
    body: str = ""
    filled: Mapping[str, Any] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] = ()
    period: str | None = None
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract: Contract | None = None
    stage: Stage | None = None
    invitation: Invitation | None = None
    happened_on: date | None = None
    notice_days: int | None = None
    urgent_days: int | None = None
    key: str = ""
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pen:
    """What a village's information officer has on the desk."""

    draw: Draw
    stage: VillageStage
    books: Books
    names: Names
    categories: Mapping[str, DisclosureCategory]

    def day(self, day: date) -> date:
        """A day on which somebody works: `day` or the next one."""
        return self.draw.work_day_from(day)

    def ago(self, days: int) -> date:
        """A working day about so many days before today, always before it; not the same in every village."""
        days += self.draw.random.randint(-days // 15, days // 15)
        return min(
            self.day(self.draw.today - timedelta(days=days)), self.draw.work_day_before(self.draw.today)
        )

    def for_period(self, category: str, back: int, over: date, after: tuple[int, int]) -> date | None:
        """When the item of a period comes out that ended before the day `over`, `back` periods ago: between
        so many days after it, or late as `TARDY` says; None when it never does."""
        usual = self.day(over + timedelta(days=self.draw.random.randint(*after)))
        tardy = (self.stage.place.code, category, back)
        if tardy not in TARDY:
            return usual
        days = TARDY[tardy]
        if days is None:
            return None
        due = over - timedelta(days=1) + timedelta(days=self.categories[category].due_days)
        return self.day(due + timedelta(days=days))

    def quarters(self) -> Iterator[tuple[int, date, date, str, str]]:
        """The last four complete quarters: how many back, first day, first day after, words, period."""
        last = quarter_of(self.draw.today)
        for back in (4, 3, 2, 1):
            first = add_months(last, -3 * back)
            number = (first.month - 1) // 3
            words = f"{first.year}年第{NUMERALS[number]}季度"
            yield back, first, add_months(first, 3), words, f"{first.year}-Q{number + 1}"

    def months(self) -> Iterator[tuple[int, date]]:
        """The last twelve complete months: how many back, first day."""
        for back in range(12, 0, -1):
            yield back, add_months(month_of(self.draw.today), -back)

    def votes(self) -> tuple[int, int, int]:
        """How a meeting of the village's representatives voted: for, against, abstained."""
        all_of_them = 31 + self.stage.place.households // 40
        against, abstained = self.draw.random.choice(((0, 0), (0, 1), (1, 1), (2, 1), (0, 2), (3, 2)))
        present = all_of_them - self.draw.random.randint(0, 4)
        return present - against - abstained, against, abstained

"""What the journeys of 码上督 share: a town whose books come in as one workbook, its offices, the worker."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.core.db import Database
from app.jobs.worker import Worker
from app.models import Officer, Organisation
from app.models.people import Role
from app.services import organisations
from app.web import context
from tests import factories
from tests.journeys.know import Json, Office, Village, village
from tests.support import bearer
from tests.workbooks import book

HEADERS = ["村社", "凭证号", "付款日期", "收款人", "金额(元)", "付款方式", "科目", "摘要", "发票号码"]
NAMES = ("前塘村", "后浦村", "新街村", "河上村", "石桥村", "溪头村", "长圩村")


@dataclass
class Books:
    """The payments of a year as a town's clerk keeps them: one sheet for all villages."""

    random: random.Random = field(default_factory=lambda: random.Random(7))
    rows: list[list[Any]] = field(default_factory=list)

    def pay(
        self,
        village: str,
        day: date,
        payee: str,
        yuan: float,
        account: str,
        purpose: str | None,
        *,
        method: str = "转账",
        invoice: str = "",
    ) -> None:
        """Enter one payment."""
        number = f"记-{len(self.rows) + 1:04d}"
        self.rows.append([village, number, day, payee, yuan, method, account, purpose, invoice])

    def ordinary(self, village: str, year: int) -> None:
        """What every village pays in a year: cleaning, electricity, office, aid, some work by the day."""
        for month in range(1, 13):
            monthly = (
                (5, "益民保洁服务部", (9_800, 9_800), "公益支出-保洁费", f"{month}月河道保洁"),
                (7, "国网供电公司", (2_100, 3_900), "水电费", f"{month}月路灯电费"),
                (10, "文化用品商店", (300, 900), "管理费用-办公费", "办公用品"),
                (13, "绿野园林公司", (9_000, 14_000), "绿化养护费", "绿化养护"),
                (20, f"困难户{month}", (800, 2_000), "困难补助", "临时救助"),
                (25, "陈根水", (2_200, 3_400), "劳务用工", f"{month}月村道清扫"),
            )
            for day, payee, (low, high), account, purpose in monthly:
                amount = self.random.randint(low, high)
                self.pay(village, date(year, month, day), payee, amount, account, purpose)

    def file(self) -> bytes:
        """The workbook as the clerk saves it."""
        return book([HEADERS, *self.rows])


@dataclass
class Town:
    """A town with its villages, its inspector, the county's inspector, and the application that serves it."""

    here: Village
    villages: dict[str, Organisation]
    inspector: Officer
    county: Officer
    admin: str

    def office(self, officer: Officer | None = None) -> Office:
        """Somebody at the REST interface; the town's inspector unless told otherwise."""
        return self.here.office(officer or self.inspector)

    def code(self, name: str) -> str:
        """The code of a village."""
        return self.villages[name].code

    def work(self) -> int:
        """Let the worker do what waits."""
        parts = context.of(self.here.http)  # type: ignore[arg-type]
        worker = Worker(self.here.database, parts.settings, parts.clients, "worker", parts.storage)
        return worker.drain()

    def bring_in(
        self, file: bytes, name: str = "全镇付款台账.xlsx", *, kind: str = "auto", said: Json | None = None
    ) -> Json:
        """Upload a workbook, say which header is which field where it is not known, look at what it would do,
        and enter it; what came of it."""
        office = self.office()
        answer = self.here.http.post(
            "/api/v1/ledger-imports",
            files={"file": (name, file)},
            data={"kind": kind},
            headers=bearer(office.token),
        )
        assert answer.status_code == 201, answer.text
        key = answer.json()["id"]
        self.work()
        if said:
            assert office.get(f"ledger-imports/{key}")["state"] == "mapping"
            sheet = {"kind": kind, "columns": said}
            office.post(f"ledger-imports/{key}/mapping", {"sheets": {"Sheet1": sheet}})
            self.work()
        seen: Json = office.get(f"ledger-imports/{key}")
        assert (seen["state"], seen["error_count"]) == ("previewed", 0), seen
        office.post(f"ledger-imports/{key}/apply", {"choice": "all_or_nothing"})
        self.work()
        done: Json = office.get(f"ledger-imports/{key}")
        assert done["state"] == "applied", done
        return done

    def run(self, rule: str, as_of: date | None = None) -> Json:
        """Run a rule, as the administrator does; its outcome."""
        body = {"as_of": as_of.isoformat()} if as_of else {}
        answer = self.here.http.post(f"/api/v1/rules/{rule}/run", json=body, headers=bearer(self.admin))
        assert answer.status_code == 200, answer.text
        outcome: Json = answer.json()["outcome"]
        return outcome

    def activate(self, rule: str, reason: str) -> None:
        """Let a rule push that was only tried out before."""
        body = {"mode": "active", "thresholds": {}, "reason": reason}
        answer = self.here.http.put(f"/api/v1/rules/{rule}", json=body, headers=bearer(self.admin))
        assert answer.status_code == 200, answer.text

    def warnings(self, officer: Officer | None = None, **filters: Any) -> Sequence[Json]:
        """The warnings that somebody sees."""
        found: Sequence[Json] = self.office(officer).get("warnings", limit=200, **filters)["items"]
        return found


@contextmanager
def town(database: Database) -> Iterator[Town]:
    """A town of seven villages of about the same size, served."""
    with village(database) as here:
        with database.transaction() as session:
            above = organisations.above(session, here.town.village)
            place, county = above[0], above[-1]
            villages = {name: factories.village(session, place, name) for name in NAMES}
            for number, one in enumerate(villages.values()):
                one.households = 480 + 10 * number
            leader = factories.officer(session, Role.COUNTY_INSPECTOR, county)
            for one in villages.values():
                factories.officer(session, Role.LIAISON_OFFICER, one)
            token = factories.token(session)
        yield Town(here, villages, here.town.inspector, leader, token)

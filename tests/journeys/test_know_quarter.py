"""A quarter of disclosures of one village, from what it owes to what everybody reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from app.core.db import BorrowedDatabase
from app.jobs.publishing import publish_due
from app.jobs.schedule import plan_obligations
from tests.journeys.know import Village, on, village

MONTHS = {
    "2026-07": ("86000", "52000.50", "河道保洁"),
    "2026-08": ("64000", "71000", "路灯电费"),
    "2026-09": ("58000", "40000", "广场树木修剪"),
}
WORKERS = [
    {"name": "沈国强", "job": "河道清淤", "days": 6, "rate": "180", "amount": "1080"},
    {"name": "韩美娟", "job": "村道清扫", "days": 20, "rate": "120", "amount": "2400"},
]


@pytest.fixture
def here(borrowed: BorrowedDatabase) -> Iterator[Village]:
    with on("2026-07-16", 8), village(borrowed) as made:
        yield made


def owed(here: Village, category: str) -> dict[str, dict[str, object]]:
    """What the town sees that the village owes in a category, by period."""
    office = here.office(here.town.inspector)
    rows = office.get("obligations", village=here.code, category=category, limit=200)["items"]
    return {row["period"]: row for row in rows}


def accounts(here: Village, period: str) -> str:
    """The month's accounts, drafted with the fields of the category and handed in."""
    income, expense, item = MONTHS[period]
    records = [
        {"direction": "收入", "item": "鱼塘租金", "count": 1, "amount": income},
        {"direction": "支出", "item": item, "count": 2, "amount": expense},
    ]
    key = here.draft(
        "finance",
        f"{int(period[-2:])}月份收支公开",
        period=period,
        filled={"income": income, "expense": expense},
        records=records,
    )
    here.submit(key)
    return key


def test_a_quarter_from_obligation_to_public_page(here: Village) -> None:
    planned_before_anything_is_due(here)
    july = july_comes_out_in_time(here)
    august = august_comes_out_by_itself(here)
    labour_comes_out_in_time(here)
    september = september_is_missed_and_stays_late(here)

    with on("2026-12-01"):
        here.job(plan_obligations)
        everybody_reads_when_what_was_due(here)
        everybody_finds_and_downloads_it(here, [july, august, september])
        the_mini_program_says_the_same(here, september)


def planned_before_anything_is_due(here: Village) -> None:
    """Every night the job looks one period ahead: each month is on the list before its day."""
    with on("2026-07-16"):
        assert int(here.job(plan_obligations)["added"]) > 0
        assert here.job(plan_obligations)["added"] == "0"
        months = {period: row["due_on"] for period, row in owed(here, "finance").items()}
        assert months == {"2026-07": "2026-08-15", "2026-08": "2026-09-15"}
        assert owed(here, "labour")["2026-Q3"]["due_on"] == "2026-10-15"
    with on("2026-08-01", 1):
        here.job(plan_obligations)
        row = owed(here, "finance")["2026-09"]
        assert (row["due_on"], row["state"], row["days_late"]) == ("2026-10-15", "open", 0)
    with on("2026-08-06"):
        assert "应在 2026年8月15日前公开" in here.page("/c/finance")


def july_comes_out_in_time(here: Village) -> str:
    with on("2026-08-06"):
        key = accounts(here, "2026-07")
        author = here.author
        author.refused("POST", f"disclosures/{key}/publish", 403, "disclosure.not_reviewer")
        here.page(f"/d/{key}", 404)
        here.review(key)
        page = here.page(f"/d/{key}")
        assert "86,000.00 元" in page
        assert "河道保洁" in page
        row = owed(here, "finance")["2026-07"]
        assert (row["state"], row["met_on"], row["days_late"]) == ("met", "2026-08-06", 0)
    return key


def august_comes_out_by_itself(here: Village) -> str:
    """Reviewed on Thursday, set for Monday morning; the job brings it out, not a minute earlier."""
    with on("2026-09-10"):
        key = accounts(here, "2026-08")
        here.review(key, "approve", text="2026-09-14T08:00")
    with on("2026-09-14", 7):
        assert here.job(publish_due) == {"published": "0"}
        here.page(f"/d/{key}", 404)
        assert owed(here, "finance")["2026-08"]["state"] == "open"
    with on("2026-09-14", 8):
        assert here.job(publish_due) == {"published": "1"}
        assert "比上月" in here.page(f"/d/{key}")
        assert owed(here, "finance")["2026-08"]["met_on"] == "2026-09-14"
    return key


def labour_comes_out_in_time(here: Village) -> None:
    with on("2026-10-12"):
        key = here.out("labour", "三季度村务用工", period="2026-Q3", records=WORKERS)
        assert "3,480.00 元" in here.page(f"/d/{key}")
        assert owed(here, "labour")["2026-Q3"]["words"] == "按时公开"


def september_is_missed_and_stays_late(here: Village) -> str:
    """Three days after the day the town's board shows it; five days late it comes out."""
    with on("2026-10-18"):
        page = here.desk(here.town.inspector, "/desk/board")
        assert "逾期 3 天" in page
        inspector = here.office(here.town.inspector)
        (town,) = inspector.get("organisations", kind="town")["items"]
        board = inspector.get("obligations/board", town=town["code"])
        line = next(one for one in board["lines"] if one["village"]["code"] == here.code)
        cells = dict(zip([one["code"] for one in board["columns"]], line["cells"], strict=True))
        assert (cells["finance"]["missing"], cells["finance"]["words"]) == (1, "逾期 3 天")
        assert (cells["labour"]["missing"], cells["labour"]["met_on"]) == (0, "2026-10-12")
        assert "还没有公开" in here.page("/c/finance")
    with on("2026-10-20"):
        key = accounts(here, "2026-09")
        here.review(key)
    return key


def everybody_reads_when_what_was_due(here: Village) -> None:
    page = here.page("/c/finance")
    for words in (
        "应在 2026年8月15日前公开，2026年8月6日公开 按时公开",
        "应在 2026年9月15日前公开，2026年9月14日公开 按时公开",
        "应在 2026年10月15日前公开，2026年10月20日公开 迟 5 天公开",
    ):
        assert words in page
    assert "2026年10月12日公开" in here.page("/c/labour")


def everybody_finds_and_downloads_it(here: Village, keys: list[str]) -> None:
    for key, (_, _, item) in zip(keys, MONTHS.values(), strict=True):
        here.http.cookies.clear()
        found = here.http.get(f"/v/{here.code}/search", params={"q": item}).text
        assert f"/v/{here.code}/d/{key}" in found
        assert sum(f"/d/{other}" in found for other in keys) == 1
    rows = list(csv.reader(io.StringIO(here.bytes("/open/finance.csv").decode("utf-8-sig"))))
    for _, expense, item in MONTHS.values():
        (line,) = [row for row in rows if item in row]
        assert f"{float(expense):.2f}" in line
    assert "沈国强" in here.bytes("/open/labour.csv").decode("utf-8-sig")


def the_mini_program_says_the_same(here: Village, september: str) -> None:
    phone = here.mini()
    items = phone.get(f"villages/{here.code}/obligations").json()["items"]
    late = [row for row in items if row["disclosure_id"] == september]
    assert [(row["period"], row["days_late"], row["words"]) for row in late] == [
        ("2026-09", 5, "迟 5 天公开")
    ]
    listed = phone.get(f"villages/{here.code}/disclosures", category="finance").json()["items"]
    assert [row["title"] for row in listed] == ["9月份收支公开", "8月份收支公开", "7月份收支公开"]
    page = phone.get(f"disclosures/{september}").json()
    assert page["figures"]["收入"] == "58,000.00 元"
    assert "支出" in page["compared"]
    hits = phone.get(f"villages/{here.code}/search", q="修剪").json()["items"]
    assert [hit["id"] for hit in hits] == [september]

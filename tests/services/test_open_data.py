"""Open data of a village: the public text as tables, tombstones, nothing that the page would not show."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase
from app.core.errors import NotFound
from app.core.sheets import reading
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.disclosures import DisclosureState
from app.services import open_data
from app.services.disclosures import fields
from tests import factories
from tests.services.published import publish

BASE = "https://cun.example"
LICENCE = open_data.Licence("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")


@pytest.fixture
def village(session: Session) -> Organisation:
    finance = session.get_one(DisclosureCategory, "finance")
    finance.fields = [
        {"key": "income", "label": "收入", "type": "money"},
        {"key": "account", "label": "账号", "type": "bank"},
    ]
    finance.columns = [
        {"key": "day", "label": "日期", "type": "date"},
        {"key": "who", "label": "姓名", "type": "person"},
        {"key": "amount", "label": "金额", "type": "money", "total": True},
        {"key": "card", "label": "身份证", "type": "id_card"},
    ]
    session.flush()
    return factories.places(session).village


FILLED = {"income": 123_450_000, "account": "6228480402564890018"}
RECORDS = [
    {"day": "2026-03-05", "who": "王小明", "amount": 120_050, "card": "33010619800101001X"},
    {"day": "2026-03-06", "who": "李大山", "amount": -5_000, "card": None},
]


def item(session: Session, village: Organisation, **more: Any) -> Disclosure:
    category = session.get_one(DisclosureCategory, "finance")
    records = [{key: value for key, value in row.items() if key != "card"} for row in RECORDS]
    shown = fields.present(category, filled=FILLED, records=records, period="2026-03", today=clock.today())
    text = {
        "figures": shown.figures,
        "table": shown.table,
        "filled": shown.filled,
        "records": RECORDS,
        "body": "正文。",
    } | more
    made, _ = publish(session, village, period="2026-03", **text)
    return made


def source(session: Session, village: Organisation, code: str = "finance") -> open_data.Source:
    return open_data.source(session, village, code, base=BASE, licence=LICENCE)


def as_csv(database: BorrowedDatabase, of: open_data.Source) -> list[dict[str, str]]:
    text = b"".join(open_data.csv_stream(database, of)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def as_json(database: BorrowedDatabase, of: open_data.Source) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(b"".join(open_data.json_stream(database, of)))
    return read


def test_a_row_for_each_record_with_plain_values(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    made = item(session, village)
    rows = as_csv(borrowed, source(session, village))

    assert len(rows) == 2
    first = rows[0]
    assert first["item_id"] == str(made.id)
    assert first["address"] == f"{BASE}/v/{village.code}/d/{made.id}"
    assert (first["state"], first["period"], first["version"]) == ("published", "2026-03", "1")
    assert first["figure.income"] == "1234500.00"
    assert (first["row"], first["record.day"], first["record.amount"]) == ("1", "2026-03-05", "1200.50")
    assert rows[1]["record.amount"] == "-50.00"
    assert json.loads(first["other"])["figures"]["金额合计"]


def test_no_format_holds_what_is_not_public(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    item(session, village)
    of = source(session, village)
    everything = (
        b"".join(open_data.csv_stream(borrowed, of)).decode()
        + b"".join(open_data.json_stream(borrowed, of)).decode()
        + str(reading.raw_rows(open_data.workbook(borrowed, of), "data"))
    )

    assert "6228480402564890018" not in everything
    assert "33010619800101001X" not in everything
    assert {"figure.account", "record.card"}.isdisjoint(one.key for one in open_data.columns(of.category))


def test_persons_that_left_the_page_left_here_too(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    made = item(session, village)
    stored = session.scalars(
        select(DisclosureVersion).where(DisclosureVersion.disclosure_id == made.id)
    ).one()
    category = session.get_one(DisclosureCategory, "finance")
    stored.figures, stored.table = fields.reduce(category, stored)
    session.flush()
    of = source(session, village)

    words = b"".join(open_data.csv_stream(borrowed, of)).decode()
    assert "王小明" not in words
    assert "合计" in words


def test_withdrawn_items_are_tombstones(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    made = item(session, village)
    made.state, made.withdrawn_at, made.withdrawn_because = DisclosureState.WITHDRAWN, clock.now(), "数字有误"
    session.flush()
    of = source(session, village)

    rows = as_csv(borrowed, of)
    assert [(row["state"], row["withdrawn_because"], row["summary"]) for row in rows] == [
        ("withdrawn", "数字有误", "")
    ]
    assert rows[0]["withdrawn_on"] == clock.today().isoformat()
    assert set(as_json(borrowed, of)["items"][0]) == {
        key for key in rows[0] if "." not in key and key not in ("row", "other")
    }
    assert "王小明" not in json.dumps(as_json(borrowed, of), ensure_ascii=False)


def test_drafts_and_other_villages_are_not_in_it(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    item(session, village).state = DisclosureState.SUBMITTED
    other = factories.village(session, session.get_one(Organisation, village.parent_id))
    item(session, other)
    session.flush()

    assert as_csv(borrowed, source(session, village)) == []
    assert open_data.offers(session, village) == []
    assert [(one.category.code, one.items) for one in open_data.offers(session, other)] == [("finance", 1)]


def test_tables_that_the_category_does_not_define_come_whole(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    table = {"columns": ["项目", "金额"], "rows": [["修桥", "1,200"]]}
    item(session, village, figures={"其他": "3 件"}, table=table)
    of = source(session, village)

    [row] = as_csv(borrowed, of)
    assert json.loads(row["other"]) == {"figures": {"其他": "3 件"}, "table": table}
    assert as_json(borrowed, of)["items"][0]["table"] == table


def test_formulas_do_not_run(borrowed: BorrowedDatabase, session: Session, village: Organisation) -> None:
    publish(session, village, "=HYPERLINK(1)", summary="@SUM(1)")
    of = source(session, village)

    assert "'=HYPERLINK(1)" in b"".join(open_data.csv_stream(borrowed, of)).decode()
    rows = reading.raw_rows(open_data.workbook(borrowed, of), "data")
    assert rows[1][rows[0].index("title")] == "=HYPERLINK(1)"


def test_many_items_come_in_order_and_once(
    borrowed: BorrowedDatabase, session: Session, village: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.open_data.tables.PAGE", 7)
    begin = clock.now() - timedelta(days=9)
    made = []
    for number in range(30):  # pairs that came out at the same moment
        moment: datetime = begin + timedelta(hours=number // 2)
        made.append(publish(session, village, f"第{number}期", at=moment)[0])
    rows = as_csv(borrowed, source(session, village))

    wanted = sorted(made, key=lambda one: (-(one.published_at or begin).timestamp(), one.id))
    assert [row["item_id"] for row in rows] == [str(one.id) for one in wanted]
    assert len(as_json(borrowed, source(session, village))["items"]) == 30


def test_columns_are_documented_in_every_format(
    borrowed: BorrowedDatabase, session: Session, village: Organisation
) -> None:
    item(session, village)
    of = source(session, village)
    named = [one.key for one in open_data.columns(of.category)]

    header = b"".join(open_data.csv_stream(borrowed, of)).decode("utf-8-sig").splitlines()[0].split(",")
    assert header == named
    assert list(as_json(borrowed, of)["columns"]) == named
    about = reading.raw_rows(open_data.workbook(borrowed, of), "说明")
    assert [row[0] for row in about[1:]] == [*named, "licence"]
    assert all(one.meaning for one in open_data.columns(of.category))


def test_unknown_categories(session: Session, village: Organisation) -> None:
    with pytest.raises(NotFound):
        source(session, village, "nothing")
    foreign = DisclosureCategory(
        code="x_foreign", name="别村的", position=900, fixed=False,
        village_id=factories.places(session).village.id,
    )  # fmt: skip
    session.add(foreign)
    session.flush()
    with pytest.raises(NotFound):
        source(session, village, "x_foreign")

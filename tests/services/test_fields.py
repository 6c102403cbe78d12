"""Fields of the 10+X list: reading every type, what the public sees, minors, what stays after the notice."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import pii
from app.core.errors import BadInput
from app.models import DisclosureCategory, DisclosureVersion
from app.models.categories import SECRET, Cadence, FieldType, Layout
from app.services import reference
from app.services.disclosures import fields
from app.services.disclosures.values import Field, Unreadable, read, show

TODAY = date(2026, 11, 24)
Json = dict[str, Any]


def category(**changes: Any) -> DisclosureCategory:
    values: Json = {
        "code": "own",
        "name": "自设事项",
        "cadence": Cadence.ON_CHANGE,
        "layout": Layout.TABLE,
        "fields": [],
        "columns": [],
    }
    return DisclosureCategory(**(values | changes))


def seeded(code: str) -> DisclosureCategory:
    row = next(row for row in reference.categories() if row["code"] == code)
    return category(**row)


def field(kind: str, **more: Any) -> Json:
    return {"key": "it", "label": "这一项", "type": kind, **more}


def present(entry: DisclosureCategory, filled: Json, records: list[Json] | None = None) -> fields.Presented:
    return fields.present(entry, filled=filled, records=records or [], period=None, today=TODAY)


def id_card(born: str) -> str:
    first = f"330109{born}001"
    return first + pii.id_check_digit(first)


@pytest.mark.parametrize(
    ("kind", "typed", "stored", "shown"),
    [
        ("text", " 修 路 ", "修 路", "修 路"),
        ("text", 12, "12", "12"),
        ("long_text", "第一行\n\n\n\n第二行", "第一行\n\n第二行", "第一行\n\n第二行"),
        ("money", 120_050, 120_050, "1,200.50 元"),
        ("money", "1.5万元", 1_500_000, "15,000.00 元"),
        ("money", "￥1,234.5", 123_450, "1,234.50 元"),
        ("money", 0, 0, "0.00 元"),
        ("money", 12.5, 1250, "12.50 元"),
        ("number", "1,200", 1200, "1,200 亩"),
        ("number", "12.50亩", "12.5", "12.5 亩"),
        ("number", "１２", 12, "12 亩"),
        ("number", 0.1, "0.1", "0.1 亩"),
        ("number", -3, -3, "-3 亩"),
        ("date", "2026年3月5日", "2026-03-05", "2026年3月5日"),
        ("date", "2026/3/5", "2026-03-05", "2026年3月5日"),
        ("date", datetime(2026, 3, 5, 9, tzinfo=UTC), "2026-03-05", "2026年3月5日"),
        ("month", "2026年3月", "2026-03", "2026年3月"),
        ("month", date(2026, 3, 31), "2026-03", "2026年3月"),
        ("person", " 欧阳 小明 ", "欧阳 小明", "欧阳 小明"),
        ("group", 3, "3组", "3组"),
        ("group", "第３村民小组", "3组", "3组"),
        ("group", "沿江组", "沿江组", "沿江组"),
        ("birth", "2010-05", "2010-05", ""),
        ("birth", "2010.5.6", "2010-05-06", ""),
        ("id_card", " 11010519491231002x", "11010519491231002X", ""),
        ("phone", "0571-8265 1234", "057182651234", "057182651234"),
        ("bank", "6228 4800 0000 0000 019", "6228480000000000019", ""),
        ("illness", "某种病", "某种病", ""),
        ("choice", "乙", "b", "乙"),
        ("choice", "b", "b", "乙"),
        ("yes_no", "是", True, "是"),
        ("yes_no", False, False, "否"),
        ("text", "  ", None, ""),
        ("money", "", None, ""),
        ("choice", None, None, ""),
    ],
)
def test_reading_and_showing(kind: str, typed: object, stored: object, shown: str) -> None:
    options = [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}]
    one = Field.of(field(kind, options=options, unit="亩" if kind == "number" else ""))

    assert read(one, typed) == stored
    assert show(one, stored) == shown


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("text", "长" * 201),
        ("text", "a\x00b"),
        ("text", ["a"]),
        ("money", "很多"),
        ("money", "1.234"),
        ("money", 10**15 + 1),
        ("money", True),
        ("number", "十二"),
        ("number", "1e5"),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**13),
        ("number", "0.00001"),
        ("date", "2026-02-30"),
        ("date", "3月5日"),
        ("date", "1850-01-01"),
        ("date", 20260305),
        ("month", "2026-13"),
        ("person", "王小明138"),
        ("birth", "去年"),
        ("id_card", "110105194912310021"),
        ("id_card", "123"),
        ("phone", "电话"),
        ("bank", "6228"),
        ("choice", "丙"),
        ("yes_no", "也许"),
    ],
)
def test_what_cannot_be_read(kind: str, typed: object) -> None:
    with pytest.raises(Unreadable) as caught:
        read(Field.of(field(kind, options=["甲", "乙"])), typed)
    assert "王小明" not in str(caught.value)
    assert "110105" not in str(caught.value)


@given(
    kind=st.sampled_from(list(FieldType)),
    typed=st.one_of(st.text(), st.integers(), st.floats(), st.booleans()),
)
def test_reading_never_breaks_and_is_stable(kind: FieldType, typed: object) -> None:
    one = Field.of(field(kind.value, options=["甲", "乙"]))
    try:
        stored = read(one, typed)
    except Unreadable:
        return
    if stored is not None:
        assert read(one, stored) == stored
        assert isinstance(show(one, stored), str)


def test_figures_and_table_of_a_month() -> None:
    made = fields.present(
        seeded("finance"),
        filled={"income": "12万", "expense": 8_000_000},
        records=[
            {"direction": "收入", "item": "鱼塘租金", "count": "1", "amount": "3.6万"},
            {"direction": "支出", "item": "河道保洁", "amount": 120_000},
            {"item": " ", "amount": None},
        ],
        period="2026-10",
        today=TODAY,
    )

    assert made.figures == {"收入": "120,000.00 元", "支出": "80,000.00 元"}
    assert made.table["columns"] == ["收支", "项目", "笔数（笔）", "金额（元）"]
    assert made.table["rows"] == [
        ["收入", "鱼塘租金", "1", "36,000.00"],
        ["支出", "河道保洁", "", "1,200.00"],
    ]
    assert made.table["keys"] == ["direction", "item", "count", "amount"]
    assert made.filled == {"income": 12_000_000, "expense": 8_000_000}
    assert made.records[0]["amount"] == 3_600_000
    assert not made.persons


def aid(**changes: Any) -> Json:
    return {"name": "王小明", "group": 3, "kind": "医疗救助", "amount": 50_000} | changes


def test_what_is_not_public_is_nowhere() -> None:
    secret = {"illness": "尿毒症", "id_card": id_card("19700101"), "bank": "6228480000000000019"}
    made = present(seeded("hardship_aid"), {}, [aid(**secret, birth="1970-01-01"), aid(name="李四")])

    assert made.table["columns"] == ["姓名", "村民小组", "补助种类", "金额（元）"]
    assert made.table["rows"][0] == ["王小明", "3组", "医疗救助", "500.00"]
    assert made.figures == {"人数": "2 人", "金额合计": "1,000.00 元"}
    assert made.persons
    public = str([made.figures, made.table])
    assert not any(value in public for value in [*secret.values(), "1970", "病因", "身份证号"])


def test_a_secret_type_stays_secret_whatever_its_definition_says() -> None:
    wrong = [field(kind.value, public=True, key=kind.value, label=kind.value) for kind in SECRET]
    wrong.append({"key": "phone", "label": "电话", "type": "phone", "public": True})
    record = {"illness": "病", "id_card": id_card("19700101"), "bank": "12345678", "birth": "1970-01-01"}
    made = present(category(columns=wrong), {}, [{**record, "phone": "13812345678"}])

    assert (made.figures, made.table, made.persons) == ({}, {}, True)


@pytest.mark.parametrize(
    ("mark", "masked"),
    [
        ({"birth": "2008-11-24"}, False),
        ({"birth": "2008-11-25"}, True),
        ({"birth": "2008-11"}, True),
        ({"birth": "2008-10"}, False),
        ({"id_card": id_card("20081124")}, False),
        ({"id_card": id_card("20081125")}, True),
        ({"standard": "未成年人补贴"}, True),
        ({"standard": "成年人补贴"}, False),
    ],
)
def test_minors_show_their_surname_only(mark: Json, masked: bool) -> None:
    made = present(seeded("hardship_aid"), {"basis": "王小明家庭困难"}, [aid(**mark), aid(name="王建国")])

    assert made.table["rows"][0][0] == ("王某" if masked else "王小明")
    assert made.table["rows"][1][0] == "王建国"
    assert made.figures["补助依据"] == ("王某家庭困难" if masked else "王小明家庭困难")
    assert made.records[0]["name"] == "王小明"


def test_marks_of_minors() -> None:
    columns = [
        {"key": "name", "label": "姓名", "type": "person", "shown": "masked"},
        {"key": "minor", "label": "未成年", "type": "yes_no", "public": False},
    ]
    made = present(
        category(columns=columns),
        {},
        [{"name": "欧阳小明", "minor": "是"}, {"name": "王小明", "minor": "否"}],
    )

    assert made.table["rows"] == [["欧阳某"], ["王**"]]


def test_an_empty_or_missing_value() -> None:
    made = present(seeded("tender_notice"), {"asset": "村口鱼塘", "deadline": "2026-12-01"})

    assert made.figures == {"出租什么": "村口鱼塘", "报名截止": "2026年12月1日"}
    assert (made.table, made.persons) == ({}, False)


@pytest.mark.parametrize(
    ("code", "filled", "records", "where"),
    [
        ("finance", {"income": "1万"}, [], (None, "支出", "expense")),
        ("finance", {"income": "很多", "expense": 1}, [], (None, "收入", "income")),
        ("finance", {"income": 1, "expense": 1, "other": 2}, [], (None, "other", "other")),
        ("hardship_aid", {}, [aid(), aid(amount="一点")], (2, "金额", "records")),
        ("hardship_aid", {}, [aid(), {}, aid(kind="奖金")], (3, "补助种类", "records")),
        ("hardship_aid", {}, [aid(name=None)], (1, "姓名", "records")),
    ],
)
def test_refusals_name_row_and_column(
    code: str, filled: Json, records: list[Json], where: tuple[Any, ...]
) -> None:
    with pytest.raises(BadInput) as caught:
        present(seeded(code), filled, records)

    assert caught.value.code == "disclosure.field_wrong"
    assert tuple(caught.value.data[key] for key in ("row", "column", "field")) == where
    assert f"「{where[1]}」" in caught.value.message
    assert (f"第 {where[0]} 行" in caught.value.message) == (where[0] is not None)


def test_every_fault_is_found_at_once_and_too_many_rows_are_refused() -> None:
    _, _, faults = fields.check(
        seeded("hardship_aid"), filled={"x": 1}, records=[aid(amount="?"), aid(kind="?", name="")]
    )
    assert [(fault.row, fault.key) for fault in faults] == [
        (None, "x"),
        (1, "amount"),
        (2, "name"),
        (2, "kind"),
    ]
    with pytest.raises(BadInput, match="最多 500 行"):
        present(seeded("hardship_aid"), {}, [aid()] * 501)


@pytest.mark.parametrize(
    ("code", "period", "fits"),
    [
        ("finance", "2026-10", True),
        ("finance", "2026-13", False),
        ("finance", "2026-Q3", False),
        ("labour", "2026-Q3", True),
        ("labour", "2026-Q5", False),
        ("assets", "2026", True),
        ("assets", "2026-01", False),
        ("leasing", "随便", True),
        ("finance", None, True),
    ],
)
def test_periods_follow_the_cadence(code: str, period: str | None, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(BadInput) as caught:
        fields.check_period(seeded(code), period)
    assert caught is None or caught.value.code == "disclosure.period_wrong"


def test_a_timeline_runs_by_its_days() -> None:
    rows = [{"day": "2026-05-01", "item": "验收"}, {"day": "2026-03-01", "item": "开工"}]
    made = present(seeded("small_works"), {"stage": "验收", "project": "修路", "day": "2026-05-02"}, rows)

    assert [row[1] for row in made.table["rows"]] == ["开工", "验收"]
    assert (made.table["layout"], made.figures["到了哪一步"]) == ("timeline", "验收")
    assert made.filled["stage"] == "acceptance"


def published(entry: DisclosureCategory, filled: Json, records: list[Json]) -> DisclosureVersion:
    made = present(entry, filled, records)
    return DisclosureVersion(figures=made.figures, table=made.table, filled=made.filled, records=made.records)


def test_after_the_notice_sums_stay_and_persons_go() -> None:
    entry = seeded("hardship_aid")
    version = published(
        entry,
        {"basis": "王小明家困难", "funds": "镇拨款"},
        [aid(), aid(name="李四", amount=20_000), aid(kind="其他")],
    )

    figures, table = fields.reduce(entry, version)
    filled, records = fields.without_persons(entry, version)

    assert figures == {"人数": "3 人", "金额合计": "1,200.00 元"}
    assert table["columns"] == ["补助种类", "条数", "金额（元）"]
    assert table["rows"] == [["医疗救助", "2", "700.00"], ["其他", "1", "500.00"]]
    assert (filled, records) == ({}, [])
    assert not any(name in str([figures, table]) for name in ("王", "李四", "3组"))


def test_free_figures_with_words_go_and_numbers_stay() -> None:
    version = DisclosureVersion(
        figures={"享受补助": "5 户", "一共": "1.2 万元", "其中": "王小明 500 元"},
        table={"columns": ["姓名"], "rows": [["王小明"]]},
        filled={},
        records=[],
    )
    assert fields.reduce(seeded("hardship_aid"), version) == ({"享受补助": "5 户", "一共": "1.2 万元"}, {})


_NAMES = st.sampled_from(["王小明", "李四", "欧阳小红", "赵大"])
_RECORD = st.fixed_dictionaries(
    {
        "name": _NAMES,
        "group": st.integers(1, 14),
        "kind": st.sampled_from(["临时救助", "医疗救助", "其他"]),
        "amount": st.integers(0, 10**9),
    },
    optional={
        "birth": st.dates(date(1930, 1, 1), TODAY).map(date.isoformat),
        "illness": st.sampled_from(["尿毒症", "肺结核"]),
        "id_card": st.dates(date(1930, 1, 1), TODAY).map(lambda day: id_card(f"{day:%Y%m%d}")),
        "bank": st.just("6228480000000000019"),
    },
)


@given(records=st.lists(_RECORD, min_size=1, max_size=8))
def test_nothing_secret_is_public_and_no_minor_is_named(records: list[Json]) -> None:
    entry = seeded("hardship_aid")
    made = present(entry, {}, records)
    public = str([made.figures, made.table])

    for record in records:
        for key in ("illness", "id_card", "bank"):
            assert record.get(key, "-none-") not in public
    for record, row in zip(records, made.table["rows"], strict=True):
        births = [record["birth"]] if "birth" in record else []
        births += [record["id_card"][6:14]] if "id_card" in record else []
        minor = any(int(born.replace("-", "")) > 20081124 for born in births)
        assert row[0].endswith("某") == minor
    figures, table = fields.reduce(entry, published(entry, {}, records))
    assert not any(record["name"] in str([figures, table]) for record in records)
    assert figures["金额合计"] == made.figures["金额合计"]

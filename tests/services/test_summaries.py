"""The sentence that stands first: for every entry of the list, never longer than 40 characters, no codes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import pii
from app.models import DisclosureCategory
from app.models.categories import FieldType
from app.services import reference
from app.services.disclosures import fields
from app.services.disclosures.summaries import LONGEST, sentence, spoken_period
from app.services.disclosures.values import Field
from tests.services.test_fields import category, seeded

TODAY = date(2026, 11, 24)
Json = dict[str, Any]
CODES = [row["code"] for row in reference.categories()]
CODE = re.compile(r"[a-z]+_[a-z]+|\d{6,}|[A-Z]+-?\d{2,}")
WORDS = st.one_of(
    st.text(alphabet="村口鱼塘修路灯和桥三组的水泥地面硬化工程一期", min_size=1, max_size=60),
    st.sampled_from(
        ["合同 HT-2026-003", "编号2026110304", "村口道路硬化", "{0}", "电话13812345678", "LED 路灯"]
    ),
)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(date.isoformat)
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: WORDS,
    FieldType.LONG_TEXT: WORDS,
    FieldType.MONEY: st.integers(-(10**12), 10**15),
    FieldType.NUMBER: st.one_of(st.integers(-5, 10**12), st.sampled_from(["12.5", "0.3"])),
    FieldType.DATE: DAYS,
    FieldType.MONTH: st.just("2026-03"),
    FieldType.PERSON: st.sampled_from(["王小明", "李四"]),
    FieldType.GROUP: st.just("3组"),
    FieldType.BIRTH: DAYS,
    FieldType.ID_CARD: st.just("11010519491231002X"),
    FieldType.PHONE: st.just("13812345678"),
    FieldType.BANK: st.just("6228480000000000019"),
    FieldType.ILLNESS: st.just("尿毒症"),
    FieldType.YES_NO: st.booleans(),
}


def _values(one: Field) -> st.SearchStrategy[Any]:
    return st.sampled_from([value for value, _ in one.options]) if one.options else VALUES[one.type]


def _row(defined: list[Field], *, all_of_it: bool = False) -> st.SearchStrategy[Json]:
    needed = {one.key: _values(one) for one in defined if one.required or all_of_it}
    rest = {one.key: _values(one) for one in defined if one.key not in needed}
    return st.fixed_dictionaries(needed, optional=rest)


def said(entry: DisclosureCategory, filled: Json, records: list[Json], period: str | None = None) -> str:
    figures = fields.present(entry, filled=filled, records=records, period=None, today=TODAY).figures
    return sentence(entry, village="东联村", filled=filled, records=records, figures=figures, period=period)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_sentence_is_short_and_plain(code: str, data: st.DataObject) -> None:
    entry = seeded(code)
    filled = data.draw(_row(fields.fields_of(entry)))
    records = data.draw(st.lists(_row(fields.columns_of(entry)), max_size=4))
    made = said(entry, filled, records, data.draw(st.sampled_from([None, "2026-10", "2026-Q3", "2026", "x"])))

    assert 4 <= len(made) <= LONGEST
    assert made.endswith("。")
    assert "\n" not in made
    assert not CODE.search(made)
    assert not pii.find(made)
    assert not any(secret in made for secret in ("王小明", "李四", "尿毒症", "13812345678", "None", "{"))
    assert code not in made or code in {"labour"}


@pytest.mark.parametrize("code", CODES)
def test_every_entry_with_fields_has_a_sentence_of_its_own(code: str) -> None:
    """Full records say more than that something was published."""
    entry = seeded(code)
    example: Json = {
        FieldType.TEXT: "村口鱼塘",
        FieldType.LONG_TEXT: "按方案办",
        FieldType.MONEY: 1_234_500,
        FieldType.NUMBER: 12,
        FieldType.DATE: "2026-03-05",
        FieldType.PERSON: "王小明",
        FieldType.GROUP: "3组",
        FieldType.PHONE: "057182651234",
    }

    def row(defined: list[Field]) -> Json:
        return {
            one.key: one.options[0][0] if one.options else example[one.type]
            for one in defined
            if one.options or one.type in example
        }

    filled, columns = row(fields.fields_of(entry)), fields.columns_of(entry)
    made = said(entry, filled, [row(columns)] * 2 if columns else [], "2026-10")

    if filled or columns:
        assert made != f"2026年10月公开了{entry.name}情况。"
    if any(one.type.value == "money" for one in columns if one.total):
        assert "万元" in made


@pytest.mark.parametrize(
    ("code", "filled", "records", "period", "expected"),
    [
        (
            "finance",
            {"income": 12_600_000, "expense": 8_000_050, "balance": 150_000_000},
            [],
            "2026-10",
            "2026年10月收入 12.6 万元，支出 8 万元，结余 150 万元。",
        ),
        (
            "labour",
            {},
            [{"name": "王小明", "job": "保洁", "days": 2, "amount": 40_000}] * 3,
            "2026-Q3",
            "2026年第三季度请工 3 人次，干了 6 天，付工钱 1,200 元。",
        ),
        (
            "tender_notice",
            {"asset": "村口鱼塘", "deadline": "2026-11-30", "floor": 3_600_000, "area": 12},
            [],
            None,
            "村口鱼塘要出租，11月30日前报名，每年底价 3.6 万元，面积 12 亩。",
        ),
        (
            "house_building",
            {},
            [{"result": "已批准"}, {"result": "审批中"}],
            None,
            "2 户申请建房，批准 1 户。",
        ),
        (
            "decision_result",
            {"matter": "硬化三组机耕路", "result": "通过", "votes_for": 38, "votes_against": 2},
            [],
            None,
            "硬化三组机耕路表决通过，同意 38 票，反对 2 票。",
        ),
        ("power_workflow", {"matter": "盖村章"}, [{"step": "申请"}] * 3, None, "盖村章怎么办：分 3 步。"),
    ],
)
def test_sentences_as_people_say_them(
    code: str, filled: Json, records: list[Json], period: str | None, expected: str
) -> None:
    entry = seeded(code)
    assert (
        sentence(entry, village="东联村", filled=filled, records=records, figures={}, period=period)
        == expected
    )


def test_without_fields_the_first_figures_speak() -> None:
    def free(figures: Json, period: str | None = None) -> str:
        return sentence(
            category(name="好家风"), village="东联村", filled={}, records=[], figures=figures, period=period
        )

    assert (
        free({"一共": "12 户", "编号": "HT-2026-003", "比上次": "多 2 户"}) == "一共 12 户，比上次 多 2 户。"
    )
    assert free({}, "2026-Q1") == "2026年第一季度公开了好家风情况。"
    assert free({}) == "东联村公开了好家风情况。"


def test_an_own_entry_speaks_by_its_fields_and_hides_minors() -> None:
    entry = category(
        name="助学",
        fields=[
            {"key": "from", "label": "捐助人", "type": "text"},
            {"key": "name", "label": "姓名", "type": "person"},
            {"key": "birth", "label": "生日", "type": "birth", "public": False},
        ],
        columns=[{"key": "amount", "label": "金额", "type": "money", "total": True}],
    )
    filled = {"from": "王小明的叔叔", "name": "王小明", "birth": "2015-01-01"}

    made = said(entry, filled, [{"amount": 10_000}, {"amount": 20_000}])

    assert made == "助学公开 2 条，金额 300 元，捐助人 王某的叔叔。"


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2026-01", "2026年1月"),
        ("2026-Q4", "2026年第四季度"),
        ("2026", "2026年"),
        ("", ""),
        (None, ""),
        ("去年", ""),
    ],
)
def test_periods_in_words(period: str | None, words: str) -> None:
    assert spoken_period(period) == words

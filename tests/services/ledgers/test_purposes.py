"""What a payment was for, without when, who and which part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.ledgers.purposes import is_upkeep, is_works, purpose_key

FIT_OUT = (
    "3月新办公楼装修木工工资",
    "办公楼装修油漆材料款（二期）",
    "新办公楼装修水电安装人工费",
    "村办公楼室内装修第2期款",
    "村委会办公大楼装潢尾款",
    "办公楼装饰工程款 50%",
    "支付新办公楼装修小工12工",
    "办公楼装修工程木工班组工资(1-3月)",
    "２０２６年３月１５日办公楼装修泥工工资８５００元",
    "办公楼装修 - 进度款",
)


@pytest.mark.parametrize("text", FIT_OUT)
def test_all_parts_of_a_fit_out_are_one_object(text: str) -> None:
    assert purpose_key(text) == "办公楼装修"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("三组道路硬化", "3组道路硬化"),
        ("第3组道路硬化工程材料费", "3组道路硬化"),
        ("十二组道路硬化", "12组道路硬化"),
        ("5组道路硬化", "5组道路硬化"),
        ("2号桥维修", "2号桥维修"),
        ("村口公厕改造材料款", "村口厕所改造"),
        ("新建公厕", "新建厕所"),
        ("村民代表误工", "村民代表误工"),
        ("村道硬化", "村道硬化"),
    ],
)
def test_places_stay_apart(text: str, key: str) -> None:
    assert purpose_key(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("3月河道保洁工资", "河道保洁"),
        ("河道保洁（4月）", "河道保洁"),
        ("绿化养护费", "绿化养护"),
        ("路灯电费4月", "路灯电费"),
        ("办公楼水电费", "办公楼水电费"),
        ("十二月份垃圾清运费", "垃圾清运"),
        ("防汛抢险用工", "防汛抢险"),
        ("送餐车维修", "送餐车维修"),
    ],
)
def test_upkeep_stays_what_it_is(text: str, key: str) -> None:
    assert purpose_key(text) == key
    assert is_upkeep(key)
    assert not is_works(key)


@pytest.mark.parametrize("text", [None, "", "  ", "工资", "3月工资", "2026年4月份小工工资", "尾款", "12"])
def test_what_names_no_object_has_no_key(text: str | None) -> None:
    assert purpose_key(text) is None


@pytest.mark.parametrize(
    "key", ["办公楼装修", "3组道路硬化", "农田水利沟渠清淤", "2号桥维修", "垃圾分类亭建设"]
)
def test_works_are_told_from_the_rest(key: str) -> None:
    assert is_works(key)


@given(st.text(alphabet="新村办公楼装修木工工资款3月第二期（）- ０12费道路硬化组的", max_size=30))
def test_any_text_has_a_key_or_none(text: str) -> None:
    key = purpose_key(text)
    assert key is None or len(key) >= 2

"""Personal data is found however it is written, and ordinary village text is left alone."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import pii
from app.core.pii import Kind

# Made-up numbers with right check digits.
IDS = [
    body + pii.id_check_digit(body)
    for body in ("33010919800101123", "11010519491231002", "51018119991130405")
]


def card(prefix: str, length: int, seed: int) -> str:
    """A card number that passes the Luhn check."""
    body = prefix + "".join(random.Random(seed).choices("0123456789", k=length - len(prefix) - 1))
    return next(body + last for last in "0123456789" if pii.luhn(body + last))


def kinds(text: str) -> list[Kind]:
    return [found.kind for found in pii.find(text)]


def test_check_digits_of_published_examples() -> None:
    assert pii.id_check_digit("11010519491231002") == "X"  # the example in GB 11643
    assert pii.luhn("4111111111111111")
    assert not pii.luhn("4111111111111112")


@pytest.mark.parametrize("number", IDS)
@pytest.mark.parametrize("form", ["{}", "身份证{}。", "号码：{}，", "a {} b"])
def test_id_cards_are_found(number: str, form: str) -> None:
    (found,) = pii.find(form.format(number))
    assert (found.kind, found.text, found.certain) == (Kind.ID_CARD, number, True)
    assert found.masked == number[:3] + "*" * 13 + number[-2:]


def test_id_cards_in_disguise() -> None:
    number = IDS[0]
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in number)
    for text in (
        wide,
        f"{number[:6]} {number[6:14]} {number[14:]}",
        f"{number[:6]}-{number[6:14]}-{number[14:]}",
        "\u200b".join(number),
        IDS[1].lower(),
    ):
        assert kinds(f"他的身份证是{text}吧") == [Kind.ID_CARD]


def test_a_mistyped_id_is_found_but_not_certain() -> None:
    wrong = IDS[0][:-1] + ("1" if IDS[0][-1] != "1" else "2")
    (found,) = pii.find(f"证号{wrong}")
    assert (found.kind, found.certain) == (Kind.ID_CARD, False)
    assert kinds("330109800101123") == [Kind.ID_CARD]  # the old form with 15 digits


@pytest.mark.parametrize("text", ["330109198013011234", "990109198001011234", "330109178001011234"])
def test_numbers_that_cannot_be_ids(text: str) -> None:
    assert Kind.ID_CARD not in kinds(text)


@pytest.mark.parametrize(
    "text",
    ["13812345678", "138 1234 5678", "138-1234-5678", "１３８１２３４５６７８", "+8613812345678",
     "+86 138 1234 5678",
     "(86)13812345678", "0086-13812345678", "138.1234.5678", "1381234\u200b5678", "138–1234–5678",
     "1 3 8 1 2 3 4 5 6 7 8", "1381 234 5678", "138—12345678"],
)  # fmt: skip
def test_phones_are_found_and_masked(text: str) -> None:
    assert pii.mask(f"电话{text}，请联系") == "电话138****5678，请联系"


def test_phone_beside_letters() -> None:
    assert kinds("tel13812345678") == [Kind.PHONE]
    assert kinds("微信同号13812345678abc") == [Kind.PHONE]


@pytest.mark.parametrize(
    "text", ["0571-82123456", "(0571)82123456", "（0571） 8212 3456", "057182123456", "010-62345678"]
)
def test_landlines_are_found(text: str) -> None:
    (found,) = pii.find(f"家里电话{text}")
    assert (found.kind, found.masked, found.certain) == (Kind.LANDLINE, f"****{text[-2:]}", False)


@pytest.mark.parametrize(
    "number", [card("62", 19, 1), card("62", 16, 2), card("4", 16, 3), card("5", 16, 4), card("9558", 19, 5)]
)
def test_bank_cards_are_found(number: str) -> None:
    grouped = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    for text in (number, grouped, grouped.replace(" ", "-")):
        (found,) = pii.find(f"打款 {text} 谢谢")
        assert (found.kind, found.masked, found.text) == (Kind.BANK_CARD, f"**** {number[-4:]}", text)


def test_a_card_beside_other_digits() -> None:
    number = card("62", 16, 7)
    assert kinds(f"1 {number} 13812345678") == [Kind.BANK_CARD, Kind.PHONE]
    assert kinds(f"{number} 45") == [Kind.BANK_CARD]
    assert pii.find(number)[0].text == number
    assert kinds(f"6222 02 {number}") == [Kind.BANK_CARD]
    assert kinds(number + "123456789") == []


def test_columns_of_figures_are_never_certain() -> None:
    columns = " ".join(card("4", 16, 11)[at : at + 4] for at in range(0, 16, 4))
    assert [found.certain for found in pii.find(columns)] == [False]


def test_accounts_are_found_by_the_word_before_them() -> None:
    assert pii.mask("一卡通账号：201000123456789，已打") == "一卡通账号：**** 6789，已打"
    assert kinds("社保卡 A12345678") == []
    assert kinds("账号绑定手机13812345678") == [Kind.PHONE]


def test_addresses_are_found() -> None:
    assert pii.mask("住东联村3组25号") == "住东联村3组**"
    assert kinds("幸福小区5幢2单元301室") == [Kind.ADDRESS]
    assert kinds("人民路12号") == [Kind.ADDRESS]
    assert not pii.find("人民路12号")[0].certain


def test_email() -> None:
    assert pii.mask("发到 zhang.san@example.com。") == "发到 z***。"


@pytest.mark.parametrize(
    "text",
    [
        "2026年11月23日支付12345.67元",
        "合同编号 HT-20260101-0042",
        "发票号码 25332000000012345678",
        "统一社会信用代码 91330109MA2CDEFG1X",
        "查询码 1234 5678 9012 3456",
        "订单20261123138123456780001",
        "收入 13812345678.00 元",
        "东联村3组路灯坏了",
        "本村共有1280户3960人，耕地2210亩",
        "拨打12345或12388，纪委12380",
        "浙发〔2022〕78号文件",
        "3号机井、5号路、2号楼",
        "东联村3号机井坏了",
        "第3组、第4组",
        "浙A12345",
        "工单GD20261123-4F7K",
        "12月1日至12月31日公示7天",
        "面积330109平方米",
        "1800 2600 350",
        "4500 5600 3200 2801",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert pii.find(text) == []
    assert pii.mask(text) == text


def test_several_findings_in_order() -> None:
    text = f"张三 {IDS[0]} 13812345678 卡{CARDS_VALID} 东联村3组25号"
    assert kinds(text) == [Kind.ID_CARD, Kind.PHONE, Kind.BANK_CARD, Kind.ADDRESS]
    assert pii.mask(text, {Kind.PHONE}) == text.replace("13812345678", "138****5678")


CARDS_VALID = card("62", 19, 9)


def test_single_masks() -> None:
    assert pii.mask_name("王小明") == "王**"
    assert pii.mask_phone("13812345678") == "138****5678"
    assert pii.mask_phone("12345678") == "****78"
    assert pii.mask_phone("110") == "****"
    assert pii.mask_id(IDS[0]) == IDS[0][:3] + "*" * 13 + IDS[0][-2:]
    assert pii.mask_id("12") == "****"
    assert pii.mask_bank("6222 0212 0204 1701") == "**** 1701"
    assert pii.mask_bank("1234") == "****"


@given(
    st.lists(
        st.sampled_from([IDS[0], "13812345678", CARDS_VALID, "路灯", "，", " ", "\n", "坏了"]), max_size=12
    )
)
def test_masked_text_holds_no_certain_finding(parts: list[str]) -> None:
    masked = pii.mask("、".join(parts))
    assert [found for found in pii.find(masked) if found.certain] == []


@given(st.text(max_size=200))
def test_any_text_is_taken_and_places_are_right(text: str) -> None:
    for found in pii.find(text):
        assert text[found.start : found.end] == found.text


@pytest.mark.parametrize(
    "part",
    [
        "1",
        "1 ",
        "62 ",
        "1\n",
        "村",
        "村1组",
        "村1号",
        "因尿毒症、",
        "学生张三、",
        "张",
        "a.",
        "a@a.",
        "0571-",
        "出生：：",
    ],
)
def test_hostile_texts_take_time_in_proportion(part: str) -> None:
    started = time.process_time()
    pii.find((part * 20_000)[:20_000])

    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "filler", ["\u20e3", "\ufe0f\u20e3", "\u3164", "\u115f", "\uffa0", "\u2800", "•", "‧"]
)
def test_fillers_between_the_digits_hide_nothing(filler: str) -> None:
    assert [one.kind for one in pii.find(f"电话{filler.join('13800001234')}。")] == [Kind.PHONE]

"""Money as people type and read it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import money
from app.core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("12", 1200),
        ("12.3", 1230),
        ("1234.50", 123450),
        ("1,234.50", 123450),
        ("￥1,234.50", 123450),
        ("¥ 1,234.50元", 123450),
        ("１，２３４．５０元", 123450),
        ("1.5万元", 1_500_000),
        ("1.5 万", 1_500_000),
        ("1.2345万元", 1_234_500),
        ("0.5亿元", 5_000_000_000),
        ("30万元整", 30_000_000),
        ("2千元", 200_000),
        ("3百万", 300_000_000),
        ("3元5角", 350),
        ("3元5角2分", 352),
        ("500块", 50_000),
        ("人民币800圆整", 80_000),
        ("-20.00", -2000),
        ("-￥20.00", -2000),
        ("￥-20.00", -2000),
        ("1,000,000", 100_000_000),
    ],
)
def test_what_people_type(text: str, fen: int) -> None:
    assert money.parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", "元", "abc", "12,34", "1,2345", "1.234", "1.2.3", "1e5", "nan", "$5", "٥",
     "5角5", "1万2千", "3.5元5角",
     "--5", "１e3", "99999999999999999元", "0x10", "５ 元 左右", "1" * 5000],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        money.parse_yuan(text)
    assert caught.value.code == "money.malformed"
    assert "请写成" in caught.value.message


@given(st.integers(-money.LIMIT_FEN, money.LIMIT_FEN))
def test_every_written_amount_is_read_back(fen: int) -> None:
    assert money.parse_yuan(money.yuan(fen)) == fen
    assert money.parse_yuan(money.decimal(fen)) == fen


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_a_refusal(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert abs(money.parse_yuan(text)) <= money.LIMIT_FEN


@pytest.mark.parametrize(
    ("fen", "exact", "short"),
    [
        (0, "0.00 元", "0 元"),
        (5, "0.05 元", "0.05 元"),
        (85_000, "850.00 元", "850 元"),
        (123_450, "1,234.50 元", "1,234.50 元"),
        (1_500_000, "15,000.00 元", "1.5 万元"),
        (123_456_789, "1,234,567.89 元", "123.46 万元"),
        (-1_500_000, "-15,000.00 元", "-1.5 万元"),
        (999_999_999_999, "9,999,999,999.99 元", "100 亿元"),
        (9_999_999_999, "99,999,999.99 元", "1 亿元"),
        (12_500_000_000, "125,000,000.00 元", "1.25 亿元"),
        (100_000_000, "1,000,000.00 元", "100 万元"),
    ],
)
def test_what_people_read(fen: int, exact: str, short: str) -> None:
    assert money.yuan(fen) == exact
    assert money.spoken(fen) == short

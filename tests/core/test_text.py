"""Cutting, cleaning and search tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import text


@pytest.mark.parametrize(
    ("given_text", "limit", "result"),
    [
        ("东联村路灯", 5, "东联村路灯"),
        ("东联村路灯坏了", 5, "东联村路…"),
        ("东联村", 1, "东"),
        ("东联村", 0, ""),
        ("", 5, ""),
        ("路灯 坏了", 4, "路灯…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("好👨\u200d👩\u200d👧好好", 5, "好…"),
    ],
)
def test_cut(given_text: str, limit: int, result: str) -> None:
    assert text.cut(given_text, limit) == result


def test_cut_with_another_ending() -> None:
    assert text.cut("abcdefgh", 6, "...") == "abc..."


@given(st.text(max_size=40), st.integers(0, 45))
def test_cut_never_exceeds_its_limit_and_keeps_the_beginning(given_text: str, limit: int) -> None:
    result = text.cut(given_text, limit)
    assert len(result) <= limit
    assert given_text.startswith((result, result.removesuffix("…")))


def test_one_line_and_clean() -> None:
    assert text.one_line(" 路灯\r\n坏了\t\u3000三天\x00 ") == "路灯 坏了 三天"
    assert text.one_line("\u202e坏\u200b了\u2066") == "坏了"
    assert text.clean("  第一行  \r\n\n\n\n第二\x07行\u202e\n") == "第一行\n\n第二行"


def test_normalise() -> None:
    assert text.normalise("ＡＢＣ　１２３：Ｇ") == "abc 123:g"


def test_bigrams() -> None:
    assert text.bigrams("3组路灯坏了") == ["3", "组路", "路灯", "灯坏", "坏了"]
    assert text.bigrams("低保，路。ABC-12 㙦村𠮷") == ["低保", "路", "abc", "12", "㙦村", "村𠮷"]
    assert text.bigrams("５Ｇ基站") == ["5g", "基站"]
    assert text.bigrams("，。 !_") == []
    assert text.characters("3组路灯 ok") == ["组", "路", "灯"]


@given(st.text(alphabet="东联村路灯低保金公示", min_size=2, max_size=30), st.data())
def test_every_two_character_word_is_a_token(written: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(written) - 2))
    assert written[at : at + 2] in text.bigrams(written)


@given(st.text(max_size=60))
def test_tokens_are_plain_words(written: str) -> None:
    assert all(token and not any(letter.isspace() for letter in token) for token in text.bigrams(written))


@pytest.mark.parametrize(
    ("name", "first", "masked"),
    [
        ("王小明", "王", "王**"),
        ("王明", "王", "王**"),
        ("欧阳小明", "欧阳", "欧阳**"),
        ("欧阳", "欧", "欧**"),
        (" 李 ", "李", "李**"),
        ("𠮷田", "𠮷", "𠮷**"),
        ("", "", ""),
    ],
)
def test_names(name: str, first: str, masked: str) -> None:
    assert text.surname_and_masked(name) == (first, masked)

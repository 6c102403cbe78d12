"""Receipts, numbers and tokens."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.core import ids


def test_receipts_are_sixteen_random_digits() -> None:
    made = {ids.receipt() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[0-9]{16}", one) for one in made)
    assert {one[0] for one in made} == set("0123456789")


@pytest.mark.parametrize(
    "typed",
    ["1234567890123456", "1234 5678 9012 3456", " 1234-5678-9012-3456\n",
     "１２３４ ５６７８　９０１２ ３４５６",
     "1234—5678—9012—3456", "1234·5678·9012·3456"],
)  # fmt: skip
def test_typed_receipts_are_understood(typed: str) -> None:
    assert ids.receipt_digits(typed) == "1234567890123456"


@pytest.mark.parametrize("typed", ["", "123456789012345", "12345678901234567", "abcd567890123456", "١" * 16])
def test_other_texts_are_no_receipt(typed: str) -> None:
    assert ids.receipt_digits(typed) is None


def test_receipts_are_shown_in_groups() -> None:
    shown = ids.spaced("1234567890123456")
    assert shown == "1234 5678 9012 3456"
    assert ids.receipt_digits(shown) == "1234567890123456"


def test_complaint_numbers_fit_the_platform_and_carry_no_order() -> None:
    made = {ids.complaint_number(date(2026, 11, 23)) for _ in range(200)}
    assert len(made) > 190
    assert all(re.fullmatch(r"GD20261123-[0-9A-HJKMNP-TV-Z]{4}", one) for one in made)
    assert all(len(one) <= 32 and one.isascii() for one in made)


@pytest.mark.parametrize(
    "typed",
    ["GD20261123-4F71", "gd20261123-4f7i", "ＧＤ20261123－4F7L", "GD202611234F71", " GD20261123 - 4F71"],
)
def test_typed_numbers_are_understood(typed: str) -> None:
    assert ids.normalise_number(typed) == "GD20261123-4F71"


def test_unknown_numbers_stay_themselves() -> None:
    assert ids.normalise_number("abc") == "ABC"
    assert len(ids.normalise_number("x" * 5000)) == 40


def test_tokens_and_scenes() -> None:
    assert len({ids.token() for _ in range(100)}) == 100
    assert len(ids.token()) == 43
    scenes = {ids.scene_token("bind") for _ in range(100)}
    assert len(scenes) == 100
    assert all(re.fullmatch(r"bind_[0-9a-z]{26}", one) and len(one) <= 32 for one in scenes)
    for wrong in ("", "Bind", "toolong", "a_b"):
        with pytest.raises(ValueError, match="prefix"):
            ids.scene_token(wrong)

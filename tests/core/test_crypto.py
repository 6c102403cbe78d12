"""Sealed values open in their place, with their key, unchanged; otherwise not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import SealBroken, Sealer, key_id
from app.core.errors import Unavailable

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SEALER = Sealer({"2026": OLD}, "2026")
HERE = "complaint:42:name"


@given(st.text(max_size=300))
def test_what_is_sealed_opens(text: str) -> None:
    assert SEALER.open(SEALER.seal(text, context=HERE), context=HERE) == text


def test_a_sealed_value_shows_neither_text_nor_length() -> None:
    one, two, three = (SEALER.seal(name, context=HERE) for name in ("王明", "欧阳小明", "王明"))
    assert len(one) == len(two)
    assert one != three
    assert one.startswith("v1.2026.")
    assert one.isascii()


def test_it_does_not_open_in_another_place() -> None:
    sealed = SEALER.seal("王明", context=HERE)
    with pytest.raises(SealBroken) as caught:
        SEALER.open(sealed, context="complaint:43:name")
    assert caught.value.code == "seal.broken"
    assert "王明" not in str(caught.value)


def test_another_key_under_the_same_id_does_not_open_it() -> None:
    sealed = SEALER.seal("王明", context=HERE)
    with pytest.raises(SealBroken):
        Sealer({"2026": NEW}, "2026").open(sealed, context=HERE)


def test_without_its_key() -> None:
    sealed = SEALER.seal("王明", context=HERE)
    with pytest.raises(Unavailable) as caught:
        Sealer({"2027": NEW}, "2027").open(sealed, context=HERE)
    assert (caught.value.code, caught.value.data) == ("seal.key_missing", {"key": "2026"})


def test_rotation() -> None:
    sealed = SEALER.seal("王明", context=HERE)
    both = Sealer({"2026": OLD, "2027": NEW}, "2027")
    assert both.needs_rotation(sealed)
    rotated = both.rotate(sealed, context=HERE)
    assert key_id(rotated) == both.current == "2027"
    assert both.rotate(rotated, context=HERE) == rotated
    assert Sealer({"2027": NEW}, "2027").open(rotated, context=HERE) == "王明"
    with pytest.raises(SealBroken):
        both.rotate(sealed, context="elsewhere")


@given(st.integers(0, 150), st.sampled_from("Aa0_-.=!村"))
def test_a_changed_value_does_not_open(place: int, letter: str) -> None:
    sealed = SEALER.seal("王明", context=HERE)
    place %= len(sealed)
    changed = sealed[:place] + letter + sealed[place + 1 :]
    if changed == sealed:
        return
    with pytest.raises((SealBroken, Unavailable)):
        SEALER.open(changed, context=HERE)


@pytest.mark.parametrize(
    "sealed", ["", "v1", "v1.2026", "v1.2026.", "v1.2026.AAAA", "v2.2026.AAAA", "v1..A", "王明"]
)
def test_rubbish_does_not_open(sealed: str) -> None:
    with pytest.raises(SealBroken):
        SEALER.open(sealed, context=HERE)


@pytest.mark.parametrize(
    ("keys", "current"), [({}, "a"), ({"a": b"short"}, "a"), ({"a.b": OLD}, "a.b"), ({"a": OLD}, "b")]
)
def test_unusable_keys_are_refused(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Sealer(keys, current)

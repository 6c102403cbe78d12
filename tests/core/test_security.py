"""Keys, digests, passwords and signed values."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.core import security
from app.core.errors import BadInput

MASTER = b"a master secret that is long enough"
HOUR = timedelta(hours=1)


def test_keys_differ_by_purpose_and_master() -> None:
    key = security.derive_key(MASTER, "receipts")
    assert key == security.derive_key(MASTER, "receipts")
    assert (
        len({key, security.derive_key(MASTER, "tokens"), security.derive_key(MASTER + b"!", "receipts")}) == 3
    )
    assert len(key) == 32


def test_the_derivation_is_hkdf() -> None:
    extracted = hmac.new(bytes(32), MASTER, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"mashang:receipts\x01", hashlib.sha256).digest()
    assert security.derive_key(MASTER, "receipts") == expanded


def test_weak_masters_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        security.derive_key(b"short", "x")
    with pytest.raises(ValueError, match="purpose"):
        security.derive_key(MASTER, "")


def test_digests_need_the_key() -> None:
    key, other = security.derive_key(MASTER, "a"), security.derive_key(MASTER, "b")
    assert security.digest(key, "1234") == hmac.new(key, b"1234", hashlib.sha256).hexdigest()
    assert security.digest(key, "1234") != security.digest(other, "1234")
    assert security.same("abc", "abc")
    assert not security.same("abc", "村")


def test_passwords() -> None:
    stored = security.hash_password("益农镇的密码")
    assert stored.startswith("$argon2id$")
    assert stored != security.hash_password("益农镇的密码")
    assert security.verify_password("益农镇的密码", stored)
    assert not security.verify_password("益农镇的密码 ", stored)


def test_unknown_users_and_damaged_hashes_fail_quietly() -> None:
    assert not security.verify_password("nobody has this password", None)
    assert not security.verify_password("x", "not a hash")
    assert not security.verify_password("x", "$argon2id$v=19$broken")


def test_endless_passwords_are_refused() -> None:
    stored = security.hash_password("a" * 256)
    assert not security.verify_password("a" * 100_000, stored)
    with pytest.raises(BadInput) as caught:
        security.hash_password("a" * 257)
    assert caught.value.code == "password.too_long"


def test_signed_values_come_back_until_they_expire() -> None:
    with time_machine.travel("2026-11-23T08:00:00+00:00", tick=False) as traveller:
        signed = security.sign(MASTER, "rating", {"complaint": 7, "名": "东联村"})
        assert security.unsign(MASTER, "rating", signed, max_age=HOUR) == {"complaint": 7, "名": "东联村"}
        traveller.shift(HOUR)
        assert security.unsign(MASTER, "rating", signed, max_age=HOUR)
        traveller.shift(timedelta(seconds=1))
        with pytest.raises(BadInput) as caught:
            security.unsign(MASTER, "rating", signed, max_age=HOUR)
    assert caught.value.code == "link.expired"


def test_a_value_is_good_for_its_purpose_and_key_only() -> None:
    signed = security.sign(MASTER, "rating", 7)
    for key, purpose in ((MASTER, "login"), (MASTER + b"!", "rating")):
        with pytest.raises(BadInput) as caught:
            security.unsign(key, purpose, signed, max_age=HOUR)
        assert caught.value.code == "link.invalid"


@given(at=st.integers(0, 200), letter=st.sampled_from("Aa0_-.~!é"))
def test_a_changed_value_is_refused(at: int, letter: str) -> None:
    signed = security.sign(MASTER, "rating", {"complaint": 7})
    at %= len(signed) - 1  # the last letter carries spare bits
    changed = signed[:at] + letter + signed[at + 1 :]
    if changed == signed:
        assert security.unsign(MASTER, "rating", changed, max_age=HOUR)
        return
    with pytest.raises(BadInput):
        security.unsign(MASTER, "rating", changed, max_age=HOUR)


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "村" * 10, "a" * 10_000])
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        security.unsign(MASTER, "rating", text, max_age=HOUR)
    assert caught.value.code == "link.invalid"

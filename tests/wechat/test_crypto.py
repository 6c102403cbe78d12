"""Our encryption against wechatpy's, in both directions, and everything that it must refuse."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.utils import check_signature as wechatpy_check_signature

from app.core.errors import BadInput
from app.wechat import crypto
from app.wechat.errors import CallbackRefused

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP = "wx0123456789abcdef"
RAW_KEY = crypto.decode_key(KEY)
XML_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def seal_blocks(padded: bytes) -> str:
    """Any padded frame, encrypted: what a forger with the key could send."""
    encryptor = Cipher(AES(RAW_KEY), CBC(RAW_KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def framed(message: bytes, tail: bytes = APP.encode(), length: int | None = None) -> bytes:
    size = len(message) if length is None else length
    return b"r" * 16 + size.to_bytes(4, "big") + message + tail


def padded(frame: bytes) -> bytes:
    missing = 32 - len(frame) % 32
    return frame + bytes([missing]) * missing


def reason_of(encrypted: str, key: str = KEY, app_id: str = APP) -> str:
    with pytest.raises(CallbackRefused) as caught:
        crypto.decrypt(key, app_id, encrypted)
    assert caught.value.status == 400
    return caught.value.reason


@given(XML_TEXT, st.binary(min_size=16, max_size=16))
def test_wechatpy_reads_what_we_seal(text: str, random: bytes) -> None:
    sealed = crypto.encrypt(KEY, APP, text.encode(), random=random)
    assert PrpCrypto(RAW_KEY).decrypt(sealed, APP) == text


@given(XML_TEXT)
def test_we_read_what_wechatpy_seals(text: str) -> None:
    sealed = PrpCrypto(RAW_KEY).encrypt(text, APP).decode()
    frame = crypto.decrypt(KEY, APP, sealed)
    assert (frame.message.decode(), frame.tail, len(frame.random)) == (text, APP, 16)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_signatures_agree_with_wechatpy(token: str, stamp: str, nonce: str) -> None:
    wechatpy_check_signature(token, crypto.signature(token, stamp, nonce), stamp, nonce)


def test_two_sealings_of_one_text_differ() -> None:
    assert crypto.encrypt(KEY, APP, b"x") != crypto.encrypt(KEY, APP, b"x")


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_raises_anything_but_a_refusal(message: bytes, place: int, change: int) -> None:
    sealed = bytearray(base64.b64decode(crypto.encrypt(KEY, APP, message, random=b"r" * 16)))
    sealed[place % len(sealed)] ^= change
    try:
        found = crypto.decrypt(KEY, APP, base64.b64encode(sealed).decode()).tail
    except CallbackRefused as refusal:
        found = refusal.status
    # What is before the app id (random prefix, text) is covered by the request's signature, not by this.
    assert found in (APP, 400)


@given(st.text(max_size=200))
def test_any_text_in_place_of_the_cipher_is_refused(text: str) -> None:
    reason_of(text)


@pytest.mark.parametrize("last", [0, 33, 255])
def test_impossible_padding(last: int) -> None:
    frame = padded(framed(b"hello"))
    assert reason_of(seal_blocks(frame[:-1] + bytes([last]))) == "padding"


def test_every_padding_byte_counts() -> None:
    frame = framed(b"hello")
    missing = 32 - len(frame) % 32
    assert missing > 1
    assert reason_of(seal_blocks(frame + b"\x00" * (missing - 1) + bytes([missing]))) == "padding"


@pytest.mark.parametrize("size", range(32))
def test_all_paddings_from_1_to_32(size: int) -> None:
    message = b"m" * size
    assert crypto.decrypt(KEY, APP, crypto.encrypt(KEY, APP, message)).message == message


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (framed(b"hello", tail=b"wx0000000000000000"), "app_id"),
        (framed(b"hello", tail=APP.encode() + b"x"), "app_id"),
        (framed(b"hello", tail=b""), "app_id"),
        (framed(b"hello", length=4), "app_id"),
        (framed(b"hello", length=500), "message_length"),
        (framed(b"hello", length=2**32 - 1), "message_length"),
        (b"r" * 16, "frame_too_short"),
        (b"", "frame_too_short"),
    ],
)
def test_frames_that_do_not_fit(frame: bytes, reason: str) -> None:
    assert reason_of(seal_blocks(padded(frame))) == reason


@pytest.mark.parametrize(
    ("encrypted", "reason"),
    [
        ("", "ciphertext_length"),
        ("QUFB", "ciphertext_length"),
        ("not base64!", "base64"),
        ("QUFB\n", "base64"),
        ("QUF", "base64"),
        ("中文", "base64"),
        (crypto.encrypt(KEY, APP, b"x", random=b"r" * 16).replace("=", "") + "\u00e9", "base64"),
    ],
)
def test_texts_that_are_no_cipher(encrypted: str, reason: str) -> None:
    assert reason_of(encrypted) == reason


def test_another_key_opens_nothing() -> None:
    assert reason_of(crypto.encrypt(KEY, APP, b"hello" * 20), key="B" * 43) in {
        "padding",
        "frame_too_short",
        "message_length",
        "app_id",
    }


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "A" * 42 + "!", "密" * 43])
def test_a_key_typed_wrong(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        crypto.decode_key(key)
    assert caught.value.code == "wechat.aes_key"
    assert reason_of(crypto.encrypt(KEY, APP, b"x"), key=key) == "aes_key"


@pytest.mark.parametrize("given_signature", ["", "0" * 40, "签名", "\udc80"])
def test_wrong_signatures_are_403(given_signature: str) -> None:
    with pytest.raises(CallbackRefused) as caught:
        crypto.check_signature(given_signature, "token", "1", "2")
    assert caught.value.status == 403


def test_the_right_signature_passes_and_letter_case_matters() -> None:
    right = crypto.signature("AAAAA", "1714036504", "1514711492")
    assert right == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    crypto.check_signature(right, "AAAAA", "1714036504", "1514711492")
    with pytest.raises(CallbackRefused):
        crypto.check_signature(right.upper(), "AAAAA", "1714036504", "1514711492")

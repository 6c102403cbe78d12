"""Signatures and encryption of deliveries (消息加解密), stricter than the libraries.

The frame is random(16) + length(4, big-endian) + message + app id, padded by PKCS#7 to blocks of 32 bytes
(AES itself has 16), encrypted by AES-256-CBC; key and initialisation vector come from the EncodingAESKey.
Every byte of padding, the length and the app id are checked, and every mistake gives the same refusal.
Source: the platform's page on receiving pushes (消息推送).
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.core.errors import BadInput
from app.wechat.errors import CallbackRefused

BLOCK = 32
_AES_BLOCK = 16
_RANDOM = 16
_HEAD = _RANDOM + 4


@dataclass(frozen=True)
class Frame:
    """A decrypted frame: what stood before and behind the message, and the message itself."""

    random: bytes
    message: bytes
    tail: str


def signature(*parts: str) -> str:
    """SHA-1, in lower-case hex, of the parts sorted and joined, as the platform signs."""
    joined = b"".join(sorted(_signable(part) for part in parts))
    return hashlib.sha1(joined).hexdigest()  # noqa: S324  (the platform's choice)


def check_signature(given: str, *parts: str) -> None:
    """Compare `given` with the signature of `parts` in constant time. Raises CallbackRefused 403."""
    if not hmac.compare_digest(_signable(given), signature(*parts).encode("ascii")):
        raise CallbackRefused(403, "bad_signature")


def decode_key(encoding_aes_key: str) -> bytes:
    """The 32-byte key of an EncodingAESKey. Raises BadInput: somebody typed it wrong in the settings."""
    try:
        key = binascii.a2b_base64(encoding_aes_key.encode("ascii") + b"=", strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if len(key) != BLOCK:
        raise BadInput(
            "wechat.aes_key", "消息加解密密钥（EncodingAESKey）应为 43 位字母和数字，请到公众平台核对。"
        )
    return key


def decrypt(encoding_aes_key: str, app_id: str, encrypted: str) -> Frame:
    """Open the text of an `Encrypt` field. Raises CallbackRefused 400 for anything not exactly right.

    Check the signature first: it is what proves that the text came from the platform."""
    padded = _decrypt_blocks(encoding_aes_key, encrypted)
    padding = padded[-1]
    if not 1 <= padding <= BLOCK or padded[-padding:] != bytes([padding]) * padding:
        raise CallbackRefused(400, "padding")
    frame = padded[:-padding]
    if len(frame) < _HEAD:
        raise CallbackRefused(400, "frame_too_short")
    length = int.from_bytes(frame[_RANDOM:_HEAD], "big")
    if length > len(frame) - _HEAD:
        raise CallbackRefused(400, "message_length")
    message, tail = frame[_HEAD : _HEAD + length], frame[_HEAD + length :]
    if not hmac.compare_digest(tail, app_id.encode()):
        raise CallbackRefused(400, "app_id")
    return Frame(frame[:_RANDOM], message, app_id)


def encrypt(encoding_aes_key: str, app_id: str, message: bytes, *, random: bytes | None = None) -> str:
    """The text of an `Encrypt` field for `message`; `random` (16 bytes) is drawn unless given."""
    prefix = secrets.token_bytes(_RANDOM) if random is None else random
    if len(prefix) != _RANDOM:
        raise BadInput("wechat.random_prefix", "加密前缀必须是 16 字节。")
    frame = prefix + len(message).to_bytes(4, "big") + message + app_id.encode()
    padding = BLOCK - len(frame) % BLOCK
    encryptor = _cipher(encoding_aes_key).encryptor()
    sealed = encryptor.update(frame + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(sealed).decode("ascii")


def _decrypt_blocks(encoding_aes_key: str, encrypted: str) -> bytes:
    try:
        cipher = _cipher(encoding_aes_key)
    except BadInput:
        raise CallbackRefused(400, "aes_key") from None
    try:
        sealed = binascii.a2b_base64(encrypted.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise CallbackRefused(400, "base64") from None
    if not sealed or len(sealed) % _AES_BLOCK:
        raise CallbackRefused(400, "ciphertext_length")
    decryptor = cipher.decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


@functools.lru_cache(maxsize=32)
def _cipher(encoding_aes_key: str) -> Cipher[CBC]:
    key = decode_key(encoding_aes_key)
    return Cipher(AES(key), CBC(key[:_AES_BLOCK]))


def _signable(text: str) -> bytes:
    # A half surrogate cannot come from a decoded query; should one appear, it must not raise.
    return text.encode("utf-8", "surrogatepass")

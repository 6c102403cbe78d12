"""Sealing of what nobody may read without a reason: AES-256-GCM under keys that live outside the database.

A sealed value is ASCII: `v1.<key id>.<base64url of nonce and ciphertext>`. The key id says which key opens
it, so that keys can be changed one value after the other. The place a value belongs to (its `context`, such
as `complaint:42:name`) is authenticated: a sealed value copied to another row does not open there. Values are
padded, because the length of a name tells who it is in a small village.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import AppError, Unavailable

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
BLOCK = 64
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(AppError):
    """A sealed value is damaged, was changed, or belongs to another place (500, `seal.broken`)."""


class Sealer:
    """Seals with the key `current` and opens with any of `keys` (key id → 32 bytes).

    Raises ValueError for a key of another length, an odd key id, or an unknown `current`."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        if current not in keys:
            raise ValueError("the current key is not among the keys")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id) or len(key) != KEY_BYTES:
                raise ValueError("a sealing key has an id of letters and digits, and 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    @property
    def current(self) -> str:
        """The id of the key that seals now."""
        return self._current

    def seal(self, text: str, *, context: str) -> str:
        """`text` sealed for `context`; two seals of the same text differ."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _bound(self._current, context)
        body = nonce + self._ciphers[self._current].encrypt(nonce, _pad(text.encode()), bound)
        return f"{VERSION}.{self._current}.{base64.urlsafe_b64encode(body).decode('ascii')}"

    def open(self, sealed: str, *, context: str) -> str:
        """The text that was sealed for `context`.

        Raises SealBroken when the value does not open, Unavailable (`seal.key_missing`) without its key."""
        key = key_id(sealed)
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise Unavailable("seal.key_missing", "打不开封存的内容：缺少密钥，请联系系统管理员。", key=key)
        try:
            body = base64.b64decode(sealed.split(".", 2)[2], altchars=b"-_", validate=True)
            nonce, ciphertext = body[:NONCE_BYTES], body[NONCE_BYTES:]
            padded = cipher.decrypt(nonce, ciphertext, _bound(key, context))
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise _broken() from error
        return _unpad(padded).decode()

    def needs_rotation(self, sealed: str) -> bool:
        """Whether `sealed` still depends on another key than the current one."""
        return key_id(sealed) != self._current

    def rotate(self, sealed: str, *, context: str) -> str:
        """The same text under the current key; unchanged if it is there already. Raises as `open`."""
        if not self.needs_rotation(sealed):
            return sealed
        return self.seal(self.open(sealed, context=context), context=context)


def key_id(sealed: str) -> str:
    """The id of the key that opens `sealed`. Raises SealBroken for anything that is no sealed value."""
    parts = sealed.split(".", 2)
    if len(parts) != 3 or parts[0] != VERSION or not _KEY_ID.fullmatch(parts[1]):
        raise _broken()
    return parts[1]


def _broken() -> SealBroken:
    return SealBroken("seal.broken", "封存的内容已损坏或被改动，请联系系统管理员。")


def _bound(key: str, context: str) -> bytes:
    return f"{VERSION}\x00{key}\x00{context}".encode()


def _pad(plain: bytes) -> bytes:
    return plain + b"\x80" + bytes(-(len(plain) + 1) % BLOCK)


def _unpad(padded: bytes) -> bytes:
    return padded[: padded.rindex(b"\x80")]

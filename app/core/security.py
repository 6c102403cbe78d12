"""Keys, digests, passwords and signed values. Every key is derived from the master secret by purpose."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer
from itsdangerous.timed import TimestampSigner
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError

from app.core import clock
from app.core.errors import BadInput

KEY_BYTES = 32
MINIMUM_MASTER_BYTES = 16
PASSWORD_LIMIT = 256
SIGNED_LIMIT = 4096


def derive_key(master: bytes, purpose: str) -> bytes:
    """A 256-bit key for one `purpose` (HKDF-SHA256, RFC 5869): keys of other purposes tell nothing of it.

    Raises ValueError for a master secret under 128 bits or an empty purpose."""
    if len(master) < MINIMUM_MASTER_BYTES or not purpose:
        raise ValueError("needs a master secret of 16 bytes or more, and a purpose")
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"mashang:" + purpose.encode()).derive(master)


def digest(key: bytes, text: str) -> str:
    """HMAC-SHA256 of `text` as hex: how receipts and tokens are stored and looked up."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _dummy() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """The Argon2id hash to store. Raises BadInput (`password.too_long`) above 256 characters."""
    if len(password) > PASSWORD_LIMIT:
        raise BadInput("password.too_long", f"密码最多 {PASSWORD_LIMIT} 个字。")
    return _hasher().hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `password` belongs to the hash `stored`; for an unknown user pass None: it takes as long
    and answers False. A damaged hash is a False too."""
    tried = password[: PASSWORD_LIMIT + 1]
    try:
        matches = _hasher().verify(tried, stored or _dummy())
    except PwdlibError:
        return False
    return matches and stored is not None


class _Signer(TimestampSigner):
    """Stamps with the product's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def _serializer(key: bytes, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        derive_key(key, f"sign:{purpose}"),
        salt=purpose,
        signer=_Signer,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def sign(key: bytes, purpose: str, data: object) -> str:
    """`data` (anything JSON takes; readable to everybody) as a URL-safe text signed for `purpose`.

    `key` is the master secret. A value signed for one purpose is refused for any other."""
    text = _serializer(key, purpose).dumps(data)
    return text if isinstance(text, str) else text.decode("ascii")


def unsign(key: bytes, purpose: str, signed: str, *, max_age: timedelta) -> object:
    """The data of a signed value that is not older than `max_age`.

    Raises BadInput: `link.expired` when it is too old, `link.invalid` when it was never ours."""
    ours = len(signed) <= SIGNED_LIMIT and signed.isascii()
    try:
        return _serializer(key, purpose).loads(signed if ours else "", max_age=int(max_age.total_seconds()))
    except SignatureExpired as error:
        raise BadInput("link.expired", "这个链接已经过期，请重新打开页面再试。") from error
    except BadData as error:
        raise BadInput("link.invalid", "这个链接不完整或已失效，请重新打开页面再试。") from error

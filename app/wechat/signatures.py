"""Signatures and encrypted data for pages: JS-SDK, rawData, session and encryptedData.

Source: the platform's pages on the JS-SDK (附录 1) and on the signing of open data (开放数据校验与解密).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.core import clock
from app.wechat.errors import DataRefused

_KEY = _BLOCK = 16


def jssdk(ticket: str, *, noncestr: str, timestamp: int | str, url: str) -> str:
    """The signature of `wx.config` for the page at `url`; what follows `#` is not part of it."""
    page = url.split("#", 1)[0]
    text = f"jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324  (the platform's choice)


def raw_data(raw: str, session_key: str) -> str:
    """The signature of `rawData`, taken as received, byte for byte; the key is used as its base64 text."""
    return hashlib.sha1((raw + session_key).encode()).hexdigest()  # noqa: S324  (the platform's choice)


def check_raw_data(raw: str, session_key: str, given: str) -> None:
    """Raise DataRefused unless `given` signs `raw`."""
    if not hmac.compare_digest(raw_data(raw, session_key).encode(), given.encode()):
        raise DataRefused("raw_data_signature")


def session(session_key: str, data: str = "") -> str:
    """HMAC-SHA-256 of `data` under the session key's base64 text, as `checksession` wants it."""
    return hmac.new(session_key.encode(), data.encode(), hashlib.sha256).hexdigest()


def decrypt_user_data(
    app_id: str, *, session_key: str, iv: str, encrypted: str, max_age: timedelta | None = None
) -> dict[str, Any]:
    """The JSON inside `encryptedData`, after its watermark was found to name `app_id`.

    With `max_age`, older data are refused as well. The cipher has no authentication of its own: the watermark
    is all there is, so prefer a code that the server exchanges. Raises DataRefused."""
    key, vector, sealed = _bytes(session_key), _bytes(iv), _bytes(encrypted)
    if len(key) != _KEY or len(vector) != _BLOCK:
        raise DataRefused("key_length")
    if not sealed or len(sealed) % _BLOCK:
        raise DataRefused("ciphertext_length")
    decryptor = Cipher(AES128(key), CBC(vector)).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    padding = padded[-1]
    if not 1 <= padding <= _BLOCK or padded[-padding:] != bytes([padding]) * padding:
        raise DataRefused("padding")
    data = _json_object(padded[:-padding])
    _check_watermark(data.get("watermark"), app_id, max_age)
    return data


def _bytes(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise DataRefused("base64") from None


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise DataRefused("json") from None
    if not isinstance(data, dict):
        raise DataRefused("json")
    return data


def _check_watermark(watermark: object, app_id: str, max_age: timedelta | None) -> None:
    if not isinstance(watermark, dict) or watermark.get("appid") != app_id:
        raise DataRefused("watermark_appid")
    if max_age is None:
        return
    stamp = watermark.get("timestamp")
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 <= stamp <= 2**40:
        raise DataRefused("watermark_time")
    if abs(clock.now() - datetime.fromtimestamp(stamp, clock.SHANGHAI)) > max_age:
        raise DataRefused("watermark_time")

"""Numbers and tokens that people and links carry. All are random: none tells how many there are or which
came first."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import date

# Crockford's base 32 without I, L, O, U: nobody misreads it on the phone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_DIGITS = 16
SCENE_RANDOM = 26  # 130 bits; with a prefix of up to five characters it still fits 32

_DASHES = re.compile(r"[\s\-_.‐-―−·]+")
_READ_AS = str.maketrans("ILOU", "110V")
_PREFIX = re.compile(r"[a-z]{1,5}")


def token() -> str:
    """A secret of 256 bits for links, sessions and API access; only its digest may be stored."""
    return secrets.token_urlsafe(32)


def receipt() -> str:
    """A 16-digit receipt (查询码) for an anonymous matter; only its digest may be stored."""
    return "".join(secrets.choice("0123456789") for _ in range(RECEIPT_DIGITS))


def spaced(digits: str) -> str:
    """A receipt as it is shown: 1234 5678 9012 3456."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def receipt_digits(typed: str) -> str | None:
    """The 16 digits of a receipt as a person typed it (spaces, dashes, full-width), or None if it is none."""
    plain = _DASHES.sub("", unicodedata.normalize("NFKC", typed[:100]))
    return plain if re.fullmatch(r"[0-9]{16}", plain) else None


def complaint_number(day: date) -> str:
    """A public number such as GD20261123-4F7K (工单号): the day and four random characters.

    ASCII and shorter than 32 characters, as WeChat's `character_string` wants it. A million numbers a day:
    the caller has a unique key and draws again when it is hit."""
    return f"GD{day:%Y%m%d}-{_random(4)}"


def campaign_number(day: date) -> str:
    """The number of a self-check (自查), such as ZC20261123-4F7K, made as a complaint's."""
    return f"ZC{day:%Y%m%d}-{_random(4)}"


def normalise_number(typed: str) -> str:
    """A public number as typed by a person, in the form in which it is stored; letters that look like
    digits are read as those. An unrecognisable text comes back upper-case and unchanged."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", typed[:40])).upper()
    match = re.fullmatch(r"GD(\d{8})[-‐-―−_]?([0-9A-Z]{4})", plain)
    return f"GD{match[1]}-{match[2].translate(_READ_AS)}" if match else plain


def scene_token(prefix: str) -> str:
    """A one-time scene for a QR code, such as `bind_…`: at most 32 lower-case letters, digits and one `_`,
    which both the Official Account (64) and the Mini Program (32) accept. `prefix`: 1 to 5 letters a–z."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("a scene prefix has one to five letters a-z")
    return f"{prefix}_{_random(SCENE_RANDOM).lower()}"


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))

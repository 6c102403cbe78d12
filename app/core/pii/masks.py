"""How single values are shown: enough to recognise one's own, too little to use."""

from __future__ import annotations

import re

from app.core.pii.folding import fold
from app.core.text import surname, surname_and_masked


def mask_name(name: str) -> str:
    """王小明 → 王**; always two stars."""
    return surname_and_masked(name)[1]


def mask_minor(name: str) -> str:
    """王小明 → 王某: a child's name never stands in the open."""
    first = surname(name)
    return f"{first}某" if first else ""


def mask_phone(number: str) -> str:
    """138****1234. A number that is no mobile number keeps its last two digits."""
    digits = re.sub(r"\D", "", fold(number)[0])
    if len(digits) >= 11 and digits[-11] == "1":
        return f"{digits[-11:-8]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if len(digits) > 4 else "****"


def mask_id(number: str) -> str:
    """First three and last two characters: 330*************2X. For inside use; the public sees no number."""
    plain = re.sub(r"[^0-9X]", "", fold(number)[0])
    return f"{plain[:3]}{'*' * (len(plain) - 5)}{plain[-2:]}" if len(plain) > 8 else "****"


def mask_bank(number: str) -> str:
    """Last four digits: **** 1234."""
    digits = re.sub(r"\D", "", fold(number)[0])
    return f"**** {digits[-4:]}" if len(digits) > 8 else "****"

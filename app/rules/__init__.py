"""The early-warning rules (预警规则), one file each. `ALL_RULES` is the list that runs."""

from __future__ import annotations

from typing import Any

from app.rules.base import Rule
from app.rules.contract_expiring import ContractExpiring

ALL_RULES: tuple[Rule[Any], ...] = (ContractExpiring(),)


def by_key(key: str) -> Rule[Any] | None:
    """The rule with this key, or None."""
    return next((rule for rule in ALL_RULES if rule.key == key), None)

"""What a change makes of a row, and whether it may: shared by single changes and imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.core import clock
from app.core.errors import BadInput
from app.services.ledgers.base import Ledger, Values
from app.services.ledgers.words import name_key


def settle(ledger: Ledger, before: Values, given: Values) -> Values:
    """The row after `given`, derived anew: with the day from which a new state holds (today, where nobody
    says), and the kind of party that a new name tells."""
    after = before | given
    for state, since in ledger.since:
        if after[state] != before[state] and since not in given:
            after[since] = clock.today()
    for name in given:
        kind = f"{name}_kind"
        if kind in after and kind not in given and given[name] != before[name]:
            after[kind] = None
    if all(after.get(one.attribute) not in (None, "") for one in ledger.fields if one.column.required):
        ledger.derive(after)
    for name in ledger.fixed:
        if _told(ledger, name) and name_key(str(before[name])) == name_key(str(after[name])):
            after[name] = before[name]  # another spelling of the same name is no change
    return after


def difference(ledger: Ledger, before: Values, after: Values) -> list[str]:
    """The attributes that say something else now; what is only derived does not count."""
    return [
        name
        for name in ledger.attributes
        if name not in ledger.derived and before.get(name) != after.get(name)
    ]


def fixed_fault(ledger: Ledger, changed: Sequence[str]) -> BadInput | None:
    """The error about a change of what never changes once entered."""
    wrong = next((name for name in changed if name in ledger.fixed), None)
    if wrong is None:
        return None
    one = ledger.by_key[wrong]
    return BadInput(
        "ledger.fixed",
        f"「{one.column.label}」和已入账的不同，入账后不能改，请作废原来那一笔再重新录入。",
        field=one.key,
    )


def facts(ledger: Ledger, values: Any) -> tuple[Any, ...]:
    """What makes two lines of one voucher the same: what is fixed, names as they are compared."""
    get = values.get if isinstance(values, dict) else lambda name: getattr(values, name)
    return tuple(
        name_key(str(get(name))) if _told(ledger, name) else get(name)
        for name in ledger.fixed
        if name != "line"
    )


def _told(ledger: Ledger, name: str) -> bool:
    """Whether the attribute is a name as it was written, for which its key stands."""
    return f"{name}_key" in ledger.derived

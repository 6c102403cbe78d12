"""What a run does with one subject, decided by pure functions that name their reason."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.models.rules import Colour
from app.models.warnings import WarningState
from app.rules.base import MOST_ROWS


class Change(enum.StrEnum):
    """What a run does with one subject, and why.

    fired: first, or anew after it was closed; worse, better: another colour; refired: it was clear; repeated:
    still open and nobody has taken it in hand; returned: new evidence came while a proposal waited; same:
    nothing new; settled: the same evidence as was explained before; cleared: the data say so; still_clear:
    and go on saying so; unknown: data are lacking to judge it; unexplained: it no longer fires, and nothing
    says why."""

    FIRED = "fired"
    WORSE = "worse"
    BETTER = "better"
    REFIRED = "refired"
    REPEATED = "repeated"
    RETURNED = "returned"
    SAME = "same"
    SETTLED = "settled"
    CLEARED = "cleared"
    STILL_CLEAR = "still_clear"
    UNKNOWN = "unknown"
    UNEXPLAINED = "unexplained"


PUSHED = frozenset({Change.FIRED, Change.WORSE, Change.REFIRED, Change.REPEATED, Change.RETURNED})
"""People are told of these; of the others they are not."""
ANEW = frozenset({Change.FIRED, Change.REFIRED})
"""The deadlines begin from the start."""
SILENT = frozenset({Change.SAME, Change.SETTLED, Change.STILL_CLEAR, Change.UNKNOWN, Change.UNEXPLAINED})
"""These leave no step in the life of a warning."""


@dataclass(frozen=True)
class Known:
    """What a decision needs to know of the open warning of a subject. `grown`: ledger rows have come that it
    does not rest on yet; `told_days`: how long ago people were last told, None when they were not, or when
    they are not to be told at present."""

    colour: Colour
    state: WarningState
    grown: bool = False
    told_days: int | None = None


@dataclass(frozen=True)
class Settled:
    """The last episode of a subject that was closed as explained, false alarm or transferred. `grown`: the
    ledger has rows now that it did not rest on."""

    colour: Colour
    grown: bool = False


def decide(
    found: Colour | None, known: Known | None, settled: Settled | None = None, *, repeat_days: int = 0
) -> Change:
    """Compare a finding's colour (None: clear) with the open warning of its subject (None: none), or with
    the episode that settled it. Nobody is told again before `repeat_days` (0: never)."""
    if known is None:
        return _first(found, settled)
    if found is None:
        return Change.STILL_CLEAR if known.state == WarningState.CLEARED else Change.CLEARED
    if known.state == WarningState.CLEARED:
        return Change.REFIRED
    if found != known.colour:
        return Change.WORSE if found == Colour.RED else Change.BETTER
    if known.state == WarningState.PROPOSED and known.grown:
        return Change.RETURNED
    waited = known.told_days is not None and known.told_days >= repeat_days > 0
    return Change.REPEATED if waited and known.state == WarningState.OPEN else Change.SAME


def _first(found: Colour | None, settled: Settled | None) -> Change:
    if found is None:
        return Change.STILL_CLEAR
    if settled is None or settled.grown or (found == Colour.RED and settled.colour == Colour.YELLOW):
        return Change.FIRED
    return Change.SETTLED


def grown(before: Mapping[str, Any], before_signature: str, now: Mapping[str, Any], signature: str) -> bool:
    """Whether evidence rests on ledger rows that it did not rest on before. Rows that left (a window moved
    on, one was voided) are no news; where not all keys were kept, every other signature is."""
    if before_signature == signature:
        return False
    whole = all(
        evidence.get("rows") is not None and evidence.get("row_count", 0) <= MOST_ROWS
        for evidence in (before, now)
    )
    if not whole:
        return True
    return not set(map(str, now["rows"])) <= set(map(str, before["rows"]))

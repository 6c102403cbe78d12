"""码上知: the figures of an item beside those of the period before (和上期比). What cannot be compared
honestly gets no words: no period, no item or several in the period before, another unit, no number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import money
from app.core.errors import BadInput
from app.models import Disclosure, DisclosureVersion
from app.models.disclosures import DisclosureState

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
QUARTER = re.compile(r"(\d{4})-Q([1-4])")
YEAR = re.compile(r"\d{4}")
NUMBER = re.compile(r"([-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-+]?\d+(?:\.\d+)?)([^\d.,]{0,6})")
MONEY = re.compile(r"[¥￥]|[元圆块]")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one figure. `direction` is -1, 0 or 1; `text` says it: 比上月多 1.2 万元（+12%）."""

    direction: int
    text: str


def changes(session: Session, *, disclosure: Disclosure, version: DisclosureVersion) -> dict[str, Change]:
    """For each figure of `version` that can be compared: its change against the period before.

    Compared are the same labels in the one item of the same village and category of that period."""
    earlier = before(disclosure.period or "")
    if earlier is None or not version.figures:
        return {}
    spoken, period = earlier
    past = session.execute(
        select(DisclosureVersion.figures)
        .join(Disclosure, Disclosure.id == DisclosureVersion.disclosure_id)
        .where(
            Disclosure.village_id == disclosure.village_id,
            Disclosure.category_code == disclosure.category_code,
            Disclosure.kind == disclosure.kind,
            Disclosure.state == DisclosureState.PUBLISHED,
            Disclosure.period == period,
            DisclosureVersion.number == Disclosure.current_version,
        )
        .limit(2)
    ).all()
    if len(past) != 1:
        return {}
    compared = {label: _change(spoken, past[0][0].get(label), now) for label, now in version.figures.items()}
    return {label: change for label, change in compared.items() if change is not None}


def is_number(value: object) -> bool:
    """Whether a figure is one number with its unit, to be set large; else it is a word or a sentence."""
    return _read(value) is not None


def before(period: str) -> tuple[str, str] | None:
    """How people call the period before, and its key: 2026-01 → (上月, 2025-12). None for anything else."""
    if found := MONTH.fullmatch(period):
        year, month = int(found[1]), int(found[2])
        return "上月", f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02d}"
    if found := QUARTER.fullmatch(period):
        year, quarter = int(found[1]), int(found[2])
        return "上季度", f"{year - 1}-Q4" if quarter == 1 else f"{year}-Q{quarter - 1}"
    if YEAR.fullmatch(period):
        return "上年", f"{int(period) - 1:04d}"
    return None


def _change(spoken: str, then: object, now: object) -> Change | None:
    past, present = _read(then), _read(now)
    if past is None or present is None or past[1] != present[1]:
        return None
    difference, unit = present[0] - past[0], present[1]
    if difference == 0:
        return Change(0, f"和{spoken}一样")
    more = "多" if difference > 0 else "少"
    share = ""
    if past[0] > 0 and unit != "%":
        percent = (difference / past[0] * 100).to_integral_value(ROUND_HALF_UP)
        share = f"（{percent:+f}%）" if percent else ""
    return Change(1 if difference > 0 else -1, f"比{spoken}{more} {_said(abs(difference), unit)}{share}")


def _said(amount: Decimal, unit: str) -> str:
    if unit == "分":
        return money.spoken(int(amount))
    if unit == "%":
        return f"{amount.normalize():f} 个百分点"
    return f"{amount.normalize():,f} {unit}".rstrip()


def _read(value: object) -> tuple[Decimal, str] | None:
    """A figure as number and unit; money in fen, of the unit 分. None when it is not one number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    plain = unicodedata.normalize("NFKC", str(value)).replace(" ", "")
    if MONEY.search(plain):
        try:
            return Decimal(money.parse_yuan(plain)), "分"
        except BadInput:
            return None
    found = NUMBER.fullmatch(plain)
    return (Decimal(found[1].replace(",", "")), found[2]) if found else None

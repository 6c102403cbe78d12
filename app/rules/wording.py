"""How rules write figures and days for people."""

from __future__ import annotations

from datetime import date

from app.core import clock, money


def day(iso: str | date) -> str:
    """「2026年4月15日」 from ISO text."""
    return clock.spoken_day(date.fromisoformat(iso) if isinstance(iso, str) else iso)


def yuan(fen: int) -> str:
    """「1.5万元」 or 「1,234.50 元」 from fen."""
    return money.yuan(fen)


def percent(share: float) -> str:
    """「63 %」 from 0.63."""
    return f"{round(float(share) * 100)}%"

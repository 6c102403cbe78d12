"""The only clock of the product. Times are aware UTC inside and Asia/Shanghai outside."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The present date in Asia/Shanghai."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """`moment` on the clocks of Asia/Shanghai."""
    return moment.astimezone(SHANGHAI)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """The UTC moment at which clocks in Asia/Shanghai show `day` `hour`:`minute`."""
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)


def whole_day(moment: datetime) -> datetime:
    """Midnight in Asia/Shanghai of the day of `moment`: the only time kept for anonymous matters."""
    return at(local(moment).date())


def spoken(moment: datetime) -> str:
    """`moment` as people read it: 2026年3月5日 09:30."""
    here = local(moment)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def spoken_day(day: date) -> str:
    """`day` as people read it: 2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"

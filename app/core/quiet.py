"""Quiet hours (免打扰时段): a span of each night in which people are not disturbed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

from app.core import clock

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"(?P<begin>{_TIME})-(?P<end>{_TIME})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to before `end` by the clocks of Asia/Shanghai, over midnight when `end` is earlier."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours | None:
        """「21:00-07:30」; None for an empty text. Raises ValueError for anything else."""
        if not text.strip():
            return None
        found = _SPAN.fullmatch(text.strip())
        if found is None or found["begin"] == found["end"]:
            raise ValueError("quiet hours are written as 21:00-07:30")
        return cls(time.fromisoformat(found["begin"]), time.fromisoformat(found["end"]))

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in the span."""
        at = clock.local(moment).time()
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

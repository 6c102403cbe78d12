"""Limits on tries: logins, receipts, anonymous filings. Addresses are counted in memory only, under a key
that changes every day, and leave no trace."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from fastapi import Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.core import clock
from app.core.errors import TooMany


class Limiter:
    """Counters of one process."""

    def __init__(self) -> None:
        self._counters = MovingWindowRateLimiter(MemoryStorage())
        self._day: date | None = None
        self._key = b""

    def hit(self, request: Request, name: str, *rates: str) -> None:
        """Count one try of `name` from the caller's address against rates such as "10/minute".

        Raises TooMany over the limit. The address is the peer's; a proxy must set it (uvicorn's
        forwarded-allow-ips), so that a forged header counts for nothing."""
        peer = request.client.host if request.client else "unknown"
        for rate in rates:
            item = parse(rate)
            if not self._counters.hit(item, name, self._blind(peer)):
                raise TooMany("request.too_many", "操作太频繁，请稍后再试。", retry_after=_seconds(item))

    def _blind(self, address: str) -> str:
        today = clock.today()
        if self._day != today:
            self._day, self._key = today, secrets.token_bytes(32)
        return hashlib.blake2b(address.encode(), key=self._key, digest_size=12).hexdigest()


def _seconds(item: RateLimitItem) -> int:
    return int(item.get_expiry())

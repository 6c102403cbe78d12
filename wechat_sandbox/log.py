"""What happened in the sandbox, in order: calls received, callbacks delivered, chat messages."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from wechat_sandbox.clock import Clock

SECRET_KEYS = {"access_token", "secret", "appsecret", "session_key", "refresh_token"}


def masked(value: Any) -> Any:
    """A copy with tokens and secrets shortened to their first characters."""
    if isinstance(value, dict):
        return {
            key: f"{str(item)[:6]}…" if key in SECRET_KEYS and item else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


class Log:
    """A ring of entries with ever-growing sequence numbers."""

    def __init__(self, clock: Clock, size: int) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=size)
        self.seq = 0

    def add(self, kind: str, persona: str | None, **fields: Any) -> dict[str, Any]:
        """Append an entry and return it (the caller may fill in the result later)."""
        self.seq += 1
        entry = {"seq": self.seq, "time": self._clock.iso(), "kind": kind, "persona": persona, **fields}
        self._entries.append(entry)
        return entry

    def read(
        self, since: int = 0, kind: str | None = None, persona: str | None = None
    ) -> list[dict[str, Any]]:
        """Entries after `since`, oldest first, optionally of one kind or person."""
        return [
            entry
            for entry in self._after(since)
            if (kind is None or entry["kind"] == kind) and (persona is None or entry["persona"] == persona)
        ]

    def clear(self) -> None:
        """Forget the entries; numbers go on growing."""
        self._entries.clear()

    def _after(self, since: int) -> Iterator[dict[str, Any]]:
        return (entry for entry in self._entries if entry["seq"] > since)

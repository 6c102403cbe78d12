"""A small proof of work (工作量证明) for forms that are open to everybody: it costs a phone a fraction of a
second and a flood a lot, and knows nobody."""

from __future__ import annotations

import hashlib
from itertools import count

BITS = 14
"""Zero bits that the digest begins with: 16,384 tries on average, some 0.3 s of script on a small phone."""
LONGEST = 20


def solved(challenge: str, answer: str) -> bool:
    """Whether SHA-256 of `challenge:answer` begins with `BITS` zero bits."""
    if not answer or len(answer) > LONGEST or not answer.isascii() or not answer.isdigit():
        return False
    head = hashlib.sha256(f"{challenge}:{answer}".encode()).digest()[:4]
    return int.from_bytes(head, "big") >> (32 - BITS) == 0


def solve(challenge: str) -> str:
    """The first answer, as the form's script finds it."""
    return next(str(number) for number in count() if solved(challenge, str(number)))

"""Tokens of anonymous forms (匿名表单): they stop scripts and double taps without knowing anybody.

A token is signed and carries nothing but its time and a random number; that it was used is kept by
`submissions`, as a digest and under the whole day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.core import clock, ids, puzzles, security
from app.core.errors import BadInput
from app.core.keys import Keys
from app.services import submissions

PURPOSE = "anonymous-form"
SHORTEST = timedelta(seconds=2)
SHORTEST_PLAIN = timedelta(seconds=4)
LONGEST = timedelta(hours=2)


def issue(keys: Keys) -> str:
    """A token for one form that is opened now."""
    return security.sign(keys.master, PURPOSE, [clock.now().timestamp(), ids.token()])


@dataclass(frozen=True)
class Spent:
    """A form's one use: the receipt (查询码) that belongs to it, and whether it was `repeated`."""

    receipt: str
    repeated: bool


def spend(session: Session, *, keys: Keys, token: str, proof: str = "") -> Spent:
    """Use the token up, in the transaction that takes the form in and leaves the audit row. A repetition has
    the receipt of the first time, so that a double tap loses nobody's way to the answer.

    Raises BadInput when it is not ours, too old (two hours) or younger than a person types: two seconds
    with the answer to its puzzle (`core.puzzles`), four without."""
    data = security.unsign(keys.master, PURPOSE, token, max_age=LONGEST)
    opened, nonce = data if isinstance(data, list) else (0.0, "")
    shortest = SHORTEST if puzzles.solved(token, proof) else SHORTEST_PLAIN
    if clock.now().timestamp() - opened < shortest.total_seconds():
        raise BadInput("form.too_fast", "提交得太快了，请核对内容后再提交一次。")
    repeated = submissions.begin(session, nonce=nonce, keys=keys, coarse=True).repeated
    return Spent(keys.receipt_of(nonce), repeated)

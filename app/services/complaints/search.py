"""Finding complaints by words (全文检索), for the offices: what people wrote, where it is, its number.

The tokens are those of `services.search`: every character and every pair, so that 路灯 and 低保 are found by
index. Who may find what, `access_complaints` says in the same statement."""

from __future__ import annotations

import re
import uuid

from sqlalchemy import bindparam, cast, select, update
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from app.core import ids
from app.models import Complaint
from app.services import search as words_index
from app.services.access_base import Condition

BATCH = 500
NUMBER = re.compile(r"[A-Za-z]{2}[\s\-—]*[0-9][0-9A-Za-z\s\-—]*")


def written(village_id: uuid.UUID, content: str, place: str) -> str:
    """What a complaint is found by, as PostgreSQL reads a `tsvector`."""
    return words_index.vector(village_id, (("A", place), ("C", content)))


def index(session: Session, complaint: Complaint) -> None:
    """Make the complaint findable by what it says and where it is."""
    tokens = written(complaint.village_id, complaint.content, complaint.place)
    table = Complaint.__table__
    session.execute(
        update(table).where(table.c.id == complaint.id).values(tokens=cast(tokens, TSVECTOR))  # type: ignore[arg-type]
    )


def matching(typed: str) -> Condition:
    """SQL over `Complaint`: its number is this, or it holds all these words. Raises BadInput when there is
    nothing to look for, or too much."""
    number = Complaint.number == ids.normalise_number(typed)
    if NUMBER.fullmatch(typed.strip()):
        return number
    return Complaint.tokens.op("@@")(cast(words_index.question(typed), TSQUERY))


def backfill(session: Session, *, limit: int = BATCH) -> int:
    """Index up to `limit` complaints that are not findable yet (of an older version); how many."""
    rows = session.execute(
        select(Complaint.id, Complaint.village_id, Complaint.content, Complaint.place)
        .where(Complaint.tokens.is_(None), Complaint.erased_at.is_(None))
        .order_by(Complaint.id)
        .limit(limit)
    ).all()
    if rows:
        table, tokens = Complaint.__table__, cast(bindparam("written"), TSVECTOR)
        session.connection().execute(
            update(table).where(table.c.id == bindparam("key")).values(tokens=tokens),  # type: ignore[arg-type]
            [{"key": row.id, "written": written(row.village_id, row.content, row.place)} for row in rows],
        )
    return len(rows)

"""Who signed up, for the village's office and its town. Each reading leaves an audit row."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.keys import Keys
from app.models import Tender, TenderSignUp
from app.services import access_interaction
from app.services.actors import Actor
from app.services.tenders import sign_ups
from app.services.tenders.lifecycle import record

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Line:
    """One who signed up: running number, when, and the answers under their labels."""

    number: int
    signed_up_at: datetime
    answers: dict[str, str]


@dataclass(frozen=True)
class SignUpList:
    """The opened list of a tender; `labels` are its columns."""

    tender: Tender
    labels: tuple[str, ...]
    lines: tuple[Line, ...]


def read(
    session: Session, *, acting: Actor, tender_id: uuid.UUID, keys: Keys, action: str = "sign_ups_read"
) -> SignUpList:
    """Open the list; withdrawn ones are not in it. Raises NotFound, Forbidden outside the office."""
    tender = access_interaction.access_tender(session, acting, tender_id)
    access_interaction.require_tender_office(session, acting, tender.village_id)
    labels = dict(sign_ups.labels(tender))
    rows = session.scalars(
        select(TenderSignUp)
        .where(TenderSignUp.tender_id == tender.id, TenderSignUp.withdrawn_at.is_(None))
        .order_by(TenderSignUp.number)
    ).all()
    lines = []
    for row in rows:
        stated = sign_ups.opened(row, keys)
        named = {label: stated.get(key, "") for key, label in labels.items()}
        lines.append(Line(row.number, row.created_at, named))
    record(session, acting, action, tender, rows=len(lines))
    return SignUpList(tender, tuple(labels.values()), tuple(lines))


def as_csv(session: Session, *, acting: Actor, tender_id: uuid.UUID, keys: Keys) -> tuple[SignUpList, bytes]:
    """The list as a CSV file that spreadsheets read (UTF-8 with a mark); cells that they would take for
    formulas are quoted. Raises as `read`."""
    opened = read(session, acting=acting, tender_id=tender_id, keys=keys, action="sign_ups_downloaded")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["序号", *opened.labels])
    for line in opened.lines:
        writer.writerow([line.number, *(_plain(line.answers[label]) for label in opened.labels)])
    return opened, b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell

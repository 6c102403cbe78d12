"""Questions and objections that a village let lie: its town's inspectors are told, once a week for each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core import clock
from app.models import Objection, Question
from app.services import audit, inquiries, objections, questions
from app.services.actors import System

BATCH = 1000
ACTING = System("inquiries.remind")


def remind(session: Session) -> int:
    """Tell the town of every open question and objection whose day has passed; how many there are. Telling
    again within the week is left out by the message's key."""
    late: list[tuple[str, str, Sequence[Question | Objection]]] = [
        ("question", "村民提问逾期未答复", questions.overdue(session, limit=BATCH)),
        ("objection", "公示异议逾期未答复", objections.overdue(session, limit=BATCH)),
    ]
    year, week, _ = clock.today().isocalendar()
    for noun, task, rows in late:
        for row in rows:
            inquiries.tell_officers(
                session,
                inquiries.town_inspectors(session, row.village_id),
                task=task,
                village_id=row.village_id,
                noun=noun,
                noun_id=row.id,
                path=f"/desk/{noun}s/{row.id}",
                occasion=f"overdue:{year}-{week}",
            )
    total = sum(len(rows) for _, _, rows in late)
    if total:
        audit.record(session, acting=ACTING, action="reminded", noun="inquiry", noun_id="overdue", rows=total)
    return total

"""Who is told about a warning: the village's liaison officers and the town's office, once per change."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core import clock
from app.models import EarlyWarning, Organisation
from app.models.delivery import MessageClass, MessageKind
from app.models.people import Role
from app.models.rules import Colour
from app.rules import by_key
from app.services import officers, outbox

COLOUR_NAMES = {Colour.YELLOW: "黄色预警", Colour.RED: "红色预警"}


def push(session: Session, warning: EarlyWarning, *, change: str) -> int:
    """Queue the template messages for a change of a warning; returns how many were new."""
    village = session.get_one(Organisation, warning.village_id)
    told = officers.holders(session, village.id, Role.LIAISON_OFFICER)
    if village.parent_id is not None:
        told += officers.holders(session, village.parent_id, Role.TOWN_INSPECTOR)
    rule = by_key(warning.rule)
    queued = [
        outbox.enqueue(
            session,
            kind=MessageKind.WARNING_FIRED,
            officer_id=officer.id,
            village_id=village.id,
            subject_kind="warning",
            subject_id=str(warning.id),
            data={
                "title": rule.title if rule else warning.title,
                "village": village.name,
                "colour": COLOUR_NAMES[warning.colour],
                "fired_at": clock.spoken(clock.now()),
            },
            path=f"/desk/warnings/{warning.id}",
            key=f"warning:{warning.id}:{change}:{officer.id}",
            message_class=MessageClass.URGENT if warning.colour == Colour.RED else MessageClass.ORDINARY,
        )
        for officer in dict.fromkeys(told)
    ]
    return sum(message is not None for message in queued)

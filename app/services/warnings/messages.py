"""What officers read about warnings: one message for one warning, or one for several."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core import clock
from app.models import EarlyWarning, OutgoingMessage, WarningNotice
from app.models.delivery import MessageClass, MessageKind
from app.models.rules import Colour
from app.rules import by_key
from app.services import outbox
from app.services.warnings.names import COLOURS

COLOUR_NAMES = COLOURS
SUBJECT, DIGEST_SUBJECT = "warning", "warnings"
BEGINNINGS = {"escalated": "督办：", "repeated": "再次提醒："}


@dataclass(frozen=True)
class Told:
    """A warning of which an officer is to be told, and where it is."""

    notice: WarningNotice
    warning: EarlyWarning
    place: str


def queue(session: Session, officer_id: uuid.UUID, told: Sequence[Told]) -> OutgoingMessage | None:
    """Put one message about these warnings into the outbox; None when it was sent before."""
    if len({one.warning.id for one in told}) == 1:
        return _single(session, officer_id, told[-1])
    return _digest(session, officer_id, told)


def _single(session: Session, officer_id: uuid.UUID, told: Told) -> OutgoingMessage | None:
    warning, change = told.warning, told.notice.change
    rule = by_key(warning.rule)
    title = rule.title if rule else "预警事项"  # the warning's own title may name a person
    return outbox.enqueue(
        session,
        kind=MessageKind.WARNING_FIRED,
        officer_id=officer_id,
        village_id=warning.village_id,
        subject_kind=SUBJECT,
        subject_id=str(warning.id),
        data={
            "title": BEGINNINGS.get(change.partition(":")[0], "") + title,
            "village": told.place,
            "colour": COLOURS[warning.colour],
            "fired_at": clock.spoken(clock.now()),
        },
        path=f"/desk/warnings/{warning.id}",
        key=f"warning:{warning.id}:{change}:{officer_id}",
        message_class=_class_of([told]),
    )


def _digest(session: Session, officer_id: uuid.UUID, told: Sequence[Told]) -> OutgoingMessage | None:
    """The digest (预警汇总): how many of which colour and where, no more."""
    warnings = {one.warning.id: one for one in told}
    colours = [one.warning.colour for one in warnings.values()]
    villages = {one.warning.village_id: one.place for one in warnings.values()}
    places = list(villages.values())
    return outbox.enqueue(
        session,
        kind=MessageKind.WARNING_DIGEST,
        officer_id=officer_id,
        village_id=next(iter(villages)) if len(villages) == 1 else None,
        subject_kind=DIGEST_SUBJECT,
        subject_id=str(officer_id),
        data={
            "total": f"{len(warnings)}条预警待处置",
            "village": places[0] if len(places) == 1 else f"{places[0]}等{len(places)}个村社",
            "colours": "、".join(
                f"{name}{colours.count(colour)}条"
                for colour, name in ((Colour.RED, "红色"), (Colour.YELLOW, "黄色"))
                if colour in colours
            ),
            "fired_at": clock.spoken(clock.now()),
        },
        path="/desk/warnings",
        key=f"warnings:{officer_id}:{told[0].notice.id}",
        message_class=_class_of(told),
    )


def _class_of(told: Sequence[Told]) -> MessageClass:
    red = any(one.warning.colour == Colour.RED for one in told)
    return MessageClass.URGENT if red else MessageClass.ORDINARY

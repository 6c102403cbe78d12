"""Looking at warnings: lists, what a warning rests on, its other episodes, who was told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, cast, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Session, joinedload

from app.models import (
    Attachment,
    EarlyWarning,
    Organisation,
    OutgoingMessage,
    Silence,
    WarningEvent,
    WarningNotice,
)
from app.models import Officer as OfficerRow
from app.models.disclosures import AttachmentOwner
from app.models.organisations import Line
from app.models.rules import Colour, RuleMode
from app.models.warnings import WarningState
from app.services import access, attachments
from app.services.actors import Actor
from app.services.warnings import silences

LIVE = tuple(state for state in WarningState if state != WarningState.CLOSED)


@dataclass(frozen=True)
class Filters:
    """Which warnings are wanted; what is None or empty narrows nothing. `area` is a town or another place
    above villages."""

    states: Sequence[WarningState] = ()
    colour: Colour | None = None
    rule: str | None = None
    line: Line | None = None
    mode: RuleMode | None = None
    village_id: uuid.UUID | None = None
    area: uuid.UUID | None = None


def listing(acting: Actor, filters: Filters = Filters()) -> Select[EarlyWarning]:
    """The warnings that the actor may know of, with village and town: red before yellow, newest first."""
    query = select(EarlyWarning).where(access.visible_warnings(acting))
    if filters.states:
        query = query.where(EarlyWarning.state.in_(filters.states))
    for column, value in (
        (EarlyWarning.colour, filters.colour),
        (EarlyWarning.rule, filters.rule),
        (EarlyWarning.line, filters.line),
        (EarlyWarning.mode, filters.mode),
        (EarlyWarning.village_id, filters.village_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if filters.area is not None:
        query = query.where(access.within(EarlyWarning.village_id, (filters.area,)))
    with_places = joinedload(EarlyWarning.village).joinedload(Organisation.parent)
    return query.options(with_places).order_by(
        EarlyWarning.colour, EarlyWarning.created_at.desc(), EarlyWarning.id
    )


def episodes(session: Session, *, acting: Actor, warning: EarlyWarning) -> Sequence[EarlyWarning]:
    """The other episodes of the same matter, newest first."""
    return session.scalars(
        select(EarlyWarning)
        .where(
            access.visible_warnings(acting),
            EarlyWarning.fingerprint == warning.fingerprint,
            EarlyWarning.id != warning.id,
        )
        .order_by(EarlyWarning.episode.desc())
    ).all()


def silenced_by(session: Session, *, acting: Actor, warning: EarlyWarning) -> Sequence[Silence]:
    """The running silences that hold for this warning, as it is coloured now."""
    red = warning.colour == Colour.RED
    ancestry = select(Organisation.ancestry).where(Organisation.id == warning.village_id).scalar_subquery()
    running = silences.listing(acting, running=True).where(
        Silence.organisation_id == func.any(cast(ancestry, ARRAY(UUID(as_uuid=True)))),
        func.coalesce(Silence.rule, warning.rule) == warning.rule,
        func.coalesce(Silence.subject_kind, warning.subject_kind) == warning.subject_kind,
        func.coalesce(Silence.subject_id, warning.subject_id) == warning.subject_id,
        Silence.includes_red if red else ~false(),
    )
    return session.scalars(running).all()


@dataclass(frozen=True)
class Notified:
    """That an officer was to be told: the notice, who he is, and what became of the message."""

    notice: WarningNotice
    officer: OfficerRow
    message: OutgoingMessage | None


def notified(session: Session, warning: EarlyWarning) -> list[Notified]:
    """Who was to be told of a warning, and whether it reached him; the oldest first."""
    rows = session.execute(
        select(WarningNotice, OfficerRow, OutgoingMessage)
        .join(OfficerRow, OfficerRow.id == WarningNotice.officer_id)
        .outerjoin(OutgoingMessage, OutgoingMessage.id == WarningNotice.message_id)
        .where(WarningNotice.warning_id == warning.id)
        .order_by(WarningNotice.created_at, OfficerRow.name, WarningNotice.id)
    )
    return [Notified(notice, officer, message) for notice, officer, message in rows]


def files(session: Session, found: Sequence[WarningEvent]) -> dict[uuid.UUID, list[Attachment]]:
    """The files of a warning's steps, by step."""
    return attachments.of(session, AttachmentOwner.WARNING_EVENT, [event.id for event in found])

"""The part of `access` about what villages owe to publish (应公开事项). Due dates, publication and days late
are public (`obligations.of_category`); the work list and its steps belong to the officers of the area."""

from __future__ import annotations

import uuid

from sqlalchemy import false, select, true
from sqlalchemy.orm import Session

from app.core.errors import Forbidden, NotFound
from app.models import Obligation, Organisation
from app.models.people import Duty, Role
from app.services.access import INSPECTORS, VILLAGE_ROLES, Condition, covers, is_administrator, within
from app.services.actors import Actor, Officer


def visible_obligations(actor: Actor) -> Condition:
    """The village's own officers, the offices above, and the administrator."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(Obligation.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def on_board(actor: Actor) -> Condition:
    """The villages whose line of the board the actor sees: the same as of `visible_obligations`."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(Organisation.id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def access_obligation(session: Session, actor: Actor, obligation_id: uuid.UUID) -> Obligation:
    """The due item, if the actor may see it. Raises NotFound otherwise."""
    wanted = select(Obligation).where(Obligation.id == obligation_id, visible_obligations(actor))
    found = session.scalar(wanted)
    if found is None:
        raise NotFound(
            "obligation.not_found", "没有找到这一项应公开事项，可能链接有误，或不属于您负责的村社。"
        )
    return found


def require_board(session: Session, actor: Actor, village_id: uuid.UUID) -> None:
    """Raise NotFound unless this village stands on the actor's board."""
    if session.scalar(select(Organisation.id).where(Organisation.id == village_id, on_board(actor))) is None:
        raise NotFound("board.not_found", "没有找到这个村的公开进度，可能链接有误，或不属于您的范围。")


def keeps(session: Session, actor: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor may enter what this village owes: its officers, and inspectors above it."""
    return covers(session, actor, village_id, *VILLAGE_ROLES, *INSPECTORS)


def require_obligation_keeper(session: Session, actor: Actor, village_id: uuid.UUID) -> None:
    """Raise unless the actor `keeps` what this village owes."""
    if not keeps(session, actor, village_id):
        raise Forbidden("obligation.not_keeper", "只有本村信息员、联络员和上级监察办可以登记应公开事项。")


def waives(session: Session, actor: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor is the town or the county above this village; the platform's administrator is not."""
    return covers(session, actor, village_id, *INSPECTORS)


def links(session: Session, actor: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor may say which published item meets a due item: who supervises publication, and the
    town; the row form of `access.require_reviewer`."""
    supervises = covers(session, actor, village_id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)
    return supervises or covers(session, actor, village_id, Role.TOWN_INSPECTOR)


def require_waiver(session: Session, actor: Actor, village_id: uuid.UUID) -> None:
    """Raise unless the actor `waives`: nobody excuses himself."""
    if not waives(session, actor, village_id):
        raise Forbidden("obligation.not_waiver", "免于公开要由镇街监察办或区纪委决定。")

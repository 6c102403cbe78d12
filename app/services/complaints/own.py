"""What a complainant asks for: his complaint by id or number, his ratings, and the classes to choose from.
(His list and the page of one complaint: `queries`.)"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core.errors import NotFound
from app.models import Complaint, ComplaintCategory, ComplaintClass, Rating
from app.services import access
from app.services.actors import Actor
from app.services.complaints import queries


def find(session: Session, *, acting: Actor, reference: str) -> Complaint:
    """A villager's own complaint by its id, or by its number as typed. Raises NotFound for another's."""
    villager = access.require_villager(acting)
    try:
        key = uuid.UUID(reference)
    except ValueError:
        return queries.own_by_number(session, acting=villager, number=reference)
    found = session.scalar(select(Complaint).where(Complaint.id == key, access.visible_complaints(villager)))
    if found is None:
        raise NotFound("complaint.not_found", "没有找到这件诉求，请核对编号；只能查看自己提交的。")
    return found


def ratings(session: Session, complaint: Complaint) -> Sequence[Rating]:
    """The ratings of a complaint that the caller was already allowed to see, round by round."""
    return session.scalars(
        select(Rating).where(Rating.complaint_id == complaint.id).order_by(Rating.round)
    ).all()


def categories(session: Session) -> Sequence[ComplaintCategory]:
    """The categories that are offered, in their order, each with the class that it begins in."""
    return session.scalars(
        select(ComplaintCategory)
        .where(ComplaintCategory.active)
        .options(joinedload(ComplaintCategory.grade))
        .order_by(ComplaintCategory.position, ComplaintCategory.code)
    ).all()


def classes(session: Session) -> Sequence[ComplaintClass]:
    """The classes, in their order."""
    return session.scalars(select(ComplaintClass).order_by(ComplaintClass.position)).all()

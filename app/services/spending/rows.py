"""The payments behind a figure."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.models import Payment
from app.services import access
from app.services.actors import Actor
from app.services.spending.places import Place
from app.services.spending.slices import Slice, conditions, inside


def rows(acting: Actor, place: Place, wanted: Slice) -> Select[Payment]:
    """The payments of a slice, the latest day first, with their villages."""
    return (
        select(Payment)
        .where(inside(place.keys), access.visible_payments(acting), *conditions(wanted))
        .options(joinedload(Payment.village))
        .order_by(Payment.paid_on.desc(), Payment.id.desc())
    )

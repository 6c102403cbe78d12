"""The ledger of consents to subscribe messages (订阅次数): how many a person still accepts of a template."""

from __future__ import annotations

import uuid

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.models import SubscriptionGrant

WINDOW_SECONDS = 60


def consented(
    session: Session, *, app_id: str, openid: str, template_id: str, accepted: bool, source: str
) -> None:
    """Count one answered dialog: accepting adds one message, rejecting sets the balance to nothing.

    The platform reports one dialog twice, by the page and by an event, under different names; reports of
    one template within a minute from different sources are the same dialog. No audit row: it is the
    person's own switch, and names nobody in our words."""
    channel = source.partition(":")[0]
    row = insert(SubscriptionGrant).values(
        id=uuid.uuid4(),
        app_id=app_id,
        openid=openid,
        template_id=template_id,
        remaining=1 if accepted else 0,
        refused=not accepted,
        last_source=channel,
        updated_at=clock.now(),
    )
    twice = (
        (SubscriptionGrant.last_source != channel)
        & (SubscriptionGrant.updated_at > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, WINDOW_SECONDS))
        & (SubscriptionGrant.refused == (not accepted))
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["app_id", "openid", "template_id"],
            set_={
                "remaining": SubscriptionGrant.remaining + 1 if accepted else 0,
                "refused": not accepted,
                "last_source": channel,
                "updated_at": clock.now(),
            },
            where=~twice,
        )
    )


def take(session: Session, *, app_id: str, openid: str, template_id: str) -> bool:
    """Use up one consent before sending; False when none is left. Two senders never take the same one."""
    taken = session.execute(
        update(SubscriptionGrant)
        .where(
            SubscriptionGrant.app_id == app_id,
            SubscriptionGrant.openid == openid,
            SubscriptionGrant.template_id == template_id,
            SubscriptionGrant.remaining > 0,
        )
        .values(remaining=SubscriptionGrant.remaining - 1)
        .returning(SubscriptionGrant.id)
    ).first()
    return taken is not None


def give_back(session: Session, *, app_id: str, openid: str, template_id: str) -> None:
    """Undo `take` for a message that certainly was not sent."""
    _set(session, app_id, openid, template_id, SubscriptionGrant.remaining + 1)


def exhausted(session: Session, *, app_id: str, openid: str, template_id: str) -> None:
    """The platform says that nothing is left (43101): believe it."""
    _set(session, app_id, openid, template_id, 0)


def _set(session: Session, app_id: str, openid: str, template_id: str, remaining: object) -> None:
    session.execute(
        update(SubscriptionGrant)
        .where(
            SubscriptionGrant.app_id == app_id,
            SubscriptionGrant.openid == openid,
            SubscriptionGrant.template_id == template_id,
        )
        .values(remaining=remaining)
    )

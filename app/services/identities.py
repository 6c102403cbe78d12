"""Villagers by their WeChat identities, and whether they follow the Official Account."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Villager, WechatIdentity
from app.services import actors, outbox
from app.services.actors import Actor

SEEN_EVERY = timedelta(hours=1)


def identify(session: Session, *, app_id: str, openid: str, unionid: str | None = None) -> WechatIdentity:
    """The identity of this openid, made on first sight.

    Identities of one person in two of our apps share their villager when WeChat's servers gave the same
    `unionid`; a client's word never links them. Safe when two processes meet the person at once."""
    identity = _find(session, app_id, openid)
    if identity is None:
        villager_id = _same_person(session, unionid) or _new_villager(session)
        session.execute(
            insert(WechatIdentity)
            .values(
                id=uuid.uuid4(),
                app_id=app_id,
                openid=openid,
                unionid=unionid,
                villager_id=villager_id,
                subscribed=False,
            )
            .on_conflict_do_nothing(index_elements=["app_id", "openid"])
        )
        identity = session.scalars(_by_openid(app_id, openid)).one()
    if unionid and identity.unionid is None:
        identity.unionid = unionid
        identity.villager_id = _same_person(session, unionid) or identity.villager_id
    now = clock.now()
    if identity.last_seen_at is None or identity.last_seen_at < now - SEEN_EVERY:
        identity.last_seen_at = now  # to the hour is enough: not a write for every message
    return identity


def _by_openid(app_id: str, openid: str) -> Select[WechatIdentity]:
    return select(WechatIdentity).where(WechatIdentity.app_id == app_id, WechatIdentity.openid == openid)


def _find(session: Session, app_id: str, openid: str) -> WechatIdentity | None:
    return session.scalar(_by_openid(app_id, openid))


def _same_person(session: Session, unionid: str | None) -> uuid.UUID | None:
    if not unionid:
        return None
    return session.scalar(
        select(WechatIdentity.villager_id)
        .where(WechatIdentity.unionid == unionid)
        .order_by(WechatIdentity.created_at)
        .limit(1)
    )


def _new_villager(session: Session) -> uuid.UUID:
    villager = Villager(id=uuid.uuid4())
    session.add(villager)
    session.flush()
    return villager.id


def followed(session: Session, identity: WechatIdentity) -> None:
    """The person follows the account (again): what waited for him may be sent."""
    identity.subscribed = True
    session.flush()
    outbox.release_waiting(session, villager_id=identity.villager_id)
    if identity.officer_id is not None:
        outbox.release_waiting(session, officer_id=identity.officer_id)


def unfollowed(session: Session, identity: WechatIdentity) -> None:
    """The person left: nothing can be sent to him; an officer's messages wait in his inbox."""
    identity.subscribed = False
    session.flush()
    if identity.officer_id is not None:
        outbox.suspend(session, officer_id=identity.officer_id)


def of_actor(session: Session, *, acting: Actor, app_id: str) -> WechatIdentity | None:
    """The identity of a villager or a bound officer in one of our apps, or None."""
    query = select(WechatIdentity).where(WechatIdentity.app_id == app_id)
    if isinstance(acting, actors.Villager):
        query = query.where(WechatIdentity.villager_id == acting.villager_id)
    elif isinstance(acting, actors.Officer):
        query = query.where(WechatIdentity.officer_id == acting.officer_id)
    else:
        return None
    return session.scalar(query.order_by(WechatIdentity.created_at).limit(1))

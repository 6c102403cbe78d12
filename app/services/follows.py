"""Following a village (关注): who follows is told when something is published, as far as WeChat lets us."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import MessageTemplate, Organisation, SubscriptionGrant, VillageFollow, WechatIdentity
from app.models.delivery import MessageKind
from app.services import access, audit
from app.services.actors import Actor, Villager


@dataclass(frozen=True)
class Following:
    """How a person stands to a village. `official`: he follows the Official Account, which carries any number
    of messages; else each consent (订阅次数) of the Mini Program carries one, and `consents` are left."""

    follows: bool
    followers: int
    official: bool
    consents: int


def follow(session: Session, *, acting: Actor, village: Organisation) -> None:
    """Follow a village; again changes nothing. Raises Unauthenticated for a visitor."""
    villager = access.require_villager(acting)
    row = insert(VillageFollow).values(
        id=uuid.uuid4(), village_id=village.id, villager_id=villager.villager_id
    )
    made = session.execute(
        row.on_conflict_do_nothing(index_elements=["village_id", "villager_id"]).returning(VillageFollow.id)
    ).first()
    if made is not None:
        _record(session, acting, "followed", village)


def unfollow(session: Session, *, acting: Actor, village: Organisation) -> None:
    """Follow a village no more; again changes nothing. Raises Unauthenticated for a visitor."""
    villager = access.require_villager(acting)
    gone = session.execute(
        delete(VillageFollow)
        .where(VillageFollow.village_id == village.id, VillageFollow.villager_id == villager.villager_id)
        .returning(VillageFollow.id)
    ).first()
    if gone is not None:
        _record(session, acting, "unfollowed", village)


def _record(session: Session, acting: Actor, action: str, village: Organisation) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="organisation",
        noun_id=village.id,
        village_id=village.id,
    )


def count(session: Session, *, village_id: uuid.UUID) -> int:
    """How many follow a village."""
    return session.scalar(select(func.count()).where(VillageFollow.village_id == village_id)) or 0


def standing(session: Session, *, acting: Actor, village_id: uuid.UUID) -> Following:
    """How the caller stands to a village; a visitor follows nothing."""
    followers = count(session, village_id=village_id)
    if not isinstance(acting, Villager):
        return Following(follows=False, followers=followers, official=False, consents=0)
    mine = acting.villager_id
    follows = exists().where(VillageFollow.village_id == village_id, VillageFollow.villager_id == mine)
    official = exists().where(WechatIdentity.villager_id == mine, WechatIdentity.subscribed)
    row = session.execute(select(follows, official)).one()
    return Following(row[0], followers, row[1], consents(session, villager_id=mine))


def consents(session: Session, *, villager_id: uuid.UUID) -> int:
    """How many subscribe messages about published items the villager still accepts."""
    left = (
        select(func.coalesce(func.sum(SubscriptionGrant.remaining), 0))
        .join(
            WechatIdentity,
            (WechatIdentity.app_id == SubscriptionGrant.app_id)
            & (WechatIdentity.openid == SubscriptionGrant.openid),
        )
        .where(
            WechatIdentity.villager_id == villager_id,
            SubscriptionGrant.refused.is_(False),
            exists().where(
                MessageTemplate.app_id == SubscriptionGrant.app_id,
                MessageTemplate.template_id == SubscriptionGrant.template_id,
                MessageTemplate.kind == MessageKind.DISCLOSURE_PUBLISHED,
            ),
        )
    )
    return int(session.scalar(left) or 0)

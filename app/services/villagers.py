"""What a villager (村民) tells about himself through the Mini Program: village, phone, consents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import pii
from app.core.keys import Keys
from app.models import Organisation, Villager, WechatIdentity
from app.services import access, audit, grants, outbox, templates
from app.services.actors import Actor


@dataclass(frozen=True)
class Profile:
    """The village whose code he scanned last, whether messages of the Official Account reach him, and
    whether he has shared his phone number."""

    village: Organisation | None
    follows: bool
    phone_shared: bool


def profile(session: Session, *, acting: Actor, miniprogram: str, official: str) -> Profile:
    """What is known of the villager who asks. Raises Unauthenticated for anybody else."""
    villager = access.require_villager(acting)
    identities = session.scalars(
        select(WechatIdentity)
        .where(WechatIdentity.villager_id == villager.villager_id)
        .order_by(WechatIdentity.last_seen_at.desc().nulls_last())
    ).all()
    here = [one for one in identities if one.app_id == miniprogram]
    seen = next((one.village_id for one in [*here, *identities] if one.village_id), None)
    village = session.get(Organisation, seen) if seen else None
    return Profile(
        village=village if village is not None and village.active else None,
        follows=any(one.subscribed for one in identities if one.app_id == official),
        phone_shared=session.get_one(Villager, villager.villager_id).phone_sealed is not None,
    )


def identity(session: Session, *, acting: Actor, app_id: str) -> WechatIdentity | None:
    """The villager's identity in one of our apps, the one seen last."""
    villager = access.require_villager(acting)
    return session.scalar(
        select(WechatIdentity)
        .where(WechatIdentity.villager_id == villager.villager_id, WechatIdentity.app_id == app_id)
        .order_by(WechatIdentity.last_seen_at.desc().nulls_last())
        .limit(1)
    )


def openid(session: Session, *, acting: Actor, app_id: str) -> str | None:
    """The villager's openid in one of our apps, for asking the platform about him; None when unknown."""
    found = identity(session, acting=acting, app_id=app_id)
    return found.openid if found else None


def arrive(session: Session, *, acting: Actor, app_id: str, village: Organisation) -> None:
    """Remember the village whose code the villager scanned last. No audit row: it changes nothing that
    anybody else sees, and each opening would leave one."""
    found = identity(session, acting=acting, app_id=app_id)
    if found is not None and found.village_id != village.id:
        found.village_id = village.id


def share_phone(session: Session, *, acting: Actor, number: str, keys: Keys) -> str:
    """Keep the phone number that the platform gave, sealed; answers it masked (138****5678)."""
    villager = access.require_villager(acting)
    row = session.get_one(Villager, villager.villager_id)
    row.phone_sealed = keys.sealer.seal(number, context=f"villager:{row.id}")
    audit.record(session, acting=acting, action="phone_shared", noun="villager", noun_id=row.id)
    return pii.mask_phone(number)


def report_consents(
    session: Session, *, acting: Actor, app_id: str, channel: str, answers: Mapping[str, bool], source: str
) -> int:
    """Enter what the villager answered in the dialog of subscribe messages (template id → accepted) into the
    ledger, and send what waited for his consent; returns how many answers counted.

    Ids that are none of the account's templates are left out: a client's word makes no rows."""
    villager = access.require_villager(acting)
    address = openid(session, acting=acting, app_id=app_id)
    ours = {template.template_id for template in templates.listing(session, app_id=app_id, channel=channel)}
    counted = {key: accepted for key, accepted in answers.items() if key in ours}
    if address is None or not counted:
        return 0
    for template_id, accepted in counted.items():
        grants.consented(
            session,
            app_id=app_id,
            openid=address,
            template_id=template_id,
            accepted=accepted,
            source=source,
        )
    if any(counted.values()):
        outbox.release_waiting(session, villager_id=villager.villager_id)
    audit.record(
        session,
        acting=acting,
        action="consents_reported",
        noun="villager",
        noun_id=villager.villager_id,
        accepted=sum(counted.values()),
        refused=len(counted) - sum(counted.values()),
    )
    return len(counted)

"""Binding officers to their Official Account openid by a one-time QR code (temporary scene)."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from app.core import clock, ids
from app.core.errors import Conflict, NotFound
from app.core.keys import Keys
from app.models import Binding, Officer, WechatIdentity
from app.services import access, audit, officers, outbox
from app.services.actors import Actor, System

PREFIX = "bind"
LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class Issued:
    """A binding code: the scene goes to the platform and into the QR image, and is stored nowhere."""

    binding: Binding
    scene: str
    seconds: int


def issue(session: Session, *, acting: Actor, officer_id: uuid.UUID, keys: Keys) -> Issued:
    """Make a one-time code for an officer, good for 30 minutes; earlier unused ones die.

    Raises NotFound for an unknown officer."""
    access.require_administrator(acting)
    officer = officers.find(session, officer_id)
    now = clock.now()
    unused = select(Binding).where(
        Binding.officer_id == officer.id, Binding.bound_at.is_(None), Binding.expires_at > now
    )
    for binding in session.scalars(unused):
        binding.expires_at = now
    scene = ids.scene_token(PREFIX)
    binding = Binding(
        id=uuid.uuid4(),
        officer_id=officer.id,
        scene_digest=keys.scene_digest(scene),
        expires_at=now + LIFETIME,
        issued_by=f"{acting.kind}:{acting.id}",
    )
    session.add(binding)
    session.flush()
    audit.record(session, acting=acting, action="binding_issued", noun="officer", noun_id=officer.id)
    return Issued(binding, scene, int(LIFETIME.total_seconds()))


def is_binding_scene(scene: str) -> bool:
    """Whether a scanned scene is a binding code."""
    return scene.startswith(PREFIX + "_")


def redeem(session: Session, *, scene: str, identity: WechatIdentity, keys: Keys) -> Officer:
    """Bind the officer of a code to the identity that scanned it; what waited for him is sent.

    An earlier identity of his is unbound. Raises NotFound for an unknown or used code, Conflict for an
    expired one, or when the WeChat account already belongs to another officer."""
    binding = session.scalar(
        select(Binding).where(Binding.scene_digest == keys.scene_digest(scene)).with_for_update()
    )
    if binding is None or (binding.bound_at is not None and binding.identity_id != identity.id):
        raise NotFound("binding.unknown", "这个绑定码无效或已被使用，请联系管理员重新发放。")
    officer = session.get_one(Officer, binding.officer_id)
    if binding.bound_at is not None:
        return officer
    if binding.expires_at <= clock.now():
        raise Conflict("binding.expired", "这个绑定码已过期，请联系管理员重新发放。")
    if identity.officer_id not in (None, officer.id):
        raise Conflict("binding.taken", "这个微信已绑定另一位工作人员，请先解除绑定。")
    _release(session, officer.id)
    identity.officer_id = officer.id
    binding.identity_id = identity.id
    binding.bound_at = clock.now()
    session.flush()
    outbox.release_waiting(session, officer_id=officer.id)
    audit.record(session, acting=System("bindings"), action="bound", noun="officer", noun_id=officer.id)
    return officer


def unbind(session: Session, *, acting: Actor, officer_id: uuid.UUID) -> None:
    """Untie an officer from his WeChat; his messages wait in his inbox. Raises Conflict when not bound."""
    access.require_administrator(acting)
    officer = officers.find(session, officer_id)
    if not _release(session, officer.id):
        raise Conflict("binding.none", "他还没有绑定微信。")
    outbox.suspend(session, officer_id=officer.id)
    audit.record(session, acting=acting, action="unbound", noun="officer", noun_id=officer.id)


def _release(session: Session, officer_id: uuid.UUID) -> bool:
    bound = session.scalars(select(WechatIdentity).where(WechatIdentity.officer_id == officer_id)).all()
    for identity in bound:
        identity.officer_id = None
    running = select(Binding).where(
        Binding.officer_id == officer_id, Binding.bound_at.is_not(None), Binding.unbound_at.is_(None)
    )
    for binding in session.scalars(running):
        binding.unbound_at = clock.now()
    session.flush()
    return bool(bound)


class BindingState(enum.StrEnum):
    """issued 待扫码, bound 已绑定, unbound 已解绑, expired 已过期."""

    ISSUED = "issued"
    BOUND = "bound"
    UNBOUND = "unbound"
    EXPIRED = "expired"


def state_of(binding: Binding) -> BindingState:
    """What became of a code."""
    if binding.bound_at is not None:
        return BindingState.BOUND if binding.unbound_at is None else BindingState.UNBOUND
    return BindingState.ISSUED if binding.expires_at > clock.now() else BindingState.EXPIRED


def listing(acting: Actor, *, state: BindingState | None = None) -> Select[Binding, Officer]:
    """Codes with their officers, newest first. For administrators."""
    access.require_administrator(acting)
    unused, now = Binding.bound_at.is_(None), clock.now()
    conditions = {
        BindingState.ISSUED: and_(unused, Binding.expires_at > now),
        BindingState.EXPIRED: and_(unused, Binding.expires_at <= now),
        BindingState.BOUND: and_(Binding.bound_at.is_not(None), Binding.unbound_at.is_(None)),
        BindingState.UNBOUND: Binding.unbound_at.is_not(None),
    }
    query = select(Binding, Officer).join(Officer, Officer.id == Binding.officer_id)
    if state is not None:
        query = query.where(conditions[state])
    return query.order_by(Binding.created_at.desc(), Binding.id.desc())

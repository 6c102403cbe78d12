"""Logins: opaque, revocable tokens of which only digests are stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.core import clock, ids, security
from app.core.errors import NotFound, Unauthenticated
from app.core.keys import Keys
from app.models import LoginSession, Officer, WechatIdentity
from app.models.people import SessionKind
from app.services import access, audit, officers
from app.services.actors import Actor, Administrator, System, Villager, Visitor

LIFETIMES = {
    SessionKind.PAGE: timedelta(days=30),
    SessionKind.MINIPROGRAM: timedelta(days=30),
    SessionKind.TOKEN: timedelta(days=365),
}
OFFICER_TOKEN_LIFETIME = timedelta(hours=12)
ACTING = System("sessions")


@dataclass(frozen=True)
class Opened:
    """A new login and its token, shown once."""

    session: LoginSession
    token: str


def open_for_identity(
    session: Session,
    *,
    identity: WechatIdentity,
    kind: SessionKind,
    keys: Keys,
    session_key: str | None = None,
) -> Opened:
    """Log in the person whom WeChat says is there; whether he is an officer too, his binding says each time.

    `session_key` (Mini Program) is sealed and never leaves the server."""
    key = uuid.uuid4()
    sealed = keys.sealer.seal(session_key, context=f"session:{key}") if session_key else None
    return _open(
        session,
        keys,
        LoginSession(
            id=key,
            kind=kind,
            villager_id=identity.villager_id,
            session_key_sealed=sealed,
            expires_at=clock.now() + LIFETIMES[kind],
        ),
    )


def open_by_password(session: Session, *, login: str, password: str, kind: SessionKind, keys: Keys) -> Opened:
    """Log in an officer by name and password. Raises Unauthenticated, the same for every reason."""
    officer = session.scalar(select(Officer).where(Officer.login == login.strip().lower(), Officer.active))
    if not security.verify_password(password, officer.password_hash if officer else None) or officer is None:
        raise Unauthenticated("login.failed", "登录名或密码不对，请核对后再试。")
    lifetime = OFFICER_TOKEN_LIFETIME if kind == SessionKind.TOKEN else LIFETIMES[kind]
    return _open(
        session,
        keys,
        LoginSession(id=uuid.uuid4(), kind=kind, officer_id=officer.id, expires_at=clock.now() + lifetime),
    )


def create_token(session: Session, *, acting: Actor, label: str, keys: Keys) -> Opened:
    """Make an administrator's REST token, good for a year."""
    access.require_administrator(acting)
    return _open(
        session,
        keys,
        LoginSession(
            id=uuid.uuid4(),
            kind=SessionKind.TOKEN,
            label=label,
            expires_at=clock.now() + LIFETIMES[SessionKind.TOKEN],
        ),
        acting=acting,
    )


def _open(session: Session, keys: Keys, login: LoginSession, *, acting: Actor = ACTING) -> Opened:
    token = ids.token()
    login.digest = keys.session_digest(token)
    session.add(login)
    session.flush()
    audit.record(session, acting=acting, action="opened", noun="session", noun_id=login.id, kind=login.kind)
    return Opened(login, token)


def actor(session: Session, *, token: str | None, kind: SessionKind, keys: Keys) -> Actor:
    """Who holds this token. No token or a dead one is a Visitor. On pages, a person whose WeChat account is
    bound to an officer acts as that officer for as long as the binding lasts."""
    login = find(session, token=token, kind=kind, keys=keys)
    if login is None:
        return Visitor()
    if login.label is not None:
        return Administrator(login.label)
    officer_id = login.officer_id or (_bound_officer(session, login) if kind == SessionKind.PAGE else None)
    if officer_id is not None:
        return officers.acting_officer(session, officer_id) or Visitor()
    return Villager(login.villager_id) if login.villager_id else Visitor()


def _bound_officer(session: Session, login: LoginSession) -> uuid.UUID | None:
    return session.scalar(
        select(WechatIdentity.officer_id).where(
            WechatIdentity.villager_id == login.villager_id, WechatIdentity.officer_id.is_not(None)
        )
    )


def find(session: Session, *, token: str | None, kind: SessionKind, keys: Keys) -> LoginSession | None:
    """The living login of a token, or None."""
    if not token:
        return None
    return session.scalar(
        select(LoginSession).where(
            LoginSession.digest == keys.session_digest(token),
            LoginSession.kind == kind,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > clock.now(),
        )
    )


def villager_of(login: LoginSession) -> Villager | None:
    """The villager behind a login, also when he is an officer."""
    return Villager(login.villager_id) if login.villager_id else None


def tokens(acting: Actor) -> Select[LoginSession, str | None]:
    """Living REST tokens with the name of their officer, if they have one; newest first."""
    access.require_administrator(acting)
    return (
        select(LoginSession, Officer.name)
        .outerjoin(Officer, Officer.id == LoginSession.officer_id)
        .where(
            LoginSession.kind == SessionKind.TOKEN,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > clock.now(),
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
    )


def revoke(session: Session, *, acting: Actor, session_id: uuid.UUID) -> None:
    """End a login. Raises NotFound."""
    access.require_administrator(acting)
    login = session.get(LoginSession, session_id)
    if login is None or login.revoked_at is not None:
        raise NotFound("session.not_found", "没有找到这次登录。")
    login.revoked_at = clock.now()
    audit.record(session, acting=acting, action="revoked", noun="session", noun_id=session_id)


def close(session: Session, *, token: str, kind: SessionKind, keys: Keys) -> None:
    """Log out: end the login of this token; an unknown one is fine."""
    login = find(session, token=token, kind=kind, keys=keys)
    if login is not None:
        login.revoked_at = clock.now()
        audit.record(session, acting=ACTING, action="closed", noun="session", noun_id=login.id)


def revoke_officer(session: Session, *, officer_id: uuid.UUID) -> None:
    """End all logins of an officer: after unbinding or a new password."""
    living = select(LoginSession).where(
        LoginSession.officer_id == officer_id, LoginSession.revoked_at.is_(None)
    )
    for login in session.scalars(living):
        login.revoked_at = clock.now()
    audit.record(session, acting=ACTING, action="sessions_revoked", noun="officer", noun_id=officer_id)


def clean_up(session: Session) -> int:
    """Delete logins that ended a month ago; returns how many."""
    deleted = session.execute(
        delete(LoginSession).where(LoginSession.expires_at < clock.now() - timedelta(days=30))
    )
    count = int(deleted.rowcount)  # type: ignore[attr-defined]
    if count:
        audit.record(session, acting=ACTING, action="cleaned", noun="session", noun_id="expired", count=count)
    return count

"""Release of disclosures (公开): at once, at a set time, and taking them down again.

`released` is what happens when a text becomes public, new or corrected; what hangs on it (privacy gate,
village chain, search, obligations, tenders, projects, followers) happens in the same transaction."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict
from app.core.keys import Keys
from app.models import Disclosure, DisclosureVersion
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import (
    broadcasts,
    calendar,
    categories,
    chain,
    objections,
    obligations,
    privacy,
    projects,
    search,
    tenders,
)
from app.services.actors import Actor
from app.services.disclosures.review import begin, decided
from app.services.disclosures.states import (
    category_of,
    locked,
    move,
    record,
    require_reviewer,
    require_seen,
    require_step,
    version_of,
    wrong_state,
)

S = DisclosureState
LATEST = timedelta(days=90)
LONGEST_REASON = 500


def publish(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, keys: Keys, seen: int | None = None
) -> Disclosure:
    """Review and release at once: submitted → published. `seen`: the version that the reviewer read.

    Raises Forbidden for anybody but a reviewer; Conflict for an author's own work, another state or
    version, and `disclosure.privacy_blocked`."""
    disclosure = locked(session, acting, disclosure_id)
    reviewer = require_reviewer(session, acting, disclosure)
    require_seen(disclosure.current_version, seen)
    if disclosure.state != S.SUBMITTED:
        raise wrong_state(disclosure)
    disclosure.reviewer_id, disclosure.publish_at = reviewer.officer_id, None
    _come_out(session, acting, disclosure, keys)
    return disclosure


def approve(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    publish_at: datetime,
    keys: Keys,
    seen: int | None = None,
) -> Disclosure:
    """Review now, release by itself later: submitted → approved. The job `disclosures.publish_due` brings it
    out. Raises BadInput for a time that is past, too far away or after an urgent notice's end; else as
    `publish`."""
    disclosure = locked(session, acting, disclosure_id)
    reviewer = require_reviewer(session, acting, disclosure)
    require_seen(disclosure.current_version, seen)
    latest = min(clock.now() + LATEST, disclosure.expires_at or clock.now() + LATEST)
    if not clock.now() < publish_at < latest:
        raise BadInput(
            "disclosure.publish_at_wrong",
            f"定时公开的时间要在以后 {LATEST.days} 天之内，紧急通知要在失效之前。",
            field="publish_at",
        )
    require_step(disclosure, S.APPROVED)
    version = version_of(session, disclosure)
    privacy.require_clean(session, disclosure=disclosure, version=version, keys=keys)
    move(session, disclosure, S.APPROVED)
    decided(session, disclosure, version.number)
    disclosure.reviewer_id, disclosure.publish_at = reviewer.officer_id, publish_at
    disclosure.review_remark = ""
    record(session, acting, "approved", disclosure, version=version.number)
    return disclosure


def due(session: Session, *, now: datetime, limit: int = 200) -> list[uuid.UUID]:
    """Approved items whose time has come, the oldest first."""
    query = select(Disclosure.id).where(Disclosure.state == S.APPROVED, Disclosure.publish_at <= now)
    return list(session.scalars(query.order_by(Disclosure.publish_at, Disclosure.id).limit(limit)))


def release_due(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, keys: Keys) -> S | None:
    """Bring out one item whose time has come; the state that it is in then, None when another process has
    it or it was called back.

    What cannot come out (the privacy gate finds something by now) goes back to submitted with a remark, and
    the reviewers are told."""
    disclosure = session.scalar(
        select(Disclosure)
        .where(
            Disclosure.id == disclosure_id,
            Disclosure.state == S.APPROVED,
            Disclosure.publish_at <= clock.now(),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if disclosure is None:
        return None
    try:
        with session.begin_nested():
            _come_out(session, acting, disclosure, keys)
    except AppError as refusal:
        session.refresh(disclosure)
        move(session, disclosure, S.SUBMITTED)
        disclosure.review_remark = f"到时间没有公开：{refusal.message}"
        begin(session, disclosure, task="定时公开没有成功")
        record(session, acting, "release_failed", disclosure, code=refusal.code)
    return disclosure.state


def _come_out(session: Session, acting: Actor, disclosure: Disclosure, keys: Keys) -> None:
    """submitted | approved → published, with everything that hangs on it."""
    if disclosure.kind == DisclosureKind.URGENT_NOTICE and (
        disclosure.expires_at is None or disclosure.expires_at <= clock.now()
    ):
        raise Conflict("disclosure.expired", "紧急通知的失效时间已经过了，请退回修改后再公开。")
    version = version_of(session, disclosure)
    privacy.require_clean(session, disclosure=disclosure, version=version, keys=keys)
    move(session, disclosure, S.PUBLISHED)
    disclosure.published_at, disclosure.review_remark = clock.now(), ""
    decided(session, disclosure, version.number)
    released(session, disclosure, version, ChainEvent.PUBLISHED)
    obligations.met(session, acting=acting, disclosure=disclosure)
    tenders.released(session, acting=acting, disclosure=disclosure)
    projects.released(session, acting=acting, disclosure=disclosure)
    broadcasts.announce(session, disclosure=disclosure)
    record(session, acting, "published", disclosure, version=version.number)


def released(session: Session, disclosure: Disclosure, version: DisclosureVersion, event: ChainEvent) -> None:
    """What every text goes through that becomes public, after the gate: notice, chain, search."""
    version.published_at, version.reviewer_id = clock.now(), disclosure.reviewer_id
    _give_notice(session, disclosure)
    session.flush()
    chain.extend(session, disclosure=disclosure, version=version, event=event)
    search.index(session, disclosure=disclosure, version=version)
    tenders.entitled(session, disclosure=disclosure, title=version.title)


def _give_notice(session: Session, disclosure: Disclosure) -> None:
    """The notice begins today, in calendar or work days as the category says; a correction begins it anew.
    It is never shorter than the category asks for by now, and whoever it names expires (again) after it."""
    category = category_of(session, disclosure)
    disclosure.notice_days = max(disclosure.notice_days or 0, category.notice_days) or None
    if disclosure.notice_days:
        disclosure.notice_until = categories.notice_until(
            category, clock.today(), disclosure.notice_days, calendar.load(session)
        )
    if disclosure.persons:
        disclosure.reduced_at = None


def withdraw(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, reason: str) -> Disclosure:
    """Take a published item down: published → withdrawn. A public tombstone with the reason stays, a
    correction under way is dropped, what was owed is owed again.

    Raises BadInput without a reason, Forbidden and Conflict as `publish`."""
    disclosure = locked(session, acting, disclosure_id)
    reviewer = require_reviewer(session, acting, disclosure)
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise BadInput(
            "disclosure.reason_missing",
            f"请写明原因，最多 {LONGEST_REASON} 个字；原因会公开。",
            field="reason",
        )
    privacy.require_plain(said, field="reason")
    move(session, disclosure, S.WITHDRAWN)
    disclosure.proposed_version = disclosure.proposed_state = None
    disclosure.withdrawn_because, disclosure.withdrawn_at = said, clock.now()
    disclosure.reviewer_id, disclosure.review_remark = reviewer.officer_id, ""
    version = decided(session, disclosure, disclosure.current_version)
    chain.extend(session, disclosure=disclosure, version=version, event=ChainEvent.WITHDRAWN)
    search.forget(session, disclosure.id)
    obligations.reopened(session, acting=acting, disclosure=disclosure)
    tenders.withdrawn(session, acting=acting, disclosure=disclosure)
    objections.withdrawn(session, acting=acting, disclosure=disclosure)
    record(session, acting, "withdrawn", disclosure, version=version.number)
    return disclosure

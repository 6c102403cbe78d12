"""Reading disclosures: lists, one item, its versions and files, what waits for whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Attachment, Disclosure, DisclosureCategory, DisclosureVersion
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import access, attachments
from app.services.actors import Actor, Officer
from app.services.disclosures.states import EDITABLE, PUBLIC, version_of, written_by

S = DisclosureState


@dataclass(frozen=True)
class Item:
    """A disclosure with the version that is shown."""

    disclosure: Disclosure
    version: DisclosureVersion
    category: DisclosureCategory

    @property
    def pinned(self) -> bool:
        """Whether it is an urgent notice (紧急通知) that is not over yet."""
        ends = self.disclosure.expires_at
        urgent = self.disclosure.kind == DisclosureKind.URGENT_NOTICE
        public = self.disclosure.state == S.PUBLISHED
        return urgent and public and ends is not None and ends > clock.now()


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    category_code: str | None = None,
    states: Sequence[S] = PUBLIC,
) -> Select[Disclosure, DisclosureVersion, DisclosureCategory]:
    """The query of a list: disclosure, present version and category, newest first."""
    query = (
        select(Disclosure, DisclosureVersion, DisclosureCategory)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
        .where(access.visible_disclosures(acting), Disclosure.state.in_(states))
        .order_by(Disclosure.published_at.desc().nulls_first(), Disclosure.id)
    )
    if village_id is not None:
        query = query.where(Disclosure.village_id == village_id)
    if category_code is not None:
        query = query.where(Disclosure.category_code == category_code)
    return query


def items(session: Session, acting: Actor, *, limit: int = 50, **filters: Any) -> list[Item]:
    """The first items of a list, see `listing`."""
    return [Item(*row) for row in session.execute(listing(acting, **filters).limit(limit))]


def pinned(session: Session, acting: Actor, *, village_id: uuid.UUID) -> list[Item]:
    """The urgent notices (紧急通知) of a village that are not over yet, the newest first."""
    query = listing(acting, village_id=village_id, states=(S.PUBLISHED,)).where(
        Disclosure.kind == DisclosureKind.URGENT_NOTICE, Disclosure.expires_at > clock.now()
    )
    return [Item(*row) for row in session.execute(query.limit(20))]


def item(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, number: int | None = None) -> Item:
    """One disclosure with its present version, or with version `number`. Raises NotFound."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    return Item(disclosure, version_of(session, disclosure, number), category)


def proposal(session: Session, *, acting: Actor, disclosure: Disclosure) -> DisclosureVersion | None:
    """The correction that waits beside the public version, for those who may see drafts; None otherwise."""
    if disclosure.proposed_version is None or not access.sees_drafts(session, acting, disclosure.village_id):
        return None
    return version_of(session, disclosure, disclosure.proposed_version)


def versions(
    session: Session, disclosure: Disclosure, *, acting: Actor | None = None
) -> Sequence[DisclosureVersion]:
    """The texts of a disclosure, the first one first: those that were ever public, and none of a withdrawn
    item; all of them for an `acting` who may see the village's drafts."""
    query = select(DisclosureVersion).where(DisclosureVersion.disclosure_id == disclosure.id)
    if acting is None or not access.sees_drafts(session, acting, disclosure.village_id):
        if disclosure.state != S.PUBLISHED:
            return []
        query = query.where(
            or_(
                DisclosureVersion.published_at.is_not(None),
                DisclosureVersion.number == disclosure.current_version,
            )
        )
    return session.scalars(query.order_by(DisclosureVersion.number)).all()


def files(
    session: Session, *, acting: Actor, disclosure: Disclosure, number: int | None = None
) -> list[Attachment]:
    """The files of one version (the present one when no number is given); of a withdrawn item the public
    keeps none."""
    hidden = disclosure.state == S.WITHDRAWN and not access.sees_drafts(
        session, acting, disclosure.village_id
    )
    return (
        [] if hidden else attachments.of_version(session, disclosure.id, number or disclosure.current_version)
    )


def counts(session: Session, *, village_id: uuid.UUID) -> dict[str, tuple[int, date | None]]:
    """For each category: how many published items a village has, and when the newest came out."""
    rows = session.execute(
        select(Disclosure.category_code, func.count(), func.max(Disclosure.published_at))
        .where(Disclosure.village_id == village_id, Disclosure.state == S.PUBLISHED)
        .group_by(Disclosure.category_code)
    )
    return {code: (count, clock.local(newest).date() if newest else None) for code, count, newest in rows}


def categories(session: Session) -> list[DisclosureCategory]:
    """The 10+X list in its order."""
    return list(session.scalars(select(DisclosureCategory).order_by(DisclosureCategory.position)))


def to_review(session: Session, *, acting: Actor, limit: int = 30) -> list[Item]:
    """What waits for this reviewer, the nearest deadline first: submitted items and corrections of others,
    with the text that is to be judged."""
    if not isinstance(acting, Officer):
        return []
    judged = func.coalesce(Disclosure.proposed_version, Disclosure.current_version)
    query = (
        _with_version(judged)
        .where(
            or_(Disclosure.state == S.SUBMITTED, _proposed(S.SUBMITTED)),
            access.visible_disclosures(acting),
            access.reviewable(acting),
            ~written_by(acting.officer_id),
        )
        .order_by(Disclosure.review_due_at.nulls_last(), Disclosure.id)
    )
    return [Item(*row) for row in session.execute(query.limit(limit))]


def unfinished(session: Session, *, acting: Actor, limit: int = 30) -> list[Item]:
    """The officer's own drafts and corrections, and what was returned to him, the newest first."""
    if not isinstance(acting, Officer):
        return []
    text = func.coalesce(Disclosure.proposed_version, Disclosure.current_version)
    query = (
        _with_version(text)
        .where(
            or_(Disclosure.state.in_(EDITABLE), _proposed(*EDITABLE)),
            access.visible_disclosures(acting),
            written_by(acting.officer_id),
        )
        .order_by(DisclosureVersion.created_at.desc(), Disclosure.id)
    )
    return [Item(*row) for row in session.execute(query.limit(limit))]


def _proposed(*states: S) -> Any:
    return (Disclosure.state == S.PUBLISHED) & Disclosure.proposed_state.in_(states)


def _with_version(number: Any) -> Select[Disclosure, DisclosureVersion, DisclosureCategory]:
    return (
        select(Disclosure, DisclosureVersion, DisclosureCategory)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id) & (DisclosureVersion.number == number),
        )
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
    )

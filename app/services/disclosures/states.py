"""The states of a disclosure and of the correction beside it, who may take which step, and the row lock
under which they change."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.core.errors import Conflict
from app.models import Disclosure, DisclosureCategory, DisclosureVersion
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Role
from app.services import access, audit
from app.services.actors import Actor, Officer

S = DisclosureState
TRANSITIONS: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.SUBMITTED}),
    S.SUBMITTED: frozenset({S.PUBLISHED, S.APPROVED, S.RETURNED, S.DRAFT}),
    S.APPROVED: frozenset({S.PUBLISHED, S.SUBMITTED, S.DRAFT}),
    S.RETURNED: frozenset({S.SUBMITTED}),
    S.PUBLISHED: frozenset({S.WITHDRAWN}),
    S.WITHDRAWN: frozenset(),
}
STATE_NAMES = {
    S.DRAFT: "草稿",
    S.SUBMITTED: "待审核",
    S.APPROVED: "待定时公开",
    S.RETURNED: "已退回",
    S.PUBLISHED: "已公开",
    S.WITHDRAWN: "已撤回",
}
PUBLIC = (S.PUBLISHED, S.WITHDRAWN)
EDITABLE = (S.DRAFT, S.RETURNED)


def locked(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """The disclosure, read anew under its row lock: whoever comes second sees what the first one did.

    Raises NotFound when the actor may not know of it."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    session.refresh(disclosure, with_for_update=True)
    return disclosure


def category_of(session: Session, disclosure: Disclosure) -> DisclosureCategory:
    """The category of a disclosure."""
    return session.get_one(DisclosureCategory, disclosure.category_code)


def version_of(session: Session, disclosure: Disclosure, number: int | None = None) -> DisclosureVersion:
    """One text of a disclosure, the present one when no number is given."""
    return session.scalars(
        select(DisclosureVersion).where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == (number or disclosure.current_version),
        )
    ).one()


def move(session: Session, disclosure: Disclosure, to: S) -> None:
    """Change the state. Raises Conflict when the transition table does not have the step."""
    require_step(disclosure, to)
    disclosure.state = to
    session.flush()


def require_step(disclosure: Disclosure, to: S) -> None:
    """Raise Conflict when the transition table does not have the step."""
    if to not in TRANSITIONS[disclosure.state]:
        raise wrong_state(disclosure)


def wrong_state(disclosure: Disclosure) -> Conflict:
    """The refusal of a step that the present state does not allow."""
    return Conflict(
        "disclosure.state_wrong",
        f"这条公开信息现在是「{STATE_NAMES[disclosure.state]}」，不能再做这一步。",
        state=disclosure.state,
    )


def require_seen(present: int | None, seen: int | None) -> None:
    """Raise Conflict when the reviewer decides on another text than the one that he was shown (`seen`)."""
    if seen is not None and seen != present:
        raise Conflict("disclosure.changed", "内容刚才被修改过，请看清楚新的内容再办。", version=present)


def drafting_role(category: DisclosureCategory) -> Role:
    """Who drafts items of this category."""
    return category.drafted_by


def reviewing_role(category: DisclosureCategory, kind: DisclosureKind) -> Role:
    """Who reviews: as the category says; an urgent notice the liaison officer, whatever its category."""
    return Role.LIAISON_OFFICER if kind == DisclosureKind.URGENT_NOTICE else category.reviewed_by


def require_author(session: Session, acting: Actor, disclosure: Disclosure) -> Officer:
    """The officer, if he drafts for this village and category. Raises Forbidden otherwise."""
    role = drafting_role(category_of(session, disclosure))
    return access.require_author(session, acting, disclosure.village_id, role)


def require_reviewer(session: Session, acting: Actor, disclosure: Disclosure) -> Officer:
    """The officer, if he reviews this item and has written no version of it.

    Raises Forbidden for another office, Conflict for his own work."""
    role = reviewing_role(category_of(session, disclosure), disclosure.kind)
    reviewer = access.require_reviewer(session, acting, disclosure.village_id, role)
    if reviewer.officer_id in authors(session, disclosure):
        raise Conflict("disclosure.own_work", "自己起草的内容要由另一个人审核。")
    return reviewer


def authors(session: Session, disclosure: Disclosure) -> set[uuid.UUID]:
    """Everybody who wrote a version of the disclosure."""
    written = session.scalars(
        select(DisclosureVersion.author_id).where(DisclosureVersion.disclosure_id == disclosure.id)
    )
    return {key for key in (disclosure.author_id, *written) if key is not None}


def written_by(officer_id: uuid.UUID) -> ColumnElement[bool]:
    """SQL: the officer wrote a version of the disclosure."""
    written = aliased(DisclosureVersion)
    return or_(
        Disclosure.author_id == officer_id,
        exists().where(written.disclosure_id == Disclosure.id, written.author_id == officer_id),
    )


def record(session: Session, acting: Actor, action: str, disclosure: Disclosure, **data: Any) -> None:
    """The audit row of a step: never words, only states and numbers."""
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        state=disclosure.state,
        **data,
    )

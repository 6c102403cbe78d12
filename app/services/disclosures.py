"""码上知: disclosures from draft to public page. Author and reviewer are never the same person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Contract, Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.delivery import MessageKind
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import access, attachments, audit, officers, outbox
from app.services.actors import Actor

S = DisclosureState
TRANSITIONS: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.SUBMITTED}),
    S.SUBMITTED: frozenset({S.PUBLISHED, S.RETURNED}),
    S.RETURNED: frozenset({S.SUBMITTED}),
    S.PUBLISHED: frozenset({S.WITHDRAWN}),
    S.WITHDRAWN: frozenset(),
}
STATE_NAMES = {
    S.DRAFT: "草稿",
    S.SUBMITTED: "待审核",
    S.RETURNED: "已退回",
    S.PUBLISHED: "已公开",
    S.WITHDRAWN: "已撤回",
}
LONGEST_TITLE = 60
LONGEST_SUMMARY = 80
LONGEST_BODY = 20_000


@dataclass(frozen=True)
class Draft:
    """What an information officer writes. `table` has `columns` and `rows`; `figures` are label → value."""

    category_code: str
    title: str
    summary: str
    body: str = ""
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract_id: uuid.UUID | None = None
    period: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)
    notice_days: int | None = None
    uploads: Sequence[str] = ()


def draft(session: Session, *, acting: Actor, village: Organisation, draft: Draft, keys: Keys) -> Disclosure:
    """Write a draft. Raises BadInput for missing words, an unknown category, a contract of another village,
    or a re-tender notice without its contract."""
    author = access.require_author(session, acting, village.id)
    _check(session, village, draft)
    disclosure = Disclosure(
        id=uuid.uuid4(),
        village_id=village.id,
        category_code=draft.category_code,
        kind=draft.kind,
        contract_id=draft.contract_id,
        period=draft.period,
        author_id=author.officer_id,
        current_version=1,
        notice_until=clock.today() + timedelta(days=draft.notice_days) if draft.notice_days else None,
    )
    session.add(disclosure)
    session.flush()
    _write(session, disclosure, draft, author.officer_id, keys)
    _record(session, acting, "drafted", disclosure)
    return disclosure


def _write(session: Session, disclosure: Disclosure, draft: Draft, author_id: uuid.UUID, keys: Keys) -> None:
    """Add the present version's text, and the files that came with it."""
    session.add(
        DisclosureVersion(
            id=uuid.uuid4(),
            disclosure_id=disclosure.id,
            number=disclosure.current_version,
            title=draft.title.strip(),
            summary=draft.summary.strip(),
            body=draft.body.strip(),
            figures=draft.figures,
            table=draft.table,
            author_id=author_id,
        )
    )
    attachments.adopt(
        session,
        keys=keys,
        tokens=draft.uploads,
        owner_kind=AttachmentOwner.DISCLOSURE,
        owner_id=disclosure.id,
    )


def _check(session: Session, village: Organisation, draft: Draft) -> None:
    title, summary = draft.title.strip(), draft.summary.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput("disclosure.title_wrong", f"标题要填写，最多 {LONGEST_TITLE} 个字。", field="title")
    if not summary or len(summary) > LONGEST_SUMMARY:
        raise BadInput(
            "disclosure.summary_wrong", f"一句话说明要填写，最多 {LONGEST_SUMMARY} 个字。", field="summary"
        )
    if len(draft.body) > LONGEST_BODY:
        raise BadInput("disclosure.body_too_long", f"正文最多 {LONGEST_BODY} 个字。", field="body")
    if session.get(DisclosureCategory, draft.category_code) is None:
        raise BadInput("disclosure.category_unknown", "请选择公开类别。", field="category")
    if draft.kind == DisclosureKind.RETENDER_NOTICE and draft.contract_id is None:
        raise BadInput("disclosure.contract_missing", "重新招租公告要选明是哪一份合同。", field="contract")
    if draft.contract_id is not None:
        contract = session.get(Contract, draft.contract_id)
        if contract is None or contract.village_id != village.id:
            raise BadInput(
                "disclosure.contract_unknown", "所选合同不是本村的，请重新选择。", field="contract"
            )


def revise(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, draft: Draft, keys: Keys
) -> Disclosure:
    """Write a draft or a returned item anew: a further version beside the earlier ones, same state.

    Category, kind and contract may change too. Raises Conflict once it is handed in or public, BadInput as
    `draft`."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    author = access.require_author(session, acting, disclosure.village_id)
    session.refresh(disclosure, with_for_update=True)
    if disclosure.state not in (S.DRAFT, S.RETURNED):
        raise Conflict(
            "disclosure.state_wrong",
            f"这条公开信息现在是「{STATE_NAMES[disclosure.state]}」，不能再修改。",
            state=disclosure.state,
        )
    village = session.get_one(Organisation, disclosure.village_id)
    _check(session, village, draft)
    disclosure.category_code, disclosure.kind = draft.category_code, draft.kind
    disclosure.contract_id, disclosure.period = draft.contract_id, draft.period
    disclosure.current_version += 1
    _write(session, disclosure, draft, author.officer_id, keys)
    _record(session, acting, "revised", disclosure)
    return disclosure


def submit(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """Hand a draft in for review: draft | returned → submitted. The reviewers are told."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    access.require_author(session, acting, disclosure.village_id)
    _move(session, disclosure, S.SUBMITTED)
    disclosure.submitted_at = clock.now()
    reviewers = officers.holders(session, disclosure.village_id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)
    for reviewer in reviewers:
        if reviewer.id != disclosure.author_id:
            _ask_for_review(session, disclosure, reviewer.id)
    _record(session, acting, "submitted", disclosure)
    return disclosure


def _ask_for_review(session: Session, disclosure: Disclosure, officer_id: uuid.UUID) -> None:
    village = session.get_one(Organisation, disclosure.village_id)
    outbox.enqueue(
        session,
        kind=MessageKind.REVIEW_REQUESTED,
        officer_id=officer_id,
        village_id=village.id,
        subject_kind="disclosure",
        subject_id=str(disclosure.id),
        data={
            "task": "信息公开审核",
            "village": village.name,
            "submitted_at": clock.spoken(clock.now()),
        },
        path=f"/desk/disclosures/{disclosure.id}",
        key=f"disclosure:{disclosure.id}:review:{disclosure.lock_version}:{officer_id}",
    )


def publish(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """Review and release: submitted → published. Raises Forbidden for the author himself."""
    disclosure = _review(session, acting, disclosure_id)
    _move(session, disclosure, S.PUBLISHED)
    disclosure.published_at = clock.now()
    _record(session, acting, "published", disclosure)
    return disclosure


def send_back(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, remark: str) -> Disclosure:
    """Return to the author with a remark: submitted → returned. Raises BadInput without a remark."""
    disclosure = _review(session, acting, disclosure_id)
    if not remark.strip():
        raise BadInput("disclosure.remark_missing", "退回时请写明要改什么。", field="remark")
    _move(session, disclosure, S.RETURNED)
    disclosure.review_remark = remark.strip()
    _record(session, acting, "returned", disclosure)
    return disclosure


def _review(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    reviewer = access.require_reviewer(session, acting, disclosure.village_id)
    session.refresh(disclosure, with_for_update=True)
    if reviewer.officer_id == disclosure.author_id:
        raise Conflict("disclosure.own_work", "自己起草的内容要由另一个人审核。")
    disclosure.reviewer_id = reviewer.officer_id
    return disclosure


def withdraw(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, reason: str) -> Disclosure:
    """Take a published item down: a public tombstone with the reason stays. Raises BadInput without one."""
    disclosure = _review(session, acting, disclosure_id)
    if not reason.strip():
        raise BadInput("disclosure.reason_missing", "撤回时请写明原因，原因会公开。", field="reason")
    _move(session, disclosure, S.WITHDRAWN)
    disclosure.review_remark = reason.strip()
    _record(session, acting, "withdrawn", disclosure)
    return disclosure


def _move(session: Session, disclosure: Disclosure, to: S) -> None:
    if to not in TRANSITIONS[disclosure.state]:
        raise Conflict(
            "disclosure.state_wrong",
            f"这条公开信息现在是「{STATE_NAMES[disclosure.state]}」，不能再做这一步。",
            state=disclosure.state,
        )
    disclosure.state = to
    session.flush()


def _record(session: Session, acting: Actor, action: str, disclosure: Disclosure) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        state=disclosure.state,
    )


@dataclass(frozen=True)
class Item:
    """A disclosure with the version that is shown."""

    disclosure: Disclosure
    version: DisclosureVersion
    category: DisclosureCategory


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    category_code: str | None = None,
    states: Sequence[S] = (S.PUBLISHED, S.WITHDRAWN),
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


def item(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> Item:
    """One disclosure with its present version. Raises NotFound."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    version, category = session.execute(
        select(DisclosureVersion, DisclosureCategory)
        .join(DisclosureCategory, DisclosureCategory.code == disclosure.category_code)
        .where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == disclosure.current_version,
        )
    ).one()
    return Item(disclosure, version, category)


def versions(session: Session, disclosure: Disclosure) -> Sequence[DisclosureVersion]:
    """All texts of a disclosure that the caller was allowed to see, the first one first."""
    query = select(DisclosureVersion).where(DisclosureVersion.disclosure_id == disclosure.id)
    return session.scalars(query.order_by(DisclosureVersion.number)).all()


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

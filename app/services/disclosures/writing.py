"""Writing a disclosure: what an information officer (信息员) types becomes a version, checked, laid out."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.core.keys import Keys
from app.models import (
    Contract,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    Organisation,
    Project,
)
from app.models.disclosures import AttachmentOwner, DisclosureKind
from app.services import access, attachments, privacy
from app.services.actors import Actor
from app.services.disclosures import fields, summaries
from app.services.disclosures.states import (
    EDITABLE,
    drafting_role,
    locked,
    record,
    require_author,
    require_seen,
    wrong_state,
)

LONGEST_TITLE = 60
LONGEST_SUMMARY = 40
LONGEST_BODY = 20_000
LONGEST_URGENT = timedelta(days=30)
MOST_NOTICE_DAYS = 366
_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2]|Q[1-4]))?")


@dataclass(frozen=True)
class Draft:
    """What an information officer writes.

    `filled` and `records` answer the category's own fields and columns; figures and table are made from
    them. Without them `figures` (label → value) and `table` (`columns`, `rows`) stand as they are given. An
    empty `summary` is written by `summaries.sentence`. `notice_days` are of the category's unit; the
    category's own number when None. `publish_at` is when the author would like it to come out."""

    category_code: str
    title: str
    summary: str = ""
    body: str = ""
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None
    period: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)
    filled: Mapping[str, Any] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] = ()
    notice_days: int | None = None
    publish_at: datetime | None = None
    expires_at: datetime | None = None
    uploads: Sequence[str] = ()
    dropped: Sequence[uuid.UUID] = ()


@dataclass(frozen=True)
class Laid:
    """A draft as it will be read: checked, with its figures, table and sentence."""

    summary: str
    figures: dict[str, Any]
    table: dict[str, Any]
    filled: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    persons: bool = False


def draft(session: Session, *, acting: Actor, village: Organisation, draft: Draft, keys: Keys) -> Disclosure:
    """Write a draft. Raises BadInput naming the field that is missing or wrong, Forbidden when the category
    is drafted by another role."""
    category = _category(session, village, draft.category_code)
    author = access.require_author(session, acting, village.id, drafting_role(category))
    laid = lay(session, village, category, draft)
    disclosure = Disclosure(
        id=uuid.uuid4(), village_id=village.id, author_id=author.officer_id, current_version=1
    )
    _assign(disclosure, category, draft, laid)
    session.add(disclosure)
    session.flush()
    write(session, disclosure, draft, laid, number=1, author_id=author.officer_id, keys=keys)
    record(session, acting, "drafted", disclosure)
    return disclosure


def revise(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    draft: Draft,
    keys: Keys,
    seen: int | None = None,
) -> Disclosure:
    """Write a draft or a returned item anew: a further version beside the earlier ones, same state.

    Category, kind and contract may change too. Raises Conflict once it is handed in or public, or when it
    was changed since version `seen`; BadInput as `draft`."""
    disclosure = locked(session, acting, disclosure_id)
    require_author(session, acting, disclosure)
    require_seen(disclosure.current_version, seen)
    if disclosure.state not in EDITABLE:
        raise wrong_state(disclosure)
    village = session.get_one(Organisation, disclosure.village_id)
    category = _category(session, village, draft.category_code)
    author = access.require_author(session, acting, village.id, drafting_role(category))
    laid = lay(session, village, category, draft)
    _assign(disclosure, category, draft, laid)
    number = disclosure.current_version = next_number(session, disclosure)
    write(session, disclosure, draft, laid, number=number, author_id=author.officer_id, keys=keys)
    record(session, acting, "revised", disclosure)
    return disclosure


def _assign(disclosure: Disclosure, category: DisclosureCategory, draft: Draft, laid: Laid) -> None:
    disclosure.category_code, disclosure.kind = draft.category_code, draft.kind
    disclosure.contract_id, disclosure.project_id = draft.contract_id, draft.project_id
    disclosure.period = draft.period or None
    disclosure.notice_days = draft.notice_days or category.notice_days or None
    disclosure.publish_at, disclosure.expires_at = draft.publish_at, draft.expires_at
    disclosure.persons = laid.persons


def next_number(session: Session, disclosure: Disclosure) -> int:
    """The number after the last version, proposed ones counted."""
    newest = session.scalar(
        select(func.max(DisclosureVersion.number)).where(DisclosureVersion.disclosure_id == disclosure.id)
    )
    return (newest or 0) + 1


def write(
    session: Session,
    disclosure: Disclosure,
    draft: Draft,
    laid: Laid,
    *,
    number: int,
    author_id: uuid.UUID,
    keys: Keys,
    reason: str = "",
) -> DisclosureVersion:
    """Add a version's text and the files that came with it; files that it drops stay with earlier ones."""
    version = DisclosureVersion(
        id=uuid.uuid4(),
        disclosure_id=disclosure.id,
        number=number,
        title=draft.title.strip(),
        summary=laid.summary,
        body=draft.body.strip(),
        figures=laid.figures,
        table=laid.table,
        filled=laid.filled,
        records=laid.records,
        reason=reason,
        author_id=author_id,
    )
    session.add(version)
    for file in attachments.adopt(
        session,
        keys=keys,
        tokens=draft.uploads,
        owner_kind=AttachmentOwner.DISCLOSURE,
        owner_id=disclosure.id,
    ):
        file.since_version = number
    for file in attachments.of_version(session, disclosure.id, number):
        if file.id in draft.dropped:
            file.dropped_in_version = number
    session.flush()
    return version


def lay(
    session: Session,
    village: Organisation,
    category: DisclosureCategory,
    draft: Draft,
    *,
    again: bool = False,
) -> Laid:
    """Check a draft and lay it out; a correction (`again`) has the links and times of the first text.

    Raises BadInput naming the field."""
    _check_words(draft)
    if not again:
        _check_links(session, village, draft)
        _check_times(category, draft)
    laid = Laid(
        draft.summary.strip(),
        dict(draft.figures),
        dict(draft.table),
        persons=privacy.names_persons(dict(draft.table)),
    )
    if draft.filled or draft.records:
        shown = fields.present(
            category,
            filled=draft.filled,
            records=draft.records,
            period=draft.period,
            today=clock.today(),
        )
        laid = Laid(laid.summary, shown.figures, shown.table, shown.filled, shown.records, shown.persons)
    summary = laid.summary or summaries.sentence(
        category,
        village=village,
        filled=laid.filled,
        records=laid.records,
        figures=laid.figures,
        period=draft.period,
    )
    if not summary or len(summary) > LONGEST_SUMMARY:
        raise BadInput(
            "disclosure.summary_wrong", f"一句话说明要填写，最多 {LONGEST_SUMMARY} 个字。", field="summary"
        )
    return replace(laid, summary=summary)


def _category(session: Session, village: Organisation, code: str) -> DisclosureCategory:
    category = session.get(DisclosureCategory, code)
    if category is None or not category.active or category.village_id not in (None, village.id):
        raise BadInput("disclosure.category_unknown", "请选择公开类别。", field="category")
    return category


def _check_words(draft: Draft) -> None:
    title = draft.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput("disclosure.title_wrong", f"标题要填写，最多 {LONGEST_TITLE} 个字。", field="title")
    if len(draft.body) > LONGEST_BODY:
        raise BadInput("disclosure.body_too_long", f"正文最多 {LONGEST_BODY} 个字。", field="body")
    if draft.period and not _PERIOD.fullmatch(draft.period):
        raise BadInput(
            "disclosure.period_wrong",
            f"所属期间「{draft.period[:20]}」请写成 2026、2026-Q3 或 2026-10。",
            field="period",
        )


def _check_links(session: Session, village: Organisation, draft: Draft) -> None:
    if draft.kind == DisclosureKind.RETENDER_NOTICE and draft.contract_id is None:
        raise BadInput("disclosure.contract_missing", "重新招租公告要选明是哪一份合同。", field="contract")
    if draft.contract_id is not None:
        contract = session.get(Contract, draft.contract_id)
        if contract is None or contract.village_id != village.id:
            raise BadInput(
                "disclosure.contract_unknown", "所选合同不是本村的，请重新选择。", field="contract"
            )
    if draft.project_id is not None:
        project = session.get(Project, draft.project_id)
        if project is None or project.village_id != village.id:
            raise BadInput("disclosure.project_unknown", "所选工程不是本村的，请重新选择。", field="project")


def _check_times(category: DisclosureCategory, draft: Draft) -> None:
    days, least = draft.notice_days, category.notice_days
    if days is not None and not 0 < days <= MOST_NOTICE_DAYS:
        raise BadInput(
            "disclosure.notice_days_wrong",
            f"公示天数请填 1 到 {MOST_NOTICE_DAYS} 的整数。",
            field="notice_days",
        )
    if days is not None and days < least:
        unit = "个工作日" if category.notice_unit.value == "work" else "天"
        raise BadInput(
            "disclosure.notice_too_short",
            f"「{category.name}」至少公示 {least} {unit}，现在填的是 {days} {unit}。",
            field="notice_days",
            least=least,
        )
    if draft.kind == DisclosureKind.URGENT_NOTICE:
        _check_expiry(draft.expires_at)
    elif draft.expires_at is not None:
        raise BadInput("disclosure.expires_unused", "只有紧急通知要填失效时间。", field="expires_at")


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is None:
        raise BadInput("disclosure.expires_missing", "紧急通知要填写到什么时候失效。", field="expires_at")
    if not clock.now() < expires_at <= clock.now() + LONGEST_URGENT:
        raise BadInput(
            "disclosure.expires_wrong",
            f"紧急通知的失效时间要在以后，最长 {LONGEST_URGENT.days} 天。",
            field="expires_at",
        )

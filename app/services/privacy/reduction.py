"""Expiry of person-level data (到期隐去个人信息): what named persons leaves after the notice, sums stay.

Of every version, also of drafts and corrections: tables and records lose their rows, names that stood in
them become 王某 in titles and texts, questions and answers. Files of such an item are shown no more: their
viewing copy, first page and text go; the original stays sealed in storage, because the village must keep its
archive (村民委员会组织法 第三十四条), but no face opens it. Each version that was public gets a new salt
and a link in the village's chain, so that what stood there can neither be read nor guessed; the
chain still holds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import PurePath

from sqlalchemy import ColumnElement, Date, cast, delete, func, select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.models import (
    Attachment,
    AttachmentText,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    Objection,
    Question,
)
from app.models.categories import FieldType
from app.models.chain import ChainEvent
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import audit, chain, search
from app.services.actors import Actor
from app.services.disclosures import PUBLIC, fields

BATCH = 1000


def due(session: Session, *, today: date, limit: int = BATCH) -> list[uuid.UUID]:
    """Items whose persons have stood long enough: `person_days` of the category after the notice, or after
    publication when there was none."""
    query = (
        select(Disclosure.id)
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
        .where(
            Disclosure.persons,
            Disclosure.reduced_at.is_(None),
            Disclosure.state.in_(PUBLIC),
            DisclosureCategory.person_days.is_not(None),
            _ended() + DisclosureCategory.person_days < today,
        )
        .order_by(Disclosure.notice_until, Disclosure.id)
    )
    return list(session.scalars(query.limit(limit)))


def _ended() -> ColumnElement[date]:
    published = cast(func.timezone("Asia/Shanghai", Disclosure.published_at), Date)
    return func.coalesce(Disclosure.notice_until, published)


def reduce(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> list[str]:
    """Take the persons out of one item. Returns the digests of files that nothing refers to any more; the
    caller deletes them once this is committed. Empty when another process did it."""
    disclosure = session.scalar(
        select(Disclosure)
        .where(Disclosure.id == disclosure_id, Disclosure.reduced_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if disclosure is None:
        return []
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    versions = session.scalars(
        select(DisclosureVersion)
        .where(DisclosureVersion.disclosure_id == disclosure.id)
        .order_by(DisclosureVersion.number)
    ).all()
    names = {name for version in versions for name in _names(category, version)}
    for version in versions:
        _strip(category, version, sorted(names, key=len, reverse=True))
    _strip_words(session, disclosure, sorted(names, key=len, reverse=True))
    orphans = _hide_files(session, disclosure)
    disclosure.reduced_at = clock.now()
    session.flush()
    _make_known(session, disclosure, versions)
    audit.record(
        session,
        acting=acting,
        action="persons_expired",
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        versions=len(versions),
    )
    return orphans


def _names(category: DisclosureCategory, version: DisclosureVersion) -> Iterator[str]:
    """Names of persons in the fields, records and table of a version."""
    rows = [(fields.fields_of(category), version.filled)]
    rows += [(fields.columns_of(category), record) for record in version.records]
    for definitions, values in rows:
        for one in definitions:
            if one.type == FieldType.PERSON and values.get(one.key):
                yield str(values[one.key])
    columns = [str(column) for column in version.table.get("columns") or []]
    for row in version.table.get("rows") or []:
        for heading, cell in zip(columns, row, strict=False):
            if pii.is_name_heading(heading) and pii.is_full_name(str(cell)):
                yield str(cell).strip()


def _strip(category: DisclosureCategory, version: DisclosureVersion, names: list[str]) -> None:
    figures, table = fields.reduce(category, version)
    filled, records = fields.without_persons(category, version)
    version.figures, version.table = figures, table
    version.filled, version.records = filled, records
    for name in ("title", "summary", "body", "reason"):
        setattr(version, name, _nameless(getattr(version, name), names))


def _strip_words(session: Session, disclosure: Disclosure, names: list[str]) -> None:
    """The same for what else is read on the item's page: why it was withdrawn, questions and objections."""
    disclosure.withdrawn_because = _nameless(disclosure.withdrawn_because, names)
    asked = session.scalars(select(Question).where(Question.disclosure_id == disclosure.id)).all()
    raised = session.scalars(select(Objection).where(Objection.disclosure_id == disclosure.id)).all()
    rows: list[Question | Objection] = [*asked, *raised]
    for row in rows:
        row.text, row.answer = _nameless(row.text, names), _nameless(row.answer, names)


def _nameless(text: str, names: list[str]) -> str:
    for name in names:
        if len(name) > 1:
            text = text.replace(name, pii.mask_minor(name))
    return text


def _hide_files(session: Session, disclosure: Disclosure) -> list[str]:
    """Take the files of an item from everybody's sight; digests that no other file has."""
    files = session.scalars(
        select(Attachment)
        .where(Attachment.owner_kind == AttachmentOwner.DISCLOSURE, Attachment.owner_id == disclosure.id)
        .order_by(Attachment.since_version, Attachment.position)
    ).all()
    gone: set[str] = set()
    for number, file in enumerate(files, start=1):
        gone |= {digest for digest in (file.viewing, file.preview) if digest}
        file.viewing = file.preview = None
        file.name = f"附件{number}{PurePath(file.name).suffix[:8]}"
    keys = [file.id for file in files]
    session.execute(delete(AttachmentText).where(AttachmentText.attachment_id.in_(keys)))
    session.flush()
    return [digest for digest in sorted(gone) if not _in_use(session, digest)]


def _in_use(session: Session, digest: str) -> bool:
    columns = (Attachment.original, Attachment.viewing, Attachment.preview)
    return any(session.scalar(select(Attachment.id).where(column == digest).limit(1)) for column in columns)


def _make_known(session: Session, disclosure: Disclosure, versions: Sequence[DisclosureVersion]) -> None:
    """Links in the chain for what was public, the present version last; the search index written anew."""
    for version in versions:
        if version.published_at is not None or version.number == disclosure.current_version:
            chain.extend(session, disclosure=disclosure, version=version, event=ChainEvent.REDUCED)
    if disclosure.state == DisclosureState.PUBLISHED:
        present = next(one for one in versions if one.number == disclosure.current_version)
        search.index(session, disclosure=disclosure, version=present)

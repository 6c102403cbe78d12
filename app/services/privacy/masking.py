"""Masking what the gate found: a further draft beside the earlier ones, with the masked forms in place."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.core.errors import Conflict, NotFound
from app.core.keys import Keys
from app.models import Attachment, AttachmentText, Disclosure, DisclosureCategory, DisclosureVersion
from app.models.disclosures import DisclosureState
from app.services import access, attachments, audit
from app.services.actors import Actor, Officer
from app.services.privacy.gate import Finding, is_open, scan

_OPEN = (DisclosureState.DRAFT, DisclosureState.RETURNED)
_TEXTS = ("title", "summary", "body", "reason")
_TREES = ("figures", "table", "filled", "records")


def working_version(session: Session, disclosure: Disclosure) -> DisclosureVersion:
    """The version that is being written or reviewed: the proposed correction, else the present one."""
    number = disclosure.proposed_version or disclosure.current_version
    return session.scalars(
        select(DisclosureVersion).where(
            DisclosureVersion.disclosure_id == disclosure.id, DisclosureVersion.number == number
        )
    ).one()


def in_draft(disclosure: Disclosure) -> bool:
    """Whether its authors have it in hand: the item, or the correction beside a public one."""
    proposed = disclosure.proposed_version is not None
    return (disclosure.proposed_state if proposed else disclosure.state) in _OPEN


def mask(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    keys: Keys,
    findings: Collection[str] | None = None,
) -> DisclosureVersion:
    """Write the draft anew with the masked forms of these findings (None: of all that nobody decided on), in
    texts, table, records and file names. What stands inside files stays: the file must be removed.

    Raises Conflict once it is handed in or public, NotFound when nothing is left to mask, Forbidden for
    anybody but those who draft such items (信息员)."""
    disclosure, author = _enter(session, acting, disclosure_id)
    old = working_version(session, disclosure)
    wanted = [
        one
        for one in scan(session, disclosure=disclosure, version=old, keys=keys)
        if one.maskable and (is_open(one) if findings is None else one.id in findings)
    ]
    if not wanted:
        raise NotFound("privacy.finding_gone", "没有可以遮盖的内容了，请刷新页面再看。")
    version = _rewrite(session, disclosure, old, wanted, author)
    audit.record(
        session,
        acting=acting,
        action="privacy_masked",
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        version=version.number,
        count=len(wanted),
    )
    return version


def _enter(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> tuple[Disclosure, Officer]:
    disclosure = access.access_gate(session, acting, disclosure_id)
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    author = access.require_author(session, acting, disclosure.village_id, category.drafted_by)
    session.refresh(disclosure, with_for_update=True)
    if not in_draft(disclosure):
        raise Conflict(
            "privacy.not_a_draft", "已经提交或公开的内容不能直接遮盖，请先请审核人退回，或提出更正。"
        )
    return disclosure, author


def _rewrite(
    session: Session, disclosure: Disclosure, old: DisclosureVersion, wanted: list[Finding], author: Officer
) -> DisclosureVersion:
    content: dict[str, Any] = {name: copy.deepcopy(getattr(old, name)) for name in (*_TEXTS, *_TREES)}
    renamed: list[Finding] = []
    for path, masks in _by_path(wanted).items():
        if path == ("file",):
            renamed = masks
        elif path == ("period",):
            disclosure.period = _masked(disclosure.period or "", masks)
        else:
            _put(content, path, masks)
    _follow(content, wanted, _hidden(session, disclosure))
    newest = select(func.max(DisclosureVersion.number)).where(
        DisclosureVersion.disclosure_id == disclosure.id
    )
    number = 1 + (session.scalar(newest) or 0)
    version = DisclosureVersion(
        id=uuid.uuid4(), disclosure_id=disclosure.id, number=number, author_id=author.officer_id, **content
    )
    session.add(version)
    if disclosure.proposed_version is not None:
        disclosure.proposed_version = number
    else:
        disclosure.current_version = number
    for key in {one.file for one in renamed}:
        _rename(session, disclosure, number, session.get_one(Attachment, key), renamed)
    session.flush()
    return version


def _by_path(wanted: Iterable[Finding]) -> dict[tuple[str | int, ...], list[Finding]]:
    """Findings by the text they stand in; labels of figures last, because they rename what others name."""
    found: dict[tuple[str | int, ...], list[Finding]] = {}
    for one in sorted(wanted, key=lambda one: one.place.endswith("/label")):
        path = (*one.path, "label") if one.place.endswith("/label") else one.path
        found.setdefault(path, []).append(one)
    return found


def _masked(text: str, masks: Iterable[Finding]) -> str:
    for one in sorted(masks, key=lambda one: one.start, reverse=True):
        text = text[: one.start] + one.masked + text[one.end :]
    return text


def _rename(
    session: Session, disclosure: Disclosure, number: int, file: Attachment, masks: Iterable[Finding]
) -> None:
    """Give a file its masked name. What is public keeps its row, because the village's chain covers it: the
    correction shows a copy of the row."""
    name = _masked(file.name, [one for one in masks if one.file == file.id])
    if not _public(disclosure, file):
        file.name = name
        return
    kept = {column.key: getattr(file, column.key) for column in Attachment.__table__.columns}
    twin = Attachment(**(kept | {"id": uuid.uuid4(), "name": name, "since_version": number}))
    file.dropped_in_version = number
    session.add(twin)
    session.flush()
    for page in session.scalars(select(AttachmentText).where(AttachmentText.attachment_id == file.id)):
        own = {"id": uuid.uuid4(), "attachment_id": twin.id}
        columns = {column.key: getattr(page, column.key) for column in AttachmentText.__table__.columns}
        session.add(AttachmentText(**(columns | own)))


def _public(disclosure: Disclosure, file: Attachment) -> bool:
    """Whether a published version shows the file."""
    return disclosure.published_at is not None and file.since_version <= disclosure.current_version


def _put(content: dict[str, Any], path: tuple[str | int, ...], masks: list[Finding]) -> None:
    if path[0] == "figures" and path[-1] == "label" and len(path) == 3:
        label = str(path[1])
        content["figures"] = {
            _masked(key, masks) if key == label else key: value for key, value in content["figures"].items()
        }
        return
    place: Any = content
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = _masked(str(place[path[-1]]), masks)


def _hidden(session: Session, disclosure: Disclosure) -> frozenset[str]:
    """Keys of fields and columns that the public never sees."""
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    entries = [*category.fields, *category.columns]
    return frozenset(str(one.get("key")) for one in entries if not one.get("public", True))


def _follow(content: dict[str, Any], wanted: Iterable[Finding], hidden: frozenset[str]) -> None:
    """What was masked in the table is masked in the records it was made from, and the other way round: one
    is computed anew from the other. What the public never sees keeps what it holds."""
    for one in wanted:
        if one.path[0] in _TREES:
            for name in _TREES:
                content[name] = _replaced(content[name], one.text, one.masked, hidden)


def _replaced(value: Any, text: str, masked: str, hidden: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: inner if key in hidden else _replaced(inner, text, masked, hidden)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_replaced(inner, text, masked, hidden) for inner in value]
    return value.replace(text, masked) if isinstance(value, str) else value


def remove_file(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, attachment_id: uuid.UUID
) -> None:
    """Take a file out of the draft. One that never was public is shown in no version; its text is forgotten.

    Raises Conflict once the item is handed in or public, NotFound for a file that the draft does not show."""
    disclosure, _ = _enter(session, acting, disclosure_id)
    version = working_version(session, disclosure)
    files = {file.id: file for file in attachments.of_version(session, disclosure.id, version.number)}
    file = files.get(attachment_id)
    if file is None:
        raise NotFound("attachment.not_found", "没有找到这个文件，可能已被移除或您无权查看。")
    public = _public(disclosure, file)
    file.dropped_in_version = version.number if public else file.since_version
    if not public:
        session.execute(delete(AttachmentText).where(AttachmentText.attachment_id == file.id))
    session.flush()
    audit.record(
        session,
        acting=acting,
        action="privacy_file_removed",
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        file=str(file.id),
    )

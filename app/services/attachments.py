"""Files: uploads, pictures from the chat, and who may read them.

An upload belongs to nobody until it is used; the token that its uploader got is the right to use it. What
people see is a copy without metadata; the original stays sealed away from viewers. Of what a visitor
uploads there is no original, name or document at all: it may become part of an anonymous complaint (匿名)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import clock, documents, ids, images
from app.core.documents import Document, DocumentLimits
from app.core.errors import BadInput, NotFound, TooLarge
from app.core.images import Limits
from app.core.keys import Keys
from app.core.storage import Storage
from app.models import (
    Attachment,
    AttachmentText,
    ComplaintEvent,
    Disclosure,
    DisclosureVersion,
    WarningEvent,
)
from app.models.base import WorkState
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import access, access_supervision, audit
from app.services.actors import Actor, Administrator, Officer, Visitor

LONGEST_NAME = 80
UNUSED_FOR = timedelta(hours=24)
HELD_FOR = timedelta(minutes=30)
MOST_FILES = 9
PLAIN_KINDS = frozenset({images.Kind.PDF, images.Kind.XLSX})
NEUTRAL_NAME = "图片.jpg"
OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")
"""How files of Office before 2007 begin, and those of today under a password ([MS-CFB] 2.2)."""


@dataclass(frozen=True)
class Uploaded:
    """A stored upload and the token that uses it."""

    attachment: Attachment
    token: str


def upload(
    session: Session, *, acting: Actor, data: bytes, name: str, storage: Storage, keys: Keys, limits: Limits
) -> Uploaded:
    """Store a picture, PDF or workbook. The file's content decides its type, not its name.

    Of a `Visitor` only a cleaned picture is kept, under a name that tells nothing.

    A document of an office may become part of a disclosure: it is read now, so that the privacy gate knows
    its text, and the first page of a PDF is kept as a picture (`preview`).

    Raises TooLarge over the limit, BadInput for a type that is not taken, a picture that is damaged or a
    document that cannot be read (`document.…`)."""
    if len(data) > limits.max_bytes:
        raise TooLarge("upload.too_large", f"文件太大，最多 {limits.max_bytes // 1024 // 1024} MB。")
    unknown = isinstance(acting, Visitor)
    document = _read(data, limits) if isinstance(acting, Officer | Administrator) else None
    token = ids.token()
    attachment = Attachment(
        id=uuid.uuid4(),
        created_at=clock.whole_day(clock.now()),
        state=WorkState.DONE,
        name=NEUTRAL_NAME if unknown else safe_name(name),
        upload_digest=keys.upload_digest(token),
    )
    keep(attachment, data, storage, limits, unknown=unknown)
    session.add(attachment)
    session.flush()
    if document is not None:
        attachment.preview = storage.put(document.preview) if document.preview else None
        _note_pages(session, attachment, document)
    audit.record(
        session,
        acting=acting,
        action="uploaded",
        noun="attachment",
        noun_id=attachment.id,
        at=attachment.created_at,
        size=attachment.size,
    )
    return Uploaded(attachment, token)


def _read(data: bytes, limits: Limits) -> Document | None:
    """The document in `data`; None for pictures and for what is refused anyway."""
    kind = images.kind(data)
    if kind not in PLAIN_KINDS:
        return None
    most = DocumentLimits(
        pages=limits.max_pages, seconds=limits.document_seconds, megabytes=limits.document_megabytes
    )
    return documents.read(data, kind, most)


def _note_pages(session: Session, attachment: Attachment, document: Document) -> None:
    session.add_all(
        AttachmentText(
            id=uuid.uuid4(),
            attachment_id=attachment.id,
            position=position,
            label=page.label,
            text=page.text,
            readable=page.readable,
        )
        for position, page in enumerate(document.pages, start=1)
    )


def keep(
    attachment: Attachment, data: bytes, storage: Storage, limits: Limits, *, unknown: bool = False
) -> None:
    """Write the file and its viewing copy to storage and note both on the row. Of an `unknown` person the
    viewing copy alone: the original names place, time, device or author. Raises BadInput."""
    kind = images.kind(data)
    if data.startswith(OLD_OFFICE):
        raise BadInput(
            "upload.old_office",
            "这是旧格式或加了密码的 Office 文件，请去掉密码，另存为 .xlsx 或 PDF 后再上传。",
        )
    if kind is None or not (kind.is_picture or kind in PLAIN_KINDS):
        raise BadInput("upload.type_refused", "只能上传图片（JPG、PNG）、PDF 或 Excel 文件。")
    if unknown and not kind.is_picture:
        raise _telling()
    viewing = images.clean(data, limits=limits).jpeg if kind.is_picture else data
    kept = viewing if unknown else data
    attachment.size = len(kept)
    attachment.original = storage.put(kept)
    attachment.viewing = storage.put(viewing)
    attachment.media_type = images.Kind.JPEG.mime if kind.is_picture else kind.mime


def _telling() -> BadInput:
    return BadInput(
        "upload.anonymous_type_refused",
        "匿名只能上传照片（JPG、PNG）；PDF 和 Excel 会带出作者和时间，请拍成照片再传。",
        field="uploads",
    )


def safe_name(name: str) -> str:
    """A file name without folders and control characters, at most 80 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:LONGEST_NAME] or "附件"


def adopt(
    session: Session,
    *,
    keys: Keys,
    tokens: Sequence[str],
    owner_kind: AttachmentOwner,
    owner_id: uuid.UUID,
    coarse: bool = False,
    official: bool = False,
    since_version: int = 1,
) -> list[Attachment]:
    """Give uploads to their owner. `coarse`: part of an anonymous complaint, so with whole days for times
    and, unless an office adds them (`official`), without anything that leads to the person. Those of a
    disclosure are shown from `since_version` on.

    Raises BadInput when a token is unknown, used or a day old, or an anonymous file is no picture."""
    if len(tokens) > MOST_FILES:
        raise BadInput("upload.too_many", f"一次最多 {MOST_FILES} 个文件。", field="uploads")
    adopted = []
    for position, token in enumerate(tokens, start=1):
        attachment = session.scalar(
            select(Attachment)
            .where(
                Attachment.upload_digest == keys.upload_digest(token),
                Attachment.owner_kind == AttachmentOwner.NONE,
                Attachment.created_at >= clock.whole_day(clock.now() - UNUSED_FOR),
            )
            .with_for_update()
        )
        if attachment is None:
            raise BadInput("upload.unknown", "有文件没有上传成功或已过期，请重新上传。", field="uploads")
        if coarse and not official:
            _forget(attachment)
        _give(attachment, owner_kind, owner_id, position, coarse=coarse)
        attachment.since_version = since_version
        adopted.append(attachment)
    session.flush()
    return adopted


def _forget(attachment: Attachment) -> None:
    """Make an upload of perhaps a known person an anonymous one: the audit trail names who uploaded the old
    id, and of which size; so it becomes another id, and of a file with an original the size goes too."""
    if attachment.media_type != images.Kind.JPEG.mime:
        raise _telling()
    attachment.id = uuid.uuid4()
    attachment.name = NEUTRAL_NAME
    if attachment.original != attachment.viewing:
        attachment.original, attachment.size = attachment.viewing, None


def _give(
    attachment: Attachment, kind: AttachmentOwner, owner_id: uuid.UUID, position: int, *, coarse: bool = False
) -> None:
    attachment.owner_kind, attachment.owner_id = kind, owner_id
    attachment.position = position
    attachment.upload_digest = None
    if coarse:
        attachment.created_at = attachment.due_at = clock.whole_day(attachment.created_at)


def from_chat(
    session: Session, *, app_id: str, media_id: str, villager_id: uuid.UUID, keys: Keys
) -> Attachment:
    """Note a picture sent in the chat; the worker fetches it. It waits half an hour for its complaint."""
    attachment = Attachment(
        id=uuid.uuid4(),
        app_id=app_id,
        media_id=media_id,
        name="聊天图片",
        upload_digest=_hold(keys, villager_id),
        created_at=clock.now(),
        state=WorkState.PENDING,
    )
    session.add(attachment)
    session.flush()
    return attachment


def claim_from_chat(
    session: Session,
    *,
    villager_id: uuid.UUID,
    owner_kind: AttachmentOwner,
    owner_id: uuid.UUID,
    keys: Keys,
) -> int:
    """Give the pictures that a villager sent in the last half hour to a complaint; returns how many."""
    waiting = session.scalars(
        select(Attachment)
        .where(
            Attachment.upload_digest == _hold(keys, villager_id),
            Attachment.owner_kind == AttachmentOwner.NONE,
            Attachment.created_at >= clock.now() - HELD_FOR,
        )
        .order_by(Attachment.created_at)
        .with_for_update()
    ).all()
    taken = count(session, owner_kind, owner_id)
    for position, attachment in enumerate(waiting, start=taken + 1):
        _give(attachment, owner_kind, owner_id, position)
    return len(waiting)


def _hold(keys: Keys, villager_id: uuid.UUID) -> str:
    return keys.upload_digest(f"chat:{villager_id}")


def count(session: Session, owner_kind: AttachmentOwner, owner_id: uuid.UUID) -> int:
    """How many files an owner has."""
    return (
        session.scalar(select(func.count()).select_from(Attachment).where(*_of(owner_kind, [owner_id]))) or 0
    )


def of(
    session: Session, owner_kind: AttachmentOwner, owner_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Attachment]]:
    """The files of several owners in one query, by owner."""
    found: dict[uuid.UUID, list[Attachment]] = {key: [] for key in owner_ids}
    if owner_ids:
        rows = session.scalars(
            select(Attachment).where(*_of(owner_kind, owner_ids)).order_by(Attachment.position)
        )
        for attachment in rows:
            if attachment.owner_id is not None:
                found[attachment.owner_id].append(attachment)
    return found


def of_version(session: Session, disclosure_id: uuid.UUID, number: int) -> list[Attachment]:
    """The files that one version of a disclosure shows, in their order."""
    return list(
        session.scalars(
            select(Attachment)
            .where(*_of(AttachmentOwner.DISCLOSURE, [disclosure_id]), shown_in(number))
            .order_by(Attachment.since_version, Attachment.position)
        )
    )


def shown_in(number: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The file belongs to this version of its disclosure."""
    dropped = Attachment.dropped_in_version
    return and_(Attachment.since_version <= number, or_(dropped.is_(None), dropped > number))


def _of(kind: AttachmentOwner, owner_ids: Sequence[uuid.UUID]) -> tuple[ColumnElement[bool], ...]:
    return Attachment.owner_kind == kind, Attachment.owner_id.in_(owner_ids)


def access_attachment(session: Session, *, acting: Actor, attachment_id: uuid.UUID) -> Attachment:
    """The file, if the actor may see what it belongs to. Raises NotFound otherwise."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.viewing is None or attachment.owner_id is None:
        raise _missing()
    if attachment.owner_kind == AttachmentOwner.DISCLOSURE:
        disclosure = access.access_disclosure(session, acting, attachment.owner_id)
        inside = access.is_administrator(acting) or access.covers(
            session, acting, disclosure.village_id, *access.VILLAGE_ROLES, *access.INSPECTORS
        )
        # Of a withdrawn item the public keeps the tombstone, not the files.
        if not inside and (
            disclosure.state == DisclosureState.WITHDRAWN or not _public(session, disclosure, attachment)
        ):
            raise _missing()
        return attachment
    if attachment.owner_kind == AttachmentOwner.CAMPAIGN_ANSWER:
        access_supervision.access_answer(session, acting, attachment.owner_id)
        return attachment
    if attachment.owner_kind == AttachmentOwner.WARNING_EVENT:
        step = session.get(WarningEvent, attachment.owner_id)
        if step is None:
            raise _missing()
        access.access_warning(session, acting, step.warning_id)
        return attachment
    complaint_id: uuid.UUID | None = attachment.owner_id
    if attachment.owner_kind == AttachmentOwner.COMPLAINT_EVENT:
        complaint_id = session.scalar(
            select(ComplaintEvent.complaint_id).where(ComplaintEvent.id == attachment.owner_id)
        )
    if complaint_id is None:
        raise _missing()
    access.access_complaint(session, acting, complaint_id)
    return attachment


def preview_of(attachment: Attachment, storage: Storage) -> tuple[bytes, str]:
    """The picture of a PDF's first page and its media type. Raises NotFound when there is none."""
    if attachment.preview is None:
        raise NotFound("attachment.no_preview", "这个文件没有预览图，请直接打开文件。")
    picture = storage.read(attachment.preview)
    kind = images.kind(picture)
    return picture, kind.mime if kind else "application/octet-stream"


def _public(session: Session, disclosure: Disclosure, attachment: Attachment) -> bool:
    """Whether a version that was published shows the file: not one that came and went in drafts, nor one of
    a correction that still waits for review."""
    shown = exists().where(
        Attachment.id == attachment.id,
        DisclosureVersion.disclosure_id == disclosure.id,
        or_(
            DisclosureVersion.number == disclosure.current_version,
            DisclosureVersion.published_at.is_not(None),
        ),
        shown_in(DisclosureVersion.number),
    )
    return bool(session.scalar(select(shown)))


def _missing() -> NotFound:
    return NotFound("attachment.not_found", "没有找到这个文件，可能已被移除或您无权查看。")

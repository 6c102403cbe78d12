"""Files: uploads, pictures from the chat, and who may read them.

An upload belongs to nobody until it is used; the token that its uploader got is the right to use it. What
people see is a copy without metadata; the original stays sealed away from viewers. Of what a visitor
uploads there is no original, name or document at all: it may become part of an anonymous complaint (匿名)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core import clock, ids, images
from app.core.errors import BadInput, NotFound, TooLarge
from app.core.images import Limits
from app.core.keys import Keys
from app.core.storage import Storage
from app.models import Attachment, ComplaintEvent
from app.models.base import WorkState
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import access, audit
from app.services.actors import Actor, Officer, Visitor

LONGEST_NAME = 80
UNUSED_FOR = timedelta(hours=24)
HELD_FOR = timedelta(minutes=30)
MOST_FILES = 9
PLAIN_KINDS = frozenset({images.Kind.PDF, images.Kind.XLSX})
NEUTRAL_NAME = "图片.jpg"


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

    Raises TooLarge over the limit, BadInput for a type that is not taken or a picture that is damaged."""
    if len(data) > limits.max_bytes:
        raise TooLarge("upload.too_large", f"文件太大，最多 {limits.max_bytes // 1024 // 1024} MB。")
    unknown = isinstance(acting, Visitor)
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


def keep(
    attachment: Attachment, data: bytes, storage: Storage, limits: Limits, *, unknown: bool = False
) -> None:
    """Write the file and its viewing copy to storage and note both on the row. Of an `unknown` person the
    viewing copy alone: the original names place, time, device or author. Raises BadInput."""
    kind = images.kind(data)
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
) -> list[Attachment]:
    """Give uploads to their owner. `coarse`: part of an anonymous complaint, so with whole days for times
    and, unless an office adds them (`official`), without anything that leads to the person.

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


def _of(kind: AttachmentOwner, owner_ids: Sequence[uuid.UUID]) -> tuple[ColumnElement[bool], ...]:
    return Attachment.owner_kind == kind, Attachment.owner_id.in_(owner_ids)


def access_attachment(session: Session, *, acting: Actor, attachment_id: uuid.UUID) -> Attachment:
    """The file, if the actor may see what it belongs to. Raises NotFound otherwise."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.viewing is None or attachment.owner_id is None:
        raise _missing()
    if attachment.owner_kind == AttachmentOwner.DISCLOSURE:
        disclosure = access.access_disclosure(session, acting, attachment.owner_id)
        # Of a withdrawn item the public keeps the tombstone, not the files.
        public = not isinstance(acting, Officer) and not access.is_administrator(acting)
        if disclosure.state == DisclosureState.WITHDRAWN and public:
            raise _missing()
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


def _missing() -> NotFound:
    return NotFound("attachment.not_found", "没有找到这个文件，可能已被移除或您无权查看。")

"""Extending a village's hash chain, its head, its links, and the contents that they cover."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Attachment, ChainHead, ChainLink, Disclosure, DisclosureVersion, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services.chain import canonical
from app.services.chain.canonical import Content

SALT_BYTES = 16
PUBLIC = (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)
Key = tuple[uuid.UUID, int]


@dataclass(frozen=True)
class Head:
    """The newest link of a chain: its number and digest."""

    number: int
    digest: str

    @property
    def short(self) -> str:
        """As programs and papers carry it: 128:3f9a0c2177be01d499aa."""
        return f"{self.number}:{self.digest[: canonical.SHOWN]}"

    @property
    def printed(self) -> str:
        """The digits that are printed, in groups of four: 3f9a 0c21 77be 01d4 99aa."""
        shown = self.digest[: canonical.SHOWN]
        return " ".join(shown[start : start + 4] for start in range(0, len(shown), 4))


def extend(
    session: Session, *, disclosure: Disclosure, version: DisclosureVersion, event: ChainEvent
) -> ChainLink:
    """Add a link to the chain of the disclosure's village, inside the caller's transaction.

    Call it when the rows hold what the public will read: state, notice, moments, reason, files. The head's
    row is locked until the transaction ends, so that two publishers follow each other. Persons taken out
    (`REDUCED`) give the version a new salt: what stood there before can be guessed at no more."""
    if version.salt is None or event == ChainEvent.REDUCED:
        version.salt = secrets.token_hex(SALT_BYTES)
    session.flush()
    key = (disclosure.id, version.number)
    content = contents(session, versions=[key])[key]
    withdrawn = disclosure.state == DisclosureState.WITHDRAWN
    file = canonical.content_file(content, event, withdrawn=withdrawn)
    head = _lock(session, disclosure.village_id)
    link = _link(disclosure, version.number, event, canonical.digest(file), clock.now())
    session.add(_join(head, link, _code(session, disclosure.village_id)))
    session.flush()
    return link


def _link(
    disclosure: Disclosure, version: int, event: ChainEvent, content_digest: str, at: datetime
) -> ChainLink:
    """A link that does not hang on anything yet."""
    return ChainLink(
        village_id=disclosure.village_id,
        event=event,
        disclosure_id=disclosure.id,
        version=version,
        terms=terms(disclosure),
        content_digest=content_digest,
        at=at,
    )


def _join(head: ChainHead, link: ChainLink, village_code: str) -> ChainLink:
    """Hang a link on the chain whose head is locked."""
    link.number, link.previous = head.number + 1, head.digest
    link.digest = canonical.digest(file_of(link, village_code))
    head.number, head.digest = link.number, link.digest
    return link


def _lock(session: Session, village_id: uuid.UUID) -> ChainHead:
    first = insert(ChainHead).values(village_id=village_id, number=0, digest=canonical.GENESIS)
    session.execute(first.on_conflict_do_nothing())
    query = select(ChainHead).where(ChainHead.village_id == village_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def _code(session: Session, village_id: uuid.UUID) -> str:
    return session.execute(select(Organisation.code).where(Organisation.id == village_id)).scalar_one()


def terms(disclosure: Any) -> dict[str, Any]:
    """What a link says about the item (a `Disclosure` or a row with its columns) as a whole; nothing
    personal."""
    return {
        "category": disclosure.category_code,
        "kind": disclosure.kind.value,
        "period": disclosure.period,
        "notice_until": disclosure.notice_until.isoformat() if disclosure.notice_until else None,
        "published_at": canonical.moment(disclosure.published_at) if disclosure.published_at else None,
    }


def file_of(link: Any, village_code: str) -> str:
    """The link file of a `ChainLink` or a row with its columns, see `canonical.link_file`."""
    return canonical.link_file(
        village=village_code,
        number=link.number,
        event=link.event,
        disclosure_id=link.disclosure_id,
        version=link.version,
        terms=link.terms,
        content_digest=link.content_digest,
        previous=link.previous,
        at=link.at,
    )


def head(session: Session, village_id: uuid.UUID) -> Head | None:
    """The newest link of a village's chain; None before its first."""
    found = session.execute(
        select(ChainHead.number, ChainHead.digest).where(ChainHead.village_id == village_id)
    ).one_or_none()
    return Head(found.number, found.digest) if found and found.number else None


def listing(village_id: uuid.UUID) -> Select[ChainLink]:
    """The links of a village, the newest first. They are public."""
    return select(ChainLink).where(ChainLink.village_id == village_id).order_by(ChainLink.number.desc())


def contents(
    session: Session, *, versions: Sequence[Key] = (), village_id: uuid.UUID | None = None
) -> dict[Key, Content]:
    """The public content of these versions, or of all versions of a village, as the database has it now."""
    wanted: ColumnElement[bool]
    if village_id is not None:
        wanted = Disclosure.village_id == village_id
    else:
        wanted = tuple_(DisclosureVersion.disclosure_id, DisclosureVersion.number).in_(versions)
    rows = session.execute(
        select(
            DisclosureVersion.disclosure_id,
            DisclosureVersion.number,
            DisclosureVersion.title,
            DisclosureVersion.summary,
            DisclosureVersion.body,
            DisclosureVersion.figures,
            DisclosureVersion.table,
            DisclosureVersion.reason,
            DisclosureVersion.published_at,
            DisclosureVersion.salt,
            Disclosure.withdrawn_because,
        )
        .join(Disclosure, Disclosure.id == DisclosureVersion.disclosure_id)
        .where(wanted)
    ).all()
    files = _files(session, {row.disclosure_id for row in rows}, village_id)
    return {
        (row.disclosure_id, row.number): Content(
            title=row.title,
            summary=row.summary,
            body=row.body,
            figures=row.figures,
            table=row.table,
            reason=row.reason,
            published_at=row.published_at,
            files=tuple(
                (file.name, file.viewing)
                for file in files.get(row.disclosure_id, ())
                if file.since_version <= row.number
                and (file.dropped_in_version is None or row.number < file.dropped_in_version)
            ),
            salt=row.salt or "",
            withdrawn_because=row.withdrawn_because,
        )
        for row in rows
    }


def _files(
    session: Session, disclosure_ids: Iterable[uuid.UUID], village_id: uuid.UUID | None
) -> dict[uuid.UUID, list[Any]]:
    """Name, digest and versions of the files that people see, by disclosure, in their order."""
    owners: Any = list(disclosure_ids)
    if village_id is not None:
        owners = select(Disclosure.id).where(Disclosure.village_id == village_id)
    found: dict[uuid.UUID, list[Any]] = {}
    rows = session.execute(
        select(
            Attachment.owner_id,
            Attachment.name,
            Attachment.viewing,
            Attachment.since_version,
            Attachment.dropped_in_version,
        )
        .where(
            Attachment.owner_kind == AttachmentOwner.DISCLOSURE,
            Attachment.owner_id.in_(owners),
            Attachment.viewing.is_not(None),
        )
        .order_by(Attachment.owner_id, Attachment.position, Attachment.id)
    )
    for row in rows:
        found.setdefault(row.owner_id, []).append(row)
    return found


def backfill(session: Session, *, village_id: uuid.UUID) -> int:
    """Give links to what a village had published before it had a chain, the oldest first; how many.

    A link says when it was made, so these do not claim to be older than they are. Items with a link are left
    alone: running it again is harmless."""
    head = _lock(session, village_id)
    linked = select(ChainLink.disclosure_id).where(ChainLink.village_id == village_id)
    missing = session.scalars(
        select(Disclosure)
        .where(
            Disclosure.village_id == village_id, Disclosure.state.in_(PUBLIC), Disclosure.id.not_in(linked)
        )
        .order_by(Disclosure.published_at, Disclosure.id)
    ).all()
    if not missing:
        return 0
    _salt(session, missing)
    code, stored, now = _code(session, village_id), contents(session, village_id=village_id), clock.now()
    made = []
    for disclosure in missing:
        down = disclosure.state == DisclosureState.WITHDRAWN
        event = ChainEvent.WITHDRAWN if down else ChainEvent.PUBLISHED
        content = stored[(disclosure.id, disclosure.current_version)]
        file = canonical.content_file(content, event, withdrawn=down)
        link = _link(disclosure, disclosure.current_version, event, canonical.digest(file), now)
        made.append(_join(head, link, code))
    session.add_all(made)
    session.flush()
    return len(made)


def _salt(session: Session, disclosures: Sequence[Disclosure]) -> None:
    """Give the present versions of these a salt."""
    keys = [(one.id, one.current_version) for one in disclosures]
    versions = session.scalars(
        select(DisclosureVersion)
        .join(Disclosure, Disclosure.id == DisclosureVersion.disclosure_id)
        .where(
            Disclosure.village_id == disclosures[0].village_id,
            DisclosureVersion.number == Disclosure.current_version,
            DisclosureVersion.salt.is_(None),
        )
    )
    wanted = set(keys)
    for version in versions:
        if (version.disclosure_id, version.number) in wanted:
            version.salt = secrets.token_hex(SALT_BYTES)
    session.flush()


def villages_without(session: Session) -> Sequence[uuid.UUID]:
    """The villages that published something and have no chain at all: those of before there were chains. An
    item without a link in a village that has a chain is a fault, and stays one."""
    linked = select(ChainLink.id).where(ChainLink.village_id == Organisation.id).exists()
    public = select(Disclosure.id).where(
        Disclosure.village_id == Organisation.id, Disclosure.state.in_(PUBLIC)
    )
    query = select(Organisation.id).where(~linked, public.exists()).order_by(Organisation.code)
    return session.scalars(query).all()

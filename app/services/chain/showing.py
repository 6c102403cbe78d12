"""What the public page and the bulletin read: whether an old head still belongs to the chain, what exactly
was hashed, and what the newest full verification found. All of it is cheap."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import NotFound
from app.core.logging import get
from app.models import ChainCheck, ChainLink, Disclosure, DisclosureVersion, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.services.chain import canonical, links, verification
from app.services.chain.verification import Known, Verified

MOST_WALKED = 5_000
"""Links that a request walks at most; the nightly verification walks all."""

log = get(__name__)


@dataclass(frozen=True)
class Line:
    """A link with the title of what it is about; "" when that is gone."""

    link: ChainLink
    title: str


@dataclass(frozen=True)
class Holding:
    """Whether an old head belongs to the chain of now. `at`: when its link was made; `newer`: links since;
    `unbroken`: whether every link since follows the one before, None when there are too many to look."""

    known: Known
    found: bool
    last: int
    at: datetime | None = None
    newer: int = 0
    unbroken: bool | None = None


@dataclass(frozen=True)
class Evidence:
    """The exact files whose SHA-256 are a link's digest and content digest. `content` is None when what was
    hashed is not public any more; `because` says why."""

    link: ChainLink
    link_file: str
    content_file: str | None
    because: str


def newest(session: Session, village_id: uuid.UUID, *, limit: int, before: int | None = None) -> list[Line]:
    """The newest links with the titles that are public now, for showing; `before` this number. Of a withdrawn
    item that is the tombstone's: an earlier version's may be what it was withdrawn for."""
    down = Disclosure.state == DisclosureState.WITHDRAWN
    title = (
        select(DisclosureVersion.title)
        .join(Disclosure, Disclosure.id == DisclosureVersion.disclosure_id)
        .where(
            DisclosureVersion.disclosure_id == ChainLink.disclosure_id,
            DisclosureVersion.number == case((down, Disclosure.current_version), else_=ChainLink.version),
        )
        .correlate(ChainLink)
        .scalar_subquery()
    )
    query = links.listing(village_id).add_columns(title).limit(limit)
    if before is not None:
        query = query.where(ChainLink.number < before)
    return [Line(link, title or "") for link, title in session.execute(query)]


def holds(session: Session, *, village_id: uuid.UUID, known: Known) -> Holding:
    """Look up an old head and follow the chain from it to its end."""
    last = session.scalar(select(func.max(ChainLink.number)).where(ChainLink.village_id == village_id)) or 0
    found = session.execute(
        select(ChainLink.digest, ChainLink.at).where(
            ChainLink.village_id == village_id, ChainLink.number == known.number
        )
    ).one_or_none()
    if found is None or not found.digest.startswith(known.digest):
        return Holding(known, False, last)
    newer, unbroken = last - known.number, None
    if newer <= MOST_WALKED:
        code = session.execute(select(Organisation.code).where(Organisation.id == village_id)).scalar_one()
        rows = verification.rows_of(session, village_id, since=known.number)
        head = links.head(session, village_id)
        whole = head is not None and (head.number, head.digest) == (rows[-1].number, rows[-1].digest)
        unbroken = whole and not any(verification.walk(rows, code, previous=None))
    return Holding(known, True, last, found.at, newer, unbroken)


def evidence(session: Session, *, village_id: uuid.UUID, number: int) -> Evidence:
    """What exactly was hashed for a link, as far as it is public. Raises NotFound for no such link."""
    link = session.scalar(
        select(ChainLink).where(ChainLink.village_id == village_id, ChainLink.number == number)
    )
    if link is None:
        raise NotFound("chain.link_not_found", "这个村的链上没有这一环，请核对编号。")
    code = session.execute(select(Organisation.code).where(Organisation.id == village_id)).scalar_one()
    because = _hidden(session, link)
    file = None
    if not because:
        key = (link.disclosure_id, link.version)
        content = links.contents(session, versions=[key]).get(key)
        down = link.event == ChainEvent.REDUCED and _is_down(session, link)
        file = canonical.content_file(content, link.event, withdrawn=down) if content else None
        because = "" if file else "这条内容已经不在数据库里。"
    return Evidence(link, links.file_of(link, code), file, because)


def _hidden(session: Session, link: ChainLink) -> str:
    """Why the content of a link is not shown; "" when it is."""
    reduced = select(ChainLink.id).where(
        ChainLink.village_id == link.village_id,
        ChainLink.disclosure_id == link.disclosure_id,
        ChainLink.version == link.version,
        ChainLink.event == ChainEvent.REDUCED,
        ChainLink.number > link.number,
    )
    if session.scalar(reduced.limit(1)) is not None:
        return "公示期满后，个人信息已依规隐去；这一环只能核对链本身，隐去后的内容看后面的那一环。"
    if link.event != ChainEvent.WITHDRAWN and _is_down(session, link):
        return "这条内容已经撤回，原文不再公开；撤回原因看后面的那一环。"
    return ""


def _is_down(session: Session, link: ChainLink) -> bool:
    state = session.scalar(select(Disclosure.state).where(Disclosure.id == link.disclosure_id))
    return state == DisclosureState.WITHDRAWN


def check(session: Session, *, village_id: uuid.UUID) -> Verified:
    """Verify a village in full and keep the result for its public page."""
    result = verification.verify(session, village_id=village_id)
    counts: dict[str, int] = {}
    for fault in result.faults:
        counts[fault.kind.value] = counts.get(fault.kind.value, 0) + 1
    statement = insert(ChainCheck).values(
        village_id=village_id, at=clock.now(), number=result.links, faults=counts
    )
    new = statement.excluded
    changes = {"at": new.at, "number": new.number, "faults": new.faults}
    session.execute(statement.on_conflict_do_update(index_elements=[ChainCheck.village_id], set_=changes))
    return result


def check_all(database: Database) -> tuple[int, int]:
    """Verify all villages, each in a transaction of its own; how many there are, and how many have faults."""
    with database.reading() as session:
        query = select(Organisation.id).where(Organisation.kind == "village").order_by(Organisation.code)
        villages = session.scalars(query).all()
    broken = 0
    for village_id in villages:
        with database.transaction() as session:
            result = check(session, village_id=village_id)
        if result.faults:
            broken += 1
            log.error("chain.broken", village=result.village, faults=len(result.faults))
    return len(villages), broken


def last_check(session: Session, village_id: uuid.UUID) -> ChainCheck | None:
    """The newest full verification of a village, if there was one."""
    return session.scalar(select(ChainCheck).where(ChainCheck.village_id == village_id))

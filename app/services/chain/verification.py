"""Finding what was changed behind the chain's back: edits, deletions, truncation, rewriting."""

from __future__ import annotations

import enum
import re
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, NotFound
from app.core.storage import Storage
from app.models import ChainHead, ChainLink, Disclosure, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.services.chain import canonical, links
from app.services.chain.canonical import Content
from app.services.chain.links import Head, Key

SHORTEST_DIGEST = 16
MOST_TRIES = 5
_HEAD = re.compile(r"(\d{1,9})\s*环?\s*[:,;·\s]\s*((?:[0-9a-f]\s*){16,64})$")


class FaultKind(enum.StrEnum):
    """What was found: edited_link 链上记录被改, broken 前后接不上, gap 缺环, truncated 截断, rewritten 重写,
    edited_content 内容被改, unlinked 没有上链, gone 上过链的内容不见了, state 状态或公示期被改,
    file 附件被改."""

    EDITED_LINK = "edited_link"
    BROKEN = "broken"
    GAP = "gap"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    EDITED_CONTENT = "edited_content"
    UNLINKED = "unlinked"
    GONE = "gone"
    STATE = "state"
    FILE = "file"


@dataclass(frozen=True)
class Fault:
    """One fault in plain words. `number`: at which link; `disclosure_id`: which item."""

    kind: FaultKind
    text: str
    number: int | None = None
    disclosure_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Known:
    """A head that somebody kept: a link's number and its digest, or the beginning of it."""

    number: int
    digest: str


@dataclass
class Verified:
    """The result for one village. `checked`: contents compared with the chain; `superseded`: links of older
    contents that were lawfully reduced, so that only the link itself can be checked."""

    village: str
    name: str
    head: Head | None
    links: int = 0
    checked: int = 0
    superseded: int = 0
    faults: list[Fault] = field(default_factory=list)


def parse_head(text: str) -> Known:
    """A head as people copy it: 128:3f9a0c2177be01d499aa, 第 128 环 3f9a 0c21 77be 01d4 99aa.

    Raises BadInput for anything else, and for fewer than 16 digits of the digest."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    found = _HEAD.search(plain)
    if found is None:
        raise BadInput(
            "chain.head_malformed",
            "看不懂这个链头，请照公告上的样子写，例如 128:3f9a 0c21 77be 01d4 99aa。",
            field="head",
        )
    return Known(int(found[1]), re.sub(r"\s", "", found[2]))


def verify(
    session: Session, *, village_id: uuid.UUID, known: Sequence[Known] = (), storage: Storage | None = None
) -> Verified:
    """Compare a village's chain with itself, with what is stored, and with heads that were kept (`known`);
    with `storage` also the files people see. Whatever is published meanwhile, the result is of one moment."""
    for _ in range(MOST_TRIES):
        before = _stored_head(session, village_id)
        result = _verify(session, village_id, before, known, storage)
        if before == _stored_head(session, village_id):
            break
    return result


def verify_all(
    session: Session, *, known: Sequence[Known] = (), storage: Storage | None = None
) -> Iterator[Verified]:
    """The same for every village, in the order of their codes."""
    villages = select(Organisation.id).where(Organisation.kind == "village").order_by(Organisation.code)
    for village_id in session.scalars(villages).all():
        yield verify(session, village_id=village_id, known=known, storage=storage)


def _stored_head(session: Session, village_id: uuid.UUID) -> Head | None:
    found = session.execute(
        select(ChainHead.number, ChainHead.digest).where(ChainHead.village_id == village_id)
    ).one_or_none()
    return Head(found.number, found.digest) if found else None


def _verify(
    session: Session,
    village_id: uuid.UUID,
    head: Head | None,
    known: Sequence[Known],
    storage: Storage | None,
) -> Verified:
    code, name = session.execute(
        select(Organisation.code, Organisation.name).where(Organisation.id == village_id)
    ).one()
    rows = rows_of(session, village_id)
    result = Verified(village=code, name=name, head=head, links=len(rows))
    result.faults += walk(rows, code)
    result.faults += _ends(rows, head)
    result.faults += [fault for one in known for fault in _remembered(rows, one)]
    stored = links.contents(session, village_id=village_id)
    _compare(result, rows, stored)
    _items(session, result, rows, village_id)
    _slipped_in(result, rows, stored)
    if storage is not None:
        _files(session, result, stored, storage, village_id)
    return result


def rows_of(session: Session, village_id: uuid.UUID, since: int = 0) -> Sequence[Any]:
    """The links as plain rows, in order."""
    columns = [getattr(ChainLink, name) for name in _COLUMNS]
    query = select(*columns).where(ChainLink.village_id == village_id, ChainLink.number >= since)
    return session.execute(query.order_by(ChainLink.number)).all()


_COLUMNS = (
    "number event disclosure_id version terms content_digest previous digest at".split()  # noqa: SIM905
)


def walk(rows: Sequence[Any], code: str, previous: str | None = canonical.GENESIS) -> Iterator[Fault]:
    """Faults of the links themselves. The first link follows `previous`; None when that is not known."""
    expected = rows[0].number if rows and previous is None else 1
    for row in rows:
        if row.number != expected:
            missing = (
                f"第 {expected} 环" if row.number == expected + 1 else f"第 {expected}～{row.number - 1} 环"
            )
            yield Fault(FaultKind.GAP, f"{missing}不见了，有记录被删除。", expected)
        elif previous is not None and row.previous != previous:
            text = f"第 {row.number} 环接不上前一环，这两环中有一环被改过。"
            yield Fault(FaultKind.BROKEN, text, row.number)
        if canonical.digest(links.file_of(row, code)) != row.digest:
            yield Fault(FaultKind.EDITED_LINK, f"第 {row.number} 环的记录被改过。", row.number)
        expected, previous = row.number + 1, row.digest


def _ends(rows: Sequence[Any], head: Head | None) -> Iterator[Fault]:
    last = Head(rows[-1].number, rows[-1].digest) if rows else Head(0, canonical.GENESIS)
    if (head or Head(0, canonical.GENESIS)) != last:
        kept = f"第 {head.number} 环" if head else "没有记录"
        text = f"链头是{kept}，链上最后一环却是第 {last.number} 环，链尾被删或被改过。"
        yield Fault(FaultKind.TRUNCATED, text, last.number)


def _remembered(rows: Sequence[Any], known: Known) -> Iterator[Fault]:
    found = next((row for row in rows if row.number == known.number), None)
    last = rows[-1].number if rows else 0
    if known.number > last:
        text = f"您留存的是第 {known.number} 环，现在的链只到第 {last} 环，后面的被删掉了。"
        yield Fault(FaultKind.TRUNCATED, text, known.number)
    elif found is not None and not found.digest.startswith(known.digest):
        text = f"第 {known.number} 环和您留存的不一样，链被改写过。"
        yield Fault(FaultKind.REWRITTEN, text, known.number)


def _compare(result: Verified, rows: Sequence[Any], stored: dict[Key, Content]) -> None:
    """Compare each version with the newest link about its content, and each tombstone with its link."""
    withdrawn: set[uuid.UUID] = set()
    newest: dict[tuple[Any, ...], tuple[Any, bool]] = {}
    for row in rows:
        key = (row.disclosure_id, row.version)
        if row.event == ChainEvent.WITHDRAWN:
            withdrawn.add(row.disclosure_id)
            newest[(*key, "tombstone")] = (row, True)
            continue
        if row.event == ChainEvent.REDUCED:  # a new salt: what the version said before cannot be checked
            newest.pop((*key, "tombstone"), None)
        newest[key] = (row, row.disclosure_id in withdrawn)
    result.superseded = len(rows) - len(newest)
    for row, down in newest.values():
        content = stored.get((row.disclosure_id, row.version))
        if content is None:
            text = f"第 {row.number} 环记着的公开内容（第 {row.version} 版）在数据库里找不到了。"
            result.faults.append(Fault(FaultKind.GONE, text, row.number, row.disclosure_id))
            continue
        result.checked += 1
        file = canonical.content_file(content, row.event, withdrawn=down)
        if canonical.digest(file) != row.content_digest:
            what = "撤回原因" if row.event == ChainEvent.WITHDRAWN else f"第 {row.version} 版的内容"
            text = f"「{content.title}」{what}和第 {row.number} 环上链时不一样，被改过。"
            result.faults.append(Fault(FaultKind.EDITED_CONTENT, text, row.number, row.disclosure_id))


def _items(session: Session, result: Verified, rows: Sequence[Any], village_id: uuid.UUID) -> None:
    """Compare each item's state, version and terms with its newest link."""
    newest = {row.disclosure_id: row for row in rows}
    latest = {row.disclosure_id: row for row in rows if row.event != ChainEvent.REDUCED}
    columns = (
        Disclosure.id,
        Disclosure.state,
        Disclosure.current_version,
        Disclosure.category_code,
        Disclosure.kind,
        Disclosure.period,
        Disclosure.notice_until,
        Disclosure.published_at,
    )
    for item in session.execute(select(*columns).where(Disclosure.village_id == village_id)):
        link = newest.get(item.id)
        if link is None:
            if item.state in links.PUBLIC:
                text = "有一条公开内容没有上链，可能是绕过审核直接写进数据库的。"
                result.faults.append(Fault(FaultKind.UNLINKED, text, None, item.id))
            continue
        last = latest.get(item.id)
        down = last is not None and last.event == ChainEvent.WITHDRAWN
        state = DisclosureState.WITHDRAWN if down else DisclosureState.PUBLISHED
        version_same = last is None or down or item.current_version == last.version
        if item.state != state or not version_same:
            text = f"第 {link.number} 环记着的公开状态或版本和现在不一样，被改过。"
            result.faults.append(Fault(FaultKind.STATE, text, link.number, item.id))
        elif links.terms(item) != link.terms:
            text = f"第 {link.number} 环记着的类别、期间、公示期或公开时间和现在不一样，被改过。"
            result.faults.append(Fault(FaultKind.STATE, text, link.number, item.id))


def _slipped_in(result: Verified, rows: Sequence[Any], stored: dict[Key, Content]) -> None:
    """Find versions that look as if they had been public beside those that were."""
    items = {row.disclosure_id for row in rows}
    linked = {(row.disclosure_id, row.version) for row in rows}
    for (disclosure_id, number), content in stored.items():
        if content.published_at and disclosure_id in items and (disclosure_id, number) not in linked:
            text = f"「{content.title}」第 {number} 版没有上链，可能是直接写进数据库的。"
            result.faults.append(Fault(FaultKind.UNLINKED, text, None, disclosure_id))


def _files(
    session: Session,
    result: Verified,
    stored: dict[Key, Content],
    storage: Storage,
    village_id: uuid.UUID,
) -> None:
    """Read the files of everything that is public now, and compare them with their digests."""
    public = session.execute(
        select(Disclosure.id, Disclosure.current_version).where(
            Disclosure.village_id == village_id, Disclosure.state == DisclosureState.PUBLISHED
        )
    )
    for disclosure_id, version in public:
        content = stored.get((disclosure_id, version))
        for name, digest in content.files if content else ():
            try:
                storage.read(digest)
            except NotFound:
                text = f"附件「{name}」的文件不见了。"
            except AppError:
                text = f"附件「{name}」的文件被改过或损坏。"
            else:
                continue
            result.faults.append(Fault(FaultKind.FILE, text, None, disclosure_id))

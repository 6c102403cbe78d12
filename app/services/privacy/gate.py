"""What the gate finds in one version of a disclosure, and the stop in front of review and publication."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import pii
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.core.pii import Kind
from app.models import (
    Attachment,
    AttachmentText,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    PrivacyDecision,
)
from app.services import attachments
from app.services.privacy import places
from app.services.privacy.places import Spot
from app.services.privacy.words import KIND_NAMES, UNREADABLE

AROUND = 24
"""Characters shown before and after a finding."""

MOST_PLACES = 20
"""Places named in a refusal."""

NEVER_EXCUSED = frozenset({Kind.ID_CARD, Kind.MINOR, Kind.ILLNESS})
"""Stays hidden whatever a category allows: number of the ID card, names of children, illnesses (PIPL)."""


@dataclass(frozen=True)
class Finding:
    """Personal data, or something unreadable (`kind` unreadable), in one place of a version.

    `id` names it for decisions. `before`, `text`, `after` show it in place, to officers only. `masked` is the
    form offered; empty where only removing the file helps. `excusable`: the category lets it stay with a
    written reason. `start` and `end` are its place in the spot's text."""

    id: str
    place: str
    words: str
    kind: str
    text: str
    masked: str
    certain: bool
    before: str = ""
    after: str = ""
    start: int = 0
    end: int = 0
    path: tuple[str | int, ...] = ()
    file: uuid.UUID | None = None
    excusable: bool = False
    decision: PrivacyDecision | None = None

    @property
    def name(self) -> str:
        """The kind as people call it."""
        return KIND_NAMES[self.kind]

    @property
    def maskable(self) -> bool:
        """Whether the masked form can be put in its place: not inside a file."""
        return bool(self.path)


def is_open(finding: Finding) -> bool:
    """Whether the finding still stops the item."""
    return finding.decision is None


def scan(
    session: Session, *, disclosure: Disclosure, version: DisclosureVersion, keys: Keys
) -> list[Finding]:
    """Everything in `version` and its files that must not become public as it stands, decided on or not, in
    the order in which people read it. Only for officers: findings carry the data themselves."""
    category = session.get(DisclosureCategory, disclosure.category_code)
    excusable = frozenset(category.excusable if category else ()) - NEVER_EXCUSED
    query = select(PrivacyDecision).where(PrivacyDecision.disclosure_id == disclosure.id)
    decisions = {row.finding: row for row in session.scalars(query)}
    files = attachments.of_version(session, disclosure.id, version.number)
    pages = _pages(session, files)
    spots = list(places.of_version(version, category))
    if disclosure.period:
        spots.append(Spot("period", "所属期间", disclosure.period, ("period",)))
    for file in files:
        spots.append(places.file_name(file))
        for page in pages.get(file.id, []):
            spots += places.of_page(file, page)
    found = []
    for spot, hit in _hits(spots, places.children_in(version, category)):
        key = keys.finding_digest(str(disclosure.id), spot.key, hit.kind, hit.text)
        # What was justified counts only while the category, which may have changed since, allows it.
        allowed = hit.kind in excusable
        found.append(_finding(spot, hit, key, allowed, decisions.get(key) if allowed else None))
    for file in files:
        if file.viewing is not None:  # of a reduced item nobody can open it any more
            found += _unreadable(disclosure, file, pages.get(file.id), keys, decisions)
    return found


def _pages(session: Session, files: Sequence[Attachment]) -> dict[uuid.UUID, list[AttachmentText]]:
    query = (
        select(AttachmentText)
        .where(AttachmentText.attachment_id.in_([file.id for file in files]))
        .order_by(AttachmentText.attachment_id, AttachmentText.position)
    )
    pages: dict[uuid.UUID, list[AttachmentText]] = {}
    for row in session.scalars(query) if files else ():
        pages.setdefault(row.attachment_id, []).append(row)
    return pages


def _hits(spots: Sequence[Spot], children: set[str]) -> Iterator[tuple[Spot, pii.Finding]]:
    """What stands in the spots: by its own form, by the heading above it, by what else is in its row; and
    the name of a child wherever people read it (the records themselves are not read by the public)."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for spot in spots:
        if spot.row:
            rows.setdefault(spot.row, []).append((spot.lead, spot.text))
    young = {row for row, cells in rows.items() if pii.is_minors_row(cells)}
    hits = [(spot, list(_in_spot(spot, spot.row in young))) for spot in spots]
    names = children | {hit.text for _, found in hits for hit in found if hit.kind == Kind.MINOR}
    for spot, found in hits:
        taken = [(hit.start, hit.end) for hit in found]
        for name in names if not spot.key.startswith("records/") else ():
            for match in re.finditer(re.escape(name), spot.text):
                if all(match.end() <= start or match.start() >= end for start, end in taken):
                    masked = pii.mask_minor(name)
                    found.append(pii.Finding(Kind.MINOR, *match.span(), name, masked, True))
        yield from ((spot, hit) for hit in sorted(found, key=lambda one: one.start))


def _in_spot(spot: Spot, young: bool) -> Iterator[pii.Finding]:
    yield from pii.find_in_cell(spot.lead, spot.text) if spot.lead else pii.find(spot.text)
    name = spot.text.strip()
    if young and pii.is_name_heading(spot.lead) and pii.is_full_name(name):
        start = spot.text.index(name)
        yield pii.Finding(Kind.MINOR, start, start + len(name), name, pii.mask_minor(name), True)


def _finding(
    spot: Spot, hit: pii.Finding, key: str, excusable: bool, decision: PrivacyDecision | None
) -> Finding:
    return Finding(
        id=key,
        place=spot.key,
        words=spot.words,
        kind=hit.kind,
        text=hit.text,
        masked=hit.masked if spot.path else "",
        certain=hit.certain,
        before=("…" if hit.start > AROUND else "") + spot.text[max(0, hit.start - AROUND) : hit.start],
        after=spot.text[hit.end : hit.end + AROUND] + ("…" if hit.end + AROUND < len(spot.text) else ""),
        start=hit.start,
        end=hit.end,
        path=spot.path,
        file=spot.file,
        excusable=excusable,
        decision=decision,
    )


def _unreadable(
    disclosure: Disclosure,
    file: Attachment,
    pages: list[AttachmentText] | None,
    keys: Keys,
    decisions: dict[str, PrivacyDecision],
) -> Iterator[Finding]:
    """One finding for each page that has no text, for a picture, and for a file that was never read."""
    blind = [(f"/{page.position}", pii.mask(page.label)) for page in pages or () if not page.readable]
    if not pages:
        blind = [("", "")]
    for suffix, label in blind:
        place = f"file/{file.id}{suffix}"
        key = keys.finding_digest(str(disclosure.id), place, UNREADABLE, file.original or "")
        yield Finding(
            id=key,
            place=place,
            words=f"{places.file_words(file)}{label}",
            kind=UNREADABLE,
            text="",
            masked="",
            certain=False,
            file=file.id,
            decision=decisions.get(key),
        )


def require_clean(
    session: Session, *, disclosure: Disclosure, version: DisclosureVersion, keys: Keys
) -> None:
    """Raise Conflict (`disclosure.privacy_blocked`) while anything found is neither masked nor decided on.
    The error tells kinds, counts and places, never the data."""
    found = [one for one in scan(session, disclosure=disclosure, version=version, keys=keys) if is_open(one)]
    if not found:
        return
    kinds = Counter(one.kind for one in found)
    spoken = "、".join(f"{KIND_NAMES[kind]} {count} 处" for kind, count in kinds.items())
    raise Conflict(
        "disclosure.privacy_blocked",
        f"有 {len(found)} 处个人信息还没有处理（{spoken}），请先打开“隐私检查”逐处遮盖或核对。",
        kinds=dict(kinds),
        places=list(dict.fromkeys(one.words for one in found))[:MOST_PLACES],
    )


def require_plain(text: str, *, field: str, allowed: Iterable[Kind] = ()) -> None:
    """Raise BadInput (`text.personal_data`) when a short text that becomes public at once, such as the reason
    of a withdrawal or an answer, holds personal data; kinds in `allowed` may stay."""
    found = [one for one in pii.find(text) if one.kind not in set(allowed)]
    if found:
        names = "、".join(dict.fromkeys(KIND_NAMES[one.kind] for one in found))
        raise BadInput(
            "text.personal_data",
            f"这段文字会公开，里面有{names}，请去掉或遮盖后再提交。",
            field=field,
            kinds=sorted({one.kind.value for one in found}),
        )

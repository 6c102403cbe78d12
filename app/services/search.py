"""码上知: searching what a village publishes (搜索), in Chinese, by index.

Texts become the tokens of `core.text.runs` with their places in a `tsvector`: every character, every pair of
neighbours, every other word. The village is a token of its own, so that one GIN index answers "these words
in this village". A word asked for needs all its pairs; one in quotation marks needs them side by side.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, delete, func, insert, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session, aliased

from app.core.errors import BadInput
from app.core.text import Run, runs
from app.models import (
    Attachment,
    AttachmentText,
    Disclosure,
    DisclosureCategory,
    DisclosureSearch,
    DisclosureVersion,
    Project,
)
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import access
from app.services.actors import Actor
from app.services.snippets import Segment, marked, snippet

# PostgreSQL keeps places up to 16,383 and 255 places of one lexeme; a text beyond either gets further rows.
LAST_PLACE = 16_000
MOST_PLACES = 255
CHUNK, OVERLAP = 4_000, 60
LONGEST_TOKEN = 60
LONGEST_QUESTION = 60
MOST_WORDS = 6
BATCH = 200
FIRST_YEAR, LAST_YEAR = 1900, 2999

_WORDS = re.compile(r"[\"“”「」『』]([^\"“”「」『』]+)[\"“”「」『』]|([^\s\"“”「」『』]+)")


# --- the index ------------------------------------------------------------------------------------


def index(session: Session, *, disclosure: Disclosure, version: DisclosureVersion) -> None:
    """Make `version` what is found of `disclosure`, in place of whatever was found before. Idempotent."""
    forget(session, disclosure.id)
    _write(session, list(_rows(session, disclosure, version)))


def _rows(session: Session, disclosure: Disclosure, version: DisclosureVersion) -> Iterator[dict[str, Any]]:
    texts = _texts(session, disclosure, version)
    for part, tokens in enumerate(_parts(_village(disclosure.village_id), texts)):
        yield {
            "disclosure_id": disclosure.id,
            "part": part,
            "village_id": disclosure.village_id,
            "written": tokens,
        }


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        tokens = cast(bindparam("written"), TSVECTOR)
        session.execute(insert(DisclosureSearch.__table__).values(tokens=tokens), rows)  # type: ignore[arg-type]


def forget(session: Session, disclosure_id: uuid.UUID) -> None:
    """Find this item no more."""
    session.execute(delete(DisclosureSearch).where(DisclosureSearch.disclosure_id == disclosure_id))


def backfill(session: Session, *, limit: int = BATCH) -> int:
    """Index up to `limit` published items that the index does not know: those of before there was one, and
    those that were written past the services; how many. Idempotent."""
    known = select(DisclosureSearch.disclosure_id).where(DisclosureSearch.disclosure_id == Disclosure.id)
    rows = session.execute(
        select(Disclosure, DisclosureVersion)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(Disclosure.state == DisclosureState.PUBLISHED, ~known.exists())
        .limit(limit)
    ).all()
    _write(session, [row for found in rows for row in _rows(session, *found)])
    return len(rows)


def _texts(session: Session, disclosure: Disclosure, version: DisclosureVersion) -> Iterator[tuple[str, str]]:
    """What is public of an item, with the weight of where it stands: A title, B sentence, C text, D files."""
    yield "A", version.title
    yield "B", version.summary
    for text in plain_texts(version):
        yield "C", text
    if disclosure.project_id is not None:
        yield "C", session.scalar(select(Project.name).where(Project.id == disclosure.project_id)) or ""
    for name, written in session.execute(_file_texts(disclosure.id, version.number)):
        yield "D", name
        yield "D", written or ""


def plain_texts(version: DisclosureVersion) -> Iterator[str]:
    """The words of a version below its sentence: text by paragraphs, figures, cells of the table."""
    yield from version.body.splitlines()
    for label, value in version.figures.items():
        yield f"{label} {value}"
    table = version.table or {}
    yield from (str(cell) for cell in table.get("columns", []))
    for row in table.get("rows", []):
        yield " ".join(str(cell) for cell in row)


def _file_texts(disclosure_id: uuid.UUID, number: int) -> Select[str, str | None]:
    return (
        select(Attachment.name, AttachmentText.text)
        .outerjoin(AttachmentText, AttachmentText.attachment_id == Attachment.id)
        .where(
            Attachment.owner_kind == AttachmentOwner.DISCLOSURE,
            Attachment.owner_id == disclosure_id,
            Attachment.since_version <= number,
            func.coalesce(Attachment.dropped_in_version, number + 1) > number,
        )
        .order_by(Attachment.position, AttachmentText.position)
    )


def _village(village_id: uuid.UUID) -> str:
    """The village's own token; a colon is in no token of a text."""
    return f"v:{village_id.hex}"


def vector(village_id: uuid.UUID, texts: Iterable[tuple[str, str]]) -> str:
    """Short texts with their weights, of one village, as PostgreSQL reads a `tsvector`; for other nouns that
    are found by words. What does not fit into one is left out (two thousand characters fit)."""
    return next(_parts(_village(village_id), texts))


def question(words: str) -> str:
    """The words that somebody looks for, all of them, as PostgreSQL reads a `tsquery`. Raises BadInput."""
    return " & ".join(word.query() for word in words_of(words))


@dataclass
class _Part:
    """The tokens of one row: where each stands, and how many places are taken."""

    places: dict[str, list[str]] = field(default_factory=dict)
    end: int = 0

    def room_for(self, found: Sequence[Run]) -> bool:
        counted = Counter(token for run in found for _, token in run.tokens())
        return self.end + _length(found) <= LAST_PLACE and all(
            len(self.places.get(token, ())) + number <= MOST_PLACES for token, number in counted.items()
        )

    def take(self, found: Sequence[Run], weight: str) -> None:
        for run in found:
            for place, token in run.tokens():
                self.places.setdefault(token[:LONGEST_TOKEN], []).append(f"{self.end + place + 1}{weight}")
        self.end += _length(found) + 1

    def vector(self, village: str) -> str:
        """As PostgreSQL reads a tsvector; tokens hold letters and digits only, so nothing needs escaping."""
        words = (f"'{token}':{','.join(places[:MOST_PLACES])}" for token, places in self.places.items())
        return " ".join((f"'{village}'", *words))


def _length(found: Sequence[Run]) -> int:
    return found[-1].place + (len(found[-1].text) if found[-1].han else 1) if found else 0


def _parts(village: str, texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    part = _Part()
    for weight, text in texts:
        for begin in range(0, max(len(text), 1), CHUNK):
            found = runs(text[begin : begin + CHUNK + OVERLAP])
            if part.places and not part.room_for(found):
                yield part.vector(village)
                part = _Part()
            part.take(found, weight)
    yield part.vector(village)


# --- the question ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """One word that is looked for; `exact` when it stood in quotation marks."""

    text: str
    exact: bool

    def query(self, weight: str = "") -> str:
        """As PostgreSQL reads a tsquery; `weight` asks for a place, A for the title."""
        mark = f":{weight}" if weight else ""
        steps = [step for run in runs(self.text) for step in _steps(run, every=not self.exact)]
        asked = [f"'{token[:LONGEST_TOKEN]}'{mark}" for _, token in steps]
        if not self.exact:
            return f"({' & '.join(asked)})"
        gaps = (f" <{later - earlier}> " for (earlier, _), (later, _) in pairwise(steps))
        return f"({asked[0]}{''.join(gap + token for gap, token in zip(gaps, asked[1:], strict=True))})"


def _steps(run: Run, *, every: bool) -> list[tuple[int, str]]:
    """The tokens to ask a run with: all its pairs, or where their places count as few as cover it."""
    if not run.han or len(run.text) == 1:
        return [(run.place, run.text)]
    starts = [*range(0, len(run.text) - 1, 1 if every else 2)]
    if starts[-1] != len(run.text) - 2:
        starts.append(len(run.text) - 2)
    return [(run.place + at, run.text[at : at + 2]) for at in starts]


def words_of(question: str) -> list[Word]:
    """The words of a question as people type it: divided by blanks, in quotation marks kept together.

    Raises BadInput when there is nothing to look for, or too much."""
    if len(question) > LONGEST_QUESTION:
        raise BadInput(
            "search.too_long", f"搜索的内容最多 {LONGEST_QUESTION} 个字，请只写关键的词。", field="q"
        )
    found = [Word(quoted or plain, bool(quoted)) for quoted, plain in _WORDS.findall(question)]
    words = [word for word in found if runs(word.text)][:MOST_WORDS]
    if not words:
        raise BadInput("search.words_missing", "请写要找的字或词，比如「低保」「路灯」。", field="q")
    return words


@dataclass(frozen=True)
class Hit:
    """One item that was found, with the words marked in its title and in the place where they stand."""

    disclosure: Disclosure
    version: DisclosureVersion
    category: DisclosureCategory
    title: list[Segment]
    snippet: list[Segment]


@dataclass(frozen=True)
class Found:
    """A page of hits; `next` begins the following one."""

    hits: list[Hit]
    next: str | None


def find(
    session: Session,
    acting: Actor,
    *,
    village_id: uuid.UUID,
    words: str,
    limit: int = 20,
    after: str | None = None,
) -> Found:
    """What a village publishes with all these words: those in the title first, then the newest.

    Raises BadInput for a question without words, and for a foreign cursor."""
    asked = words_of(words)
    rows = session.execute(
        statement(acting, village_id=village_id, words=asked, limit=limit, after=after)
    ).all()
    patterns = [(word.text, word.exact) for word in asked]
    hits = [
        Hit(
            disclosure,
            version,
            category,
            title=marked(version.title, patterns),
            snippet=snippet([version.summary, *plain_texts(version)], patterns),
        )
        for disclosure, version, category, _ in rows[:limit]
    ]
    return Found(hits, _cursor(rows[limit - 1]) if len(rows) > limit else None)


def statement(
    acting: Actor, *, village_id: uuid.UUID, words: Sequence[Word], limit: int, after: str | None = None
) -> Select[Any, Any, Any, Any]:
    """The query of `find`, one row more than `limit`; exposed for looking at its plan."""
    hits = _matching(village_id, words)
    query = (
        select(Disclosure, DisclosureVersion, DisclosureCategory, hits.c.titled)
        .join(hits, hits.c.disclosure_id == Disclosure.id)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
        .where(access.visible_disclosures(acting), Disclosure.state == DisclosureState.PUBLISHED)
        .order_by(hits.c.titled.desc(), Disclosure.published_at.desc(), Disclosure.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(hits.c.titled, Disclosure.published_at, Disclosure.id) < _decode(after))
    return query


def _matching(village_id: uuid.UUID, words: Sequence[Word]) -> Any:
    """The items that have every word, each word perhaps in another part, and whether the title has all."""
    first, *others = words
    in_title = " & ".join(word.query("A") for word in words)
    query = (
        select(
            DisclosureSearch.disclosure_id,
            func.bool_or(_matches(DisclosureSearch.tokens, in_title)).label("titled"),
        )
        .where(_matches(DisclosureSearch.tokens, f"'{_village(village_id)}' & {first.query()}"))
        .group_by(DisclosureSearch.disclosure_id)
    )
    for word in others:
        also = aliased(DisclosureSearch)
        wanted = _matches(also.tokens, f"'{_village(village_id)}' & {word.query()}")
        query = query.where(DisclosureSearch.disclosure_id.in_(select(also.disclosure_id).where(wanted)))
    return query.subquery("hits")


def _matches(tokens: Any, query: str) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = tokens.op("@@", is_comparison=True)(cast(literal(query), TSQUERY))
    return matches


def _cursor(row: Any) -> str:
    disclosure, _, _, titled = row
    text = json.dumps([titled, disclosure.published_at.isoformat(), str(disclosure.id)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("no moment of ours")
    return moment


def _decode(cursor: str) -> tuple[bool, datetime, uuid.UUID]:
    try:
        titled, at, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return bool(titled), _moment(str(at)), uuid.UUID(str(key))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput("page.cursor_unknown", "翻页标记不对，请从第一页重新开始。") from error

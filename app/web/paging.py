"""Keyset paging: a page begins after the last row of the page before, whatever was added meanwhile."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.core.errors import BadInput

T = TypeVar("T")
MomentT = TypeVar("MomentT")
KeyT = TypeVar("KeyT")
LARGEST_PAGE = 200
FIRST_YEAR, LAST_YEAR = 1900, 2999

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="每页条数")]
After = Annotated[str | None, Query(description="上一页返回的 next，不填为第一页", max_length=200)]


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is null on the last one."""

    items: list[T]
    next: str | None = Field(default=None, description="取下一页时作为 after 传入")


def after(
    query: Select[*tuple[Any, ...]],
    cursor: str | None,
    moment: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[uuid.UUID],
) -> Select[*tuple[Any, ...]]:
    """Order newest first by (moment, key) and begin after `cursor`. Raises BadInput for a foreign cursor."""
    ordered = query.order_by(None).order_by(moment.desc(), key.desc())
    if cursor is None:
        return ordered
    at, last = decode(cursor, _aware, uuid.UUID)
    return ordered.where(tuple_(moment, key) < (at, last))


def cursor(rows: Sequence[Any], limit: int, moment: str, key: str = "id") -> str | None:
    """The cursor behind the last of `limit` rows when the query, which asked for one more, found it."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    text = json.dumps([getattr(last, moment).isoformat(), str(getattr(last, key))])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, moment: Callable[[str], MomentT], key: Callable[[str], KeyT]) -> tuple[MomentT, KeyT]:
    """The last row of the page before, read with `moment` and `key`. Raises BadInput for a foreign cursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        first, second = json.loads(raw)
        return moment(str(first)), key(str(second))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput("page.cursor_unknown", "翻页标记不对，请从第一页重新开始。") from error


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("no moment of ours")
    return moment

"""The routes that every ledger has: list, one, enter, change, void, restore, history."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, status
from pydantic import BaseModel
from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from app.api.common import Signed, problems, village_id
from app.api.ledger_models import Models, Reasoned, RowChangeOut, models_of
from app.api.schemas import place
from app.core import clock
from app.models import Organisation
from app.services import access, access_ledgers, ledgers
from app.services.actors import Actor
from app.services.ledgers import Ledger, receivables
from app.web import paging
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import Page

SEARCHED = timedelta(days=366)
LARGEST_KEY = 2**63 - 1
_FIXED = frozenset({"village", "town", "since", "until", "ends_before", "words", "voided", "after", "limit"})


def add_routes(api: APIRouter, ledger: Ledger) -> None:
    """Give `api` the routes of this ledger. Its types are in the OpenAPI document under the ledger's noun."""
    models, noun = models_of(ledger), ledger.key.replace("_", "-")
    one = f"/{noun}/{{{ledger.noun}_id}}"
    for method, path, name, handler, answer, codes, words in (
        ("GET", f"/{noun}", f"list_{ledger.key}", _lister(ledger, models), Page[models.out],  # type: ignore[name-defined]
         (400, 404, 422), f"{ledger.title}台账，新的在前。只看得到本人负责范围内的村。"),
        ("GET", one, f"get_{ledger.noun}", _getter(ledger), models.out, (404, 422),
         f"{ledger.title}的一条记录。"),
        ("POST", f"/{noun}", f"enter_{ledger.noun}", _enterer(ledger, models), models.out,
         (400, 403, 404, 409, 422), f"录入{ledger.title}：{_keepers(ledger)}。"),
        ("PATCH", one, f"change_{ledger.noun}", _changer(ledger, models), models.out,
         (400, 403, 404, 409, 422), f"修改{ledger.title}的一条记录，改前改后和理由都留存。"),
        ("POST", f"{one}/void", f"void_{ledger.noun}", _voider(ledger, restoring=False), models.out,
         (400, 403, 404, 409, 422), "作废一条录错的记录：留在台账里，不再参与统计和预警。"),
        ("POST", f"{one}/restore", f"restore_{ledger.noun}", _voider(ledger, restoring=True), models.out,
         (400, 403, 404, 409, 422), "恢复一条作废的记录。"),
        ("GET", f"{one}/history", f"list_{ledger.noun}_changes", _historian(ledger), list[RowChangeOut],
         (404, 422), "一条记录的变更，新的在前。"),
    ):  # fmt: skip
        api.add_api_route(
            path,
            handler,
            methods=[method],
            name=name,
            description=words,
            response_model=answer,
            responses=problems(*codes),
            status_code=status.HTTP_201_CREATED if name.startswith("enter_") else status.HTTP_200_OK,
        )


def _keepers(ledger: Ledger) -> str:
    extra = "、民政部门" if ledger.key in ("benefits", "deaths") else ""
    return f"本村信息员、镇街{extra}或管理员"


def _typed(handler: Any, ledger: Ledger, **kinds: Any) -> Any:
    """Give a handler its ledger's types, and the ledger's sort of key."""
    alias = f"{ledger.noun}_id"
    key: Any = Annotated[uuid.UUID, Path(alias=alias)]
    if ledger.key == "payments":
        key = Annotated[int, Path(alias=alias, ge=1, le=LARGEST_KEY)]
    known = {
        name: kinds.get(name, key if name == "row_id" else kind)
        for name, kind in handler.__annotations__.items()
    }
    handler.__annotations__ = known
    return handler


def _lister(ledger: Ledger, models: Models) -> Any:
    def handler(filters: Any, acting: Signed, session: ReadSession) -> Any:
        query = _narrowed(session, acting, ledger, filters)
        column = getattr(ledger.model, ledgers.moment_of(ledger))
        if filters.after:
            read = date.fromisoformat if ledger.day else _instant
            last = paging.decode(filters.after, read, _number if ledger.key == "payments" else uuid.UUID)
            query = query.where(tuple_(column, ledger.model.id) < last)
        rows = session.scalars(query.limit(filters.limit + 1)).all()
        following = paging.cursor(rows, filters.limit, column.key)
        return {"items": rendered(session, ledger, rows[: filters.limit]), "next": following}

    return _typed(handler, ledger, filters=Annotated[models.filters, Query()])


def _narrowed(session: Session, acting: Actor, ledger: Ledger, filters: Any) -> Any:
    values = filters.model_dump()
    since, words = values.get("since"), values.get("words", "")
    if words and ledger.day and not (filters.village or since or filters.town):
        since = clock.today() - SEARCHED  # words have no index: not through all years of the county
    matching = {}
    for name in set(values) - _FIXED:
        matching[name if name in ledger.by_key else f"{name}_id"] = values[name]
    query = ledgers.listing(
        acting,
        ledger,
        village_id=village_id(session, acting, filters.village),
        within=access_ledgers.access_area(session, acting, filters.town).id if filters.town else None,
        since=since,
        until=values.get("until"),
        words=words,
        matching=matching,
        voided={"no": False, "yes": True}.get(filters.voided),
    )
    if values.get("ends_before") is not None:
        query = query.where(ledger.model.ends_on < values["ends_before"])
    return query


def _number(text: str) -> int:
    """The key in a cursor; no row has one beyond the column."""
    return min(int(text), LARGEST_KEY)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not paging.FIRST_YEAR <= moment.year <= paging.LAST_YEAR:
        raise ValueError("no moment of ours")
    return moment


def _getter(ledger: Ledger) -> Any:
    def handler(row_id: Any, acting: Signed, session: ReadSession) -> Any:
        return _one(session, ledger, ledgers.find(session, acting=acting, ledger=ledger, row_id=row_id))

    return _typed(handler, ledger)


def _enterer(ledger: Ledger, models: Models) -> Any:
    def handler(body: Any, acting: Signed, session: WriteSession, context: InContext) -> Any:
        village: Organisation = access.access_village(session, acting, body.village)
        values = _sent(body, "village")
        row = ledgers.enter(
            session, acting=acting, village=village, ledger=ledger, values=values, keys=context.keys
        )
        session.refresh(row)
        session.refresh(row, ["village"])
        return _one(session, ledger, row)

    return _typed(handler, ledger, body=models.new)


def _changer(ledger: Ledger, models: Models) -> Any:
    def handler(row_id: Any, body: Any, acting: Signed, session: WriteSession, context: InContext) -> Any:
        row = ledgers.change(
            session,
            acting=acting,
            ledger=ledger,
            row_id=row_id,
            changes=_sent(body, "reason", "version"),
            reason=body.reason,
            version=body.version,
            keys=context.keys,
        )
        return _one(session, ledger, row)

    return _typed(handler, ledger, body=models.change)


def _sent(body: BaseModel, *but: str) -> dict[str, Any]:
    """What was sent of a row, lists as plain data."""
    return {
        name: [one.model_dump() for one in value] if isinstance(value, list) else value
        for name in body.model_fields_set - set(but)
        for value in [getattr(body, name)]
    }


def _voider(ledger: Ledger, *, restoring: bool) -> Any:
    def handler(row_id: Any, body: Reasoned, acting: Signed, session: WriteSession) -> Any:
        verb = ledgers.restore if restoring else ledgers.void
        row = verb(
            session, acting=acting, ledger=ledger, row_id=row_id, reason=body.reason, version=body.version
        )
        return _one(session, ledger, row)

    return _typed(handler, ledger, body=Reasoned)


def _historian(ledger: Ledger) -> Any:
    def handler(row_id: Any, acting: Signed, session: ReadSession) -> Any:
        return ledgers.history(session, acting=acting, ledger=ledger, row_id=row_id)

    return _typed(handler, ledger)


def _one(session: Session, ledger: Ledger, row: Any) -> Any:
    return rendered(session, ledger, [row])[0]


def rendered(session: Session, ledger: Ledger, rows: Sequence[Any]) -> list[BaseModel]:
    """The rows as the API shows them; their villages are loaded."""
    out, more = models_of(ledger).out, _more(session, ledger, rows)
    names = [one.attribute for one in ledger.fields if not one.person]
    digests = [one.attribute for one in ledger.fields if one.person]
    return [
        out.model_validate(
            {
                "id": row.id,
                "village": place(row.village),
                **{
                    name: getattr(row, name)
                    for name in (*names, *(name for name in ("expense",) if hasattr(row, name)))
                },
                **({"identified": getattr(row, digests[0]) is not None} if digests else {}),
                "entered_at": row.created_at,
                "voided_at": row.voided_at,
                "voided_because": row.voided_because,
                "version": row.lock_version,
                **more.get(row.id, {}),
            }
        )
        for row in rows
    ]


def _more(session: Session, ledger: Ledger, rows: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """What some ledgers show besides their own columns."""
    if ledger.key != "receivables":
        return {}
    left = receivables.outstanding(session, [row.id for row in rows])
    return {row.id: {"planned": row.planned, "outstanding_fen": left[row.id]} for row in rows}

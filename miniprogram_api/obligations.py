"""What a village owes to publish (应公开事项): due, published, days late. Everybody may read it."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.models.obligations import ObligationSource, ObligationState
from app.services import access, categories, obligations
from app.services.obligations import Row, Standing
from app.web.context import ReadSession
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import VillageCode

router = APIRouter(tags=["公开"])


class StandingLine(BaseModel):
    """How one category of the 10+X list stands."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    colour: str = Field(
        description="green、yellow、red、grey；颜色的意思都写在 words 里", examples=["yellow"]
    )
    words: str = Field(examples=["逾期 3 天"])
    due_on: date | None = Field(description="最早还没有公开的应公开日")
    late: int = Field(description="逾期几项")
    late_days: int
    last_due_on: date | None = Field(description="最近公开的一项应在哪天公开")
    last_met_on: date | None = Field(description="实际公开日")
    last_late_days: int


class ObligationLine(BaseModel):
    """One thing owed. `days_late` of what came out late stays for ever."""

    category: str = Field(examples=["finance"])
    title: str = Field(examples=["2026年10月村级财务"])
    period: str = Field(examples=["2026-10"])
    source: ObligationSource
    due_on: date
    provisional: bool = Field(description="日期可能调整")
    state: ObligationState
    met_on: date | None
    days_late: int
    colour: str
    words: str = Field(examples=["迟 3 天公开"])
    disclosure_id: uuid.UUID | None = Field(description="公开在哪一条信息里")
    waived_because: str = Field(description="免于公开的原因")


class Obligations(BaseModel):
    """Standing by category, and the items: what is open first, then the newest."""

    categories: list[StandingLine]
    items: list[ObligationLine]


@router.get("/villages/{code}/obligations")
def village_obligations(code: VillageCode, session: ReadSession, acting: AsAnybody) -> Obligations:
    """一个村应公开什么、哪天到期、哪天公开、迟了几天。"""
    village = access.access_village(session, acting, code)
    found = obligations.standing(session, village.id)
    names = {top.code: top.name for top in categories.tops(session, village.id)}
    return Obligations(
        categories=[_standing(key, name, found[key]) for key, name in names.items() if key in found],
        items=[_line(row) for row in obligations.of_village(session, village_id=village.id)],
    )


def _standing(code: str, name: str, one: Standing) -> StandingLine:
    return StandingLine(
        code=code,
        name=name,
        colour=one.colour,
        words=one.words,
        due_on=one.due_on,
        late=one.late,
        late_days=one.late_days,
        last_due_on=one.last_due_on,
        last_met_on=one.last_met_on,
        last_late_days=one.last_late_days,
    )


def _line(row: Row) -> ObligationLine:
    return ObligationLine(
        category=row.category_code,
        title=row.title,
        period=row.period,
        source=row.source,
        due_on=row.due_on,
        provisional=row.provisional,
        state=row.state,
        met_on=row.met_on,
        days_late=row.days_late,
        colour=row.colour,
        words=row.words,
        disclosure_id=row.disclosure_id,
        waived_because=row.waived_because,
    )

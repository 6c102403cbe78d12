"""Kinds of aid that nobody may draw at the same time (互斥补助): the county's list."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import status
from pydantic import Field, StringConstraints

from app.api.common import Signed, problems, router
from app.api.schemas import NOT_BLANK, Body, Day, Line, Out
from app.services import benefit_exclusions as service
from app.web.context import ReadSession, WriteSession

api = router("台账")

Kinds = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=NOT_BLANK),
    Field(description="补助名称；同一种有几个叫法时用「、」隔开"),
]


class ExclusionOut(Out):
    """Two kinds of aid that exclude each other, and while the rule holds."""

    id: uuid.UUID
    kind_a: str
    kind_b: str
    source: str = Field(description="依据")
    valid_from: date
    valid_until: date | None = Field(description="到这一天为止（含）；一直有效的为空")


class NewExclusion(Body):
    """A pair to enter."""

    kind_a: Kinds = Field(examples=["城乡低保金"])
    kind_b: Kinds = Field(examples=["特困供养金"])
    source: Line = Field(description="依据的文件", examples=["某县〔2026〕1 号文件第三条"])
    valid_from: Day = Field(examples=["2026-01-01"])
    valid_until: Day | None = None
    reason: Line = Field(description="为什么加上，留存", examples=["按民政局清单录入"])


class ExclusionEnd(Body):
    """Until when a pair holds."""

    last_day: Day = Field(description="最后一天", examples=["2026-12-31"])
    reason: Line = Field(description="为什么停止，留存", examples=["文件已废止"])


@api.get("/benefit-exclusions")
def list_benefit_exclusions(acting: Signed, session: ReadSession) -> list[ExclusionOut]:
    """全部互斥补助，包括已经停止的。"""
    return [ExclusionOut.model_validate(row) for row in service.listing(session, acting=acting)]


@api.post(
    "/benefit-exclusions",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 409, 422),
)
def add_benefit_exclusion(body: NewExclusion, acting: Signed, session: WriteSession) -> ExclusionOut:
    """加一对互斥补助：区纪委或平台管理员。"""
    pair = service.Pair(**body.model_dump(exclude={"reason"}))
    return ExclusionOut.model_validate(service.add(session, acting=acting, pair=pair, reason=body.reason))


@api.post("/benefit-exclusions/{exclusion_id}/end", responses=problems(400, 403, 404, 422))
def end_benefit_exclusion(
    exclusion_id: uuid.UUID, body: ExclusionEnd, acting: Signed, session: WriteSession
) -> ExclusionOut:
    """登记一对互斥补助到哪一天为止：区纪委或平台管理员。"""
    ended = service.end(
        session, acting=acting, exclusion_id=exclusion_id, last_day=body.last_day, reason=body.reason
    )
    return ExclusionOut.model_validate(ended)

"""Early warnings: what fired, why, and what was done about it."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import (
    Body,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Paragraph,
    RuleKey,
    Version,
    place,
)
from app.models import EarlyWarning
from app.models.rules import Colour
from app.models.warnings import CloseReason, WarningState
from app.services import access, desk
from app.services.actors import Actor
from app.services.warnings import lifecycle
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("预警")


class WarningOut(Out):
    """A warning: one rule, one village, one subject. Its colour follows from the data alone."""

    id: uuid.UUID
    rule: str = Field(examples=["contract.expiring"])
    village: OrganisationRef
    subject_kind: str = Field(examples=["contract"])
    subject_id: str
    colour: Colour
    state: WarningState
    title: str
    basis: str = Field(description="为什么预警")
    clears_by: str = Field(description="怎样才能解除")
    evidence: dict[str, JsonValue]
    episode: int = Field(description="同一事项第几次预警")
    first_seen_on: date
    last_seen_on: date
    created_at: datetime
    cleared_at: datetime | None
    clearing_evidence: dict[str, JsonValue]
    closed_at: datetime | None
    close_reason: CloseReason | None
    version: int


class WarningEventOut(Out):
    """One step in the life of a warning."""

    position: int
    kind: str = Field(examples=["fired"])
    at: datetime
    who: str
    text: str


class WarningDetail(WarningOut):
    """A warning with its steps."""

    events: list[WarningEventOut]


class Acknowledgement(Body):
    """Taking a warning in hand."""

    text: OptionalParagraph = Field(default="", examples=["已通知村里准备重新招租。"])
    version: Version = None


class Explanation(Body):
    """What is being done."""

    text: Paragraph = Field(examples=["招租方案已经村民代表会议通过，本周公开。"])


class Closing(Body):
    """Striking off, by an inspector who did not take it in hand."""

    reason: CloseReason = Field(examples=["mended"])
    text: OptionalParagraph = Field(default="", examples=["公告已核对。"])
    version: Version = None


@api.get("/warnings", responses=problems(400, 404, 422))
def list_warnings(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[WarningState | None, Query(description="只看这种状态")] = None,
    colour: Annotated[Colour | None, Query(description="只看这种颜色")] = None,
    rule: Annotated[RuleKey | None, Query(description="只看这条规则")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[WarningOut]:
    """预警列表，新的在前。只看得到本村或本辖区的。"""
    wanted = village_id(session, acting, village)
    query = desk.warnings(acting, states=[state] if state else tuple(WarningState))
    for column, value in (
        (EarlyWarning.village_id, wanted),
        (EarlyWarning.colour, colour),
        (EarlyWarning.rule, rule),
    ):
        if value is not None:
            query = query.where(column == value)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=EarlyWarning.created_at, key=EarlyWarning.id
    )
    return Page(items=[_out(row[0]) for row in rows], next=following)


@api.get("/warnings/{warning_id}", responses=problems(404, 422))
def get_warning(warning_id: uuid.UUID, acting: Signed, session: ReadSession) -> WarningDetail:
    """一条预警及其处置过程。"""
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/acknowledge", responses=problems(400, 403, 404, 409, 422))
def acknowledge_warning(
    warning_id: uuid.UUID, body: Acknowledgement, acting: Signed, session: WriteSession
) -> WarningDetail:
    """签收：开始处置。"""
    lifecycle.acknowledge(session, acting=acting, warning_id=warning_id, text=body.text, version=body.version)
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/explain", responses=problems(400, 403, 404, 409, 422))
def explain_warning(
    warning_id: uuid.UUID, body: Explanation, acting: Signed, session: WriteSession
) -> WarningDetail:
    """说明处置情况；不改变颜色和状态。"""
    lifecycle.explain(session, acting=acting, warning_id=warning_id, text=body.text)
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/close", responses=problems(400, 403, 404, 409, 422))
def close_warning(
    warning_id: uuid.UUID, body: Closing, acting: Signed, session: WriteSession
) -> WarningDetail:
    """复核销号：数据已证明整改，由镇街或区级的另一个人完成。"""
    lifecycle.close(
        session,
        acting=acting,
        warning_id=warning_id,
        reason=body.reason,
        text=body.text,
        version=body.version,
    )
    return _show(session, acting, warning_id)


def _show(session: Session, acting: Actor, warning_id: uuid.UUID) -> WarningDetail:
    warning = access.access_warning(session, acting, warning_id)
    session.refresh(warning, ["village"])
    events = desk.warning_events(session, warning)
    return WarningDetail(
        **_out(warning).model_dump(), events=[WarningEventOut.model_validate(row) for row in events]
    )


def _out(row: EarlyWarning) -> WarningOut:
    return WarningOut(
        id=row.id,
        rule=row.rule,
        village=place(row.village),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        colour=row.colour,
        state=row.state,
        title=row.title,
        basis=row.basis,
        clears_by=row.clears_by,
        evidence=row.evidence,
        episode=row.episode,
        first_seen_on=row.first_seen_on,
        last_seen_on=row.last_seen_on,
        created_at=row.created_at,
        cleared_at=row.cleared_at,
        clearing_evidence=row.clearing_evidence,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        version=row.lock_version,
    )

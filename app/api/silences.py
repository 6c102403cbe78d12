"""Silences: warnings that are not pushed until a day, with a reason."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import Signed, page, problems, router
from app.api.schemas import Body, Code, Day, OrganisationRef, Out, RuleKey, Word, place
from app.api.schemas import Line as TextLine
from app.models import Organisation, Silence
from app.services import organisations
from app.services.warnings import silences
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("预警")


class SilenceOut(Out):
    """A silence: warnings of one rule or all, in one place, about one subject or all."""

    id: uuid.UUID
    organisation: OrganisationRef
    rule: str | None
    subject_kind: str | None
    subject_id: str | None
    includes_red: bool
    by_village: bool = Field(description="由村里设置：只管黄色，逾期督办照常")
    reason: str
    set_by: str
    starts_on: date
    ends_on: date = Field(description="最后一天")
    created_at: datetime
    ended_at: datetime | None
    ended_by: str


class NewSilence(Body):
    """What is to keep quiet, until when and why."""

    organisation: Code
    rule: RuleKey | None = Field(default=None, description="只静默这条规则，不填为全部")
    subject_kind: Word | None = Field(default=None, description="只静默一个事项时填写", examples=["contract"])
    subject_id: TextLine | None = Field(default=None, description="与 subject_kind 一起填写")
    includes_red: bool = Field(default=False, description="红色预警也静默；只有镇街、区级可以")
    ends_on: Day = Field(description="静默到哪一天（含）")
    reason: TextLine = Field(examples=["区审计组正在进村核查，核查期间不重复推送。"])


@api.get("/silences", responses=problems(400, 422))
def list_silences(
    acting: Signed,
    session: ReadSession,
    running: Annotated[bool | None, Query(description="true 为正在静默的，false 为已结束的")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[SilenceOut]:
    """静默列表，新的在前。"""
    query = silences.listing(acting, running=running)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Silence.created_at, key=Silence.id
    )
    places = organisations.by_ids(session, {row[0].organisation_id for row in rows})
    return Page(items=[_shown(row[0], places[row[0].organisation_id]) for row in rows], next=following)


@api.post("/silences", status_code=201, responses=problems(400, 403, 404, 422))
def set_silence(body: NewSilence, acting: Signed, session: WriteSession) -> SilenceOut:
    """静默一类预警，到期自动恢复；静默期间的变化不会丢，恢复后照常推送。村里不能静默红色预警。"""
    where = organisations.by_code(session, acting=acting, code=body.organisation)
    wanted = silences.Wanted(**body.model_dump(exclude={"organisation"}))
    return _out(session, silences.set(session, acting=acting, place=where, wanted=wanted))


@api.post("/silences/{silence_id}/end", responses=problems(400, 403, 404, 409, 422))
def end_silence(silence_id: uuid.UUID, acting: Signed, session: WriteSession) -> SilenceOut:
    """提前结束静默，恢复推送。"""
    return _out(session, silences.end(session, acting=acting, silence_id=silence_id))


def _out(session: Session, row: Silence) -> SilenceOut:
    session.refresh(row)
    return _shown(row, session.get_one(Organisation, row.organisation_id))


def _shown(row: Silence, where: Organisation) -> SilenceOut:
    shown = {name: getattr(row, name) for name in SilenceOut.model_fields if hasattr(row, name)}
    return SilenceOut(**shown | {"organisation": place(where)})

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
    Code,
    OfficerRef,
    OptionalLine,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Paragraph,
    RuleKey,
    UploadToken,
    Version,
    place,
)
from app.models import EarlyWarning
from app.models.base import WorkState
from app.models.organisations import Line
from app.models.rules import Colour, RuleMode
from app.models.warnings import CloseReason, NoticeState, WarningState
from app.services import access, desk, organisations
from app.services.actors import Actor
from app.services.warnings import auditing, lifecycle, queries
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("预警")

OfArea = Annotated[Code | None, Query(description="只看这个镇街或区县（代码）")]
Uploads = Annotated[list[UploadToken], Field(default_factory=list, max_length=9, description="附件")]


class WarningOut(Out):
    """A warning: one rule, one village, one subject. Its colour follows from the data alone."""

    id: uuid.UUID
    rule: str = Field(examples=["contract.expiring"])
    line: Line = Field(description="属于哪个职能条线")
    mode: RuleMode = Field(description="shadow 为试运行：只有区级看得到，不推送")
    village: OrganisationRef
    subject_kind: str = Field(examples=["contract"])
    subject_id: str
    colour: Colour
    state: WarningState
    title: str
    basis: str = Field(description="为什么预警")
    clears_by: str = Field(description="怎样才能解除")
    evidence: dict[str, JsonValue]
    missing: str = Field(description="目前缺少哪项数据，无法判断是否已整改；空为不缺")
    episode: int = Field(description="同一事项第几次预警")
    first_seen_on: date
    last_seen_on: date
    created_at: datetime
    next_due_at: datetime | None = Field(description="下一步的期限")
    muted_because: str = Field(description="目前为什么不推送；空为照常推送")
    proposal: CloseReason | None = Field(description="申请按什么理由销号")
    transferred_to: str = Field(description="移送给哪个单位")
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


class LadderStep(Out):
    """A step of the escalation ladder, as it was frozen when the warning fired."""

    step: str = Field(examples=["acknowledge"])
    level: str = Field(description="逾期报哪一级", examples=["town"])
    due_at: datetime
    done_at: datetime | None
    missed: bool


class NotifiedOut(Out):
    """That an officer was to be told of a change, and whether it reached him."""

    officer: OfficerRef
    change: str = Field(examples=["fired:1"])
    state: NoticeState
    sent_on: date | None
    delivery: WorkState | None = Field(description="消息的发送状态")
    seen_at: datetime | None


class EpisodeOut(Out):
    """Another episode of the same matter."""

    id: uuid.UUID
    episode: int
    colour: Colour
    state: WarningState
    first_seen_on: date
    close_reason: CloseReason | None


class WarningDetail(WarningOut):
    """A warning with its steps, its deadlines, who was told, and its other episodes."""

    events: list[WarningEventOut]
    ladder: list[LadderStep]
    notified: list[NotifiedOut]
    episodes: list[EpisodeOut]


class UnreachedOut(Out):
    """An open warning of which, as far as we know, no officer knows."""

    warning: WarningOut
    why: auditing.Why
    words: str = Field(examples=["没有任命联络员、镇街纪检或职能部门经办人，没有人可以通知"])


class Acknowledgement(Body):
    """Taking a warning in hand."""

    text: OptionalParagraph = Field(default="", examples=["已通知村里准备重新招租。"])
    version: Version = None


class Explanation(Body):
    """What is being done."""

    text: Paragraph = Field(examples=["招租方案已经村民代表会议通过，本周公开。"])
    uploads: Uploads


class Proposal(Body):
    """Why no data will clear it: explained, false_alarm or transferred."""

    reason: CloseReason = Field(examples=["explained"])
    text: Paragraph = Field(examples=["合同有补充协议，租金已抵扣修路款，见附件。"])
    transferred_to: OptionalLine = Field(default="", description="移送给哪个单位；理由为 transferred 时必填")
    uploads: Uploads
    version: Version = None


class Review(Body):
    """A second person agrees."""

    text: OptionalParagraph = Field(default="", examples=["情况属实。"])
    version: Version = None


class Returning(Body):
    """A second person does not agree."""

    text: Paragraph = Field(examples=["请补充村民代表会议的记录。"])
    version: Version = None


class Closing(Body):
    """Striking off what the data cleared, by an inspector who did not take it in hand."""

    reason: CloseReason = Field(examples=["mended"])
    text: OptionalParagraph = Field(default="", examples=["公告已核对。"])
    transferred_to: OptionalLine = Field(default="", description="移送给哪个单位；理由为 transferred 时必填")
    version: Version = None


@api.get("/warnings", responses=problems(400, 404, 422))
def list_warnings(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    area: OfArea = None,
    state: Annotated[WarningState | None, Query(description="只看这种状态")] = None,
    colour: Annotated[Colour | None, Query(description="只看这种颜色")] = None,
    rule: Annotated[RuleKey | None, Query(description="只看这条规则")] = None,
    line: Annotated[Line | None, Query(description="只看这个职能条线")] = None,
    mode: Annotated[RuleMode | None, Query(description="active 为正式预警，shadow 为试运行")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[WarningOut]:
    """预警列表，新的在前。只看得到本村、本辖区或本条线的。"""
    filters = queries.Filters(
        states=(state,) if state else (),
        colour=colour,
        rule=rule,
        line=line,
        mode=mode,
        village_id=village_id(session, acting, village),
        area=organisations.by_code(session, acting=acting, code=area).id if area else None,
    )
    query = queries.listing(acting, filters)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=EarlyWarning.created_at, key=EarlyWarning.id
    )
    return Page(items=[_out(row[0]) for row in rows], next=following)


@api.get("/warnings/unreached", responses=problems(400, 403, 422))
def list_unreached_warnings(
    acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[UnreachedOut]:
    """没有通知到任何人的预警及原因，新的在前。纪检人员和管理员可看。"""
    rows, following = page(
        session,
        auditing.unreached_listing(acting),
        cursor=after,
        limit=limit,
        moment=EarlyWarning.created_at,
        key=EarlyWarning.id,
    )
    found = [auditing.Unreached(warning, auditing.Why(why)) for warning, why in rows]
    items = [UnreachedOut(warning=_out(one.warning), why=one.why, words=one.words) for one in found]
    return Page(items=items, next=following)


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
    warning_id: uuid.UUID, body: Explanation, acting: Signed, session: WriteSession, here: InContext
) -> WarningDetail:
    """说明处置情况，可带附件；不改变颜色和状态。"""
    lifecycle.explain(
        session,
        acting=acting,
        warning_id=warning_id,
        text=body.text,
        uploads=body.uploads,
        keys=here.keys,
    )
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/propose", responses=problems(400, 403, 404, 409, 422))
def propose_to_close_warning(
    warning_id: uuid.UUID, body: Proposal, acting: Signed, session: WriteSession, here: InContext
) -> WarningDetail:
    """申请销号：说明为什么数据不会变（已说明、误报、已移送），等另一个人复核。"""
    lifecycle.propose(
        session,
        acting=acting,
        warning_id=warning_id,
        reason=body.reason,
        text=body.text,
        transferred_to=body.transferred_to,
        uploads=body.uploads,
        keys=here.keys,
        version=body.version,
    )
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/accept", responses=problems(400, 403, 404, 409, 422))
def accept_warning_proposal(
    warning_id: uuid.UUID, body: Review, acting: Signed, session: WriteSession
) -> WarningDetail:
    """同意销号申请：由镇街或区级的另一个人完成；同样的证据不再预警。"""
    lifecycle.accept(session, acting=acting, warning_id=warning_id, text=body.text, version=body.version)
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/return", responses=problems(400, 403, 404, 409, 422))
def return_warning_proposal(
    warning_id: uuid.UUID, body: Returning, acting: Signed, session: WriteSession
) -> WarningDetail:
    """退回销号申请，继续处置；期限接着算。"""
    lifecycle.send_back(session, acting=acting, warning_id=warning_id, text=body.text, version=body.version)
    return _show(session, acting, warning_id)


@api.post("/warnings/{warning_id}/close", responses=problems(400, 403, 404, 409, 422))
def close_warning(
    warning_id: uuid.UUID, body: Closing, acting: Signed, session: WriteSession
) -> WarningDetail:
    """复核销号：数据已证明整改，由镇街或区级的另一个人完成；不是「已整改」的要写说明。"""
    lifecycle.close(
        session,
        acting=acting,
        warning_id=warning_id,
        reason=body.reason,
        text=body.text,
        transferred_to=body.transferred_to,
        version=body.version,
    )
    return _show(session, acting, warning_id)


def _show(session: Session, acting: Actor, warning_id: uuid.UUID) -> WarningDetail:
    warning = access.access_warning(session, acting, warning_id)
    session.refresh(warning, ["village"])
    events = desk.warning_events(session, warning)
    episodes = queries.episodes(session, acting=acting, warning=warning)
    return WarningDetail(
        **_out(warning).model_dump(),
        events=[WarningEventOut.model_validate(row) for row in events],
        ladder=[LadderStep.model_validate(step) for step in warning.ladder],
        notified=[_notified(one) for one in queries.notified(session, warning)],
        episodes=[EpisodeOut.model_validate(row) for row in episodes],
    )


def _notified(one: queries.Notified) -> NotifiedOut:
    return NotifiedOut(
        officer=OfficerRef.model_validate(one.officer),
        change=one.notice.change,
        state=one.notice.state,
        sent_on=one.notice.sent_on,
        delivery=one.message.state if one.message else None,
        seen_at=one.notice.seen_at or (one.message.read_at if one.message else None),
    )


def _out(row: EarlyWarning) -> WarningOut:
    shown = {name: getattr(row, name) for name in WarningOut.model_fields if hasattr(row, name)}
    return WarningOut(**shown | {"village": place(row.village), "version": row.lock_version})

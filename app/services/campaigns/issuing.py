"""Issuing a campaign, and ending it with its outcome."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, ids
from app.core.errors import BadInput, Conflict
from app.models import Appointment, Campaign, CampaignAnswer, Officer, Organisation
from app.models.organisations import OrganisationKind
from app.models.supervision import AnswerState, CampaignState
from app.services import access, access_supervision, officers
from app.services.actors import Actor
from app.services.campaigns.states import LONGEST, record, require_open, tell

MOST_QUESTIONS = 20
LONGEST_QUESTION = 200


class QuestionKind(enum.StrEnum):
    """yes_no 是否, text 文字, number 数字, money 金额 (fen)."""

    YES_NO = "yes_no"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"


@dataclass(frozen=True)
class Question:
    """One question of a self-check. `key` is q1, q2 … in their order."""

    text: str
    kind: QuestionKind = QuestionKind.YES_NO
    required: bool = True
    key: str = ""


def issue(
    session: Session,
    *,
    acting: Actor,
    organisation: Organisation,
    title: str,
    reason: str,
    questions: Sequence[Question],
    due_on: date,
    village_codes: Sequence[str] = (),
    warning_id: uuid.UUID | None = None,
) -> Campaign:
    """Ask all villages of an office, or those named, to check themselves until a day; their officers get the
    task at once.

    Raises Forbidden for anybody but the office's inspectors; NotFound for a warning that he may not know of;
    BadInput for missing words, no or too many questions, a day that is past, a village elsewhere."""
    officer = access_supervision.require_issuer(session, acting, organisation)
    if warning_id is not None:
        access.access_warning(session, acting, warning_id)
    villages = _villages(session, organisation, village_codes)
    campaign = Campaign(
        id=uuid.uuid4(),
        organisation_id=organisation.id,
        number=ids.campaign_number(clock.today()),
        title=_words(title, "campaign.title_missing", "请写自查的名称。", 60),
        reason=_words(reason, "campaign.reason_missing", "请写为什么要自查。", LONGEST),
        warning_id=warning_id,
        questions=[asdict(question) for question in _checked(questions)],
        due_on=_day(due_on),
        issued_by=officer.officer_id,
    )
    session.add(campaign)
    session.flush()
    session.add_all(
        CampaignAnswer(
            id=uuid.uuid4(), campaign_id=campaign.id, village_id=village.id, state=AnswerState.WAITING
        )
        for village in villages
    )
    session.flush()
    holders = village_officers(session, [village.id for village in villages])
    for village in villages:
        told = holders.get(village.id, [])
        tell(session, told, campaign, village=village, path=path_of(campaign), occasion="issued")
    record(session, acting, "issued", campaign)
    return campaign


def path_of(campaign: Campaign) -> str:
    """The desk's page of a campaign."""
    return f"/desk/campaigns/{campaign.id}"


def village_officers(session: Session, village_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Officer]]:
    """Those who answer for each village: its information and liaison officers, in one query."""
    rows = session.execute(
        select(Appointment.organisation_id, Officer)
        .join(Officer, Officer.id == Appointment.officer_id)
        .where(
            Appointment.organisation_id.in_(village_ids),
            Appointment.role.in_(access.VILLAGE_ROLES),
            officers.running(),
            Officer.active,
        )
    )
    found: dict[uuid.UUID, dict[uuid.UUID, Officer]] = {}
    for village_id, officer in rows:
        found.setdefault(village_id, {})[officer.id] = officer
    return {village_id: list(people.values()) for village_id, people in found.items()}


def _villages(session: Session, organisation: Organisation, codes: Sequence[str]) -> Sequence[Organisation]:
    query = select(Organisation).where(
        access.within(Organisation.id, (organisation.id,)),
        Organisation.kind == OrganisationKind.VILLAGE,
        Organisation.active,
    )
    if codes:
        query = query.where(Organisation.code.in_(codes))
    found = session.scalars(query.order_by(Organisation.code)).all()
    unknown = sorted(set(codes) - {village.code for village in found})
    if unknown or not found:
        named = "、".join(unknown[:5]) or organisation.name
        raise BadInput("campaign.village_unknown", f"没有找到这些村社：{named}。", villages=unknown[:20])
    return found


def _checked(questions: Sequence[Question]) -> list[Question]:
    texts = [question.text.strip() for question in questions]
    if not 1 <= len(texts) <= MOST_QUESTIONS or not all(texts):
        raise BadInput("campaign.questions_wrong", f"请写 1 到 {MOST_QUESTIONS} 个问题。", field="questions")
    if any(len(text) > LONGEST_QUESTION for text in texts):
        raise BadInput("campaign.questions_wrong", f"问题最多 {LONGEST_QUESTION} 个字。", field="questions")
    return [
        Question(text, question.kind, question.required, f"q{number}")
        for number, (text, question) in enumerate(zip(texts, questions, strict=True), start=1)
    ]


def _words(text: str, code: str, problem: str, longest: int) -> str:
    words = text.strip()
    if not words:
        raise BadInput(code, problem)
    return words[:longest]


def _day(due_on: date) -> date:
    if due_on < clock.today():
        raise BadInput("campaign.due_wrong", "截止日期要在今天或以后。", field="due_on")
    return due_on


def close(
    session: Session,
    *,
    acting: Actor,
    campaign_id: uuid.UUID,
    outcome: str,
    lesson: str = "",
    version: int | None = None,
) -> Campaign:
    """End it: open → closed, with how it was dealt with (处理) and, if any, the rule that came of it.
    Villages that have not answered stay on the board as such.

    Raises NotFound, Forbidden, Conflict; BadInput without an outcome."""
    campaign = access_supervision.access_campaign(session, acting, campaign_id)
    access_supervision.require_issuer(session, acting, campaign.organisation)
    session.refresh(campaign, with_for_update={"of": Campaign})
    if version is not None and version != campaign.lock_version:
        raise Conflict("campaign.changed", "刚才有人改过这次自查，请刷新页面看清楚再办。")
    require_open(campaign)
    campaign.outcome = _words(outcome, "campaign.outcome_missing", "请写处理结果。", LONGEST)
    campaign.lesson = lesson.strip()[:LONGEST]
    campaign.state, campaign.closed_at = CampaignState.CLOSED, clock.now()
    session.flush()
    record(session, acting, "closed", campaign)
    return campaign

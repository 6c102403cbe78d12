"""What a village answers, with evidence, and what the office makes of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock, money
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Campaign, CampaignAnswer
from app.models.disclosures import AttachmentOwner
from app.models.supervision import AnswerState
from app.services import access_supervision, attachments
from app.services.actors import Actor
from app.services.campaigns.issuing import QuestionKind, path_of, village_officers
from app.services.campaigns.states import ANSWER_NAMES, LONGEST, record, require_open, tell

YES, NO = "yes", "no"


def answer(
    session: Session,
    *,
    acting: Actor,
    answer_id: uuid.UUID,
    answers: Mapping[str, str],
    found: bool | None,
    finding: str = "",
    measures: str = "",
    uploads: Sequence[str] = (),
    keys: Keys,
    version: int | None = None,
) -> CampaignAnswer:
    """Report the result of the self-check: waiting | returned | answered → answered, until it is accepted.
    `answers` by question key as typed; files are evidence and stay.

    Raises NotFound, Forbidden outside the village, Conflict when it is over or accepted, BadInput naming the
    question that is not answered, or a finding without words."""
    row, campaign = _take(session, acting, answer_id, version)
    officer = access_supervision.require_answerer_of(session, acting, row.village_id)
    if row.state is AnswerState.ACCEPTED:
        raise Conflict("campaign.accepted", "这份自查已经核对，不能再改。", state=row.state)
    if found is None:
        raise BadInput("campaign.found_missing", "请选择有没有发现问题。", field="found")
    if found and not finding.strip():
        raise BadInput("campaign.finding_missing", "发现了问题，请写明是什么问题。", field="finding")
    row.answers = _checked(campaign, answers)
    row.found, row.finding = found, finding.strip()[:LONGEST]
    row.measures = measures.strip()[:LONGEST]
    row.answered_by, row.answered_at = officer.officer_id, clock.now()
    row.state = AnswerState.ANSWERED
    attachments.adopt(
        session, keys=keys, tokens=uploads, owner_kind=AttachmentOwner.CAMPAIGN_ANSWER, owner_id=row.id
    )
    session.flush()
    record(session, acting, "answered", row)
    return row


def _checked(campaign: Campaign, answers: Mapping[str, str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for question in campaign.questions:
        typed = answers.get(question["key"], "").strip()
        if not typed:
            if question["required"]:
                words = f"请回答：{question['text']}"
                raise BadInput("campaign.answer_missing", words, field=question["key"])
            continue
        kept[question["key"]] = _value(question, typed)
    return kept


def _value(question: Mapping[str, Any], typed: str) -> Any:
    kind, key = QuestionKind(question["kind"]), question["key"]
    if kind is QuestionKind.YES_NO and typed not in (YES, NO):
        raise BadInput("campaign.answer_wrong", f"请选择是或否：{question['text']}", field=key)
    if kind is QuestionKind.MONEY:
        return money.parse_yuan(typed)
    if kind is QuestionKind.NUMBER:
        try:
            return int(typed)
        except ValueError as error:
            raise BadInput("campaign.answer_wrong", f"请填整数：{question['text']}", field=key) from error
    return typed[:LONGEST]


def review(
    session: Session,
    *,
    acting: Actor,
    answer_id: uuid.UUID,
    accepted: bool,
    remark: str = "",
    version: int | None = None,
) -> CampaignAnswer:
    """Accept what a village reported, or return it with a reason: answered → accepted | returned. A returned
    one is a task again.

    Raises NotFound, Forbidden outside the issuing office, Conflict in another state, BadInput for a return
    without a reason."""
    row, campaign = _take(session, acting, answer_id, version)
    officer = access_supervision.require_issuer(session, acting, campaign.organisation)
    if row.state is not AnswerState.ANSWERED:
        raise Conflict(
            "campaign.state_wrong",
            f"这份自查现在是「{ANSWER_NAMES[row.state]}」，不能核对。",
            state=row.state,
        )
    if not accepted and not remark.strip():
        raise BadInput("campaign.remark_missing", "退回要写明原因。", field="remark")
    row.state = AnswerState.ACCEPTED if accepted else AnswerState.RETURNED
    row.remark = remark.strip()[:LONGEST]
    row.reviewed_by, row.reviewed_at = officer.officer_id, clock.now()
    session.flush()
    if not accepted:
        told = village_officers(session, [row.village_id]).get(row.village_id, [])
        occasion = f"returned:{row.lock_version}"
        tell(session, told, campaign, village=row.village, path=path_of(campaign), occasion=occasion)
    record(session, acting, row.state.value, row)
    return row


def _take(
    session: Session, acting: Actor, answer_id: uuid.UUID, version: int | None
) -> tuple[CampaignAnswer, Campaign]:
    row = access_supervision.access_answer(session, acting, answer_id)
    session.refresh(row, with_for_update={"of": CampaignAnswer})
    if version is not None and version != row.lock_version:
        raise Conflict("campaign.changed", "刚才有人改过这份自查，请刷新页面看清楚再办。")
    campaign = access_supervision.access_campaign(session, acting, row.campaign_id)
    require_open(campaign)
    return row, campaign

"""The part of `access` about what follows from warnings: arrears notices, and campaigns."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, false, or_, select, true
from sqlalchemy.orm import Session, joinedload

from app.core.errors import Forbidden, NotFound
from app.models import ArrearsNotice, Campaign, CampaignAnswer, Organisation
from app.models.people import Role
from app.services.access import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    covers,
    is_administrator,
    within,
)
from app.services.actors import Actor, Officer

PREPARERS = (Role.LIAISON_OFFICER, Role.INFORMATION_OFFICER, Role.TOWN_INSPECTOR)


def visible_arrears(actor: Actor) -> Condition:
    """The whole history belongs to the village's officers, the offices above and the administrator; the
    public reads `arrears.board`."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(ArrearsNotice.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def access_arrears(session: Session, actor: Actor, notice_id: uuid.UUID) -> ArrearsNotice:
    """The notice, if the actor may know of it. Raises NotFound otherwise."""
    query = select(ArrearsNotice).where(ArrearsNotice.id == notice_id, visible_arrears(actor))
    found = session.scalar(query)
    if found is None:
        raise NotFound("arrears.not_found", "没有找到这份催缴预告，可能链接有误，或不属于您负责的村社。")
    return found


def require_arrears_office(session: Session, actor: Actor, village_id: uuid.UUID) -> Officer:
    """The officer who may prepare and serve: the village's own or its town's. Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and covers(session, actor, village_id, *PREPARERS):
        return actor
    raise Forbidden("arrears.not_yours", "催缴预告由本村干部或镇街办理。")


def require_arrears_approver(session: Session, actor: Actor, notice: ArrearsNotice) -> Officer:
    """The inspector who releases it to the page: of the town or the county, and not who prepared it. Raises
    Forbidden otherwise."""
    if not isinstance(actor, Officer) or not covers(session, actor, notice.village_id, *INSPECTORS):
        raise Forbidden("arrears.not_approver", "公示欠款要由镇街或区级批准。")
    if actor.officer_id == notice.prepared_by:
        raise Forbidden("arrears.same_person", "准备和批准要由两个人分别完成。")
    return actor


# --- campaigns ------------------------------------------------------------------------------------


def visible_campaigns(actor: Actor) -> Condition:
    """The issuing office and those above it, and the villages that are asked (with their towns)."""
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    asked = exists().where(CampaignAnswer.campaign_id == Campaign.id, visible_answers(actor))
    return or_(within(Campaign.organisation_id, actor.organisations(*INSPECTORS)), asked)


def visible_answers(actor: Actor) -> Condition:
    """A village's own officers see its answer, the offices above all of their area."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(CampaignAnswer.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def access_campaign(session: Session, actor: Actor, campaign_id: uuid.UUID) -> Campaign:
    """The campaign with its issuer, if the actor may know of it. Raises NotFound otherwise."""
    query = select(Campaign).where(Campaign.id == campaign_id, visible_campaigns(actor))
    found = session.scalar(query.options(joinedload(Campaign.organisation)))
    if found is None:
        raise NotFound("campaign.not_found", "没有找到这次自查，可能链接有误，或不涉及您负责的村社。")
    return found


def access_answer(session: Session, actor: Actor, answer_id: uuid.UUID) -> CampaignAnswer:
    """A village's answer with its village, if the actor may know of it. Raises NotFound otherwise."""
    query = select(CampaignAnswer).where(CampaignAnswer.id == answer_id, visible_answers(actor))
    found = session.scalar(query.options(joinedload(CampaignAnswer.village)))
    if found is None:
        raise NotFound("campaign.answer_not_found", "没有找到这份自查，可能链接有误，或不属于您负责的村社。")
    return found


def require_issuer(session: Session, actor: Actor, organisation: Organisation) -> Officer:
    """The inspector of this office. Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and organisation.id in actor.organisations(*INSPECTORS):
        return actor
    raise Forbidden("campaign.not_issuer", "专项自查由镇街或区级纪检部署、核对和结束。")


def require_answerer_of(session: Session, actor: Actor, village_id: uuid.UUID) -> Officer:
    """The village's own officer, who answers for it. Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and village_id in actor.organisations(*VILLAGE_ROLES):
        return actor
    raise Forbidden("campaign.not_village", "自查由本村干部填报。")

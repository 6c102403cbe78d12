"""How a tender ends: award with the draft of its notice, or failure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.core import clock, money, text
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.core.money import LIMIT_FEN
from app.models import Disclosure, Organisation, Tender
from app.models.disclosures import DisclosureKind
from app.models.interaction import TenderState
from app.services import access_interaction, disclosures, privacy
from app.services.actors import Actor
from app.services.tenders.lifecycle import move, record, tell_bidders
from app.services.tenders.terms import require_author

LONGEST_WINNER = 40
LONGEST_REASON = 200


@dataclass(frozen=True)
class Award:
    """Who won (中标人), for how much (fen), on which day."""

    winner: str
    award_fen: int
    awarded_on: date


def award(
    session: Session,
    *,
    acting: Actor,
    tender_id: uuid.UUID,
    award: Award,
    keys: Keys,
    version: int | None = None,
) -> Disclosure:
    """Award a closed tender and draft its award notice (中标公示): closed → awarded. The winner is public
    when the notice is.

    Raises Forbidden for anybody but who drafts such notices in the village, BadInput for a missing winner,
    an odd amount, a day outside the tender's or personal data beside the name, Conflict in another state."""
    tender = _in_hand(session, acting, tender_id, version)
    require_author(session, acting, session.get_one(Disclosure, tender.disclosure_id))
    winner = award.winner.strip()
    if not winner or len(winner) > LONGEST_WINNER:
        raise BadInput("tender.winner_wrong", f"中标人要填写，最多 {LONGEST_WINNER} 个字。", field="winner")
    privacy.require_plain(winner, field="winner")
    if not 0 < award.award_fen <= LIMIT_FEN:
        raise BadInput("tender.award_wrong", "中标金额不对，请填写元，例如 36000。", field="award")
    if not clock.local(tender.closes_at).date() <= award.awarded_on <= clock.today():
        raise BadInput("tender.award_day_wrong", "定标日期应在报名截止之后、今天之前。", field="awarded_on")
    move(tender, TenderState.AWARDED)
    tender.winner, tender.award_fen, tender.awarded_on = winner, award.award_fen, award.awarded_on
    notice = _notice(session, acting, tender, keys)
    tender.award_disclosure_id = notice.id
    record(session, acting, "awarded", tender)
    return notice


def _notice(session: Session, acting: Actor, tender: Tender, keys: Keys) -> Disclosure:
    source = session.get_one(Disclosure, tender.disclosure_id)
    day = clock.spoken_day(tender.awarded_on or clock.today())
    name = text.cut(tender.title, disclosures.LONGEST_TITLE - len("「」中标公示"))
    amount = money.spoken(tender.award_fen or 0)
    return disclosures.draft(
        session,
        acting=acting,
        village=session.get_one(Organisation, tender.village_id),
        draft=disclosures.Draft(
            category_code=source.category_code,
            title=f"「{name}」中标公示",
            summary=f"{day}定标，中标金额{amount}，公示期内可以提异议。",
            body=f"本次共有 {tender.sign_ups} 家（人）报名。\n\n对结果有意见，请在公示期内提出异议。",
            kind=DisclosureKind.AWARD_NOTICE,
            contract_id=tender.contract_id,
            project_id=tender.project_id,
            figures={"中标人": tender.winner, "中标金额": amount, "定标日期": day},
        ),
        keys=keys,
    )


def fail(
    session: Session, *, acting: Actor, tender_id: uuid.UUID, reason: str, version: int | None = None
) -> Tender:
    """Nobody won (流标): closed → failed, with a public reason; those who signed up are told.

    Raises Forbidden outside the village's office and its town, BadInput without a reason or with
    personal data in it, Conflict in another state."""
    tender = _in_hand(session, acting, tender_id, version)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput("tender.reason_wrong", f"请写明流标原因，最多 {LONGEST_REASON} 个字。", field="reason")
    privacy.require_plain(reason, field="reason")
    move(tender, TenderState.FAILED)
    tender.remark = reason
    record(session, acting, "failed", tender)
    tell_bidders(session, tender, "本次招标流标", session.get_one(Disclosure, tender.disclosure_id))
    return tender


def _in_hand(session: Session, acting: Actor, tender_id: uuid.UUID, version: int | None) -> Tender:
    tender = access_interaction.access_tender(session, acting, tender_id)
    access_interaction.require_tender_office(session, acting, tender.village_id)
    session.refresh(tender, with_for_update={"of": Tender})
    if version not in (None, tender.lock_version):
        raise Conflict("tender.changed", "刚才有人处理过这次报名，请刷新页面看清楚再办。")
    if tender.state is TenderState.OPEN and tender.closes_at <= clock.now():
        move(tender, TenderState.CLOSED)  # the deadline has passed, the job has not come yet
    return tender

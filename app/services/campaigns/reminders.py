"""Reminding villages of a self-check: the day before it is due, and on the first day after."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.models import Campaign, CampaignAnswer
from app.models.supervision import CampaignState
from app.services import audit
from app.services.actors import System
from app.services.campaigns.issuing import path_of, village_officers
from app.services.campaigns.states import OWED, tell

BATCH = 200
JOB = System("campaigns.remind")


def remind(session: Session) -> int:
    """Remind a batch of villages that still owe an answer, once before the deadline and once after it; how
    many villages. Several schedulers at once never remind twice."""
    today = clock.today()
    tomorrow = today + timedelta(days=1)
    told_before = CampaignAnswer.reminded_at.is_(None)
    # A reminder from before the deadline does not count as the one after it.
    told_after = or_(told_before, CampaignAnswer.reminded_at < clock.at(today))
    due = session.scalars(
        select(CampaignAnswer)
        .join(Campaign, Campaign.id == CampaignAnswer.campaign_id)
        .where(
            CampaignAnswer.state.in_(OWED),
            Campaign.state == CampaignState.OPEN,
            or_(
                (Campaign.due_on == tomorrow) & told_before,
                (Campaign.due_on == today - timedelta(days=1)) & told_after,
            ),
        )
        .options(joinedload(CampaignAnswer.campaign), joinedload(CampaignAnswer.village))
        .order_by(CampaignAnswer.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=CampaignAnswer)
    ).all()
    holders = village_officers(session, [row.village_id for row in due])
    for row in due:
        occasion = "late" if row.campaign.due_on < today else "soon"
        told = holders.get(row.village_id, [])
        tell(session, told, row.campaign, village=row.village, path=path_of(row.campaign), occasion=occasion)
        row.reminded_at = clock.now()
        audit.record(
            session,
            acting=JOB,
            action="reminded",
            noun="campaign_answer",
            noun_id=row.id,
            village_id=row.village_id,
        )
    return len(due)

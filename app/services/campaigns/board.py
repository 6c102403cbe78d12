"""Who is done, who is late, who found something; and what waits for a village's officers."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.models import Attachment, Campaign, CampaignAnswer, Organisation
from app.models.disclosures import AttachmentOwner
from app.models.supervision import AnswerState, CampaignState
from app.services import access, access_supervision, attachments
from app.services.actors import Actor, Officer
from app.services.campaigns.states import OWED


@dataclass(frozen=True)
class Line:
    """One village on the board: its answer, its files, and whether it is or was late."""

    answer: CampaignAnswer
    files: list[Attachment]
    late: bool


@dataclass(frozen=True)
class Board:
    """A campaign with the lines that the reader may see. `asked` to `found` count these; for an officer of a
    village that is his village alone."""

    campaign: Campaign
    lines: list[Line]
    asked: int
    answered: int
    accepted: int
    late: int
    found: int


def listing(acting: Actor, *, state: CampaignState | None = None) -> Select[Campaign]:
    """The campaigns that the actor may know of, newest first, with their issuers."""
    query = select(Campaign).where(access_supervision.visible_campaigns(acting))
    if state is not None:
        query = query.where(Campaign.state == state)
    newest = query.options(joinedload(Campaign.organisation))
    return newest.order_by(Campaign.created_at.desc(), Campaign.id.desc())


def board(session: Session, *, acting: Actor, campaign_id: uuid.UUID) -> Board:
    """The board of a campaign: late ones first, then by village. Raises NotFound."""
    campaign = access_supervision.access_campaign(session, acting, campaign_id)
    rows = session.scalars(
        select(CampaignAnswer)
        .join(Organisation, Organisation.id == CampaignAnswer.village_id)
        .where(CampaignAnswer.campaign_id == campaign.id, access_supervision.visible_answers(acting))
        .options(joinedload(CampaignAnswer.village).joinedload(Organisation.parent))
        .order_by(Organisation.code)
    ).all()
    files = attachments.of(session, AttachmentOwner.CAMPAIGN_ANSWER, [row.id for row in rows])
    lines = [Line(row, files[row.id], is_late(campaign, row)) for row in rows]
    counts = Counter(row.state for row in rows)
    return Board(
        campaign=campaign,
        lines=sorted(lines, key=lambda line: not (line.late and line.answer.state in OWED)),
        asked=len(rows),
        answered=counts[AnswerState.ANSWERED] + counts[AnswerState.ACCEPTED],
        accepted=counts[AnswerState.ACCEPTED],
        late=sum(line.late for line in lines),
        found=sum(bool(row.found) for row in rows),
    )


def is_late(campaign: Campaign, row: CampaignAnswer) -> bool:
    """Not reported by the end of the day that was named, or reported after it."""
    if row.answered_at is not None and row.state is not AnswerState.RETURNED:
        return clock.local(row.answered_at).date() > campaign.due_on
    return clock.today() > campaign.due_on


def own_tasks(session: Session, *, acting: Actor) -> Sequence[CampaignAnswer]:
    """What the officer's own villages still owe in campaigns that run, the first due first."""
    places = acting.organisations(*access.VILLAGE_ROLES) if isinstance(acting, Officer) else ()
    if not places:
        return []
    query = (
        select(CampaignAnswer)
        .join(Campaign, Campaign.id == CampaignAnswer.campaign_id)
        .where(
            CampaignAnswer.village_id.in_(places),
            CampaignAnswer.state.in_(OWED),
            Campaign.state == CampaignState.OPEN,
        )
        .options(joinedload(CampaignAnswer.campaign), joinedload(CampaignAnswer.village))
        .order_by(Campaign.due_on, CampaignAnswer.id)
    )
    return session.scalars(query).all()

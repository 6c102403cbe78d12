"""What all steps of a campaign share: names, telling people, the audit row."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict
from app.models import Campaign, CampaignAnswer, Officer, Organisation
from app.models.delivery import MessageKind
from app.models.supervision import AnswerState, CampaignState
from app.services import audit, outbox
from app.services.actors import Actor

STATE_NAMES = {CampaignState.OPEN: "进行中", CampaignState.CLOSED: "已结束"}
ANSWER_NAMES = {
    AnswerState.WAITING: "待自查",
    AnswerState.ANSWERED: "已报送",
    AnswerState.RETURNED: "退回重报",
    AnswerState.ACCEPTED: "已核对",
}
OWED = (AnswerState.WAITING, AnswerState.RETURNED)
LONGEST = 2000


def require_open(campaign: Campaign) -> None:
    """Raise Conflict when the campaign is over."""
    if campaign.state is not CampaignState.OPEN:
        raise Conflict("campaign.closed", "这次自查已经结束。", state=campaign.state)


def tell(
    session: Session,
    officers: Iterable[Officer],
    campaign: Campaign,
    *,
    village: Organisation,
    path: str,
    occasion: str,
) -> int:
    """Give officers the task, once per occasion; how many messages were new."""
    queued = [
        outbox.enqueue(
            session,
            kind=MessageKind.TASK_ISSUED,
            officer_id=officer.id,
            village_id=village.id,
            subject_kind="campaign",
            subject_id=str(campaign.id),
            data={
                "task": f"专项自查：{campaign.title}",
                "village": village.name,
                "deadline": clock.spoken(clock.at(campaign.due_on, 18)),
            },
            path=path,
            key=f"campaign:{campaign.id}:{village.id}:{occasion}:{officer.id}",
        )
        for officer in officers
    ]
    return sum(message is not None for message in queued)


def record(session: Session, acting: Actor, action: str, row: Campaign | CampaignAnswer) -> None:
    """Leave the audit row of a step."""
    village_id: uuid.UUID | None = row.village_id if isinstance(row, CampaignAnswer) else None
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="campaign" if isinstance(row, Campaign) else "campaign_answer",
        noun_id=row.id,
        village_id=village_id,
        state=row.state,
    )

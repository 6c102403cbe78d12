"""What the publishing workflow does, the chain has: released, corrected, withdrawn, persons taken out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.models import Disclosure, Officer, Organisation, ProjectStage
from app.models.chain import ChainEvent
from app.models.people import Duty, Role
from app.models.projects import StageKind
from app.services import actors, chain, disclosures, projects
from tests import factories
from tests.factories import KEYS, ROOT
from tests.services.noticed import officer


@dataclass
class Desk:
    """A village with its author and its reviewer."""

    village: Organisation
    author: Officer
    reviewer: Officer


@pytest.fixture
def desk(session: Session) -> Desk:
    places = factories.places(session)
    return Desk(
        places.village,
        officer(session, "陈信息", Role.INFORMATION_OFFICER, places.village),
        officer(session, "周监督", Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION),
    )


def acting(session: Session, who: Officer) -> actors.Officer:
    return factories.acting(session, who)


def publish(session: Session, desk: Desk, **fields: Any) -> Disclosure:
    return factories.published(session, desk.village, desk.author, desk.reviewer, **fields)


def correct(session: Session, desk: Desk, item: Disclosure, **fields: Any) -> None:
    values = {"category_code": item.category_code, "title": "更正后的标题", "summary": "收入 12 万元。"}
    disclosures.propose(
        session,
        acting=acting(session, desk.author),
        disclosure_id=item.id,
        draft=disclosures.Draft(**(values | fields)),
        reason="支出多写了一万元。",
        keys=KEYS,
    )
    author, reviewer = acting(session, desk.author), acting(session, desk.reviewer)
    disclosures.submit_correction(session, acting=author, disclosure_id=item.id, keys=KEYS)
    disclosures.publish_correction(session, acting=reviewer, disclosure_id=item.id, keys=KEYS)


def events(session: Session, desk: Desk) -> list[ChainEvent]:
    return [link.event for link in session.scalars(chain.listing(desk.village.id)).all()][::-1]


def test_each_public_step_is_a_link(session: Session, desk: Desk) -> None:
    item = publish(session, desk)
    correct(session, desk, item)
    reviewer = acting(session, desk.reviewer)
    disclosures.withdraw(session, acting=reviewer, disclosure_id=item.id, reason="重复公开。")
    session.expire_all()

    assert events(session, desk) == [ChainEvent.PUBLISHED, ChainEvent.CORRECTED, ChainEvent.WITHDRAWN]
    result = chain.verify(session, village_id=desk.village.id)
    assert (result.faults, result.checked) == ([], 3)


def test_drafts_and_refused_steps_are_no_links(session: Session, desk: Desk) -> None:
    item = factories.draft(session, desk.village, desk.author)
    with pytest.raises(AppError):
        disclosures.publish(session, acting=acting(session, desk.reviewer), disclosure_id=item.id, keys=KEYS)

    assert chain.head(session, desk.village.id) is None


def test_a_correction_changes_the_stage_that_the_item_added(session: Session, desk: Desk) -> None:
    plan = projects.Plan(number="GC-1", name="村道硬化", approved_on=date(2026, 3, 1))
    project = projects.enter(session, acting=ROOT, village=desk.village, plan=plan)
    filled = {
        "stage": "acceptance",
        "project": "村道硬化",
        "day": "2026-06-01",
        "amount": 8_000_000,
    }
    text = {"category_code": "small_works", "title": "村道硬化验收", "summary": "村道硬化验收合格。"}
    item = publish(session, desk, filled=filled, project_id=project.id, **text)
    correct(session, desk, item, filled=filled | {"amount": 8_100_000}, **text)

    stage = session.scalars(select(ProjectStage).where(ProjectStage.project_id == project.id)).one()
    assert (stage.kind, stage.day) == (StageKind.ACCEPTANCE, date(2026, 6, 1))
    assert stage.amount_fen == 8_100_000
    assert stage.disclosure_id == item.id

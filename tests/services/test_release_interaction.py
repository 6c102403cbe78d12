"""Publishing and withdrawing through the workflow: what they do to tenders, followers and objections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict, NotFound
from app.models import Broadcast, Disclosure, Tender
from app.models.disclosures import DisclosureKind
from app.models.interaction import ObjectionState, TenderState
from app.services import disclosures, follows, objections
from app.services.actors import Visitor
from app.services.tenders import terms
from tests import factories
from tests.factories import KEYS
from tests.services.noticed import Noticed, noticed


@pytest.fixture
def here(session: Session) -> Noticed:
    return noticed(session)


def drafted(session: Session, here: Noticed, *, hours: float = 48) -> tuple[Disclosure, Tender]:
    """A re-tender notice with a tender, handed in."""
    contract = factories.contract(session, here.village)
    item = factories.draft(
        session,
        here.village,
        here.author,
        category_code="leasing",
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract.id,
        title="村口鱼塘重新招租公告",
        summary="鱼塘重新公开招租，欢迎报名。",
    )
    tender = terms.attach(
        session,
        acting=here.acting(session, "author"),
        disclosure_id=item.id,
        terms=terms.Terms(closes_at=clock.now() + timedelta(hours=hours)),
    )
    disclosures.submit(session, acting=here.acting(session, "author"), disclosure_id=item.id, keys=KEYS)
    return item, tender


def publish(session: Session, here: Noticed, item: Disclosure) -> None:
    disclosures.publish(session, acting=here.acting(session, "reviewer"), disclosure_id=item.id, keys=KEYS)


def test_a_release_opens_the_tender_and_tells_followers(session: Session, here: Noticed) -> None:
    follows.follow(session, acting=factories.villager(session), village=here.village)
    item, tender = drafted(session, here)
    assert (tender.state, tender.title) == (TenderState.DRAFT, "村口鱼塘重新招租公告")
    publish(session, here, item)

    assert tender.state is TenderState.OPEN
    row = session.scalars(select(Broadcast)).one()
    assert (row.disclosure_id, row.version, row.reason) == (item.id, item.current_version, "published")


def test_a_passed_deadline_stops_the_release(session: Session, here: Noticed) -> None:
    item, tender = drafted(session, here)
    tender.closes_at = clock.now() - timedelta(seconds=1)
    session.flush()

    with pytest.raises(Conflict, match="截止时间已经过去"):
        publish(session, here, item)


def test_a_withdrawal_cancels_the_tender_and_ends_objections(session: Session, here: Noticed) -> None:
    item, tender = drafted(session, here)
    publish(session, here, item)
    item.notice_until = clock.today()
    raised = objections.raise_one(
        session, acting=factories.villager(session), disclosure_id=item.id, text="面积写错了，应该是十亩。"
    )
    disclosures.withdraw(
        session, acting=here.acting(session, "reviewer"), disclosure_id=item.id, reason="面积写错了。"
    )

    assert (tender.state, tender.remark) == (TenderState.CANCELLED, "面积写错了。")
    assert raised.state is ObjectionState.EXPLAINED
    assert objections.notice_standing(session, item).open == 0


def test_a_village_that_was_switched_off_shows_nothing_any_more(session: Session, here: Noticed) -> None:
    item, _ = drafted(session, here)
    publish(session, here, item)
    assert disclosures.item(session, acting=Visitor(), disclosure_id=item.id).disclosure is item

    here.village.active = False
    session.flush()
    with pytest.raises(NotFound):
        disclosures.item(session, acting=Visitor(), disclosure_id=item.id)

"""A village whose item is public, with everybody who has to do with it: written as rows, for what villagers
do with it afterwards."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Disclosure, DisclosureVersion, Officer, Organisation, OutgoingMessage, Tender
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import actors, officers, tenders
from app.services.tenders import terms
from tests import factories


@dataclass
class Noticed:
    """The village's author and reviewer, its town's inspector, an officer of the village next to it, and a
    public item of the author's whose notice runs."""

    village: Organisation
    author: Officer
    reviewer: Officer
    inspector: Officer
    stranger: Officer
    item: Disclosure

    def acting(self, session: Session, who: str) -> actors.Officer:
        person: Officer = getattr(self, who)
        return factories.acting(session, person)


def officer(
    session: Session, name: str, role: Role, place: Organisation, duty: Duty = Duty.GENERAL
) -> Officer:
    """Without a password: its digest takes most of a test's time."""
    made = officers.create(session, acting=factories.ROOT, name=name, login=f"u{secrets.token_hex(4)}")
    officers.appoint(
        session, acting=factories.ROOT, officer_id=made.id, organisation=place, role=role, duty=duty
    )
    return made


def noticed(session: Session, *, notice_days: int | None = 7, **columns: Any) -> Noticed:
    places = factories.places(session)
    there = factories.village(session, places.town)
    author = officer(session, "陈信息", Role.INFORMATION_OFFICER, places.village)
    return Noticed(
        village=places.village,
        author=author,
        reviewer=officer(session, "周监督", Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION),
        inspector=officer(session, "赵镇纪", Role.TOWN_INSPECTOR, places.town),
        stranger=officer(session, "孙邻村", Role.LIAISON_OFFICER, there, Duty.PUBLICATION),
        item=public_item(session, places.village, author, notice_days=notice_days, **columns),
    )


def public_item(
    session: Session, village: Organisation, author: Officer, *, notice_days: int | None = 7, **columns: Any
) -> Disclosure:
    until = clock.today() + timedelta(days=notice_days) if notice_days is not None else None
    values: dict[str, Any] = {
        "category_code": "finance",
        "state": DisclosureState.PUBLISHED,
        "published_at": clock.now(),
        "notice_until": until,
    }
    item = Disclosure(id=uuid.uuid4(), village_id=village.id, author_id=author.id, **(values | columns))
    session.add(item)
    session.flush()
    add_version(session, item, 1, author)
    return item


def add_version(session: Session, item: Disclosure, number: int, author: Officer) -> None:
    session.add(
        DisclosureVersion(
            id=uuid.uuid4(),
            disclosure_id=item.id,
            number=number,
            title="十月份收支公开",
            summary="十月收入 12 万元，支出 8 万元。",
            author_id=author.id,
            published_at=clock.now() if item.state == DisclosureState.PUBLISHED else None,
        )
    )
    item.current_version = number
    session.flush()


def open_tender(session: Session, here: Noticed, *, closes_at: datetime | None = None) -> Tender:
    """A tender of the village, published: open until tomorrow unless told otherwise."""
    tender = draft_tender(session, here, closes_at=closes_at)
    _release(session, tender, here.reviewer)
    return tender


def tender_of(session: Session, village: Organisation, author: Officer) -> Tender:
    """An open tender of any village."""
    tender = _drafted(session, village, author, None)
    _release(session, tender, author)
    return tender


def _release(session: Session, tender: Tender, by: Officer) -> None:
    item = session.get_one(Disclosure, tender.disclosure_id)
    item.state, item.published_at = DisclosureState.PUBLISHED, clock.now()
    tenders.released(session, acting=factories.acting(session, by), disclosure=item)


def draft_tender(session: Session, here: Noticed, *, closes_at: datetime | None = None) -> Tender:
    return _drafted(session, here.village, here.author, closes_at)


def _drafted(session: Session, village: Organisation, author: Officer, closes_at: datetime | None) -> Tender:
    item = public_item(
        session,
        village,
        author,
        category_code="leasing",
        kind=DisclosureKind.TENDER_NOTICE,
        state=DisclosureState.DRAFT,
        published_at=None,
    )
    return terms.attach(
        session,
        acting=factories.acting(session, author),
        disclosure_id=item.id,
        terms=terms.Terms(
            closes_at=closes_at or clock.now() + timedelta(days=1),
            floor_price_fen=3_600_000,
            requirements=[terms.Requirement("拟经营项目"), terms.Requirement("备注", required=False)],
        ),
    )


def messages(session: Session, noun: str, noun_id: uuid.UUID) -> list[OutgoingMessage]:
    """What was written to people about a thing, in order."""
    query = select(OutgoingMessage).where(
        OutgoingMessage.subject_kind == noun, OutgoingMessage.subject_id == str(noun_id)
    )
    return list(session.scalars(query.order_by(OutgoingMessage.created_at, OutgoingMessage.id)))

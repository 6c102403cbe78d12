"""Two people, or two schedulers, at one disclosure at the same moment: one does it, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.core import clock
from app.core.db import Database
from app.core.errors import Conflict
from app.jobs import publishing
from app.models import AuditEntry, ChainLink, Disclosure, DisclosureVersion, Officer, Organisation
from app.models.disclosures import DisclosureState
from app.models.people import Duty, Role
from app.services import disclosures, officers
from app.services.actors import Officer as Acting
from tests import factories as make
from tests.support import settings_for

TEXT = disclosures.Draft(category_code="finance", title="改过", summary="改过的一句话。")


@dataclass
class Scene:
    """A submitted item and two officers who may review it."""

    item: Disclosure
    village: str
    author: Officer
    reviewers: tuple[Officer, Officer]


def scene(database: Database) -> Scene:
    with database.transaction() as session:
        places = make.places(session)
        author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
        reviewers = (
            make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION),
            make.officer(session, Role.TOWN_INSPECTOR, places.town),
        )
        made = make.draft(session, places.village, author)
        disclosures.submit(
            session, acting=make.acting(session, author), disclosure_id=made.id, keys=make.KEYS
        )
        return Scene(made, places.village.code, author, reviewers)


def at_once(database: Database, *steps: Callable[[Session], object]) -> list[str]:
    """Run the steps in threads with a transaction each that all began before any of them wrote."""
    barrier = threading.Barrier(len(steps), timeout=20)

    def run(step: Callable[[Session], object]) -> str:
        try:
            with database.transaction() as session:
                session.execute(select(1))
                barrier.wait()
                step(session)
        except (Conflict, StaleDataError):
            return "conflict"
        return "done"

    with ThreadPoolExecutor(len(steps)) as pool:
        return sorted(pool.map(run, steps))


def as_(session: Session, officer: Officer) -> Acting:
    return make.acting(session, officer)


def test_two_reviewers_decide_once(database: Database) -> None:
    here = scene(database)

    def publish(session: Session) -> object:
        acting = as_(session, here.reviewers[0])
        return disclosures.publish(session, acting=acting, disclosure_id=here.item.id, keys=make.KEYS)

    def send_back(session: Session) -> object:
        acting = as_(session, here.reviewers[1])
        return disclosures.send_back(session, acting=acting, disclosure_id=here.item.id, remark="改")

    assert at_once(database, publish, send_back) == ["conflict", "done"]


def test_two_who_publish_release_it_once(database: Database) -> None:
    here = scene(database)

    def publisher(officer: Officer) -> Callable[[Session], object]:
        return lambda session: disclosures.publish(
            session, acting=as_(session, officer), disclosure_id=here.item.id, keys=make.KEYS
        )

    assert at_once(database, *(publisher(one) for one in here.reviewers)) == ["conflict", "done"]
    with database.reading() as session:
        links = session.scalar(select(func.count()).select_from(ChainLink))
    assert links == 1


def test_two_proposals_at_once_leave_one(database: Database) -> None:
    here = scene(database)
    with database.transaction() as session:
        second = make.officer(session, Role.INFORMATION_OFFICER)
        officers.appoint(
            session,
            acting=make.ROOT,
            officer_id=second.id,
            organisation=session.get_one(Organisation, here.item.village_id),
            role=Role.INFORMATION_OFFICER,
        )
        acting = as_(session, here.reviewers[0])
        disclosures.publish(session, acting=acting, disclosure_id=here.item.id, keys=make.KEYS)

    def proposer(officer: Officer) -> Callable[[Session], object]:
        return lambda session: disclosures.propose(
            session,
            acting=as_(session, officer),
            disclosure_id=here.item.id,
            draft=TEXT,
            reason="写错了",
            keys=make.KEYS,
        )

    assert at_once(database, proposer(here.author), proposer(second)) == ["conflict", "done"]
    with database.reading() as session:
        numbers = session.scalars(select(DisclosureVersion.number)).all()
        assert sorted(numbers) == [1, 2]


def test_two_schedulers_bring_it_out_once_and_one_bad_item_keeps_nobody(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = scene(database)
    other = scene(database)
    with database.transaction() as session:
        for one in (here, other):
            disclosures.approve(
                session,
                acting=as_(session, one.reviewers[0]),
                disclosure_id=one.item.id,
                publish_at=clock.now() + timedelta(hours=1),
                keys=make.KEYS,
            )
            row = session.get_one(Disclosure, one.item.id)
            row.publish_at = clock.now() - timedelta(minutes=1)
        version = disclosures.item(
            session, acting=as_(session, other.author), disclosure_id=other.item.id
        ).version
        version.body = "电话 13812345678"
    settings = settings_for(tmp_path_factory.mktemp("data"))
    barrier = threading.Barrier(2, timeout=20)

    def run(_number: int) -> str:
        barrier.wait()
        return publishing.publish_due(database, settings)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))

    with database.reading() as session:
        states = [session.get_one(Disclosure, one.item.id).state for one in (here, other)]
        assert states == [DisclosureState.PUBLISHED, DisclosureState.SUBMITTED]
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.actor_kind == "system")).all()
        assert sorted(actions) == ["published", "release_failed"]
    assert publishing.publish_due(database, settings) == "published=0"
    assert publishing.remind_reviewers(database, settings) == "reminded=0"

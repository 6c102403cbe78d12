"""What the demo's villages publish: complete, readable, private, on time as a rule, and true in the chain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.core import clock, images
from app.core.keys import Keys
from app.core.storage import Storage
from app.demo import world
from app.models import (
    Attachment,
    AttachmentText,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    Objection,
    Obligation,
    Organisation,
    Question,
    Tender,
    TenderSignUp,
    VillageFollow,
)
from app.models.chain import ChainEvent, ChainLink
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.models.interaction import ObjectionState, QuestionState, TenderState
from app.models.obligations import ObligationState
from app.models.projects import Project, ProjectState
from app.services import chain, disclosures, obligations, privacy, projects, search, views
from app.services.actors import Visitor
from app.services.disclosures import fields
from app.services.privacy import reduction
from app.services.tenders import sign_ups
from tests.demo.conftest import PLAIN_DAY

pytestmark = pytest.mark.xdist_group("demo")

S = DisclosureState
CODE = re.compile(r"[A-Za-z]|\\d{5,}|[_{}<>]")


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(clock.at(PLAIN_DAY, 9), tick=False):
        yield


def public(session: Session) -> Sequence[Disclosure]:
    query = select(Disclosure).where(Disclosure.state == S.PUBLISHED)
    return session.scalars(query.options(selectinload(Disclosure.versions))).all()


def present(row: Disclosure) -> DisclosureVersion:
    return row.versions[row.current_version - 1]


def village(session: Session, code: str) -> Organisation:
    return session.scalars(select(Organisation).where(Organisation.code == code)).one()


def test_every_item_begins_with_one_plain_sentence(session: Session) -> None:
    rows = session.scalars(select(DisclosureVersion)).all()
    assert len(rows) > 700
    for version in rows:
        assert 6 <= len(version.summary) <= 40, version.summary
        assert version.summary.endswith("。"), version.summary
        assert "\n" not in version.summary
        assert not CODE.search(version.summary), version.summary


def test_items_are_filled_into_the_fields_of_their_category(session: Session) -> None:
    categories = {row.code: row for row in session.scalars(select(DisclosureCategory))}
    used = Counter(row.category_code for row in public(session))
    for code in (
        *("decision_result", "decision_plan", "works_tender", "works_award", "tender_notice"),
        *("tender_winner", "minimum_living", "homestead_review", "homestead_approval", "assets_change"),
    ):
        assert used[code], code
    for row in public(session):
        version, category = present(row), categories[row.category_code]
        if (category.fields or category.columns) and category.code != "weddings_funerals":
            assert version.filled or version.records or row.reduced_at, version.title
        clean, records, faults = fields.check(category, filled=version.filled, records=version.records)
        if row.reduced_at is None:
            assert (clean, records, faults) == (version.filled, version.records, [])
            assert version.table or not version.records
        if category.notice_days:
            assert row.notice_days is not None
            assert row.notice_days >= category.notice_days
            assert row.notice_until is not None


def test_power_workflows_have_branches(session: Session) -> None:
    rows = [row for row in public(session) if row.category_code == "power_workflow"]
    assert len(rows) == 3 * len(world.VILLAGES)
    for row in rows:
        steps = present(row).records
        assert len(steps) >= 4
        assert any(step.get("otherwise") for step in steps)


def test_the_gate_finds_nothing_in_public_and_stops_the_one_draft(session: Session, demo_keys: Keys) -> None:
    stopped = []
    for row in session.scalars(select(Disclosure).options(selectinload(Disclosure.versions))):
        for version in row.versions:
            found = privacy.scan(session, disclosure=row, version=version, keys=demo_keys)
            if any(privacy.is_open(one) for one in found):
                stopped.append((row.state, {one.kind for one in found}))
    [(state, kinds)] = stopped
    assert state == S.DRAFT
    assert {"id_card", "phone", "bank_card", "illness"} <= kinds


def test_persons_leave_when_their_time_has_passed(session: Session) -> None:
    assert reduction.due(session, today=PLAIN_DAY) == []
    reduced = [row for row in public(session) if row.reduced_at is not None]
    kept = [row for row in public(session) if row.persons and row.reduced_at is None]
    assert len(reduced) > 30
    assert len(kept) > 30
    for row in reduced:
        assert present(row).records == []
        assert present(row).table["rows"]
        assert "姓名" not in present(row).table["columns"]


def test_a_child_shows_with_the_surname_only(session: Session) -> None:
    rows = [row for row in public(session) if row.category_code == "hardship_aid" and row.reduced_at is None]
    for row in rows:
        version = present(row)
        children = {one["name"] for one in version.records if one.get("birth")}
        shown = {line[0] for line in version.table["rows"]}
        assert children
        assert not children & shown
        assert {f"{name[0]}某" for name in children} <= shown


def test_every_chain_holds_and_tells_of_everything_public(session: Session, demo_storage: Storage) -> None:
    verified = list(chain.verify_all(session, storage=demo_storage))
    assert len(verified) == len(world.VILLAGES)
    assert all(one.faults == [] for one in verified)
    counted = Counter(session.scalars(select(ChainLink.event)))
    assert counted[ChainEvent.CORRECTED] == 1
    assert counted[ChainEvent.WITHDRAWN] == 1
    assert counted[ChainEvent.PUBLISHED] == len(public(session)) + 1
    newest = session.scalar(select(func.max(ChainLink.at)))
    assert newest is not None
    assert newest < clock.at(PLAIN_DAY)


def test_a_correction_stands_beside_what_it_corrects(session: Session) -> None:
    [row] = [row for row in public(session) if row.current_version > 1]
    first, second = disclosures.versions(session, row)
    assert second.reason
    assert first.figures["月底结余"] != second.figures["月底结余"]
    assert first.published_at is not None
    assert second.published_at is not None
    assert first.published_at < second.published_at


def test_most_is_published_in_time_and_little_is_missing(session: Session) -> None:
    rows = session.scalars(select(Obligation)).all()
    met = [row for row in rows if row.state == ObligationState.MET]
    late = [row for row in met if row.met_on is not None and row.met_on > row.due_on]
    missing = [row for row in rows if row.state == ObligationState.OPEN and row.due_on < PLAIN_DAY]
    assert len(met) > 500
    assert 8 <= len(late) < len(met) * 0.06
    assert 5 <= len(missing) < len(met) * 0.04
    assert {row.category_code for row in missing} >= {"finance", "labour", "works_tender"}
    ahead = [row for row in rows if row.state == ObligationState.OPEN and row.due_on >= PLAIN_DAY]
    assert any(row.title == "2026年11月村级财务" for row in ahead)
    before = len(rows)
    obligations.plan(session, today=PLAIN_DAY)
    assert session.scalar(select(func.count()).select_from(Obligation)) == before


def test_the_lease_of_the_story_is_not_invited_for(session: Session) -> None:
    key = village(session, "donglian").id
    rows = obligations.of_category(session, village_id=key, codes=["tender_notice"])
    assert [(row.state, (row.due_on - PLAIN_DAY).days) for row in rows] == [(ObligationState.OPEN, 20)]
    kinds = {row.kind for row in public(session) if row.village_id == key}
    assert DisclosureKind.RETENDER_NOTICE not in kinds


def test_tenders_are_open_or_awarded_with_their_sign_ups(session: Session, demo_keys: Keys) -> None:
    rows = session.scalars(select(Tender)).all()
    open_ones = [row for row in rows if row.state == TenderState.OPEN]
    assert sorted(row.sign_ups for row in open_ones) == [4, 5]
    assert all(row.closes_at > clock.now() for row in open_ones)
    assert {row.state for row in rows} == {TenderState.OPEN, TenderState.AWARDED}
    assert all(row.award_disclosure_id and row.winner for row in rows if row.state == TenderState.AWARDED)
    for row in rows:
        stated = session.scalars(select(TenderSignUp).where(TenderSignUp.tender_id == row.id)).all()
        assert len(stated) == row.sign_ups
        answers = [sign_ups.opened(one, demo_keys) for one in stated]
        assert all(answer["name"] and re.fullmatch(r"1\d{10}", answer["phone"]) for answer in answers)


def test_projects_go_from_proposal_to_final_account_and_one_has_a_gap(session: Session) -> None:
    rows = session.scalars(select(Project)).all()
    lines = projects.timelines(session, rows)
    states = Counter(line.state for line in lines)
    assert states[ProjectState.SETTLED] >= 10
    assert states[ProjectState.UNDER_WAY] >= 10
    assert states[ProjectState.PROPOSED] == 1
    assert all(line.state == line.project.state for line in lines)
    gaps = [line for line in lines if line.missing]
    assert [[step.name for step in line.missing] for line in gaps if len(line.missing) > 1] == [
        ["招标公告", "中标公示"]
    ]
    assert len(gaps) <= 3
    assert all(line.overpaid_fen == 0 for line in lines)
    assert all(line.faults == [] for line in lines)
    assert all(line.paid_fen for line in lines if line.state == ProjectState.SETTLED)


def test_villagers_follow_ask_object_and_look(session: Session) -> None:
    assert Counter(session.scalars(select(Question.state))).keys() == {
        QuestionState.OPEN,
        QuestionState.ANSWERED,
    }
    assert set(session.scalars(select(Objection.state))) == {ObjectionState.OPEN, ObjectionState.EXPLAINED}
    followed = session.scalars(select(VillageFollow.village_id).distinct()).all()
    assert len(followed) == len(world.VILLAGES)
    busiest = village(session, "donglian")
    assert views.shown(session, village_id=busiest.id, month=PLAIN_DAY) > 4000
    [reach] = views.reach(session, acting=Visitor(), organisation=busiest)
    assert reach.views_per_household is not None
    assert 100 <= reach.views_per_household <= 160
    assert reach.followers > 300


def test_an_urgent_notice_is_pinned_in_one_village(session: Session) -> None:
    pinned = {
        place.code: len(disclosures.pinned(session, Visitor(), village_id=village(session, place.code).id))
        for place in world.VILLAGES
    }
    assert {code: count for code, count in pinned.items() if count} == {"qunwei": 1}


def test_files_hang_on_items_as_uploads_leave_them(session: Session, demo_storage: Storage) -> None:
    rows = session.scalars(
        select(Attachment).where(Attachment.owner_kind == AttachmentOwner.DISCLOSURE)
    ).all()
    kinds = Counter(row.media_type for row in rows)
    assert kinds[images.Kind.PDF.mime] >= 2
    assert kinds[images.Kind.JPEG.mime] >= 2
    for row in rows:
        assert row.viewing is not None
        assert demo_storage.exists(row.viewing)
        if row.media_type == images.Kind.PDF.mime:
            assert row.preview is not None
            assert demo_storage.exists(row.preview)
            texts = session.scalars(
                select(AttachmentText).where(AttachmentText.attachment_id == row.id)
            ).all()
            assert texts
            assert all(text.readable for text in texts)


def test_everything_public_is_found(session: Session) -> None:
    assert search.backfill(session) == 0
    key = village(session, "donglian").id
    found = search.find(session, Visitor(), village_id=key, words="低保")
    assert found.hits
    assert all(hit.disclosure.village_id == key for hit in found.hits)


def test_nothing_happens_on_the_day_itself_or_later(session: Session) -> None:
    moments = [
        session.scalar(select(func.max(column)))
        for column in (
            Disclosure.published_at,
            Disclosure.reduced_at,
            DisclosureVersion.published_at,
            Question.created_at,
            Objection.created_at,
            TenderSignUp.created_at,
            VillageFollow.created_at,
        )
    ]
    assert all(moment is not None and moment < clock.at(PLAIN_DAY) for moment in moments)
    assert min(session.scalars(select(Disclosure.created_at))) > clock.now() - timedelta(days=400)

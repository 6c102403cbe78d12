"""The demo data keep the promises that the services would have kept, and tell the story."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.core import clock, pii, security
from app.core.db import Database
from app.core.keys import Keys
from app.core.storage import Storage
from app.demo import world
from app.demo.articles import TARDY
from app.demo.seed import DEMO_PASSWORD, Summary, logins, seed
from app.models import (
    AuditEntry,
    Complaint,
    ComplaintCategory,
    Contract,
    Disclosure,
    DisclosureCategory,
    DisclosureVersion,
    EarlyWarning,
    Officer,
    Organisation,
    OutgoingMessage,
    Payment,
    QrPlacement,
    ScanEvent,
)
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintChannel, ComplaintState, EventKind, Satisfaction
from app.models.disclosures import DisclosureState
from app.models.ledgers import LandKind, PaymentMethod
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role
from app.models.rules import Colour
from app.models.warnings import WarningState
from app.rules.contract_expiring import ContractExpiring
from app.services import calendar, disclosures, officers
from app.services.complaints import ladder
from app.services.warnings import evaluation
from tests.demo.conftest import PLAIN_DAY, Seeded
from tests.demo.found import (
    check_most_can_be_judged_and_half_the_villages_are_in_order,
    check_the_rules_find_what_is_planted,
    judge,
)
from tests.factories import ROOT

# Just after the longest holiday, the first of a year that no package knows the notice of, a Sunday far off.
ODD_DAYS = [date(2026, 10, 8), date(2027, 1, 1), A_SUNDAY := date(2028, 2, 27)]

# One worker seeds once for all tests that only read.
pytestmark = pytest.mark.xdist_group("demo")


def villages(session: Session) -> list[Organisation]:
    query = select(Organisation).where(Organisation.kind == OrganisationKind.VILLAGE)
    return list(session.scalars(query.where(Organisation.code.in_([p.code for p in world.VILLAGES]))))


def complaints(session: Session) -> list[Complaint]:
    query = select(Complaint).options(
        selectinload(Complaint.events),
        selectinload(Complaint.assignments),
        selectinload(Complaint.rating),
        selectinload(Complaint.subjects),
        selectinload(Complaint.village),
        selectinload(Complaint.category).selectinload(ComplaintCategory.grade),
    )
    return list(session.scalars(query))


def picture(session: Session) -> tuple[object, ...]:
    """Numbers, words and sums that chance decides."""
    numbers = sorted(session.scalars(select(Complaint.number)))
    spent = session.scalar(select(func.sum(Payment.amount_fen)))
    contracts = sorted(session.scalars(select(Contract.title + Contract.counterparty)))
    sentences = sorted(session.scalars(select(DisclosureVersion.summary)))
    return numbers, spent, contracts, sentences


def published(session: Session) -> list[Disclosure]:
    query = select(Disclosure).options(selectinload(Disclosure.versions), selectinload(Disclosure.village))
    return list(session.scalars(query))


def test_the_same_day_gives_the_same_data_and_a_second_seeding_changes_nothing(
    session: Session, seeded: Seeded, database: Database, demo_keys: Keys, tmp_path: Path
) -> None:
    first = seed(database, today=PLAIN_DAY, keys=demo_keys, storage=Storage(tmp_path))
    assert first.created
    assert first.counts["organisation"] == 1 + 4 + 14 + 4
    assert first == seeded.summary
    with database.reading() as other:
        assert picture(other) == picture(session)

    again = seed(database, today=PLAIN_DAY + timedelta(days=40))

    assert again == Summary(created=False)
    with database.reading() as other:
        for table, model in (("complaint", Complaint), ("payment", Payment), ("disclosure", Disclosure)):
            assert other.scalar(select(func.count()).select_from(model)) == first.counts[table]
        rows = other.scalars(select(AuditEntry)).all()
        done = {(row.action, row.noun) for row in rows} - {("taken", "portrait")}
        assert done == {("loaded", "demo_data"), ("planned", "obligation"), ("uploaded", "attachment")}
        assert other.scalar(select(func.count()).select_from(OutgoingMessage)) == 0
        assert set(other.scalars(select(EarlyWarning.state))) == {WarningState.CLOSED}


def test_everybody_can_log_in_and_holds_the_post_that_is_told(session: Session) -> None:
    entries = logins()
    assert {entry["role"] for entry in entries} == {role.value for role in Role}
    assert (
        len({entry["name"] for entry in entries})
        == len({entry["login"] for entry in entries})
        == len(entries)
    )
    hashes = set()
    for entry in entries:
        officer = session.scalars(select(Officer).where(Officer.login == entry["login"])).one()
        hashes.add(officer.password_hash)
        acting = officers.acting_officer(session, officer.id)
        assert acting is not None
        assert officer.name == entry["name"]
        assert {post.role for post in acting.posts} == {entry["role"]}
        assert sorted(post.duty for post in acting.posts) == sorted(entry["duties"])
    assert len(hashes) == 1
    assert security.verify_password(DEMO_PASSWORD, hashes.pop())


def test_every_village_has_its_three_duties_and_in_a_third_one_person_holds_two(session: Session) -> None:
    shared = 0
    for village in villages(session):
        author = officers.holders(session, village.id, Role.INFORMATION_OFFICER)
        reviewer = officers.holders(session, village.id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)
        liaison = officers.holders(session, village.id, Role.LIAISON_OFFICER, duty=Duty.COMPLAINTS)
        assert len(author) == len(reviewer) == len(liaison) == 1
        assert author[0] not in (reviewer[0], liaison[0])
        shared += reviewer == liaison
    assert shared == 5


def check_every_village_publishes_every_category(session: Session, today: date) -> None:
    tops = DisclosureCategory.parent_code.is_(None)
    categories = session.scalars(select(DisclosureCategory.code).where(tops)).all()
    for village in villages(session):
        counts = disclosures.counts(session, village_id=village.id)
        assert set(categories) <= set(counts), village.name
        assert counts["finance"][0] >= 11
        assert all(newest is not None and newest < today for _, newest in counts.values())


def check_disclosures_went_through_their_states(session: Session, today: date) -> None:
    rows = published(session)
    assert {row.state for row in rows} == set(DisclosureState) - {DisclosureState.APPROVED}
    authors = set(session.scalars(select(Officer.id).where(Officer.login.endswith(".info"))))
    for row in rows:
        assert [version.number for version in row.versions] == list(range(1, row.current_version + 1))
        assert row.author_id in authors
        assert row.author_id != row.reviewer_id
        moments = [row.created_at, row.submitted_at, row.published_at]
        reached = {
            DisclosureState.DRAFT: 1,
            DisclosureState.SUBMITTED: 2,
            DisclosureState.RETURNED: 2,
            DisclosureState.PUBLISHED: 3,
            DisclosureState.WITHDRAWN: 3,
        }[row.state]
        told = [moment for moment in moments if moment is not None]
        assert moments == told + [None] * (3 - len(told))
        assert len(told) == reached
        assert all(earlier < later for earlier, later in pairwise([*told, clock.at(today)]))
        assert (row.reviewer_id is None) == (row.state in {DisclosureState.DRAFT, DisclosureState.SUBMITTED})
        assert bool(row.review_remark) == (row.state == DisclosureState.RETURNED)
        assert bool(row.withdrawn_because) == (row.state == DisclosureState.WITHDRAWN)
        assert (row.withdrawn_at is None) == (row.state != DisclosureState.WITHDRAWN)


def test_texts_are_short_plain_and_hold_no_personal_data(session: Session) -> None:
    for row in published(session):
        for version in row.versions:
            assert 0 < len(version.title) <= 60, version.title
            assert 0 < len(version.summary) <= 40, version.summary
            cells = [cell for line in version.table.get("rows", []) for cell in line]
            assert all(isinstance(cell, str) for cell in [*cells, *version.figures.values()])
            assert all(len(line) == len(version.table["columns"]) for line in version.table.get("rows", []))
            words = json.dumps([version.figures, version.table], ensure_ascii=False)
            everything = "\n".join((version.title, version.summary, version.body, words))
            assert pii.find(everything) == [] or row.state == DisclosureState.DRAFT
            assert "{" not in version.title + version.summary + version.body
    for complaint in complaints(session):
        texts = [complaint.content, *(event.text for event in complaint.events)]
        assert pii.find("\n".join(texts)) == []
        assert not any("{" in text for text in texts)


def test_the_accounts_agree_with_the_payments(session: Session) -> None:
    spent: dict[tuple[object, str], int] = defaultdict(int)
    for payment in session.scalars(select(Payment)):
        spent[payment.village_id, f"{payment.paid_on:%Y-%m}"] += payment.amount_fen
    seen = 0
    for row in published(session):
        if row.category_code == "finance":
            table = row.versions[0].table
            lines = [line for line in table["rows"] if line[0] == "支出"]
            told = sum(round(float(line[-1].replace(",", "")) * 100) for line in lines)
            assert told == row.versions[0].filled["expense"] == spent[row.village_id, str(row.period)]
            seen += 1
    kept_back = [days for (_, code, _), days in TARDY.items() if code == "finance" and days is None]
    assert seen == 12 * len(world.VILLAGES) - len(kept_back)


def test_payments_are_cashless_and_one_village_spends_a_million_on_labour(session: Session) -> None:
    rows = session.scalars(select(Payment)).all()
    methods = Counter(row.method for row in rows)
    assert methods[PaymentMethod.TRANSFER] / len(rows) > 0.99
    assert 0.07 < sum(row.purpose is None for row in rows) / len(rows) < 0.13
    assert all(row.paid_on < PLAIN_DAY and row.amount_fen > 0 for row in rows)
    assert len({(row.village_id, row.voucher) for row in rows}) == len(rows)
    labour: Counter[object] = Counter()
    fit_out: Counter[object] = Counter()
    for row in rows:
        if row.category == "村务用工" and row.paid_on >= PLAIN_DAY - timedelta(days=365):
            labour[row.village_id] += row.amount_fen
            if "办公楼装修" in (row.purpose or ""):
                fit_out[row.village_id] += row.amount_fen
    (village, most), (_, second) = labour.most_common(2)
    assert session.get_one(Organisation, village).code == "minfeng"
    assert most > 1_000_000_00 > 2 * second
    assert 0.58 < fit_out[village] / most < 0.62
    assert set(fit_out) == {village}


def check_the_rule_finds_the_planted_leases_and_nothing_else(session: Session, today: date) -> None:
    with time_machine.travel(clock.at(today, 9), tick=False):  # what is not today is only looked at
        evaluation.run(session, acting=ROOT, rule=ContractExpiring())
    found = session.execute(
        select(Organisation.code, EarlyWarning.colour, EarlyWarning.evidence)
        .join(EarlyWarning.village)
        .where(EarlyWarning.rule == ContractExpiring.key, EarlyWarning.state != WarningState.CLOSED)
    ).all()
    assert sorted((code, colour, evidence["days_left"]) for code, colour, evidence in found) == [
        ("donglian", Colour.YELLOW, 20),
        ("qiaoting", Colour.RED, 3),
        ("xinhua", Colour.RED, -12),
    ]
    contract = session.scalars(select(Contract).where(Contract.title == "村口鱼塘承包")).one()
    assert contract.ends_on == today + timedelta(days=20)


def test_contracts_are_possible(session: Session) -> None:
    per_village: Counter[object] = Counter()
    for contract in session.scalars(select(Contract)):
        per_village[contract.village_id] += 1
        assert contract.signed_on is not None
        assert contract.ends_on is not None
        assert contract.signed_on < contract.starts_on < contract.ends_on
        assert contract.starts_on < PLAIN_DAY
        assert contract.amount_fen > 0 or contract.land_kind == LandKind.HOUSEHOLD_LAND
    assert len(per_village) == len(world.VILLAGES)
    assert min(per_village.values()) >= 6
    assert max(per_village.values()) <= 14


def check_complaints_are_as_the_services_would_have_left_them(session: Session, today: date) -> None:
    work_days = calendar.load(session)
    for row in complaints(session):
        events = row.events
        kinds = [event.kind for event in events]
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert kinds[:2] == [EventKind.FILED, EventKind.ASSIGNED]
        assert all(one.at <= other.at for one, other in pairwise(events))
        assert row.filed_at == events[0].at
        assert events[-1].at < clock.at(today)
        assert row.anonymous == (row.villager_id is None) == (row.receipt_digest is not None)
        running = [assignment for assignment in row.assignments if assignment.until is None]
        assert [assignment.level for assignment in running] == [row.level]
        assert running[0].officer_id not in {subject.officer_id for subject in row.subjects}
        start = next((e.at for e in reversed(events) if e.kind == EventKind.REOPENED), row.filed_at)
        grade = row.category.grade
        day = clock.local(start).date()
        calendar_days = grade.finish_days if grade.finish_in_calendar_days else 0
        promise = work_days.add_work_days(
            day + timedelta(days=calendar_days), 0 if calendar_days else grade.finish_days
        )
        assert (row.finish_at, row.promised_on) == (promise.moment, promise.day)
        assert kinds.count(EventKind.REOPENED) == row.reopened
        assert kinds.count(EventKind.RATED) == len(row.rating)
        assert (row.closed_at is not None) == (row.state == ComplaintState.CLOSED)
        assert (row.accepted_at is not None) == (row.state != ComplaintState.FILED)
        assert (row.answered_at is not None) == (
            row.state in {ComplaintState.ANSWERED, ComplaintState.CLOSED}
        )
        if row.answered_at is not None and EventKind.ESCALATED not in kinds:
            assert row.answered_at <= row.finish_at
        if row.category.skips_village:
            assert Level.VILLAGE not in {assignment.level for assignment in row.assignments}


def test_anonymous_complaints_keep_whole_days_and_no_trace(session: Session) -> None:
    rows = [row for row in complaints(session) if row.anonymous]
    assert len(rows) >= 8
    for row in rows:
        assert row.channel in {ComplaintChannel.PAGE, ComplaintChannel.MINIPROGRAM}
        moments = [row.filed_at, row.accepted_at, row.answered_at, row.closed_at]
        moments += [event.at for event in row.events] + [rating.at for rating in row.rating]
        moments += [moment for one in row.assignments for moment in (one.since, one.until)]
        assert all(clock.whole_day(moment) == moment for moment in moments if moment is not None)


def test_complaints_come_in_all_kinds(session: Session) -> None:
    rows = complaints(session)
    per_village = Counter(row.village_id for row in rows)
    assert len(per_village) == len(world.VILLAGES)
    assert min(per_village.values()) >= 8
    assert max(per_village.values()) <= 14
    assert {row.state for row in rows} == set(ComplaintState)
    assert {row.channel for row in rows} == set(ComplaintChannel)
    assert {row.category_code for row in rows} == set(session.scalars(select(ComplaintCategory.code)))
    answered = [row for row in rows if any(event.kind == EventKind.ANSWERED for event in row.events)]
    ratings = [row.rating[-1] for row in answered if row.rating]
    assert 0.42 < len(ratings) / len(answered) < 0.52
    satisfied = Counter(rating.satisfaction for rating in ratings)
    assert satisfied[Satisfaction.SATISFIED] / len(ratings) > 0.85
    assert any(row.reopened and row.state == ComplaintState.CLOSED for row in rows)
    assert any(row.subjects for row in rows)


def test_the_story_was_answered_within_the_hour(session: Session) -> None:
    row = next(row for row in complaints(session) if "食堂捐了" in row.content)
    assert row.village.code == "shunba"
    assert clock.local(row.filed_at).strftime("%H:%M") == "09:00"
    assert row.answered_at is not None
    assert row.answered_at - row.filed_at < timedelta(hours=1)
    assert [rating.satisfaction for rating in row.rating] == [Satisfaction.SATISFIED]


def test_a_few_are_overdue_and_the_reminders_find_them(session: Session) -> None:
    with time_machine.travel(clock.at(PLAIN_DAY, 9), tick=False):
        assert ladder.climb(session) >= 3
    escalated = [row for row in complaints(session) if row.state != ComplaintState.CLOSED]
    assert any(event.kind == EventKind.ESCALATED for row in escalated for event in row.events)


def test_codes_hang_in_every_village_and_are_scanned(session: Session) -> None:
    hung: dict[object, set[str]] = defaultdict(set)
    for placement in session.scalars(select(QrPlacement)):
        hung[placement.village_id].add(placement.place)
    scanned = Counter(session.scalars(select(ScanEvent.village_id)))
    for village in villages(session):
        assert "" in hung[village.id]
        assert scanned[village.id] > 50
        assert village.introduction
        assert village.households is not None
        assert 300 <= village.households <= 900
        assert village.adults is not None
        assert 800 <= village.adults <= 2400
    places = session.execute(select(ScanEvent.village_id, ScanEvent.place).distinct()).all()
    assert all(place in hung[village] for village, place in places)
    assert max(scanned.values()) > 3000
    latest = session.scalar(select(func.max(ScanEvent.at)))
    assert latest is not None
    assert latest < clock.at(PLAIN_DAY)


CHECKS = [
    check_every_village_publishes_every_category,
    check_disclosures_went_through_their_states,
    check_the_rule_finds_the_planted_leases_and_nothing_else,
    check_complaints_are_as_the_services_would_have_left_them,
]


@pytest.mark.parametrize("check", CHECKS)
def test_on_a_plain_day(session: Session, check: Callable[[Session, date], None]) -> None:
    check(session, PLAIN_DAY)


@pytest.mark.parametrize("today", ODD_DAYS)
def test_around_holidays(database: Database, today: date) -> None:
    seed(database, today=today)
    with database.transaction() as session:
        for check in CHECKS:
            check(session, today)
        if today == A_SUNDAY:
            judge(session, today)
            check_the_rules_find_what_is_planted(session)
            check_most_can_be_judged_and_half_the_villages_are_in_order(session)

"""Tenders: who signs up and until when, who reads the list, how a tender ends."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound, Unauthenticated
from app.models import AuditEntry, Disclosure, OutgoingMessage, Tender, TenderSignUp
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.interaction import TenderState
from app.services import actors, disclosures, tenders
from app.services.tenders import office, outcome, sign_ups, terms
from tests import factories
from tests.factories import KEYS
from tests.services.noticed import Noticed, draft_tender, messages, noticed, open_tender

STATED = {"name": "王小明", "phone": "13800005678", "f1": "淡水养殖"}


@pytest.fixture
def here(session: Session) -> Noticed:
    return noticed(session)


def sign_up(session: Session, tender: Tender, by: actors.Actor | None = None, **changes: str) -> TenderSignUp:
    return sign_ups.sign_up(
        session,
        acting=by or factories.villager(session),
        tender_id=tender.id,
        answers=STATED | changes,
        keys=KEYS,
    )


def closed(session: Session, here: Noticed, people: int = 1) -> Tender:
    """A tender with sign-ups whose deadline was a minute ago."""
    tender = open_tender(session, here)
    for _ in range(people):
        sign_up(session, tender)
    tender.closes_at = clock.now() - timedelta(minutes=1)
    session.flush()
    tenders.close_due(session)
    return tender


def award(session: Session, here: Noticed, tender: Tender, who: str = "author") -> Disclosure:
    return outcome.award(
        session,
        acting=here.acting(session, who),
        tender_id=tender.id,
        award=outcome.Award("某某合作社", 4_000_000, clock.today()),
        keys=KEYS,
    )


def test_five_sign_up_and_the_number_is_public(session: Session, here: Noticed) -> None:
    tender = open_tender(session, here)
    numbers = [sign_up(session, tender).number for _ in range(5)]

    assert numbers == [1, 2, 3, 4, 5]
    assert tender.sign_ups == 5
    assert tender.opens_at is not None


def test_answers_are_sealed_and_opened_for_the_office_with_a_trace(session: Session, here: Noticed) -> None:
    tender = open_tender(session, here)
    made = sign_up(session, tender, f1="=1+1")

    assert "王小明" not in made.answers_sealed
    for who in ("author", "reviewer", "inspector"):
        opened = office.read(session, acting=here.acting(session, who), tender_id=tender.id, keys=KEYS)
        assert opened.lines[0].answers["姓名或单位名称"] == "王小明"
    _, content = office.as_csv(session, acting=here.acting(session, "author"), tender_id=tender.id, keys=KEYS)
    assert content.decode("utf-8-sig").splitlines()[1] == "1,王小明,13800005678,'=1+1,"
    trail = session.scalars(select(AuditEntry).where(AuditEntry.noun == "tender")).all()
    readers = [row.actor_id for row in trail if row.action.startswith("sign_ups_")]
    assert len(readers) == 4
    assert "王小明" not in json.dumps([row.data for row in trail], ensure_ascii=False)


@pytest.mark.parametrize(
    ("who", "error"),
    [("stranger", Forbidden), ("villager", Forbidden), ("visitor", Forbidden), ("root", Forbidden)],
)
def test_nobody_else_reads_the_list(session: Session, here: Noticed, who: str, error: type[AppError]) -> None:
    tender = open_tender(session, here)
    others: dict[str, actors.Actor] = {
        "stranger": here.acting(session, "stranger"),
        "villager": factories.villager(session),
        "visitor": actors.Visitor(),
        "root": factories.ROOT,
    }
    with pytest.raises(error):
        office.read(session, acting=others[who], tender_id=tender.id, keys=KEYS)


def test_a_villager_changes_withdraws_and_comes_back_under_his_number(
    session: Session, here: Noticed
) -> None:
    tender = open_tender(session, here)
    sign_up(session, tender)
    villager = factories.villager(session)
    first = sign_up(session, tender, villager)
    again = sign_up(session, tender, villager, f1="垂钓园")

    assert (again.id, tender.sign_ups) == (first.id, 2)
    own = sign_ups.own(session, acting=villager, tender=tender, keys=KEYS)
    assert own is not None
    assert own.answers["f1"] == "垂钓园"
    sign_ups.withdraw(session, acting=villager, tender_id=tender.id)
    assert tender.sign_ups == 1
    with pytest.raises(NotFound):
        sign_ups.withdraw(session, acting=villager, tender_id=tender.id)
    assert sign_up(session, tender, villager).number == 2
    assert tender.sign_ups == 2
    assert sign_ups.own(session, acting=factories.villager(session), tender=tender, keys=KEYS) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"phone": "123"}, "phone"),
        ({"f1": ""}, "f1"),
        ({"f2": "长" * 201}, "f2"),
        ({"f1": "鱼\x00"}, "f1"),
    ],
)
def test_what_is_missing_is_named_and_nothing_repeated(
    session: Session, here: Noticed, changes: dict[str, str], field: str
) -> None:
    tender = open_tender(session, here)
    with pytest.raises(BadInput) as refused:
        sign_up(session, tender, None, **changes)

    assert refused.value.data["field"] == field
    assert "王小明" not in refused.value.message


def test_a_sign_up_needs_a_login(session: Session, here: Noticed) -> None:
    tender = open_tender(session, here)
    for acting in (actors.Visitor(), here.acting(session, "author")):
        with pytest.raises(Unauthenticated):
            sign_up(session, tender, acting)


def test_the_deadline_counts_to_the_moment_without_any_job(session: Session, here: Noticed) -> None:
    tender = open_tender(session, here)
    villager = factories.villager(session)
    with time_machine.travel(tender.closes_at - timedelta(seconds=1), tick=False):
        sign_up(session, tender, villager)
    with time_machine.travel(tender.closes_at, tick=False):
        for step in (
            lambda: sign_up(session, tender),
            lambda: sign_up(session, tender, villager, f1="改一改"),
            lambda: sign_ups.withdraw(session, acting=villager, tender_id=tender.id),
        ):
            with pytest.raises(Conflict, match="已经截止"):
                step()
        assert tenders.close_due(session) == 1
    assert (tender.state, tender.sign_ups) == (TenderState.CLOSED, 1)
    told = {one.officer_id for one in messages(session, "tender", tender.id)}
    assert told == {here.author.id, here.reviewer.id}
    assert tenders.close_due(session) == 0


def test_a_draft_takes_nobody_and_is_nobodys_business(session: Session, here: Noticed) -> None:
    tender = draft_tender(session, here)

    assert tender.state is TenderState.DRAFT
    with pytest.raises(NotFound):
        sign_up(session, tender)
    with pytest.raises(NotFound):
        office.read(session, acting=here.acting(session, "stranger"), tender_id=tender.id, keys=KEYS)


def test_a_deadline_that_has_passed_stops_the_publication(session: Session, here: Noticed) -> None:
    tender = draft_tender(session, here)
    item = session.get_one(Disclosure, tender.disclosure_id)
    with (
        time_machine.travel(tender.closes_at + timedelta(seconds=1)),
        pytest.raises(Conflict, match="截止时间已经过去"),
    ):
        tenders.released(session, acting=here.acting(session, "reviewer"), disclosure=item)


def test_the_terms_are_the_authors_while_it_is_a_draft(session: Session, here: Noticed) -> None:
    tender = draft_tender(session, here)
    author = here.acting(session, "author")
    wanted = terms.Terms(closes_at=clock.now() + timedelta(days=3))

    assert terms.attach(session, acting=author, disclosure_id=tender.disclosure_id, terms=wanted) is tender
    assert tender.requirements == []
    with pytest.raises(Forbidden):
        terms.attach(
            session,
            acting=here.acting(session, "reviewer"),
            disclosure_id=tender.disclosure_id,
            terms=wanted,
        )
    item = session.get_one(Disclosure, tender.disclosure_id)
    item.state = DisclosureState.SUBMITTED
    session.flush()
    for step in (terms.attach, terms.detach):
        extra = {"terms": wanted} if step is terms.attach else {}
        with pytest.raises(Conflict, match="已经提交"):
            step(session, acting=author, disclosure_id=tender.disclosure_id, **extra)
    with pytest.raises(Conflict, match="只有招标公告"):
        terms.attach(session, acting=author, disclosure_id=here.item.id, terms=wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"closes_at": clock.now() - timedelta(seconds=1)},
        {"closes_at": clock.now() + timedelta(days=500)},
        {"requirements": [terms.Requirement(f"第{n}项") for n in range(9)]},
        {"requirements": [terms.Requirement("同名"), terms.Requirement("同名 ")]},
        {"requirements": [terms.Requirement(" ")]},
        {"requirements": [terms.Requirement("联系电话", required=False)]},
        {"requirements": [terms.Requirement("请打13800005678")]},
        {"floor_price_fen": -1},
    ],
)
def test_odd_terms_are_refused(session: Session, here: Noticed, wrong: dict[str, object]) -> None:
    tender = draft_tender(session, here)
    values: dict[str, object] = {"closes_at": clock.now() + timedelta(days=1)}
    with pytest.raises(BadInput):
        terms.attach(
            session,
            acting=here.acting(session, "author"),
            disclosure_id=tender.disclosure_id,
            terms=terms.Terms(**(values | wrong)),  # type: ignore[arg-type]
        )


def test_an_award_drafts_its_notice_and_shows_with_it(session: Session, here: Noticed) -> None:
    tender = closed(session, here, people=3)
    notice = award(session, here, tender)

    assert (tender.state, tender.award_disclosure_id) == (TenderState.AWARDED, notice.id)
    assert notice.kind is DisclosureKind.AWARD_NOTICE
    version = disclosures.item(
        session, acting=here.acting(session, "author"), disclosure_id=notice.id
    ).version
    assert version.figures["中标人"] == "某某合作社"
    assert not terms.award_public(session, tender)

    notice.state = DisclosureState.PUBLISHED
    tenders.released(session, acting=here.acting(session, "reviewer"), disclosure=notice)
    assert terms.award_public(session, tender)
    told = [one for one in messages(session, "tender", tender.id) if one.villager_id]
    assert [one.data["subject"] for one in told] == ["招标结果已公示"] * 3

    tenders.withdrawn(session, acting=here.acting(session, "reviewer"), disclosure=notice)
    assert (tender.state, tender.winner) == (TenderState.CLOSED, "")


def test_an_award_comes_after_the_deadline_and_once(session: Session, here: Noticed) -> None:
    tender = open_tender(session, here)
    with pytest.raises((Conflict, BadInput)):
        award(session, here, tender)
    tender.closes_at = clock.now() - timedelta(minutes=1)  # the job has not come yet
    session.flush()
    with pytest.raises(Forbidden):
        award(session, here, tender, who="reviewer")
    award(session, here, tender)
    with pytest.raises(Conflict):
        award(session, here, tender)


def test_nobody_won(session: Session, here: Noticed) -> None:
    tender = closed(session, here, people=2)
    outcome.fail(session, acting=here.acting(session, "author"), tender_id=tender.id, reason="报名不足三家。")

    assert (tender.state, tender.remark) == (TenderState.FAILED, "报名不足三家。")
    told = [one.data["subject"] for one in messages(session, "tender", tender.id) if one.villager_id]
    assert told == ["本次招标流标"] * 2


def test_withdrawing_the_notice_cancels_and_tells_those_who_signed_up(
    session: Session, here: Noticed
) -> None:
    tender = open_tender(session, here)
    stays, leaves = factories.villager(session), factories.villager(session)
    for villager in (stays, leaves):
        sign_up(session, tender, villager)
    sign_ups.withdraw(session, acting=leaves, tender_id=tender.id)
    item = session.get_one(Disclosure, tender.disclosure_id)
    item.state, item.withdrawn_because = DisclosureState.WITHDRAWN, "面积写错了。"
    tenders.withdrawn(session, acting=here.acting(session, "reviewer"), disclosure=item)

    assert (tender.state, tender.remark) == (TenderState.CANCELLED, "面积写错了。")
    told = [one.villager_id for one in messages(session, "tender", tender.id)]
    assert told == [stays.villager_id]
    with pytest.raises(Conflict):
        sign_up(session, tender)


def test_messages_name_nobody(session: Session, here: Noticed) -> None:
    tender = closed(session, here)
    award(session, here, tender)
    rows = session.scalars(select(OutgoingMessage)).all()

    assert rows
    said = json.dumps([[row.data, row.url] for row in rows], ensure_ascii=False)
    assert not any(word in said for word in ("王小明", "13800005678", "某某合作社"))


def test_many_at_once_get_numbers_of_their_own(database: Database) -> None:
    with database.transaction() as session:
        tender = open_tender(session, noticed(session))
        people = [factories.villager(session) for _ in range(8)]

    def one(villager: actors.Villager) -> int:
        with database.transaction() as session:
            return sign_up(session, tender, villager).number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(one, people + people[:2]))

    with database.reading() as session:
        assert session.get_one(Tender, tender.id).sign_ups == 8
    assert sorted(numbers[:8]) == list(range(1, 9))


def test_whoever_waited_past_the_deadline_is_refused(database: Database) -> None:
    """Two at once at the deadline: the close holds the tender while a sign-up is on its way."""
    with database.transaction() as session:
        tender = open_tender(session, noticed(session))
        villager = factories.villager(session)
    began, refusals = threading.Event(), []

    def late() -> None:
        began.set()
        try:
            with database.transaction() as session:
                sign_up(session, tender, villager)
        except Conflict as refusal:
            refusals.append(refusal.code)

    thread = threading.Thread(target=late)
    with database.transaction() as session:
        held = session.scalars(select(Tender).where(Tender.id == tender.id).with_for_update()).one()
        thread.start()
        assert began.wait(10)
        held.closes_at = clock.now() - timedelta(seconds=1)
        session.flush()
        assert tenders.close_due(session) == 1
    thread.join(20)

    assert refusals == ["tender.not_open"]
    with database.reading() as session:
        assert session.get_one(Tender, tender.id).sign_ups == 0


def test_a_wide_blank_in_a_name_is_a_blank(session: Session, here: Noticed) -> None:
    mine = sign_up(session, open_tender(session, here), name="某某\u3000合作社 ")

    assert sign_ups.opened(mine, KEYS)["name"] == "某某 合作社"


def test_what_becomes_public_of_the_outcome_has_no_phone_in_it(session: Session, here: Noticed) -> None:
    tender, telling = closed(session, here), "王小明 13800005678"

    with pytest.raises(BadInput, match=r"手机号|电话"):
        outcome.fail(session, acting=here.acting(session, "author"), tender_id=tender.id, reason=telling)
    with pytest.raises(BadInput, match=r"手机号|电话"):
        outcome.award(
            session,
            acting=here.acting(session, "author"),
            tender_id=tender.id,
            award=outcome.Award(telling, 4_000_000, clock.today()),
            keys=KEYS,
        )
    assert (tender.state, tender.winner, tender.remark) == (TenderState.CLOSED, "", "")


def test_a_tender_is_called_as_the_text_that_came_out(session: Session, here: Noticed) -> None:
    author = here.acting(session, "author")
    first = disclosures.Draft(
        category_code="tender_notice",
        title="鱼塘招租，电话13800005678",
        summary="鱼塘重新招租，欢迎报名。",
        kind=DisclosureKind.TENDER_NOTICE,
    )
    made = disclosures.draft(session, acting=author, village=here.village, draft=first, keys=KEYS)
    month = terms.Terms(closes_at=clock.now() + timedelta(days=30))
    tender = terms.attach(session, acting=author, disclosure_id=made.id, terms=month)
    clean = replace(first, title="鱼塘招租")
    disclosures.revise(session, acting=author, disclosure_id=made.id, draft=clean, keys=KEYS)
    disclosures.submit(session, acting=author, disclosure_id=made.id, keys=KEYS)

    disclosures.publish(session, acting=here.acting(session, "inspector"), disclosure_id=made.id, keys=KEYS)

    assert tender.title == "鱼塘招租"

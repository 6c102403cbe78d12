"""Questions and objections: who may ask, answer and read what; what holds an item's notice up."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import (
    AppError,
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    TooMany,
    Unauthenticated,
    Unprocessable,
)
from app.core.workdays import Calendar
from app.models import AuditEntry, Objection, Question
from app.models.disclosures import DisclosureState
from app.models.interaction import ObjectionState, QuestionState
from app.services import actors, inquiries, objections, overdue, questions
from tests import factories
from tests.services.noticed import Noticed, add_version, messages, noticed

WORDS = "这笔河道保洁费是请谁做的？"
LEAK = "请的是王小明，电话 13812345678。"


@pytest.fixture
def here(session: Session) -> Noticed:
    return noticed(session)


def ask(session: Session, here: Noticed, text: str = WORDS) -> Question:
    return questions.ask(session, acting=factories.villager(session), disclosure_id=here.item.id, text=text)


def raise_one(session: Session, here: Noticed, by: actors.Villager | None = None) -> Objection:
    villager = by or factories.villager(session)
    return objections.raise_one(
        session, acting=villager, disclosure_id=here.item.id, text="第三笔的金额和收据对不上。"
    )


def answer(
    session: Session, here: Noticed, objection: Objection, *, who: str = "reviewer", upheld: bool = False
) -> Objection:
    return objections.answer(
        session,
        acting=here.acting(session, who),
        objection_id=objection.id,
        upheld=upheld,
        text="已核对收据，情况如下。",
    )


def test_a_question_is_due_in_work_days_and_its_village_is_told(session: Session, here: Noticed) -> None:
    asked = ask(session, here)

    assert asked.due_on == Calendar().add_work_days(clock.today(), 3).day
    told = messages(session, "question", asked.id)
    assert {one.officer_id for one in told} == {here.author.id, here.reviewer.id}
    assert all(WORDS not in json.dumps(one.data, ensure_ascii=False) for one in told)
    assert questions.public(session, disclosure_id=here.item.id) == []
    assert questions.waiting(session, disclosure_id=here.item.id) == 1


def test_the_answer_is_public_without_names_and_the_question_masked(session: Session, here: Noticed) -> None:
    asked = ask(session, here, "是不是打到 13812345678 这个号上问？")
    questions.answer(
        session, acting=here.acting(session, "author"), question_id=asked.id, text="到村委会问就可以。"
    )

    (shown,) = questions.public(session, disclosure_id=here.item.id)
    assert shown.answer == "到村委会问就可以。"
    assert "13812345678" not in shown.text
    assert str(asked.villager_id) not in repr(shown)
    told = [one for one in messages(session, "question", asked.id) if one.villager_id]
    assert [one.villager_id for one in told] == [asked.villager_id]
    assert told[0].url == f"/v/{here.village.code}/d/{here.item.id}"


def test_personal_data_in_an_answer_is_refused_with_the_masked_form(session: Session, here: Noticed) -> None:
    asked = ask(session, here)
    with pytest.raises(Unprocessable) as refused:
        questions.answer(session, acting=here.acting(session, "reviewer"), question_id=asked.id, text=LEAK)

    assert "13812345678" not in str(refused.value.data["masked"]) + refused.value.message
    assert asked.state is QuestionState.OPEN
    questions.answer(
        session,
        acting=here.acting(session, "reviewer"),
        question_id=asked.id,
        text=str(refused.value.data["masked"]),
    )


def test_a_refused_question_is_its_askers_alone(session: Session, here: Noticed) -> None:
    asked = ask(session, here)
    questions.refuse(
        session, acting=here.acting(session, "reviewer"), question_id=asked.id, reason="涉及他人隐私。"
    )

    mine = actors.Villager(asked.villager_id)
    assert questions.public(session, disclosure_id=here.item.id) == []
    assert [one.answer for one in questions.own(session, acting=mine)] == ["涉及他人隐私。"]
    assert questions.own(session, acting=factories.villager(session)) == []
    with pytest.raises(Conflict):
        questions.answer(
            session, acting=here.acting(session, "author"), question_id=asked.id, text="还是答一下。"
        )


@pytest.mark.parametrize(
    ("who", "error"),
    [("stranger", NotFound), ("visitor", NotFound), ("villager", NotFound), ("asker", Forbidden)],
)
def test_nobody_else_answers(session: Session, here: Noticed, who: str, error: type[AppError]) -> None:
    asked = ask(session, here)
    others: dict[str, actors.Actor] = {
        "stranger": here.acting(session, "stranger"),
        "visitor": actors.Visitor(),
        "villager": factories.villager(session),
        "asker": actors.Villager(asked.villager_id),
    }
    with pytest.raises(error):
        questions.answer(session, acting=others[who], question_id=asked.id, text="不该由我答。")


def test_two_officers_at_once_get_one_answer(session: Session, here: Noticed) -> None:
    asked = ask(session, here)
    seen = asked.lock_version
    questions.answer(
        session, acting=here.acting(session, "author"), question_id=asked.id, text="先答的。", version=seen
    )
    with pytest.raises(Conflict, match="刚才已经有人处理"):
        questions.answer(
            session,
            acting=here.acting(session, "reviewer"),
            question_id=asked.id,
            text="后答的。",
            version=seen,
        )


def test_what_cannot_be_asked(session: Session, here: Noticed) -> None:
    villager = factories.villager(session)
    for acting, text, error in (
        (actors.Visitor(), WORDS, Unauthenticated),
        (here.acting(session, "author"), WORDS, Unauthenticated),
        (villager, "嗯", BadInput),
        (villager, "长" * 501, BadInput),
    ):
        with pytest.raises(error):
            questions.ask(session, acting=acting, disclosure_id=here.item.id, text=text)
    for state in (DisclosureState.DRAFT, DisclosureState.WITHDRAWN):
        here.item.state = state
        session.flush()
        with pytest.raises(NotFound):
            questions.ask(session, acting=villager, disclosure_id=here.item.id, text=WORDS)


def test_ten_a_day_are_enough(session: Session, here: Noticed) -> None:
    villager = factories.villager(session)
    for _ in range(inquiries.A_DAY):
        questions.ask(session, acting=villager, disclosure_id=here.item.id, text=WORDS)
    with pytest.raises(TooMany):
        questions.ask(session, acting=villager, disclosure_id=here.item.id, text=WORDS)


def test_an_open_objection_keeps_the_notice_from_being_done(session: Session, here: Noticed) -> None:
    raised = raise_one(session, here)
    here.item.notice_until = clock.today() - timedelta(days=1)
    session.flush()

    held = objections.notice_standing(session, here.item)
    assert (held.done, held.running, held.open) == (False, False, 1)
    answer(session, here, raised)
    after = objections.notice_standing(session, here.item)
    assert (after.done, after.open, after.explained) == (True, 0, 1)


def test_an_upheld_objection_waits_for_its_correction(session: Session, here: Noticed) -> None:
    raised = raise_one(session, here)
    answer(session, here, raised, upheld=True)
    here.item.notice_until = clock.today() - timedelta(days=1)
    session.flush()

    assert objections.notice_standing(session, here.item).uncorrected == 1
    assert not objections.notice_standing(session, here.item).done
    assert any(
        one.data["task"].startswith("异议成立")
        for one in messages(session, "objection", raised.id)
        if one.officer_id
    )
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        add_version(session, here.item, 2, here.author)
    assert objections.notice_standing(session, here.item).done


def test_an_item_without_a_notice_has_nothing_to_wait_for(session: Session) -> None:
    here = noticed(session, notice_days=None)

    assert objections.notice_standing(session, here.item).done
    with pytest.raises(Conflict, match="不在公示期内"):
        raise_one(session, here)


@pytest.mark.parametrize(("days", "taken"), [(0, True), (-1, False)])
def test_objections_are_taken_on_the_last_day_and_not_after(
    session: Session, here: Noticed, days: int, taken: bool
) -> None:
    here.item.notice_until = clock.today() + timedelta(days=days)
    session.flush()
    if taken:
        assert raise_one(session, here).state is ObjectionState.OPEN
    else:
        with pytest.raises(Conflict, match="不在公示期内"):
            raise_one(session, here)


def test_one_open_objection_for_each_villager_and_item(session: Session, here: Noticed) -> None:
    villager = factories.villager(session)
    first = raise_one(session, here, villager)
    with pytest.raises(Conflict, match="正在核实"):
        raise_one(session, here, villager)
    raise_one(session, here)
    answer(session, here, first)
    raise_one(session, here, villager)


def test_the_author_does_not_answer_objections_to_his_own_work(session: Session, here: Noticed) -> None:
    raised = raise_one(session, here)
    told = messages(session, "objection", raised.id)
    assert [one.officer_id for one in told] == [here.reviewer.id]
    assert objections.to_answer(session, acting=here.acting(session, "author")) == []
    assert objections.to_answer(session, acting=here.acting(session, "reviewer")) == [raised]

    with pytest.raises(Conflict, match="另一个人"):
        answer(session, here, raised, who="author")
    with pytest.raises(NotFound):
        answer(session, here, raised, who="stranger")
    answer(session, here, raised, who="inspector")


def test_the_public_reads_the_answer_never_the_objection(session: Session, here: Noticed) -> None:
    raised = raise_one(session, here)
    answer(session, here, raised)

    (shown,) = objections.public(session, disclosure_id=here.item.id)
    assert (shown.text, shown.answer) == ("", "已核对收据，情况如下。")
    (mine,) = objections.own(session, acting=actors.Villager(raised.villager_id))
    assert mine.text == raised.text


def test_a_withdrawal_ends_open_objections_and_tells_their_villagers(session: Session, here: Noticed) -> None:
    raised = raise_one(session, here)
    here.item.state = DisclosureState.WITHDRAWN
    reviewer = here.acting(session, "reviewer")

    assert objections.withdrawn(session, acting=reviewer, disclosure=here.item) == 1
    assert raised.state is ObjectionState.EXPLAINED
    assert raised.villager_id in {one.villager_id for one in messages(session, "objection", raised.id)}
    assert objections.withdrawn(session, acting=reviewer, disclosure=here.item) == 0


def test_the_town_hears_of_what_is_overdue_once_a_week(session: Session, here: Noticed) -> None:
    asked, raised = ask(session, here), raise_one(session, here)
    assert overdue.remind(session) == 0

    for day, expected in ((10, 1), (11, 1), (18, 2)):
        # A Monday first, so that the next day is in the same week.
        late = asked.due_on + timedelta(days=day - asked.due_on.weekday())
        with time_machine.travel(clock.at(late, 9)):
            assert overdue.remind(session) == 2
        for noun, row in (("question", asked), ("objection", raised)):
            told = [one for one in messages(session, noun, row.id) if one.officer_id == here.inspector.id]
            assert len(told) == expected


def test_no_trail_holds_words_of_people(session: Session, here: Noticed) -> None:
    asked = ask(session, here)
    questions.answer(
        session, acting=here.acting(session, "author"), question_id=asked.id, text="答复的内容。"
    )
    rows = session.scalars(select(AuditEntry).where(AuditEntry.noun == "question")).all()

    assert [row.action for row in sorted(rows, key=lambda row: row.at)] == ["asked", "answered"]
    assert all(row.data == {} for row in rows)

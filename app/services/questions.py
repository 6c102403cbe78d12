"""Questions on exactly one published item (提问), answered where everybody reads the item.

open ─answer─▶ answered    public, without names, the question masked
  └──refuse──▶ refused     the asker alone reads why
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.core.errors import Conflict
from app.models import Disclosure, Question
from app.models.interaction import QuestionState
from app.services import access, access_interaction, audit, inquiries
from app.services.actors import Actor, Officer, Villager

S = QuestionState
STATE_NAMES = {S.OPEN: "待答复", S.ANSWERED: "已答复", S.REFUSED: "不予公开"}
SHOWN = 50


def ask(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    text: str,
    work_days: int = inquiries.WORK_DAYS,
) -> Question:
    """Ask about a published item; the village's office has `work_days` to answer and is told.

    Raises Unauthenticated for a visitor, NotFound unless it is published, BadInput for a text that is too
    short or too long, TooMany after ten a day."""
    villager = access.require_villager(acting)
    disclosure = inquiries.open_item(session, acting, disclosure_id)
    words = inquiries.checked(text)
    inquiries.not_too_often(session, Question.villager_id, villager)
    question = Question(
        id=uuid.uuid4(),
        disclosure_id=disclosure.id,
        village_id=disclosure.village_id,
        villager_id=villager.villager_id,
        state=S.OPEN,
        text=words,
        due_on=inquiries.due_on(session, work_days),
    )
    session.add(question)
    session.flush()
    inquiries.tell_officers(
        session,
        inquiries.offices(session, disclosure),
        task="村民提问待答复",
        village_id=disclosure.village_id,
        noun="question",
        noun_id=question.id,
        path=f"/desk/questions/{question.id}",
        occasion="asked",
    )
    _record(session, acting, "asked", question)
    return question


def answer(
    session: Session, *, acting: Actor, question_id: uuid.UUID, text: str, version: int | None = None
) -> Question:
    """Answer in public: open → answered. The asker is told.

    Raises Forbidden outside the village's office and its town, Conflict when it is no longer open or was
    changed since `version`, BadInput or Unprocessable as `inquiries.checked_answer`."""
    question, officer = _in_hand(session, acting, question_id, version)
    return _close(session, acting, question, officer, S.ANSWERED, inquiries.checked_answer(text))


def refuse(
    session: Session, *, acting: Actor, question_id: uuid.UUID, reason: str, version: int | None = None
) -> Question:
    """Refuse to publish (abuse, somebody's personal data): open → refused. The asker alone reads the reason.

    Raises as `answer`."""
    question, officer = _in_hand(session, acting, question_id, version)
    return _close(session, acting, question, officer, S.REFUSED, inquiries.checked_answer(reason))


def _in_hand(
    session: Session, acting: Actor, question_id: uuid.UUID, version: int | None
) -> tuple[Question, Officer]:
    question = access_interaction.access_question(session, acting, question_id)
    officer = access_interaction.require_answerer(session, acting, question.village_id)
    session.refresh(question, with_for_update={"of": Question})
    if question.state is not S.OPEN or version not in (None, question.lock_version):
        raise Conflict("question.closed", "这条提问刚才已经有人处理，请刷新页面查看。", state=question.state)
    return question, officer


def _close(
    session: Session, acting: Actor, question: Question, officer: Officer, to: S, words: str
) -> Question:
    question.state, question.answer = to, words
    question.answered_by, question.answered_at = officer.officer_id, clock.now()
    disclosure = session.get_one(Disclosure, question.disclosure_id)
    inquiries.tell_villager(
        session,
        question.villager_id,
        subject="您的提问有了答复",
        village_id=question.village_id,
        noun="question",
        noun_id=question.id,
        path=inquiries.page_of(session, disclosure),
        occasion="closed",
    )
    _record(session, acting, to.value, question)
    return question


def _record(session: Session, acting: Actor, action: str, question: Question) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="question",
        noun_id=question.id,
        village_id=question.village_id,
    )


@dataclass(frozen=True)
class Shown:
    """A question as it may be shown: masked, without names. `answer` is the reason when it was refused."""

    id: uuid.UUID
    disclosure_id: uuid.UUID
    state: S
    text: str
    asked_on: date
    due_on: date
    answer: str
    answered_on: date | None


def shown(question: Question) -> Shown:
    """A question as the public may read it, or its asker his own."""
    return Shown(
        id=question.id,
        disclosure_id=question.disclosure_id,
        state=question.state,
        text=pii.mask(question.text),
        asked_on=_day(question.created_at),
        due_on=question.due_on,
        answer=question.answer,
        answered_on=_day(question.answered_at) if question.answered_at else None,
    )


def _day(moment: datetime) -> date:
    return clock.local(moment).date()


def public(session: Session, *, disclosure_id: uuid.UUID, limit: int = SHOWN) -> list[Shown]:
    """The answered questions on an item, newest first, as everybody reads them."""
    rows = session.scalars(
        select(Question)
        .where(Question.disclosure_id == disclosure_id, Question.state == S.ANSWERED)
        .order_by(Question.answered_at.desc(), Question.id)
        .limit(limit)
    )
    return [shown(row) for row in rows]


def waiting(session: Session, *, disclosure_id: uuid.UUID) -> int:
    """How many questions on an item wait for an answer."""
    wanted = select(func.count()).where(Question.disclosure_id == disclosure_id, Question.state == S.OPEN)
    return session.scalar(wanted) or 0


def own(session: Session, *, acting: Actor, disclosure_id: uuid.UUID | None = None) -> list[Shown]:
    """The villager's own questions, newest first; nobody's for anybody else."""
    if not isinstance(acting, Villager):
        return []
    query = select(Question).where(Question.villager_id == acting.villager_id)
    if disclosure_id is not None:
        query = query.where(Question.disclosure_id == disclosure_id)
    newest = query.order_by(Question.created_at.desc(), Question.id).limit(SHOWN)
    return [shown(row) for row in session.scalars(newest)]


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    disclosure_id: uuid.UUID | None = None,
    states: Sequence[S] = (),
) -> Select[Question]:
    """The questions that an office may know of, newest first, with their items."""
    query = select(Question).where(access_interaction.visible_questions(acting))
    return inquiries.narrowed(
        query, Question, village_id=village_id, disclosure_id=disclosure_id, states=states
    )


def to_answer(session: Session, *, acting: Actor, limit: int = 30) -> Sequence[Question]:
    """The questions that wait for this officer, the first due first."""
    query = listing(acting, states=(S.OPEN,)).where(
        access_interaction.answerable(acting, Question.village_id)
    )
    return session.scalars(query.order_by(None).order_by(Question.due_on, Question.id).limit(limit)).all()


def overdue(session: Session, *, limit: int) -> Sequence[Question]:
    """Open questions whose day has passed, the oldest first."""
    return session.scalars(
        select(Question)
        .where(Question.state == S.OPEN, Question.due_on < clock.today())
        .order_by(Question.due_on, Question.id)
        .limit(limit)
    ).all()

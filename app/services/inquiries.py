"""What questions, objections and tenders share: words that may be shown, the village office that is told, the
villager who is told. No message names a villager or says what he wrote."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app.core import clock, pii
from app.core.errors import BadInput, TooMany, Unprocessable
from app.models import Disclosure, Objection, Officer, Organisation, Question
from app.models.delivery import MessageKind
from app.models.people import Role
from app.services import access_interaction, calendar, officers, outbox
from app.services.actors import Actor, Villager

SHORTEST, LONGEST = 4, 500
LONGEST_ANSWER = 2000
A_DAY = 10  # of one villager: more is no longer asking
WORK_DAYS = 3

Row = TypeVar("Row", Question, Objection)


def checked(text: str) -> str:
    """What a villager wrote. Raises BadInput when it is too short or too long."""
    text = text.strip()
    if len(text) < SHORTEST:
        raise BadInput("inquiry.too_short", f"请把事情说清楚一些，至少 {SHORTEST} 个字。", field="text")
    if len(text) > LONGEST:
        raise BadInput("inquiry.too_long", f"内容最多 {LONGEST} 个字，请精简后再提交。", field="text")
    return text


def checked_answer(text: str) -> str:
    """What the village answers in public. Raises BadInput for an empty or overlong one, Unprocessable for one
    with personal data: `masked` is the text as it may be published."""
    text = text.strip()
    if not text:
        raise BadInput("inquiry.answer_empty", "请写明答复内容。", field="text")
    if len(text) > LONGEST_ANSWER:
        raise BadInput("inquiry.answer_too_long", f"答复最多 {LONGEST_ANSWER} 个字。", field="text")
    if pii.find(text):
        raise Unprocessable(
            "inquiry.answer_personal",
            "答复会公开，里面有身份证号、电话、银行卡号或住址这类个人信息，没有发出。"
            "已替您打码，请核对后再提交。",
            field="text",
            masked=pii.mask(text),
        )
    return text


def not_too_often(session: Session, key: InstrumentedAttribute[uuid.UUID], villager: Villager) -> None:
    """Raise TooMany when the villager has written ten today; `key` is the column that names him."""
    model = key.class_
    today = clock.whole_day(clock.now())
    mine = (
        select(func.count()).select_from(model).where(key == villager.villager_id, model.created_at >= today)
    )
    if (session.scalar(mine) or 0) >= A_DAY:
        raise TooMany(
            "inquiry.too_many", f"一天最多提 {A_DAY} 条，请明天再提；急事请打村里电话。", retry_after=3600
        )


def due_on(session: Session, work_days: int) -> date:
    """The day by whose end the village should have answered."""
    return calendar.load(session).add_work_days(clock.today(), work_days).day


def offices(session: Session, disclosure: Disclosure, *, but: uuid.UUID | None = None) -> list[Officer]:
    """Who answers for an item in its village: information and liaison officers, without `but`; when nobody is
    left, the town's inspectors."""
    here = officers.holders(session, disclosure.village_id, Role.INFORMATION_OFFICER, Role.LIAISON_OFFICER)
    found = [officer for officer in here if officer.id != but]
    return found or town_inspectors(session, disclosure.village_id)


def town_inspectors(session: Session, village_id: uuid.UUID) -> list[Officer]:
    """The inspectors of the village's town."""
    town_id = session.scalar(select(Organisation.parent_id).where(Organisation.id == village_id))
    return officers.holders(session, town_id, Role.TOWN_INSPECTOR) if town_id else []


def tell_officers(
    session: Session,
    officers_: Iterable[Officer],
    *,
    task: str,
    village_id: uuid.UUID,
    noun: str,
    noun_id: uuid.UUID,
    path: str,
    occasion: str,
) -> None:
    """Give officers a task; `occasion` makes the message one of its own."""
    village = session.get_one(Organisation, village_id)
    for officer in officers_:
        outbox.enqueue(
            session,
            kind=MessageKind.REVIEW_REQUESTED,
            officer_id=officer.id,
            village_id=village_id,
            subject_kind=noun,
            subject_id=str(noun_id),
            data={"task": task, "village": village.name, "submitted_at": clock.spoken(clock.now())},
            path=path,
            key=f"{noun}:{noun_id}:{occasion}:{officer.id}",
        )


def tell_villager(
    session: Session,
    villager_id: uuid.UUID,
    *,
    subject: str,
    village_id: uuid.UUID,
    noun: str,
    noun_id: uuid.UUID,
    path: str,
    occasion: str,
) -> None:
    """Tell the villager what became of what he wrote."""
    village = session.get_one(Organisation, village_id)
    outbox.enqueue(
        session,
        kind=MessageKind.DISCLOSURE_PUBLISHED,
        villager_id=villager_id,
        village_id=village_id,
        subject_kind=noun,
        subject_id=str(noun_id),
        data={"subject": subject, "village": village.name, "published_at": clock.spoken(clock.now())},
        path=path,
        key=f"{noun}:{noun_id}:{occasion}:{villager_id}",
    )


def narrowed(
    query: Select[Row],
    table: type[Row],
    *,
    village_id: uuid.UUID | None,
    disclosure_id: uuid.UUID | None,
    states: Sequence[str],
) -> Select[Row]:
    """`query` for one village, item and these states where they are given, newest first, with the items."""
    query = query.options(joinedload(table.disclosure))
    if village_id is not None:
        query = query.where(table.village_id == village_id)
    if disclosure_id is not None:
        query = query.where(table.disclosure_id == disclosure_id)
    if states:
        query = query.where(table.state.in_(states))
    return query.order_by(table.created_at.desc(), table.id.desc())


def page_of(session: Session, disclosure: Disclosure) -> str:
    """The address of an item's page."""
    code = session.scalar(select(Organisation.code).where(Organisation.id == disclosure.village_id))
    return f"/v/{code}/d/{disclosure.id}"


def open_item(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """The published item that somebody asks about or objects to. Raises NotFound, also for drafts, which a
    villager's words could never be about."""
    return access_interaction.access_published(session, acting, disclosure_id)

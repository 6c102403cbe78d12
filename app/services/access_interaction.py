"""The part of `access` about what villagers do with what is published: questions, objections, broadcasts,
tenders and their sign-ups. Conditions are SQL, as there; nothing here is asked anywhere else."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, false, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.errors import Forbidden, NotFound
from app.models import Broadcast, Disclosure, Objection, Question, Tender
from app.models.disclosures import DisclosureState
from app.models.people import Role
from app.services.access import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    covers,
    is_administrator,
    visible_disclosures,
    within,
)
from app.services.actors import Actor, Officer, Villager

ANSWERERS = (Role.INFORMATION_OFFICER, Role.LIAISON_OFFICER, Role.TOWN_INSPECTOR)


def access_published(session: Session, actor: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """The disclosure, while it is public and not withdrawn. Raises NotFound otherwise."""
    found = session.scalar(
        select(Disclosure).where(
            Disclosure.id == disclosure_id,
            Disclosure.state == DisclosureState.PUBLISHED,
            visible_disclosures(actor),
        )
    )
    if found is None:
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")
    return found


def visible_questions(actor: Actor) -> Condition:
    """The village's officers and those above; a villager his own. (The public reads what `questions.public`
    makes of the answered ones.)"""
    return in_area(actor, Question.village_id, Question.villager_id)


def visible_objections(actor: Actor) -> Condition:
    """As `visible_questions`."""
    return in_area(actor, Objection.village_id, Objection.villager_id)


def visible_broadcasts(actor: Actor) -> Condition:
    """How far news came: the village's officers and those above."""
    return in_area(actor, Broadcast.village_id)


def in_area(
    actor: Actor,
    village: InstrumentedAttribute[uuid.UUID],
    villager: InstrumentedAttribute[uuid.UUID] | None = None,
) -> Condition:
    """Rows of villages where the officer works or that he stands above; a villager's own."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(village, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    if isinstance(actor, Villager) and villager is not None:
        return villager == actor.villager_id
    return false()


def access_question(session: Session, actor: Actor, question_id: uuid.UUID) -> Question:
    """The question, if the actor may know of it. Raises NotFound otherwise."""
    found = session.scalar(select(Question).where(Question.id == question_id, visible_questions(actor)))
    if found is None:
        raise NotFound("question.not_found", "没有找到这条提问，可能链接有误，或不属于您负责的村社。")
    return found


def access_objection(session: Session, actor: Actor, objection_id: uuid.UUID) -> Objection:
    """The objection, if the actor may know of it. Raises NotFound otherwise."""
    found = session.scalar(select(Objection).where(Objection.id == objection_id, visible_objections(actor)))
    if found is None:
        raise NotFound("objection.not_found", "没有找到这条异议，可能链接有误，或不属于您负责的村社。")
    return found


def answerable(actor: Actor, village: InstrumentedAttribute[uuid.UUID]) -> Condition:
    """In which villages the officer answers villagers' questions and objections."""
    return within(village, actor.organisations(*ANSWERERS)) if isinstance(actor, Officer) else false()


def require_answerer(session: Session, actor: Actor, village_id: uuid.UUID) -> Officer:
    """The officer, if he answers for this village: its 信息员 or 联络员, or its town. Raises Forbidden."""
    if isinstance(actor, Officer) and covers(session, actor, village_id, *ANSWERERS):
        return actor
    raise Forbidden("inquiry.not_yours", "只有本村信息员、联络员或镇街可以答复。")


def require_area(session: Session, actor: Actor, village_id: uuid.UUID) -> None:
    """Raise NotFound unless the officer works in this village or above it: for its inner figures."""
    if not is_administrator(actor) and not covers(session, actor, village_id, *VILLAGE_ROLES, *INSPECTORS):
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")


def visible_tenders(actor: Actor) -> Condition:
    """A tender is as public as the disclosure that it goes out with."""
    return exists().where(Disclosure.id == Tender.disclosure_id, visible_disclosures(actor))


def access_tender(session: Session, actor: Actor, tender_id: uuid.UUID) -> Tender:
    """The tender, if the actor may know of it. Raises NotFound otherwise."""
    found = session.scalar(select(Tender).where(Tender.id == tender_id, visible_tenders(actor)))
    if found is None:
        raise NotFound("tender.not_found", "没有找到这次报名，可能已经取消或链接有误。")
    return found


def require_tender_office(session: Session, actor: Actor, village_id: uuid.UUID) -> Officer:
    """The officer, if he may read who signed up: the village's 信息员 or 联络员, or its town; not even the
    administrator otherwise. Raises Forbidden."""
    if isinstance(actor, Officer) and covers(session, actor, village_id, *ANSWERERS):
        return actor
    raise Forbidden("tender.not_yours", "只有本村信息员、联络员或镇街可以查看报名名单，每次查看都有记录。")

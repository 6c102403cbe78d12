"""A villager's own sign-up (报名): made, changed and withdrawn by himself until the deadline.

Everybody who signs up waits for the tender's row, and the clock is read behind that: whoever comes after the
deadline is refused, whatever he waited for."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, NotFound
from app.core.keys import Keys
from app.models import Tender, TenderSignUp
from app.services import access, access_interaction
from app.services.actors import Actor, Villager
from app.services.tenders.lifecycle import ALWAYS_ASKED, accepts, record

PHONE = "phone"
LONGEST = 200
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")


def sign_up(
    session: Session, *, acting: Actor, tender_id: uuid.UUID, answers: Mapping[str, str], keys: Keys
) -> TenderSignUp:
    """Sign up, or change one's sign-up; a withdrawn one stands again under its number. `answers` are name,
    phone and the tender's fields by key; they are sealed.

    Raises Unauthenticated for a visitor, Conflict (`tender.not_open`) before it opens and from the deadline
    on, BadInput naming the field that is missing."""
    villager = access.require_villager(acting)
    tender = _open(session, acting, tender_id)
    stated = _checked(tender, answers)
    mine = _mine(session, tender.id, villager)
    action = "changed" if mine is not None and mine.withdrawn_at is None else "signed_up"
    if mine is None:
        mine = TenderSignUp(
            id=uuid.uuid4(),
            tender_id=tender.id,
            villager_id=villager.villager_id,
            number=_next(session, tender),
        )
        session.add(mine)
    mine.withdrawn_at = None
    mine.answers_sealed = keys.sealer.seal(json.dumps(stated, ensure_ascii=False), context=_context(mine))
    _recount(session, tender)
    record(session, acting, action, tender)
    return mine


def withdraw(session: Session, *, acting: Actor, tender_id: uuid.UUID) -> None:
    """Withdraw one's sign-up before the deadline. Raises NotFound (`sign_up.not_found`) without one, Conflict
    as `sign_up`."""
    villager = access.require_villager(acting)
    tender = _open(session, acting, tender_id)
    mine = _mine(session, tender.id, villager)
    if mine is None or mine.withdrawn_at is not None:
        raise NotFound("sign_up.not_found", "您没有报名，或已经撤回。")
    mine.withdrawn_at = clock.now()
    _recount(session, tender)
    record(session, acting, "sign_up_withdrawn", tender)


@dataclass(frozen=True)
class Own:
    """A villager's own sign-up as he reads it."""

    number: int
    answers: dict[str, str]
    withdrawn: bool


def own(session: Session, *, acting: Actor, tender: Tender, keys: Keys) -> Own | None:
    """The villager's own sign-up, opened for him; nobody's for anybody else."""
    if not isinstance(acting, Villager):
        return None
    mine = _mine(session, tender.id, acting)
    if mine is None:
        return None
    return Own(mine.number, opened(mine, keys), mine.withdrawn_at is not None)


def opened(row: TenderSignUp, keys: Keys) -> dict[str, str]:
    """What a sign-up states, by key. Raises as `Sealer.open`."""
    stated: dict[str, str] = json.loads(keys.sealer.open(row.answers_sealed, context=_context(row)))
    return stated


def _context(row: TenderSignUp) -> str:
    return f"tender_sign_up:{row.id}"


def _open(session: Session, acting: Actor, tender_id: uuid.UUID) -> Tender:
    tender = access_interaction.access_tender(session, acting, tender_id)
    session.refresh(tender, with_for_update={"of": Tender})
    if not accepts(tender):
        raise Conflict("tender.not_open", "报名已经截止，或还没有开始，不能报名、修改或撤回。")
    return tender


def fields(tender: Tender) -> list[tuple[str, str, bool]]:
    """What a sign-up states, in order: key, label, whether it must be filled."""
    always = [(key, label, True) for key, label in ALWAYS_ASKED.items()]
    return always + [(one["key"], one["label"], one["required"]) for one in tender.requirements]


def labels(tender: Tender) -> list[tuple[str, str]]:
    """Keys and labels of `fields`."""
    return [(key, label) for key, label, _ in fields(tender)]


def _checked(tender: Tender, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers to what the tender asks for, and nothing else."""
    stated: dict[str, str] = {}
    for key, label, required in fields(tender):
        value = " ".join(answers.get(key, "").split())  # Chinese keyboards type wide blanks
        if required and not value:
            raise BadInput("sign_up.field_missing", f"「{label}」要填写。", field=key)
        if len(value) > LONGEST:
            raise BadInput("sign_up.field_too_long", f"「{label}」最多 {LONGEST} 个字。", field=key)
        if not value.isprintable():
            raise BadInput(
                "sign_up.field_unreadable", f"「{label}」里有无法识别的字符，请重新输入。", field=key
            )
        stated[key] = value
    if not _PHONE.fullmatch(stated[PHONE].replace(" ", "")):
        raise BadInput("sign_up.phone_wrong", "联系电话不对，请填写手机号或带区号的座机号。", field=PHONE)
    return stated


def _mine(session: Session, tender_id: uuid.UUID, villager: Villager) -> TenderSignUp | None:
    return session.scalar(
        select(TenderSignUp).where(
            TenderSignUp.tender_id == tender_id, TenderSignUp.villager_id == villager.villager_id
        )
    )


def _next(session: Session, tender: Tender) -> int:
    last = session.scalar(select(func.max(TenderSignUp.number)).where(TenderSignUp.tender_id == tender.id))
    return (last or 0) + 1


def _recount(session: Session, tender: Tender) -> None:
    session.flush()
    standing = select(func.count()).where(
        TenderSignUp.tender_id == tender.id, TenderSignUp.withdrawn_at.is_(None)
    )
    tender.sign_ups = session.scalar(standing) or 0

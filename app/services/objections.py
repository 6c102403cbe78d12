"""Objections to a published item (公示异议), raised within its notice period.

    open ─▶ upheld 异议成立: a correction or withdrawal follows; until then the notice is not done
      └───▶ explained 已说明

While one is open the item's notice is not done, however long ago its last day was. Somebody other than the
item's author answers. A withdrawn item's open objections end with it: nothing is left to object to.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.core.errors import BadInput, Conflict
from app.models import Disclosure, DisclosureVersion, Objection
from app.models.disclosures import DisclosureState
from app.models.interaction import ObjectionState
from app.services import access, access_interaction, audit, inquiries
from app.services.actors import Actor, Officer, Villager

S = ObjectionState
STATE_NAMES = {S.OPEN: "待核实", S.UPHELD: "异议成立", S.EXPLAINED: "已说明"}
WITHDRAWN = "这条公开信息已经撤回，撤回原因见公开页面。"
SHOWN = 50


@dataclass(frozen=True)
class Standing:
    """How an item's notice (公示) stands. `done`: its last day is over, no objection is open, and what was
    upheld has been corrected. `running`: objections may be raised today. Without a notice period there is
    nothing to wait for: done, and never running."""

    until: date | None
    running: bool
    done: bool
    open: int
    upheld: int
    explained: int
    uncorrected: int

    @property
    def words(self) -> str:
        """In a few words for people."""
        if self.until is None:
            return ""
        if self.open:
            return f"有 {self.open} 条异议正在核实，公示还没有完成"
        if self.uncorrected:
            return "有异议成立，等待更正，公示还没有完成"
        return "公示期内，可以提异议" if self.running else "公示已完成"


def notice_standing(session: Session, disclosure: Disclosure) -> Standing:
    """How the notice of a published item stands today. An item without a notice costs no query: nobody could
    ever object to it."""
    if disclosure.notice_until is None:
        return Standing(None, running=False, done=True, open=0, upheld=0, explained=0, uncorrected=0)
    present = _present_since(disclosure)
    rows = session.execute(
        select(
            Objection.state,
            func.count(),
            func.count().filter(Objection.answered_at >= present),
        )
        .where(Objection.disclosure_id == disclosure.id)
        .group_by(Objection.state)
    ).all()
    counts = {state: count for state, count, _ in rows}
    published = disclosure.state == DisclosureState.PUBLISHED
    uncorrected = sum(since for state, _, since in rows if state is S.UPHELD) if published else 0
    until = disclosure.notice_until
    running = published and clock.today() <= until
    return Standing(
        until=until,
        running=running,
        done=not running and not counts.get(S.OPEN) and not uncorrected,
        open=counts.get(S.OPEN, 0),
        upheld=counts.get(S.UPHELD, 0),
        explained=counts.get(S.EXPLAINED, 0),
        uncorrected=uncorrected,
    )


def _present_since(disclosure: Disclosure) -> object:
    """When the present version came out: an objection upheld after that still waits for its correction."""
    return (
        select(func.coalesce(DisclosureVersion.published_at, disclosure.published_at))
        .where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == disclosure.current_version,
        )
        .scalar_subquery()
    )


def raise_one(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    text: str,
    work_days: int = inquiries.WORK_DAYS,
) -> Objection:
    """Object to a published item within its notice period; those who may answer are told.

    Raises Unauthenticated for a visitor, NotFound unless it is published, Conflict outside the notice period
    or while an objection of the same villager is open, BadInput and TooMany as `questions.ask`."""
    villager = access.require_villager(acting)
    disclosure = inquiries.open_item(session, acting, disclosure_id)
    # Two taps at once: the second waits here and then sees the first.
    session.refresh(disclosure, with_for_update=True)
    words = inquiries.checked(text)
    _may_object(session, villager, disclosure)
    inquiries.not_too_often(session, Objection.villager_id, villager)
    objection = Objection(
        id=uuid.uuid4(),
        disclosure_id=disclosure.id,
        village_id=disclosure.village_id,
        villager_id=villager.villager_id,
        state=S.OPEN,
        text=words,
        due_on=inquiries.due_on(session, work_days),
    )
    session.add(objection)
    session.flush()
    inquiries.tell_officers(
        session,
        inquiries.offices(session, disclosure, but=disclosure.author_id),
        task="公示异议待核实",
        village_id=disclosure.village_id,
        noun="objection",
        noun_id=objection.id,
        path=f"/desk/objections/{objection.id}",
        occasion="raised",
    )
    _record(session, acting, "raised", objection)
    return objection


def _may_object(session: Session, villager: Villager, disclosure: Disclosure) -> None:
    until = disclosure.notice_until
    if disclosure.state != DisclosureState.PUBLISHED or until is None or clock.today() > until:
        raise Conflict(
            "objection.not_in_notice", "这条信息现在不在公示期内，不能提异议；可以提问，或点「我要反映」。"
        )
    mine = select(Objection.id).where(
        Objection.disclosure_id == disclosure.id,
        Objection.villager_id == villager.villager_id,
        Objection.state == S.OPEN,
    )
    if session.scalar(mine) is not None:
        raise Conflict("objection.already_open", "您对这条信息的异议正在核实，答复后可以再提。")


def answer(
    session: Session,
    *,
    acting: Actor,
    objection_id: uuid.UUID,
    upheld: bool,
    text: str,
    version: int | None = None,
) -> Objection:
    """Answer in public: open → upheld (the author is asked to correct or withdraw) | explained. The objector
    is told.

    Raises Forbidden outside the village's office and its town, Conflict for the item's author, when it is no
    longer open or was changed since `version`, BadInput or Unprocessable as `inquiries.checked_answer`."""
    objection = access_interaction.access_objection(session, acting, objection_id)
    officer = access_interaction.require_answerer(session, acting, objection.village_id)
    session.refresh(objection, with_for_update={"of": Objection})
    disclosure = session.get_one(Disclosure, objection.disclosure_id)
    if wrote(session, officer, disclosure):
        raise Conflict("objection.own_work", "对自己起草的内容提出的异议，要由另一个人核实答复。")
    if objection.state is not S.OPEN or version not in (None, objection.lock_version):
        raise Conflict(
            "objection.closed", "这条异议刚才已经有人处理，请刷新页面查看。", state=objection.state
        )
    words = inquiries.checked_answer(text)
    _close(session, acting, objection, S.UPHELD if upheld else S.EXPLAINED, words, officer)
    if upheld:
        _ask_for_correction(session, disclosure, objection)
    return objection


def chosen(outcome: S | None) -> bool:
    """Whether a form says upheld. Raises BadInput when it says nothing."""
    if outcome not in (S.UPHELD, S.EXPLAINED):
        raise BadInput("objection.outcome_missing", "请选择异议是否成立。", field="outcome")
    return outcome is S.UPHELD


def wrote(session: Session, officer: Officer, disclosure: Disclosure) -> bool:
    """Whether the officer wrote any of the item's texts: then he does not answer objections to it."""
    return officer.officer_id in _authors(session, disclosure)


def _authors(session: Session, disclosure: Disclosure) -> set[uuid.UUID | None]:
    """Whoever wrote any of its texts."""
    written = select(DisclosureVersion.author_id).where(DisclosureVersion.disclosure_id == disclosure.id)
    return {disclosure.author_id, *session.scalars(written)} - {None}


def _ask_for_correction(session: Session, disclosure: Disclosure, objection: Objection) -> None:
    inquiries.tell_officers(
        session,
        inquiries.offices(session, disclosure),
        task="异议成立请更正或撤回",
        village_id=disclosure.village_id,
        noun="objection",
        noun_id=objection.id,
        path=f"/desk/disclosures/{disclosure.id}",
        occasion="upheld",
    )


def _close(
    session: Session, acting: Actor, objection: Objection, to: S, words: str, officer: Officer | None
) -> None:
    objection.state, objection.answer = to, words
    objection.answered_by = officer.officer_id if officer else None
    objection.answered_at = clock.now()
    disclosure = session.get_one(Disclosure, objection.disclosure_id)
    inquiries.tell_villager(
        session,
        objection.villager_id,
        subject="您的异议有了答复",
        village_id=objection.village_id,
        noun="objection",
        noun_id=objection.id,
        path=inquiries.page_of(session, disclosure),
        occasion="closed",
    )
    _record(session, acting, to.value, objection)


def withdrawn(session: Session, *, acting: Actor, disclosure: Disclosure) -> int:
    """Called in the transaction that withdraws an item: its open objections end, their villagers are told.
    How many."""
    rows = session.scalars(
        select(Objection)
        .where(Objection.disclosure_id == disclosure.id, Objection.state == S.OPEN)
        .order_by(Objection.id)
        .with_for_update()
    ).all()
    officer = acting if isinstance(acting, Officer) else None
    for objection in rows:
        _close(session, acting, objection, S.EXPLAINED, WITHDRAWN, officer)
    return len(rows)


def _record(session: Session, acting: Actor, action: str, objection: Objection) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="objection",
        noun_id=objection.id,
        village_id=objection.village_id,
    )


@dataclass(frozen=True)
class Shown:
    """An objection as its objector reads it; the public reads state, days and answer, never the text."""

    id: uuid.UUID
    disclosure_id: uuid.UUID
    state: S
    text: str
    raised_on: date
    due_on: date
    answer: str
    answered_on: date | None


def shown(objection: Objection, *, text: bool) -> Shown:
    """An objection for reading, with its (masked) text or without."""
    answered = objection.answered_at
    return Shown(
        id=objection.id,
        disclosure_id=objection.disclosure_id,
        state=objection.state,
        text=pii.mask(objection.text) if text else "",
        raised_on=clock.local(objection.created_at).date(),
        due_on=objection.due_on,
        answer=objection.answer,
        answered_on=clock.local(answered).date() if answered else None,
    )


def public(session: Session, *, disclosure_id: uuid.UUID, limit: int = SHOWN) -> list[Shown]:
    """The answers to objections to an item, newest first."""
    rows = session.scalars(
        select(Objection)
        .where(Objection.disclosure_id == disclosure_id, Objection.state != S.OPEN)
        .order_by(Objection.answered_at.desc(), Objection.id)
        .limit(limit)
    )
    return [shown(row, text=False) for row in rows]


def own(session: Session, *, acting: Actor, disclosure_id: uuid.UUID | None = None) -> list[Shown]:
    """The villager's own objections, newest first; nobody's for anybody else."""
    if not isinstance(acting, Villager):
        return []
    query = select(Objection).where(Objection.villager_id == acting.villager_id)
    if disclosure_id is not None:
        query = query.where(Objection.disclosure_id == disclosure_id)
    newest = query.order_by(Objection.created_at.desc(), Objection.id).limit(SHOWN)
    return [shown(row, text=True) for row in session.scalars(newest)]


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    disclosure_id: uuid.UUID | None = None,
    states: Sequence[S] = (),
) -> Select[Objection]:
    """The objections that an office may know of, newest first, with their items."""
    query = select(Objection).where(access_interaction.visible_objections(acting))
    return inquiries.narrowed(
        query, Objection, village_id=village_id, disclosure_id=disclosure_id, states=states
    )


def to_answer(session: Session, *, acting: Actor, limit: int = 30) -> Sequence[Objection]:
    """The objections that wait for this officer, the first due first; never to what he drafted himself."""
    if not isinstance(acting, Officer):
        return []
    written = select(DisclosureVersion.disclosure_id).where(DisclosureVersion.author_id == acting.officer_id)
    query = listing(acting, states=(S.OPEN,)).where(
        access_interaction.answerable(acting, Objection.village_id), Objection.disclosure_id.not_in(written)
    )
    return session.scalars(query.order_by(None).order_by(Objection.due_on, Objection.id).limit(limit)).all()


def overdue(session: Session, *, limit: int) -> Sequence[Objection]:
    """Open objections whose day has passed, the oldest first."""
    return session.scalars(
        select(Objection)
        .where(Objection.state == S.OPEN, Objection.due_on < clock.today())
        .order_by(Objection.due_on, Objection.id)
        .limit(limit)
    ).all()

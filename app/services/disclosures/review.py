"""Review of disclosures (审核): handing in, deadlines, sending back, and messages to those whose turn it is.

Everything here works for a new item and for a correction (更正) that waits beside the public one: the
functions take the step of whichever of the two is under way."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.core.keys import Keys
from app.models import Disclosure, DisclosureVersion, Officer, Organisation
from app.models.delivery import MessageClass, MessageKind
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import calendar, officers, outbox, privacy
from app.services.actors import Actor
from app.services.disclosures.states import (
    authors,
    category_of,
    locked,
    move,
    record,
    require_author,
    require_reviewer,
    require_seen,
    require_step,
    reviewing_role,
    version_of,
    wrong_state,
)

S = DisclosureState
URGENT_REVIEW_HOURS = 2.0
LONGEST_REMARK = 500


def submit(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    keys: Keys,
    urgent_hours: float = URGENT_REVIEW_HOURS,
) -> Disclosure:
    """Hand a draft in for review: draft | returned → submitted. The reviewers are told.

    They have the category's work days; for an urgent notice `urgent_hours` working hours. Raises Conflict
    `disclosure.privacy_blocked` while the privacy gate has findings, or for another state."""
    disclosure = locked(session, acting, disclosure_id)
    require_author(session, acting, disclosure)
    require_step(disclosure, S.SUBMITTED)
    version = version_of(session, disclosure)
    privacy.require_clean(session, disclosure=disclosure, version=version, keys=keys)
    move(session, disclosure, S.SUBMITTED)
    disclosure.submitted_at, disclosure.review_remark = clock.now(), ""
    begin(session, disclosure, urgent_hours=urgent_hours)
    record(session, acting, "submitted", disclosure, version=version.number)
    return disclosure


def begin(
    session: Session,
    disclosure: Disclosure,
    *,
    task: str = "公开信息审核",
    urgent_hours: float = URGENT_REVIEW_HOURS,
) -> None:
    """A review begins: set its deadline and ask the reviewers."""
    disclosure.review_due_at = _deadline(session, disclosure, urgent_hours)
    disclosure.review_reminders = 0
    session.flush()
    tell(session, disclosure, reviewers(session, disclosure), task=task)


def _deadline(session: Session, disclosure: Disclosure, urgent_hours: float) -> datetime:
    days = calendar.load(session)
    if disclosure.kind == DisclosureKind.URGENT_NOTICE:
        return days.add_working_hours(clock.now(), urgent_hours)
    return days.add_work_days(clock.today(), category_of(session, disclosure).review_days).moment


def reviewers(session: Session, disclosure: Disclosure, *, of_town: bool = False) -> list[Officer]:
    """Whose turn it is: the officers of the reviewing role who wrote nothing of it; the town's when the
    village has none left, or when they are asked for (`of_town`)."""
    role = reviewing_role(category_of(session, disclosure), disclosure.kind)
    village = session.get_one(Organisation, disclosure.village_id)
    wrote = authors(session, disclosure)
    if role == Role.LIAISON_OFFICER and not of_town:
        found = officers.holders(session, village.id, role, duty=Duty.PUBLICATION)
        if free := [one for one in found if one.id not in wrote]:
            return free
    if role in (Role.LIAISON_OFFICER, Role.INFORMATION_OFFICER) or (
        of_town and role != Role.COUNTY_INSPECTOR
    ):
        role = Role.TOWN_INSPECTOR
    found = [one for place in reversed(village.ancestry) for one in officers.holders(session, place, role)]
    return [one for one in found if one.id not in wrote]


def tell(
    session: Session, disclosure: Disclosure, whom: Iterable[Officer], *, task: str, mark: str = ""
) -> None:
    """Write to officers that something is to be done with this item; each at most once for the same `task`
    in the same state of the item."""
    village = session.get_one(Organisation, disclosure.village_id)
    urgent = disclosure.kind == DisclosureKind.URGENT_NOTICE
    for officer in whom:
        outbox.enqueue(
            session,
            kind=MessageKind.REVIEW_REQUESTED,
            officer_id=officer.id,
            village_id=village.id,
            subject_kind="disclosure",
            subject_id=str(disclosure.id),
            data={
                "task": f"紧急：{task}" if urgent else task,
                "village": village.name,
                "submitted_at": clock.spoken(clock.now()),
            },
            path=f"/desk/disclosures/{disclosure.id}",
            key=f"disclosure:{disclosure.id}:{mark or disclosure.lock_version}:{task}:{officer.id}",
            message_class=MessageClass.URGENT if urgent else None,
        )


def tell_authors(session: Session, disclosure: Disclosure, version: DisclosureVersion, *, task: str) -> None:
    """Write to whoever wrote this version."""
    author = session.get(Officer, version.author_id) if version.author_id else None
    if author is not None and author.active:
        tell(session, disclosure, [author], task=task)


def send_back(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, remark: str, seen: int | None = None
) -> Disclosure:
    """Return to the author with a remark: submitted → returned. Raises BadInput without a remark."""
    disclosure = locked(session, acting, disclosure_id)
    reviewer = require_reviewer(session, acting, disclosure)
    said = require_remark(remark)
    require_seen(disclosure.current_version, seen)
    move(session, disclosure, S.RETURNED)
    disclosure.reviewer_id, disclosure.review_remark = reviewer.officer_id, said
    version = decided(session, disclosure, disclosure.current_version)
    tell_authors(session, disclosure, version, task="公开信息退回修改")
    record(session, acting, "returned", disclosure, version=version.number)
    return disclosure


def require_remark(remark: str) -> str:
    """What the author is to change, trimmed. Raises BadInput when nothing or too much was written."""
    said = remark.strip()
    if not said or len(said) > LONGEST_REMARK:
        raise BadInput(
            "disclosure.remark_missing", f"退回时请写明要改什么，最多 {LONGEST_REMARK} 个字。", field="remark"
        )
    return said


def decided(session: Session, disclosure: Disclosure, number: int) -> DisclosureVersion:
    """A review is over: its deadline goes. Returns the version that it was about."""
    disclosure.review_due_at, disclosure.review_reminders = None, 0
    session.flush()
    return version_of(session, disclosure, number)


def call_back(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """Take a step back before it is public: the reviewer an approved item (approved → submitted, reviewed
    anew), its author what he handed in or what waits for its time (submitted | approved → draft).

    Raises Conflict in other states, Forbidden for anybody else."""
    disclosure = locked(session, acting, disclosure_id)
    if disclosure.state not in (S.SUBMITTED, S.APPROVED):
        raise wrong_state(disclosure)
    if acting.id in {str(key) for key in authors(session, disclosure)}:
        require_author(session, acting, disclosure)
        move(session, disclosure, S.DRAFT)
        decided(session, disclosure, disclosure.current_version)
    else:
        require_reviewer(session, acting, disclosure)
        move(session, disclosure, S.SUBMITTED)
        begin(session, disclosure)
    record(session, acting, "called_back", disclosure)
    return disclosure

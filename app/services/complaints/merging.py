"""Complaints about the same thing are handled together (并案).

Candidates are suggested by village, category, place and words among those of the last 90 days that the
officer may see. The one that is merged keeps its own number, timeline and rating: accepting and answering the
main one is done for it too. Neither complainant learns of the other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.text import runs
from app.models import Complaint
from app.models.complaints import ComplaintState, EventKind
from app.services import access_complaints
from app.services.actors import Actor
from app.services.complaints import handling, ladder, routing, timeline
from app.services.complaints.deadlines import OPEN

LOOK_BACK = timedelta(days=90)
LOOKED_AT = 200
ALIKE = 0.3
"""Words in common from which two complaints of one category are suggested; of another category twice that."""


@dataclass(frozen=True)
class Suggestion:
    """A complaint that may be about the same thing; `alike`: the share of words in common, 0 to 1."""

    complaint: Complaint
    alike: float
    why: str


def suggestions(
    session: Session, *, acting: Actor, complaint_id: uuid.UUID, limit: int = 5
) -> list[Suggestion]:
    """Open complaints that may be about the same thing, the most alike first. Raises NotFound."""
    complaint = access_complaints.access_complaint(session, acting, complaint_id)
    own = _words(complaint)
    found = []
    for other in session.scalars(_near(acting, complaint)):
        theirs = _words(other)
        alike = len(own & theirs) / max(1, min(len(own), len(theirs)))
        same_place = bool(complaint.place) and complaint.place == other.place
        same_kind = complaint.category_code == other.category_code
        if alike < ALIKE * (1 if same_kind else 2) and not (same_place and same_kind):
            continue
        reasons = {"同一地点": same_place, "同一类别": same_kind, f"用词相近 {alike:.0%}": True}
        why = "、".join(reason for reason, holds in reasons.items() if holds)
        found.append((alike + 0.3 * same_place + 0.1 * same_kind, Suggestion(other, round(alike, 2), why)))
    found.sort(key=lambda pair: (-pair[0], pair[1].complaint.number))
    return [suggestion for _, suggestion in found[:limit]]


def _near(acting: Actor, complaint: Complaint) -> Select[Complaint]:
    return (
        select(Complaint)
        .where(
            Complaint.village_id == complaint.village_id,
            Complaint.id != complaint.id,
            Complaint.state.in_(OPEN),
            Complaint.merged_into_id.is_(None),
            Complaint.filed_at >= clock.now() - LOOK_BACK,
            access_complaints.visible_complaints(acting),
        )
        .options(joinedload(Complaint.category))
        .order_by(Complaint.filed_at.desc(), Complaint.id)
        .limit(LOOKED_AT)
    )


def _words(complaint: Complaint) -> set[str]:
    """The pairs of characters of what it says, and where."""
    found = runs(f"{complaint.place} {complaint.content}")
    return {token for run in found for _, token in run.tokens() if len(token) > 1}


def merge(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    into_id: uuid.UUID,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Handle a complaint together with another one of the same village, which the officer handles too.

    Raises NotFound, Forbidden, BadInput for another village or itself, Conflict when either is answered or
    the other is merged itself, or when one is about somebody whom the other does not keep out."""
    if complaint_id == into_id:
        raise BadInput("complaint.merge_self", "不能并到它自己，请选另一件。", field="into")
    # In a fixed order, so that two officers who merge crosswise wait for each other instead of both failing.
    for key in sorted((complaint_id, into_id)):
        handling.lock(session, access_complaints.access_complaint(session, acting, key))
    complaint, officer = handling.in_hand(session, acting, complaint_id, version)
    main, _ = handling.in_hand(session, acting, into_id, None)
    if main.village_id != complaint.village_id:
        raise BadInput("complaint.merge_village", "只能和同一个村的诉求并案。", field="into")
    handling.require_open(complaint)
    handling.require_open(main)
    if routing.least(session, complaint) != routing.least(session, main):
        raise Conflict("complaint.merge_class", "反映干部的诉求要单独办理，不能和其他诉求并案。")
    if _subjects_differ(session, complaint, main):
        raise Conflict("complaint.merge_subjects", "两件诉求需要回避的人不同，不能并案，请分别办理。")
    because = reason.strip()
    if not because:
        raise BadInput("complaint.reason_missing", "请写明原因。", field="reason")
    complaint.merged_into_id = main.id
    for one in handling.followers(session, complaint):
        one.merged_into_id = main.id
    if main.state == ComplaintState.ACCEPTED and complaint.state == ComplaintState.FILED:
        handling.take(session, complaint)
    ladder.start(session, complaint)
    event = timeline.add(
        session,
        complaint,
        EventKind.MERGED,
        acting=acting,
        who=handling.office_of(session, complaint),
        officer_id=officer.officer_id,
        text="与其他村民反映的同一件事一并办理，办好后一样答复您。",
    )
    timeline.add(
        session,
        main,
        EventKind.MERGED,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text=f"并入 {complaint.number}：{because}",
        visible=False,
    )
    timeline.tell_villager(session, complaint, "与同一件事一并办理", event=event)
    return complaint


def separate(session: Session, *, acting: Actor, complaint_id: uuid.UUID) -> Complaint:
    """Handle it on its own again (拆分); its deadlines never stopped. Raises Conflict unless it is merged."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, None, merged=True)
    if complaint.merged_into_id is None:
        raise Conflict("complaint.not_merged", "这件诉求没有并案。")
    handling.require_open(complaint)
    complaint.merged_into_id = None
    ladder.start(session, complaint)
    timeline.add(
        session,
        complaint,
        EventKind.MERGED,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text="改为单独办理。",
        visible=False,
    )
    return complaint


def merged(session: Session, *, acting: Actor, complaint: Complaint) -> Sequence[Complaint]:
    """What is handled together with it, as far as the actor may see it."""
    query = select(Complaint).where(
        Complaint.merged_into_id == complaint.id, access_complaints.visible_complaints(acting)
    )
    return session.scalars(query.order_by(Complaint.filed_at, Complaint.id)).all()


def main_number(session: Session, *, acting: Actor, complaint: Complaint) -> str | None:
    """The number of the complaint that it is handled together with, if the actor may know of that one."""
    if complaint.merged_into_id is None:
        return None
    return session.scalar(
        select(Complaint.number).where(
            Complaint.id == complaint.merged_into_id, access_complaints.visible_complaints(acting)
        )
    )


def _subjects_differ(session: Session, one: Complaint, other: Complaint) -> bool:
    """Whoever is kept out of one would read of it in the other."""
    return access_complaints.subjects_of(session, one) != access_complaints.subjects_of(session, other)

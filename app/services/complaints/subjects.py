"""Whom a complaint is about (被反映人), and what follows: they are excluded from it (回避).

Officers and declared cadres of the village are found by their full names in what the complainant writes, at
filing and in everything he adds; he may also choose them, the office may add them, and an officer may say of
himself that he should not handle it. Who else is excluded because of them, `access_complaints` works out."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import BadInput
from app.models import (
    Assignment,
    Complaint,
    ComplaintCadre,
    ComplaintSubject,
    Organisation,
    OutgoingMessage,
    Relation,
)
from app.models.base import WorkState
from app.models.complaints import AssignmentKind, ComplaintState, EventKind, SubjectSource
from app.models.organisations import OrganisationKind
from app.services import access_complaints, officers
from app.services.actors import Actor
from app.services.complaints import handling, routing, timeline
from app.services.ledgers.words import name_key

LEADING_POSTS = re.compile("书记|主任|董事长|理事长|社长")
SHORTEST_NAME = 2
LONGEST_REASON = 500
_NO_LETTERS = re.compile(r"[\W_]+")


def exclude_named(session: Session, complaint: Complaint, text: str) -> bool:
    """Exclude whoever `text` names by his full name, also with spaces or signs between its characters
    (杨 志坤, 杨（志坤）): officers of this village and above it, and cadres of its declarations. Whether
    there was anybody."""
    village = session.get_one(Organisation, complaint.village_id)
    letters = _letters(text)
    serving = serving_on_line(session, village)
    named = [key for key, name in serving.items() if _in(name, letters)]
    cadres = [(key, post) for key, name, post in _cadres(session, village) if _in(name, letters)]
    exclude(session, complaint, named, SubjectSource.NAMED)
    _exclude_cadres(session, complaint, cadres, SubjectSource.NAMED)
    return bool(named or cadres)


def serving_on_line(session: Session, village: Organisation) -> dict[uuid.UUID, str]:
    """Ids and names of who serves in the village, above it, and in the departments there."""
    departments = session.scalars(
        select(Organisation.id).where(
            Organisation.kind == OrganisationKind.DEPARTMENT, Organisation.parent_id.in_(village.ancestry)
        )
    )
    return officers.serving_at(session, *village.ancestry, *departments)


def exclude(
    session: Session, complaint: Complaint, officer_ids: Iterable[uuid.UUID], source: SubjectSource
) -> None:
    """Write down officers whom the complaint is about."""
    rows = [
        {"complaint_id": complaint.id, "officer_id": key, "source": source}
        for key in dict.fromkeys(officer_ids)
    ]
    if rows:
        session.execute(insert(ComplaintSubject).values(rows).on_conflict_do_nothing())


def _exclude_cadres(
    session: Session, complaint: Complaint, cadres: Iterable[tuple[str, str]], source: SubjectSource
) -> None:
    rows = [
        {
            "complaint_id": complaint.id,
            "village_id": complaint.village_id,
            "name_key": key,
            "leads": bool(LEADING_POSTS.search(post)),
            "source": source,
        }
        for key, post in dict(cadres).items()
    ]
    if rows:
        session.execute(insert(ComplaintCadre).values(rows).on_conflict_do_nothing())


def _cadres(session: Session, village: Organisation) -> list[tuple[str, str, str]]:
    """Cadres of the village's declarations: name for comparing, name, post; the leading post if any."""
    rows = session.execute(
        select(Relation.cadre_key, Relation.cadre, Relation.post)
        .where(Relation.village_id == village.id, Relation.voided_at.is_(None))
        .distinct()
    ).all()
    return sorted(((key, name, post) for key, name, post in rows), key=lambda row: _rank(row[2]))


def _rank(post: str) -> int:
    return 1 if LEADING_POSTS.search(post) else 0


def _in(name: str, letters: str) -> bool:
    return len(name) >= SHORTEST_NAME and _letters(name) in letters


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text))


def recuse(session: Session, complaint: Complaint, text: str, *, acting: Actor) -> None:
    """Take what the complainant says later as seriously as the filing: whoever `text` names is excluded from
    now on, and loses the complaint if it lies on his desk.

    Call it before the words are written down, in the same transaction: nobody reads who accuses him."""
    if exclude_named(session, complaint, text):
        settle(session, complaint, acting=acting)


def settle(session: Session, complaint: Complaint, *, acting: Actor) -> None:
    """After somebody was excluded: the desk goes to the next who may have it, and messages that wait for an
    excluded person are taken back."""
    _take_back(session, complaint)
    _part(session, complaint, acting=acting)
    running = session.scalars(
        select(Assignment).where(Assignment.complaint_id == complaint.id, Assignment.until.is_(None))
    ).all()
    holders = [row.officer_id for row in running if row.officer_id is not None]
    gone = access_complaints.excluded_ids(session, complaint, holders)
    at = timeline.moment(complaint)
    for row in running:
        if row.officer_id in gone and row.kind != AssignmentKind.LEAD:
            row.until = at
    lead = next((row for row in running if row.kind == AssignmentKind.LEAD), None)
    if lead is not None and lead.officer_id in gone and complaint.state != ComplaintState.CLOSED:
        routing.assign(session, complaint, acting=acting, level=complaint.level)


def _part(session: Session, complaint: Complaint, *, acting: Actor) -> None:
    """What was merged is handled apart as soon as different people are to be kept out: the answer to one
    would be read, or written, by somebody who is excluded from the other."""
    own = access_complaints.subjects_of(session, complaint)
    main = session.get(Complaint, complaint.merged_into_id) if complaint.merged_into_id else None
    if main is not None and access_complaints.subjects_of(session, main) != own:
        handling.part(session, complaint, acting=acting)
    for one in handling.followers(session, complaint):
        if access_complaints.subjects_of(session, one) != own:
            handling.part(session, one, acting=acting)


def _take_back(session: Session, complaint: Complaint) -> None:
    """What was queued for him and not sent yet will not be; what he has, `outbox` no longer shows."""
    waiting = session.execute(
        select(OutgoingMessage.id, OutgoingMessage.officer_id).where(
            OutgoingMessage.subject_kind == "complaint",
            OutgoingMessage.subject_id == str(complaint.id),
            OutgoingMessage.officer_id.is_not(None),
            OutgoingMessage.state.in_([WorkState.PENDING, WorkState.WAITING]),
        )
    ).all()
    gone = access_complaints.excluded_ids(session, complaint, [key for _, key in waiting if key])
    if doomed := [message for message, key in waiting if key in gone]:
        dropped = update(OutgoingMessage).where(OutgoingMessage.id.in_(doomed))
        session.execute(dropped.values(state=WorkState.SKIPPED))


def add(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    officer_id: uuid.UUID | None = None,
    name: str = "",
    reason: str,
) -> Complaint:
    """The office adds somebody whom the complaint is about (补充回避人员), an officer or a cadre by name.

    Raises BadInput without a reason or for somebody unknown here, NotFound, Forbidden."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, None)
    because = _reason(reason)
    village = session.get_one(Organisation, complaint.village_id)
    if officer_id is not None:
        if officer_id not in serving_on_line(session, village):
            raise _unknown()
        exclude(session, complaint, [officer_id], SubjectSource.ADDED)
    else:
        _add_by_name(session, complaint, village, name)
    timeline.add(
        session,
        complaint,
        EventKind.RECUSED,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text=f"补充了需要回避的人员：{because}",
        visible=False,
    )
    settle(session, complaint, acting=acting)
    return complaint


def _add_by_name(session: Session, complaint: Complaint, village: Organisation, name: str) -> None:
    key = name_key(name)
    if len(key) < SHORTEST_NAME:
        raise BadInput("complaint.about_missing", "请写出要回避的人的姓名。", field="name")
    serving = serving_on_line(session, village)
    known = [one for one, called in serving.items() if name_key(called) == key]
    exclude(session, complaint, known, SubjectSource.ADDED)
    posts = [(found, post) for found, _, post in _cadres(session, village) if found == key]
    _exclude_cadres(session, complaint, posts or [(key, "")], SubjectSource.ADDED)


def recuse_self(session: Session, *, acting: Actor, complaint_id: uuid.UUID, reason: str) -> None:
    """An officer withdraws from a complaint (自行回避): he loses it and never sees it again.

    Raises BadInput without a reason, NotFound, Forbidden when it does not lie with his office."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, None, joint=True)
    because = _reason(reason)
    timeline.add(
        session,
        complaint,
        EventKind.RECUSED,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text=f"自行回避：{because}",
        visible=False,
    )
    exclude(session, complaint, [officer.officer_id], SubjectSource.RECUSED)
    settle(session, complaint, acting=acting)


def _reason(reason: str) -> str:
    because = reason.strip()
    if not because:
        raise BadInput("complaint.reason_missing", "请写明原因。", field="reason")
    return because[:LONGEST_REASON]


def _unknown() -> BadInput:
    return BadInput("complaint.about_unknown", "「反映对象」里有不属于本村的人，请重新选择。", field="about")

"""Who filed a complaint (身份): sealed, and opened in two ways.

Shown to the handler (承办人可以看到): the office that handles it reads name and phone; each reading stands in
the complainant's timeline. Hidden from the village (对村保密): an officer above it asks with a reason, a
second person decides, and the complainant sees the asking and the decision at once. Asking tells nobody
whether there is a name: anonymous, nameless and named complaints answer alike until it is approved."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.core.keys import Keys
from app.models import Complaint, Organisation, SealedIdentity, UnsealRequest
from app.models.complaint_trust import UnsealState
from app.models.complaints import EventKind
from app.models.people import Role
from app.services import access_complaints, audit
from app.services.access_base import INSPECTORS, covers
from app.services.actors import Actor, Officer
from app.services.complaints import handling, timeline

OPEN_FOR = timedelta(days=7)
SHORTEST_REASON = 5
LONGEST_REASON = 500


@dataclass(frozen=True)
class Contact:
    """What the complainant told of himself; both empty when he told nothing."""

    name: str
    phone: str


def request(session: Session, *, acting: Actor, complaint_id: uuid.UUID, reason: str) -> UnsealRequest:
    """Ask to see who filed it: → requested. For inspectors of the town and county who may see the complaint.

    Raises NotFound, Forbidden for the village and departments, BadInput without a reason, Conflict while an
    own request waits."""
    complaint, officer = _above_village(session, acting, complaint_id)
    because = reason.strip()
    if len(because) < SHORTEST_REASON:
        raise BadInput("unseal.reason_missing", "请写清楚为什么需要知道反映人是谁。", field="reason")
    handling.lock(session, complaint)
    waiting = select(UnsealRequest.id).where(
        UnsealRequest.complaint_id == complaint.id,
        UnsealRequest.requested_by == officer.officer_id,
        UnsealRequest.state == UnsealState.REQUESTED,
    )
    if session.scalar(waiting) is not None:
        raise Conflict("unseal.waiting", "您已经申请过，正在等第二个人审批。")
    row = UnsealRequest(
        id=uuid.uuid4(),
        complaint_id=complaint.id,
        requested_by=officer.officer_id,
        reason=because[:LONGEST_REASON],
        requested_at=timeline.moment(complaint),
    )
    session.add(row)
    _tell(session, complaint, acting, officer, "申请查看您的身份，等待第二个人审批。", "有人申请查看您的身份")
    return row


def decide(
    session: Session, *, acting: Actor, request_id: uuid.UUID, approve: bool, remark: str = ""
) -> UnsealRequest:
    """Decide about a request: requested → approved | refused, by a second inspector, never the one who asked;
    the county's when the town asked. Approved ones can be read for seven days.

    Raises NotFound, Forbidden for who asked or a lower level, Conflict when it is decided."""
    row, complaint, officer = _found(session, acting, request_id)
    handling.lock(session, complaint)
    session.refresh(row, with_for_update=True)
    if row.state != UnsealState.REQUESTED:
        raise Conflict("unseal.decided", "这份申请已经处理过了。", state=row.state)
    if row.requested_by == officer.officer_id:
        raise Forbidden("unseal.second_person", "要由第二个人审批，申请人自己不能批。")
    if not covers(session, acting, complaint.village_id, Role.COUNTY_INSPECTOR):
        raise Forbidden("unseal.county_only", "查看反映人身份由区纪委审批。")
    row.state = UnsealState.APPROVED if approve else UnsealState.REFUSED
    row.decided_by = officer.officer_id
    row.decided_at = timeline.moment(complaint)
    row.remark = remark.strip()[:LONGEST_REASON]
    if approve:
        row.open_until = (
            clock.whole_day(clock.now() + OPEN_FOR) if complaint.anonymous else clock.now() + OPEN_FOR
        )
    words = "查看您身份的申请已批准。" if approve else "查看您身份的申请没有批准。"
    _tell(session, complaint, acting, officer, words, words.rstrip("。"))
    return row


def read(session: Session, *, acting: Actor, request_id: uuid.UUID, keys: Keys) -> Contact:
    """What an approved request opens, for the one who asked, while it is open; each reading is counted and
    audited. Both fields are empty when the complainant told nothing.

    Raises NotFound, Forbidden for anybody else, Conflict when it is not approved or no longer open."""
    row, complaint, officer = _found(session, acting, request_id)
    if row.requested_by != officer.officer_id:
        raise Forbidden("unseal.not_yours", "只有提出申请的人可以查看。")
    if row.state != UnsealState.APPROVED or row.open_until is None or row.open_until < clock.now():
        raise Conflict("unseal.not_open", "申请还没有批准，或查看的期限已过，请重新申请。")
    row.opened += 1
    _audit(session, complaint, acting, "unsealed")
    return _open(session, complaint, keys)


def contact(session: Session, *, acting: Actor, complaint_id: uuid.UUID, keys: Keys) -> Contact:
    """Name and phone of a complainant who shows them to the handler; each reading stands in his timeline.

    Raises NotFound, Forbidden unless the officer's office handles it, Conflict when it is hidden or nothing
    was told."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, None)
    if complaint.hidden or session.get(SealedIdentity, complaint.id) is None:
        raise Conflict(
            "complaint.contact_hidden", "反映人没有留下可以直接查看的联系方式；请在办理过程里追问。"
        )
    _tell(session, complaint, acting, officer, "承办人查看了您的姓名和电话。", "")
    _audit(session, complaint, acting, "contact_read")
    return _open(session, complaint, keys)


def listing(session: Session, *, acting: Actor, waiting: bool = True) -> Sequence[UnsealRequest]:
    """Requests about complaints that the actor may see, as inspector; those that wait, or all."""
    if not isinstance(acting, Officer) or not acting.organisations(*INSPECTORS):
        return []
    query = (
        select(UnsealRequest)
        .join(Complaint, Complaint.id == UnsealRequest.complaint_id)
        .where(access_complaints.visible_complaints(acting))
        .order_by(UnsealRequest.requested_at.desc(), UnsealRequest.id)
    )
    if waiting:
        query = query.where(UnsealRequest.state == UnsealState.REQUESTED)
    return session.scalars(query.limit(200)).all()


def of(session: Session, *, acting: Actor, complaint: Complaint) -> Sequence[UnsealRequest]:
    """The requests about one complaint, for inspectors who may see it; nothing for others."""
    if not access_complaints.inspects_complaint(session, acting, complaint):
        return []
    query = select(UnsealRequest).where(UnsealRequest.complaint_id == complaint.id)
    return session.scalars(query.order_by(UnsealRequest.requested_at, UnsealRequest.id)).all()


def counts(session: Session, *, since: date, until: date) -> dict[UnsealState, int]:
    """How many requests were made from `since` to before `until`, by what became of them: public figures."""
    rows = session.execute(
        select(UnsealRequest.state, func.count())
        .where(UnsealRequest.requested_at >= clock.at(since), UnsealRequest.requested_at < clock.at(until))
        .group_by(UnsealRequest.state)
    )
    return {row[0]: row[1] for row in rows}


def _above_village(session: Session, acting: Actor, complaint_id: uuid.UUID) -> tuple[Complaint, Officer]:
    complaint = access_complaints.access_complaint(session, acting, complaint_id)
    if not isinstance(acting, Officer) or not covers(session, acting, complaint.village_id, *INSPECTORS):
        raise Forbidden("unseal.inspectors_only", "只有镇街监察办和区纪委可以申请查看反映人身份。")
    return complaint, acting


def _found(
    session: Session, acting: Actor, request_id: uuid.UUID
) -> tuple[UnsealRequest, Complaint, Officer]:
    row = session.get(UnsealRequest, request_id)
    if row is None:
        raise NotFound("unseal.not_found", "没有找到这份申请。")
    try:
        complaint, officer = _above_village(session, acting, row.complaint_id)
    except (NotFound, Forbidden) as refusal:
        raise NotFound("unseal.not_found", "没有找到这份申请。") from refusal
    return row, complaint, officer


def _tell(
    session: Session, complaint: Complaint, acting: Actor, officer: Officer, words: str, news: str
) -> None:
    """In the complainant's own timeline, with the office, never the officer."""
    event = timeline.add(
        session,
        complaint,
        EventKind.UNSEALED,
        acting=acting,
        who=_office(session, officer),
        officer_id=officer.officer_id,
        text=words,
    )
    if news:
        timeline.tell_villager(session, complaint, news, event=event)


def _office(session: Session, officer: Officer) -> str:
    places = officer.organisations(*INSPECTORS) or officer.organisations()
    return session.get_one(Organisation, places[0]).name


def _audit(session: Session, complaint: Complaint, acting: Actor, action: str) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="complaint",
        noun_id=complaint.id,
        village_id=complaint.village_id,
        at=_day(complaint),
    )


def _day(complaint: Complaint) -> datetime | None:
    return timeline.moment(complaint) if complaint.anonymous else None


def _open(session: Session, complaint: Complaint, keys: Keys) -> Contact:
    row = session.get(SealedIdentity, complaint.id)
    if row is None:
        return Contact("", "")
    opened = keys.sealer.open(row.sealed, context=f"complaint:{complaint.id}")
    try:
        told = json.loads(opened)
    except ValueError:  # sealed by an older version, as one line
        return Contact(opened, "")
    return Contact(str(told.get("name", "")), str(told.get("phone", "")))

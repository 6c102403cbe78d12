"""A complaint comes in: by chat, page or Mini Program; named or anonymous."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, ids
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Complaint, ComplaintCategory, ComplaintClass, Organisation, SealedIdentity
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintChannel, EventKind
from app.models.disclosures import AttachmentOwner
from app.services import attachments, calendar, officers
from app.services.actors import Actor, Villager, Visitor
from app.services.complaints import deadlines, routing, timeline
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY

SHORTEST = 4
LONGEST = 2000
NUMBER_TRIES = 20


@dataclass(frozen=True)
class Filing:
    """What a complainant hands in. `about` are officers it is about; `contact` his name and phone, if he
    gives them (sealed at once); `uploads` the tokens of his files; `content_check` what the platform thought
    of the text, where it was asked: noted for the office, never a pass for publication; `receipt` the
    one that an anonymous complaint gets (`Keys.receipt_of` its form); without it a random one."""

    content: str
    channel: ComplaintChannel
    category_code: str = DEFAULT_COMPLAINT_CATEGORY
    about: Sequence[uuid.UUID] = ()
    contact: str = ""
    uploads: Sequence[str] = ()
    content_check: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Filed:
    """The complaint and, for an anonymous one, the receipt, which is stored nowhere."""

    complaint: Complaint
    receipt: str | None


def file(session: Session, *, acting: Actor, village: Organisation, filing: Filing, keys: Keys) -> Filed:
    """Take a complaint: number, deadlines in work days, routing, audit and messages in one transaction.

    A `Visitor` files anonymously and gets a receipt; a `Villager` files under his WeChat identity.
    Raises BadInput for an empty or overlong text or an unknown category."""
    content = filing.content.strip()
    if len(content) < SHORTEST:
        raise BadInput("complaint.too_short", f"请把事情说清楚一些，至少 {SHORTEST} 个字。", field="content")
    if len(content) > LONGEST:
        raise BadInput("complaint.too_long", f"内容最多 {LONGEST} 个字，请精简后再提交。", field="content")
    if not isinstance(acting, Villager | Visitor):
        raise BadInput("complaint.filer_wrong", "请以村民身份提交诉求。")
    category = _category(session, filing.category_code)
    complaint, receipt = _new(session, acting, village, category, filing, keys)
    named = routing.named_officers(session, village, content)
    routing.exclude(session, complaint, [*_known(session, village, filing.about), *named])
    if filing.contact.strip() and not complaint.anonymous:
        sealed = keys.sealer.seal(filing.contact.strip(), context=f"complaint:{complaint.id}")
        session.add(SealedIdentity(complaint_id=complaint.id, sealed=sealed))
    noted: dict[str, Any] = {"content_check": filing.content_check} if filing.content_check else {}
    event = timeline.add(
        session, complaint, EventKind.FILED, acting=acting, who="村民", text="诉求已提交。", **noted
    )
    attachments.adopt(
        session,
        keys=keys,
        tokens=filing.uploads,
        owner_kind=AttachmentOwner.COMPLAINT,
        owner_id=complaint.id,
        coarse=complaint.anonymous,
    )
    routing.assign(
        session, complaint, acting=acting, level=Level.TOWN if category.skips_village else Level.VILLAGE
    )
    timeline.tell_villager(session, complaint, "已提交，等待受理", event=event)
    return Filed(complaint, receipt)


def _new(
    session: Session,
    acting: Actor,
    village: Organisation,
    category: ComplaintCategory,
    filing: Filing,
    keys: Keys,
) -> tuple[Complaint, str | None]:
    anonymous = isinstance(acting, Visitor)
    now = clock.now()
    receipt = (filing.receipt or ids.receipt()) if anonymous else None
    complaint = Complaint(
        id=uuid.uuid4(),
        number=_number(session, clock.today()),
        village_id=village.id,
        category_code=category.code,
        class_code=category.class_code,
        channel=filing.channel,
        anonymous=anonymous,
        villager_id=acting.villager_id if isinstance(acting, Villager) else None,
        receipt_digest=keys.receipt_digest(receipt) if receipt else None,
        content=filing.content.strip(),
        filed_at=clock.whole_day(now) if anonymous else now,
    )
    grade = session.get_one(ComplaintClass, category.class_code)
    deadlines.start(complaint, grade, calendar.load(session), now)
    session.add(complaint)
    session.flush()
    return complaint, receipt


def _category(session: Session, code: str) -> ComplaintCategory:
    category = session.get(ComplaintCategory, code)
    if category is None or not category.active:
        raise BadInput("complaint.category_unknown", "请选择一个诉求类别。", field="category")
    return category


def _known(session: Session, village: Organisation, about: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    known = officers.serving_at(session, *village.ancestry)
    unknown = [key for key in about if key not in known]
    if unknown:
        raise BadInput(
            "complaint.about_unknown", "「反映对象」里有不属于本村的人，请重新选择。", field="about"
        )
    return list(about)


def _number(session: Session, day: date) -> str:
    for _ in range(NUMBER_TRIES):
        number = ids.complaint_number(day)
        if session.scalar(select(Complaint.id).where(Complaint.number == number)) is None:
            return number
    raise Conflict("complaint.numbers_exhausted", "系统繁忙，请稍后再提交一次。")

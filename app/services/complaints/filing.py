"""A complaint comes in: by chat, page or Mini Program, or through an officer; named, hidden from the village,
or anonymous."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core import clock, ids, text
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Complaint, ComplaintCategory, ComplaintClass, Organisation, SealedIdentity
from app.models.complaints import ComplaintChannel, EventKind, SubjectSource
from app.models.disclosures import AttachmentOwner
from app.models.organisations import OrganisationKind
from app.services import access, access_complaints, attachments, calendar, officers
from app.services.actors import Actor, Officer, Villager, Visitor
from app.services.complaints import deadlines, ladder, routing, search, subjects, timeline
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY

SHORTEST = 4
LONGEST = 2000
LONGEST_NAME = 40
LONGEST_PHONE = 40
LONGEST_PLACE = 100
NUMBER_TRIES = 20


@dataclass(frozen=True)
class Filing:
    """What a complainant hands in. `about` are officers it is about; `name` and `phone`, if he gives them,
    are sealed at once; `hidden`: they are for the offices above and by unsealing only, never for the village
    (对村保密). `place`, `latitude` and `longitude` (degrees) say where it is. `publishable`: he agrees that
    the answer is made public without names. `uploads` are the tokens of his files; `content_check` what was
    thought of the text, where it was checked: noted for the office, never a pass for publication;
    `receipt` the one that an anonymous complaint gets (`Keys.receipt_of` its form); without it a random
    one."""

    content: str
    channel: ComplaintChannel
    category_code: str = DEFAULT_COMPLAINT_CATEGORY
    about: Sequence[uuid.UUID] = ()
    name: str = ""
    phone: str = ""
    hidden: bool = False
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    publishable: bool = False
    uploads: Sequence[str] = ()
    content_check: str | None = None
    receipt: str | None = None


@dataclass(frozen=True)
class Filed:
    """The complaint and, for one without a WeChat identity, the receipt, which is stored nowhere."""

    complaint: Complaint
    receipt: str | None


def file(session: Session, *, acting: Actor, village: Organisation, filing: Filing, keys: Keys) -> Filed:
    """Take a complaint: number, deadlines, routing, audit and messages in one transaction.

    A `Visitor` files anonymously and gets a receipt; a `Villager` files under his WeChat identity.
    Raises BadInput for an empty or overlong text, an unknown category, or one that is to be hidden or
    answered by phone without a name."""
    if not isinstance(acting, Villager | Visitor):
        raise BadInput("complaint.filer_wrong", "请以村民身份提交诉求。")
    if isinstance(acting, Visitor):
        filing = replace(filing, name="", phone="", hidden=False)
    return _file(session, acting, village, filing, keys)


def file_for(session: Session, *, acting: Actor, village: Organisation, filing: Filing, keys: Keys) -> Filed:
    """An officer files for somebody without a phone (代为登记): named when a name is given, else anonymous.
    The person gets a receipt on paper.

    Raises Forbidden unless the officer serves in this village or above it, BadInput as `file` and for a phone
    without a name."""
    officer = access_complaints.require_filer(session, acting, village)
    if filing.phone.strip() and not filing.name.strip():
        raise BadInput(
            "complaint.name_missing", "写了电话，请把姓名也写上；要匿名，就把电话删掉。", field="name"
        )
    filing = replace(filing, channel=ComplaintChannel.PROXY)
    return _file(session, officer, village, filing, keys)


def villages(session: Session, *, acting: Actor) -> Sequence[Organisation]:
    """Where the officer may register complaints for others, with their towns, in the order of their codes."""
    officer = access.require_officer(acting)
    places = officer.organisations(*access.VILLAGE_ROLES, *access.INSPECTORS)
    return session.scalars(
        select(Organisation)
        .where(
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
            access.within(Organisation.id, places),
        )
        .options(joinedload(Organisation.parent))
        .order_by(Organisation.code)
    ).all()


def _file(session: Session, acting: Actor, village: Organisation, filing: Filing, keys: Keys) -> Filed:
    filing = _checked(filing)
    category = _category(session, filing.category_code)
    complaint, receipt = _new(session, acting, village, category, filing, keys)
    subjects.exclude(session, complaint, _known(session, village, filing.about), SubjectSource.CHOSEN)
    subjects.exclude_named(session, complaint, f"{filing.content}\n{filing.place}")
    _seal(session, complaint, filing, keys)
    noted: dict[str, Any] = {"content_check": filing.content_check} if filing.content_check else {}
    proxy = isinstance(acting, Officer)
    event = timeline.add(
        session,
        complaint,
        EventKind.FILED,
        acting=acting,
        who="工作人员代为登记" if proxy else "村民",
        text="诉求已提交。",
        **noted,
    )
    attachments.adopt(
        session,
        keys=keys,
        tokens=filing.uploads,
        owner_kind=AttachmentOwner.COMPLAINT,
        owner_id=complaint.id,
        coarse=complaint.anonymous,
    )
    search.index(session, complaint)
    routing.begin(session, complaint, acting=acting)
    ladder.start(session, complaint)
    timeline.tell_villager(session, complaint, "已提交，等待受理", event=event)
    session.flush()
    return Filed(complaint, receipt)


def _checked(filing: Filing) -> Filing:
    content = filing.content.strip()
    if len(content) < SHORTEST:
        raise BadInput("complaint.too_short", f"请把事情说清楚一些，至少 {SHORTEST} 个字。", field="content")
    if len(content) > LONGEST:
        raise BadInput("complaint.too_long", f"内容最多 {LONGEST} 个字，请精简后再提交。", field="content")
    name, phone = text.one_line(filing.name), text.one_line(filing.phone)
    if len(name) > LONGEST_NAME:
        raise BadInput("complaint.name_too_long", f"姓名最多 {LONGEST_NAME} 个字。", field="name")
    if len(phone) > LONGEST_PHONE:
        raise BadInput("complaint.phone_too_long", f"电话最多 {LONGEST_PHONE} 个字符。", field="phone")
    return replace(
        filing, content=content, name=name, phone=phone, place=text.one_line(filing.place)[:LONGEST_PLACE]
    )


def _new(
    session: Session,
    acting: Actor,
    village: Organisation,
    category: ComplaintCategory,
    filing: Filing,
    keys: Keys,
) -> tuple[Complaint, str | None]:
    proxy = isinstance(acting, Officer)
    anonymous = isinstance(acting, Visitor) or (proxy and not filing.name)
    now = clock.now()
    receipt = (filing.receipt or ids.receipt()) if anonymous or proxy else None
    grade = session.get_one(ComplaintClass, category.class_code)
    complaint = Complaint(
        id=uuid.uuid4(),
        number=_number(session, clock.today()),
        village_id=village.id,
        category_code=category.code,
        class_code=category.class_code,
        channel=filing.channel,
        anonymous=anonymous,
        hidden=filing.hidden and not anonymous,
        villager_id=acting.villager_id if isinstance(acting, Villager) else None,
        # Who registered an anonymous one would lead to the person who came to him.
        filed_by=acting.officer_id if isinstance(acting, Officer) and not anonymous else None,
        receipt_digest=keys.receipt_digest(receipt) if receipt else None,
        content=filing.content,
        place=filing.place,
        latitude=filing.latitude,
        longitude=filing.longitude,
        publishable=filing.publishable and not (grade.skips_village or category.skips_village),
        filed_at=clock.whole_day(now) if anonymous else now,
    )
    deadlines.start(complaint, grade, calendar.load(session), now)
    session.add(complaint)
    session.flush()
    return complaint, receipt


def _seal(session: Session, complaint: Complaint, filing: Filing, keys: Keys) -> None:
    if complaint.anonymous or not (filing.name or filing.phone):
        return
    told = json.dumps({"name": filing.name, "phone": filing.phone}, ensure_ascii=False)
    sealed = keys.sealer.seal(told, context=f"complaint:{complaint.id}")
    session.add(SealedIdentity(complaint_id=complaint.id, sealed=sealed))


def _category(session: Session, code: str) -> ComplaintCategory:
    category = session.get(ComplaintCategory, code)
    if category is None or not category.active:
        raise BadInput("complaint.category_unknown", "请选择一个诉求类别。", field="category")
    return category


def _known(session: Session, village: Organisation, about: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    if not about:
        return []
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

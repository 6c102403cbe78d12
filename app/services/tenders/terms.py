"""What a tender invites for: deadline, floor price, and what a sign-up must state."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.money import LIMIT_FEN
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Tender
from app.models.disclosures import DisclosureState
from app.models.interaction import TenderState
from app.services import access, access_interaction, privacy
from app.services.actors import Actor
from app.services.tenders.lifecycle import ALWAYS_ASKED, KINDS, record

MOST_REQUIREMENTS = 8
LONGEST_LABEL = 20
LONGEST_OPEN = timedelta(days=366)


@dataclass(frozen=True)
class Requirement:
    """One thing that a sign-up states besides name and phone: 「拟经营项目」."""

    label: str
    required: bool = True


@dataclass(frozen=True)
class Terms:
    """The terms of an invitation; `closes_at` is UTC, the floor price fen."""

    closes_at: datetime
    floor_price_fen: int | None = None
    requirements: Sequence[Requirement] = ()


def attach(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, terms: Terms) -> Tender:
    """Attach a tender to the draft of a tender or re-tender notice, or change it while it is a draft.

    Raises Forbidden for anybody but who drafts such notices, BadInput for a deadline that has passed or lies
    more than a year ahead, or odd requirements, Conflict for another kind of notice or one handed in."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    require_author(session, acting, disclosure)
    session.refresh(disclosure, with_for_update=True)
    _require_draft(disclosure)
    _check(terms)
    title = _title(session, disclosure)
    tender = of_disclosure(session, disclosure.id) or Tender(
        id=uuid.uuid4(),
        village_id=disclosure.village_id,
        disclosure_id=disclosure.id,
        state=TenderState.DRAFT,
    )
    tender.title, tender.closes_at, tender.floor_price_fen = title, terms.closes_at, terms.floor_price_fen
    tender.contract_id, tender.project_id = disclosure.contract_id, disclosure.project_id
    tender.requirements = [
        {"key": f"f{number}", "label": one.label.strip(), "required": one.required}
        for number, one in enumerate(terms.requirements, start=1)
    ]
    session.add(tender)
    record(session, acting, "attached", tender)
    return tender


def detach(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> None:
    """Take the tender off a draft. Raises as `attach`; nothing happens when there is none."""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    require_author(session, acting, disclosure)
    session.refresh(disclosure, with_for_update=True)
    _require_draft(disclosure)
    tender = of_disclosure(session, disclosure.id)
    if tender is not None:
        record(session, acting, "detached", tender)
        session.delete(tender)
        session.flush()


def require_author(session: Session, acting: Actor, disclosure: Disclosure) -> None:
    """Raise Forbidden unless the actor drafts such notices for the village."""
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    access.require_author(session, acting, disclosure.village_id, category.drafted_by)


def editable(disclosure: Disclosure) -> bool:
    """Whether its tender can be set now."""
    return disclosure.kind in KINDS and disclosure.state in (DisclosureState.DRAFT, DisclosureState.RETURNED)


def _require_draft(disclosure: Disclosure) -> None:
    if disclosure.kind not in KINDS:
        raise Conflict(
            "tender.kind_wrong", "只有招标公告和重新招租公告可以带报名，请先把公告种类改成其中一种。"
        )
    if not editable(disclosure):
        raise Conflict("tender.notice_handed_in", "公告已经提交，报名要求不能再改；要改请先让审核人退回。")


def _check(terms: Terms) -> None:
    now = clock.now()
    if not now < terms.closes_at <= now + LONGEST_OPEN:
        raise BadInput("tender.deadline_wrong", "报名截止时间要在现在之后、一年之内。", field="closes_at")
    if terms.floor_price_fen is not None and not 0 <= terms.floor_price_fen <= LIMIT_FEN:
        raise BadInput("tender.floor_price_wrong", "起始价不对，请填写元，例如 36000。", field="floor_price")
    labels = [one.label.strip() for one in terms.requirements]
    if len(labels) > MOST_REQUIREMENTS or len({*labels, *ALWAYS_ASKED.values()}) < len(labels) + 2:
        raise BadInput(
            "tender.requirements_wrong",
            f"报名要填的内容最多 {MOST_REQUIREMENTS} 项，不能重复；姓名和联系电话本来就要填，不用再写。",
            field="requirements",
        )
    if any(not label or len(label) > LONGEST_LABEL for label in labels):
        raise BadInput(
            "tender.requirement_wrong", f"每项名称要填写，最多 {LONGEST_LABEL} 个字。", field="requirements"
        )
    for label in labels:
        privacy.require_plain(label, field="requirements")


def _title(session: Session, disclosure: Disclosure) -> str:
    return session.scalars(
        select(DisclosureVersion.title).where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == disclosure.current_version,
        )
    ).one()


def of_disclosure(session: Session, disclosure_id: uuid.UUID) -> Tender | None:
    """The tender of a disclosure that the caller was allowed to see."""
    return session.scalar(select(Tender).where(Tender.disclosure_id == disclosure_id))


def listing(
    acting: Actor, *, village_id: uuid.UUID | None = None, states: Sequence[TenderState] = ()
) -> Select[Tender]:
    """The tenders that the actor may know of, newest first, with their disclosures."""
    visible = access_interaction.visible_tenders(acting)
    query = select(Tender).where(visible).options(joinedload(Tender.disclosure))
    if village_id is not None:
        query = query.where(Tender.village_id == village_id)
    if states:
        query = query.where(Tender.state.in_(states))
    return query.order_by(Tender.created_at.desc(), Tender.id.desc())


def of_area(acting: Actor) -> Select[Tender]:
    """The tenders of the officer's own area, for his desk."""
    return listing(acting).where(access_interaction.in_area(acting, Tender.village_id))


def award_public(session: Session, tender: Tender) -> bool:
    """Whether the winner may be shown: his award notice is published."""
    if tender.award_disclosure_id is None:
        return False
    notice = session.get_one(Disclosure, tender.award_disclosure_id)
    return notice.state == DisclosureState.PUBLISHED

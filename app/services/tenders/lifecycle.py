"""What publishing, withdrawing and the passing of time do to a tender."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict
from app.models import Disclosure, Tender, TenderSignUp
from app.models.disclosures import DisclosureKind
from app.models.interaction import TenderState
from app.services import audit, inquiries
from app.services.actors import Actor, System

S = TenderState
TRANSITIONS: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.OPEN}),
    S.OPEN: frozenset({S.CLOSED, S.CANCELLED}),
    S.CLOSED: frozenset({S.AWARDED, S.FAILED, S.CANCELLED}),
    S.AWARDED: frozenset({S.CLOSED}),  # its award notice was withdrawn
    S.FAILED: frozenset(),
    S.CANCELLED: frozenset(),
}
STATE_NAMES = {
    S.DRAFT: "待公告",
    S.OPEN: "报名中",
    S.CLOSED: "报名截止",
    S.AWARDED: "已定标",
    S.FAILED: "流标",
    S.CANCELLED: "已取消",
}
KINDS = (DisclosureKind.RETENDER_NOTICE, DisclosureKind.TENDER_NOTICE)
ALWAYS_ASKED = {"name": "姓名或单位名称", "phone": "联系电话"}
"""What every sign-up states, by key; the terms of a tender add to it."""
BATCH = 200
ACTING = System("tenders.close")


def move(tender: Tender, to: S) -> None:
    """Change the state. Raises Conflict when the present state does not allow it."""
    if to not in TRANSITIONS[tender.state]:
        raise Conflict(
            "tender.state_wrong",
            f"这次报名现在是「{STATE_NAMES[tender.state]}」，不能做这一步。",
            state=tender.state,
        )
    tender.state = to


def accepts(tender: Tender) -> bool:
    """Whether sign-ups are taken at this moment: the deadline counts to the moment, job or no job."""
    opened = tender.state is S.OPEN and tender.opens_at is not None
    return opened and clock.now() < tender.closes_at


def entitled(session: Session, *, disclosure: Disclosure, title: str) -> None:
    """Called when a text of a disclosure becomes public: its tender is called as that text is, not as the
    draft was that it was attached to, which no gate has seen."""
    tender = _locked(session, Tender.disclosure_id == disclosure.id) if disclosure.kind in KINDS else None
    if tender is not None:
        tender.title = title


def released(session: Session, *, acting: Actor, disclosure: Disclosure) -> None:
    """Called in the transaction that publishes a disclosure: its tender opens now; of an award notice, those
    who signed up are told. Raises Conflict (`tender.closes_too_soon`) when its deadline has passed."""
    tender = _locked(session, Tender.disclosure_id == disclosure.id)
    if tender is not None and tender.state is S.DRAFT and disclosure.kind in KINDS:
        if tender.closes_at <= clock.now():
            raise Conflict(
                "tender.closes_too_soon", "报名截止时间已经过去，请退回起草人重新填写截止时间再公开。"
            )
        move(tender, S.OPEN)
        tender.opens_at = clock.now()
        record(session, acting, "opened", tender)
    awarded = _locked(session, Tender.award_disclosure_id == disclosure.id)
    if awarded is not None:
        tell_bidders(session, awarded, "招标结果已公示", disclosure)


def withdrawn(session: Session, *, acting: Actor, disclosure: Disclosure) -> None:
    """Called in the transaction that withdraws a disclosure: its tender is cancelled and those who signed up
    are told; without its award notice a tender waits for its award again."""
    tender = _locked(session, Tender.disclosure_id == disclosure.id)
    if tender is not None and tender.state in (S.OPEN, S.CLOSED):
        move(tender, S.CANCELLED)
        tender.remark = disclosure.withdrawn_because
        record(session, acting, "cancelled", tender)
        tell_bidders(session, tender, "报名已取消", disclosure)
    awarded = _locked(session, Tender.award_disclosure_id == disclosure.id)
    if awarded is not None and awarded.state is S.AWARDED:
        move(awarded, S.CLOSED)
        awarded.winner, awarded.award_fen, awarded.awarded_on = "", None, None
        awarded.award_disclosure_id = None
        record(session, acting, "award_undone", awarded)


def close_due(session: Session) -> int:
    """Close tenders whose deadline has passed and tell the village's office; how many. Sign-ups were refused
    from the deadline on already."""
    due = session.scalars(
        select(Tender)
        .where(Tender.state == S.OPEN, Tender.closes_at <= clock.now())
        .order_by(Tender.closes_at, Tender.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for tender in due:
        move(tender, S.CLOSED)
        record(session, ACTING, "closed", tender, sign_ups=tender.sign_ups)
        disclosure = session.get_one(Disclosure, tender.disclosure_id)
        inquiries.tell_officers(
            session,
            inquiries.offices(session, disclosure),
            task="报名截止请查看名单",
            village_id=tender.village_id,
            noun="tender",
            noun_id=tender.id,
            path=f"/desk/tenders/{tender.id}",
            occasion="closed",
        )
    return len(due)


def tell_bidders(session: Session, tender: Tender, subject: str, disclosure: Disclosure) -> None:
    """Tell everybody who is signed up; the message names nobody."""
    bidders = session.scalars(
        select(TenderSignUp.villager_id).where(
            TenderSignUp.tender_id == tender.id, TenderSignUp.withdrawn_at.is_(None)
        )
    ).all()
    for villager_id in bidders:
        inquiries.tell_villager(
            session,
            villager_id,
            subject=subject,
            village_id=tender.village_id,
            noun="tender",
            noun_id=tender.id,
            path=inquiries.page_of(session, disclosure),
            occasion=f"{tender.state.value}:{disclosure.id}",
        )


def _locked(session: Session, which: object) -> Tender | None:
    return session.scalar(
        select(Tender)
        .where(which)  # type: ignore[arg-type]
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def record(session: Session, acting: Actor, action: str, tender: Tender, **data: int) -> None:
    """The audit row of a step."""
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="tender",
        noun_id=tender.id,
        village_id=tender.village_id,
        at=None,
        **data,
    )

"""Signing up for a tender (报名) on the page: one's own sign-up, changed or withdrawn until the deadline."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound, Unauthenticated
from app.h5.common import FORM, FORM_GOOD_FOR, AsOneself, AsVillager, OurForm, changing, check, go, show
from app.models import Disclosure, Organisation, Tender
from app.models.disclosures import DisclosureState
from app.services import access, disclosures
from app.services.actors import Actor, Villager
from app.services.tenders import sign_ups, terms
from app.services.tenders.lifecycle import KINDS, STATE_NAMES, accepts
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/v/{code}/d/{disclosure_id}/sign-up", include_in_schema=False)

RATES = ("6/minute", "60/hour")


@dataclass(frozen=True)
class Shown:
    """A tender as its page shows it: `mine` is the reader's own sign-up; the winner only once his notice is
    out."""

    tender: Tender
    open: bool
    words: str
    mine: sign_ups.Own | None
    winner: str
    award_id: uuid.UUID | None = None
    names: dict[str, str] = field(default_factory=dict)


def of_item(request: Request, session: Session, acting: Actor, disclosure: Disclosure) -> Shown | None:
    """The tender that goes out with a disclosure, if it has one."""
    if disclosure.kind not in KINDS:
        return None
    tender = terms.of_disclosure(session, disclosure.id)
    return shown(request, session, acting, tender) if tender else None


def shown(request: Request, session: Session, acting: Actor, tender: Tender) -> Shown:
    """A tender for this reader."""
    open_ = accepts(tender)
    over = tender.state.value == "open" and not open_
    public = terms.award_public(session, tender)
    return Shown(
        tender=tender,
        open=open_,
        words="报名截止" if over else STATE_NAMES[tender.state],
        mine=sign_ups.own(session, acting=acting, tender=tender, keys=context.of(request).keys),
        winner=tender.winner if public else "",
        award_id=tender.award_disclosure_id if public else None,
        names=dict(sign_ups.labels(tender)),
    )


async def _answers(request: Request) -> dict[str, str]:
    """All text fields of the form: which there are, the tender says."""
    form = await request.form()
    return {key: value for key, value in form.items() if isinstance(value, str)}


Answers = Annotated[dict[str, str], Depends(_answers)]


@router.get("")
def form(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsVillager, session: ReadSession
) -> Response:
    """The form, filled with one's own sign-up when there is one."""
    return _page(request, session, code, disclosure_id, acting)


@router.post("")
def sign_up(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsOneself, answers: Answers
) -> Response:
    """Sign up, or change what one stated."""
    here = context.of(request)
    try:
        request.app.state.limiter.hit(request, "sign_up", *RATES)
        if not isinstance(acting, Villager):
            raise Unauthenticated(
                "login.lapsed", "登录已失效，还没有提交。请重新登录后再交；您写的内容还在下面。"
            )
        check(request, FORM, answers.get("form", ""), good_for=FORM_GOOD_FOR)
        with changing(here) as session:
            tender = _find(session, acting, code, disclosure_id)[1]
            sign_ups.sign_up(session, acting=acting, tender_id=tender.id, answers=answers, keys=here.keys)
    except NotFound:
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _page(request, session, code, disclosure_id, acting, problem, answers)
    return go(f"/v/{code}/d/{disclosure_id}#tender")


@router.post("/withdraw", dependencies=[OurForm])
def withdraw(request: Request, code: str, disclosure_id: uuid.UUID, acting: AsVillager) -> Response:
    """Withdraw one's sign-up."""
    here = context.of(request)
    with changing(here) as session:
        tender = _find(session, acting, code, disclosure_id)[1]
        sign_ups.withdraw(session, acting=acting, tender_id=tender.id)
    return go(f"/v/{code}/d/{disclosure_id}#tender")


def _find(
    session: Session, acting: Actor, code: str, disclosure_id: uuid.UUID
) -> tuple[Organisation, Tender]:
    village = access.access_village(session, acting, code)
    disclosure = disclosures.item(session, acting=acting, disclosure_id=disclosure_id).disclosure
    tender = terms.of_disclosure(session, disclosure_id)
    public = disclosure.village_id == village.id and disclosure.state == DisclosureState.PUBLISHED
    if tender is None or not public:
        raise NotFound("tender.not_found", "没有找到这次报名，可能已经取消或链接有误。")
    return village, tender


def _page(
    request: Request,
    session: Session,
    code: str,
    disclosure_id: uuid.UUID,
    acting: Actor,
    problem: AppError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    village, tender = _find(session, acting, code, disclosure_id)
    view = shown(request, session, acting, tender)
    return show(
        request,
        "sign_up.html",
        status=problem.status if problem else 200,
        village=village,
        base=f"/v/{code}/d/{disclosure_id}",
        view=view,
        fields=sign_ups.fields(tender),
        typed=typed if typed is not None else (view.mine.answers if view.mine else {}),
        problem=problem,
    )

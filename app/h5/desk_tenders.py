"""Tenders on the officer's desk: what a notice invites for, who signed up, how it ended."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock, money
from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import Tender
from app.models.interaction import TenderState
from app.services import access_interaction, desk, disclosures
from app.services.actors import Actor
from app.services.tenders import office, outcome, terms
from app.services.tenders.lifecycle import STATE_NAMES, accepts
from app.services.tenders.office import SignUpList
from app.services.tenders.terms import MOST_REQUIREMENTS, Requirement, Terms
from app.web import context
from app.web.context import InContext, ReadSession, WriteSession

router = APIRouter(prefix="/desk", include_in_schema=False)

SHOWN = 100
DONE = {
    "saved": "报名要求已保存，公告公开后开始报名。",
    "removed": "已去掉报名。",
    "failed": "已登记流标，已通知报名的村民。",
}
_LABEL = re.compile(r"label_([1-9])")


@dataclass(frozen=True)
class Typed:
    """What an officer typed into the form of the terms."""

    closes_on: str = ""
    closes_at: str = "17:00"
    floor_price: str = ""
    labels: dict[int, str] = field(default_factory=dict)
    required: frozenset[int] = frozenset()

    def terms(self) -> Terms:
        """What it means. Raises BadInput naming the field."""
        try:
            day, hour = date.fromisoformat(self.closes_on), time.fromisoformat(self.closes_at)
        except ValueError as error:
            raise BadInput(
                "tender.deadline_unreadable", "请选好报名截止的日期和时间。", field="closes_at"
            ) from error
        price = money.parse_yuan(self.floor_price) if self.floor_price.strip() else None
        wanted = [
            Requirement(label, required=number in self.required)
            for number, label in sorted(self.labels.items())
            if label.strip()
        ]
        return Terms(clock.at(day, hour.hour, hour.minute), price, wanted)


async def _typed(request: Request) -> Typed:
    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    labels = {int(found[1]): form[key] for key in form if (found := _LABEL.fullmatch(key))}
    return Typed(
        closes_on=form.get("closes_on", ""),
        closes_at=form.get("closes_at", ""),
        floor_price=form.get("floor_price", ""),
        labels=labels,
        required=frozenset(number for number in labels if form.get(f"required_{number}")),
    )


AsTyped = Annotated[Typed, Depends(_typed)]


def _known(tender: Tender | None) -> Typed:
    if tender is None:
        return Typed()
    here = clock.local(tender.closes_at)
    wanted = list(enumerate(tender.requirements, start=1))
    return Typed(
        closes_on=here.date().isoformat(),
        closes_at=f"{here:%H:%M}",
        floor_price=money.decimal(tender.floor_price_fen) if tender.floor_price_fen is not None else "",
        labels={number: one["label"] for number, one in wanted},
        required=frozenset(number for number, one in wanted if one["required"]),
    )


# --- the terms, on the draft of a notice ----------------------------------------------------------


@router.get("/disclosures/{disclosure_id}/tender")
def terms_form(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: AsOfficer,
    session: ReadSession,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The terms of the tender that goes out with this draft."""
    return _terms_page(request, session, disclosure_id, acting, done=DONE.get(done, ""))


@router.post("/disclosures/{disclosure_id}/tender", dependencies=[OurForm])
def save_terms(request: Request, disclosure_id: uuid.UUID, acting: AsOfficer, typed: AsTyped) -> Response:
    """Attach or change it."""
    here = context.of(request)
    try:
        with changing(here) as session:
            terms.attach(session, acting=acting, disclosure_id=disclosure_id, terms=typed.terms())
    except NotFound:
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _terms_page(request, session, disclosure_id, acting, problem=problem, typed=typed)
    return go(f"/desk/disclosures/{disclosure_id}/tender?done=saved")


@router.post("/disclosures/{disclosure_id}/tender/remove", dependencies=[OurForm])
def remove_terms(disclosure_id: uuid.UUID, acting: AsOfficer, session: WriteSession) -> Response:
    """Take it off the draft."""
    terms.detach(session, acting=acting, disclosure_id=disclosure_id)
    return go(f"/desk/disclosures/{disclosure_id}/tender?done=removed")


def _terms_page(
    request: Request,
    session: Session,
    disclosure_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    typed: Typed | None = None,
    done: str = "",
) -> Response:
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    access_interaction.require_area(session, acting, item.disclosure.village_id)
    tender = terms.of_disclosure(session, disclosure_id)
    return show(
        request,
        "desk/tender_terms.html",
        status=problem.status if problem else 200,
        item=item,
        tender=tender,
        editable=terms.editable(item.disclosure),
        typed=typed or _known(tender),
        most=MOST_REQUIREMENTS,
        problem=problem,
        done=done,
    )


# --- the list, and how it ends --------------------------------------------------------------------


@router.get("/tenders")
def listing(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """The tenders of the officer's area, newest first."""
    rows = session.scalars(terms.of_area(acting).limit(SHOWN)).all()
    places = desk.names(session, [row.village_id for row in rows])
    return show(request, "desk/tenders.html", tenders=rows, villages=places, state_of=_state)


@router.get("/tenders/{tender_id}")
def one(
    request: Request,
    tender_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One tender; the list of those who signed up is opened by a button, because each reading is recorded."""
    return _page(request, tender_id, acting, done=DONE.get(done, ""))


@router.post("/tenders/{tender_id}/list", dependencies=[OurForm])
def open_list(request: Request, tender_id: uuid.UUID, acting: AsOfficer, here: InContext) -> Response:
    """Open the list."""
    with changing(here) as session:
        opened = office.read(session, acting=acting, tender_id=tender_id, keys=here.keys)
    return _page(request, tender_id, acting, opened=opened)


@router.post("/tenders/{tender_id}/file", dependencies=[OurForm])
def download(tender_id: uuid.UUID, acting: AsOfficer, here: InContext) -> Response:
    """The list as a file for a spreadsheet."""
    with changing(here) as session:
        _, content = office.as_csv(session, acting=acting, tender_id=tender_id, keys=here.keys)
    headers = {"Content-Disposition": 'attachment; filename="sign-ups.csv"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/tenders/{tender_id}/award", dependencies=[OurForm])
def award(
    request: Request,
    tender_id: uuid.UUID,
    acting: AsOfficer,
    version: Annotated[int, Form()],
    winner: Annotated[str, Form()] = "",
    amount: Annotated[str, Form()] = "",
    awarded_on: Annotated[str, Form()] = "",
) -> Response:
    """Award it; on to the draft of the award notice."""
    here = context.of(request)
    typed = {"winner": winner, "amount": amount, "awarded_on": awarded_on, "reason": ""}
    try:
        decided = _award(winner, amount, awarded_on)
        with changing(here) as session:
            notice = outcome.award(
                session, acting=acting, tender_id=tender_id, award=decided, keys=here.keys, version=version
            )
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, tender_id, acting, problem=problem, typed=typed)
    return go(f"/desk/disclosures/{notice.id}")


def _award(winner: str, amount: str, awarded_on: str) -> outcome.Award:
    try:
        day = date.fromisoformat(awarded_on)
    except ValueError as error:
        raise BadInput("tender.award_day_unreadable", "请选好定标日期。", field="awarded_on") from error
    return outcome.Award(winner, money.parse_yuan(amount), day)


@router.post("/tenders/{tender_id}/fail", dependencies=[OurForm])
def fail(
    request: Request,
    tender_id: uuid.UUID,
    acting: AsOfficer,
    version: Annotated[int, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Nobody won."""
    try:
        with changing(context.of(request)) as session:
            outcome.fail(session, acting=acting, tender_id=tender_id, reason=reason, version=version)
    except NotFound:
        raise
    except AppError as problem:
        typed = {"winner": "", "amount": "", "awarded_on": "", "reason": reason}
        return _page(request, tender_id, acting, problem=problem, typed=typed)
    return go(f"/desk/tenders/{tender_id}?done=failed")


def _page(
    request: Request,
    tender_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    opened: SignUpList | None = None,
    typed: dict[str, str] | None = None,
    done: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        tender = access_interaction.access_tender(session, acting, tender_id)
        access_interaction.require_area(session, acting, tender.village_id)
        return show(
            request,
            "desk/tender.html",
            status=problem.status if problem else 200,
            tender=tender,
            state=_state(tender),
            over=_over(tender),
            place=desk.names(session, [tender.village_id])[tender.village_id],
            opened=opened,
            problem=problem,
            typed=typed
            or {"winner": "", "amount": "", "awarded_on": clock.today().isoformat(), "reason": ""},
            done=done,
        )


def _over(tender: Tender) -> bool:
    """Whether it may be awarded: closed, or past its deadline before the job came."""
    past = tender.state is TenderState.OPEN and not accepts(tender)
    return tender.state is TenderState.CLOSED or past


def _state(tender: Tender) -> str:
    return STATE_NAMES[TenderState.CLOSED if _over(tender) else tender.state]

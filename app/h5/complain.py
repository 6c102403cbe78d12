"""码上办: filing a complaint on the page, under one's WeChat identity or anonymously.

The anonymous form goes to an address of its own that looks at no cookie; nothing there is logged, and what
is kept of it has whole days for times."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import ids, puzzles
from app.core.errors import AppError, BadInput, Unauthenticated
from app.h5.common import AsNobody, AsOneself, Photos, Ticket, changing, check, go, issue, keep_uploads, show
from app.models import Organisation
from app.models.complaints import ComplaintChannel
from app.services import access, attachments, chain, officers, organisations, submissions
from app.services.actors import Actor, Villager
from app.services.complaints import feedback, filing, own
from app.services.complaints.filing import Filed, Filing
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY
from app.web import context
from app.web.context import Context, ReadSession

router = APIRouter(prefix="/v/{code}/complain", include_in_schema=False)

TICKET = "complain"
GOOD_FOR = timedelta(hours=2)
LONGEST_TYPED = 200
HIDDEN, SHOWN = "hidden", "shown"
SHORTEST_SECONDS = 2  # a person needs longer to fill in a form than a program
RATES = ("6/minute", "60/hour")
# Without a login and without the puzzle that the form's script solves: waits longer, counted more strictly.
PLAIN = "complain-plain"
PLAIN_SECONDS = 4
PLAIN_RATES = ("4/minute", "30/hour")


@dataclass(frozen=True)
class Typed:
    """What a person filled in; shown again when something is wrong, so that nothing is lost."""

    ticket: str = ""
    proof: str = ""
    category: str = DEFAULT_COMPLAINT_CATEGORY
    content: str = ""
    name: str = ""
    phone: str = ""
    hidden: bool = True
    place: str = ""
    latitude: str = ""
    longitude: str = ""
    publishable: bool = False
    about: tuple[uuid.UUID, ...] = ()
    uploads: tuple[str, ...] = ()


def _typed(
    ticket: Annotated[str, Form()] = "",
    proof: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = DEFAULT_COMPLAINT_CATEGORY,
    content: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    phone: Annotated[str, Form()] = "",
    naming: Annotated[str, Form()] = HIDDEN,
    place: Annotated[str, Form()] = "",
    latitude: Annotated[str, Form()] = "",
    longitude: Annotated[str, Form()] = "",
    publishable: Annotated[bool, Form()] = False,
    about: Annotated[list[uuid.UUID] | None, Form()] = None,
    uploads: Annotated[list[str] | None, Form()] = None,
) -> Typed:
    lines = content.replace("\r\n", "\n")
    return Typed(
        ticket=ticket,
        proof=proof[: puzzles.LONGEST],
        category=category,
        content=lines,
        name=name[:LONGEST_TYPED],
        phone=phone[:LONGEST_TYPED],
        hidden=naming != SHOWN,
        place=place[:LONGEST_TYPED],
        latitude=latitude if _degrees(latitude, 90) is not None else "",
        longitude=longitude if _degrees(longitude, 180) is not None else "",
        publishable=publishable,
        about=tuple(about or ()),
        uploads=tuple(uploads or ()),
    )


def _degrees(typed: str, most: int) -> float | None:
    """What the form's script wrote down, six digits behind the point."""
    found = re.fullmatch(r"-?\d{1,3}(\.\d{1,6})?", typed)
    return float(typed) if found and abs(float(typed)) <= most else None


AsTyped = Annotated[Typed, Depends(_typed)]


@router.get("")
def form(
    request: Request,
    code: str,
    acting: AsOneself,
    session: ReadSession,
    category: Annotated[str, Query(max_length=40)] = DEFAULT_COMPLAINT_CATEGORY,
) -> Response:
    """The form: under one's WeChat identity when logged in, else anonymous with the way to log in."""
    return _page(request, session, code, Typed(category=category), acting)


@router.get("/anonymous")
def anonymous_form(
    request: Request,
    code: str,
    acting: AsNobody,
    session: ReadSession,
    category: Annotated[str, Query(max_length=40)] = DEFAULT_COMPLAINT_CATEGORY,
) -> Response:
    """The anonymous form, also for who is logged in."""
    return _page(request, session, code, Typed(category=category), acting)


@router.post("")
def file_named(request: Request, code: str, acting: AsOneself, typed: AsTyped, photos: Photos) -> Response:
    """File under one's WeChat identity; a double submission leads to the same complaint."""
    return _file(request, code, acting, typed, photos, named=True)


@router.post("/anonymous")
def file_anonymously(
    request: Request, code: str, acting: AsNobody, typed: AsTyped, photos: Photos
) -> Response:
    """File without a login; the answer shows the receipt, and again when the same form comes twice."""
    return _file(request, code, acting, typed, photos)


def _file(
    request: Request, code: str, acting: Actor, typed: Typed, photos: list[UploadFile], *, named: bool = False
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        village_id = access.access_village(session, acting, code).id
    tokens = typed.uploads
    try:
        request.app.state.limiter.hit(request, TICKET, *RATES)
        if not named and not puzzles.solved(typed.ticket, typed.proof):
            request.app.state.limiter.hit(request, PLAIN, *PLAIN_RATES)
        kept = keep_uploads(here, acting, photos, typed.uploads)
        tokens = tuple(kept.tokens)
        if named and not isinstance(acting, Villager):
            raise _lapsed()
        if kept.problem is not None:
            raise kept.problem
        ticket = _check_ticket(request, acting, typed)
        with changing(here) as session:
            return _take(request, session, here, village_id, acting, typed, tokens, ticket)
    except AppError as problem:
        known = _still_good(request, acting, typed.ticket)
        proof = typed.proof if known == typed.ticket else ""
        again = replace(typed, ticket=known, proof=proof, uploads=tokens)
        with here.database.reading() as session:
            return _page(request, session, code, again, acting, problem)


def _lapsed() -> Unauthenticated:
    """Nothing is filed without a name, nor its contact dropped, unless the person says so."""
    return Unauthenticated(
        "login.lapsed",
        "登录已失效，还没有提交。请重新登录后实名提交，或改为匿名提交；您写的内容还在下面。",
    )


def _take(
    request: Request,
    session: Session,
    here: Context,
    village_id: uuid.UUID,
    acting: Actor,
    typed: Typed,
    uploads: tuple[str, ...],
    ticket: Ticket,
) -> Response:
    village = session.get_one(Organisation, village_id)
    anonymous = not isinstance(acting, Villager)
    submission = submissions.begin(session, nonce=ticket.nonce, keys=here.keys, coarse=anonymous)
    receipt = here.keys.receipt_of(ticket.nonce) if anonymous else None
    if submission.repeated:
        if receipt is None:
            return go(f"/my/{submission.outcome}")
        known = feedback.by_receipt(session, keys=here.keys, typed=receipt)
        return _receipt_page(request, village, Filed(known, receipt))
    filed = filing.file(
        session,
        acting=acting,
        village=village,
        filing=Filing(
            content=typed.content,
            channel=ComplaintChannel.PAGE,
            category_code=typed.category,
            about=typed.about,
            name=typed.name,
            phone=typed.phone,
            hidden=typed.hidden,
            place=typed.place,
            latitude=None if anonymous else _degrees(typed.latitude, 90),
            longitude=None if anonymous else _degrees(typed.longitude, 180),
            publishable=typed.publishable,
            uploads=uploads,
            receipt=receipt,
        ),
        keys=here.keys,
    )
    if anonymous:
        return _receipt_page(request, village, filed)
    submissions.done(session, submission, outcome=filed.complaint.number)
    return go(f"/my/{filed.complaint.number}?new=1")


def _receipt_page(request: Request, village: Organisation, filed: Filed) -> Response:
    with context.of(request).database.reading() as session:
        head = chain.head(session, village.id)
    return show(
        request,
        "filed.html",
        village=village,
        complaint=filed.complaint,
        receipt=ids.spaced(filed.receipt or ""),
        head=head,
    )


def _check_ticket(request: Request, acting: Actor, typed: Typed) -> Ticket:
    """The form's ticket. Raises BadInput when it is too old, not ours, or came back faster than a person."""
    named = isinstance(acting, Villager)
    ticket = check(request, TICKET, typed.ticket, good_for=GOOD_FOR, bound=named)
    shortest = SHORTEST_SECONDS if puzzles.solved(typed.ticket, typed.proof) else PLAIN_SECONDS
    if not named and ticket.age < shortest:
        raise BadInput("form.too_fast", "提交得太快了，请看一遍内容，再点一次「提交」。")
    return ticket


def _still_good(request: Request, acting: Actor, given: str) -> str:
    """The same ticket for the next try, so that it ages and works once; a new one if it is no good."""
    named = isinstance(acting, Villager)
    try:
        check(request, TICKET, given, good_for=GOOD_FOR, bound=named)
    except BadInput:
        return issue(request, TICKET, bound=named)
    return given


def _page(
    request: Request,
    session: Session,
    code: str,
    typed: Typed,
    acting: Actor,
    problem: AppError | None = None,
) -> Response:
    village = access.access_village(session, acting, code)
    named = isinstance(acting, Villager)
    return show(
        request,
        "complain.html",
        status=problem.status if problem else 200,
        village=village,
        town=organisations.above(session, village)[0],
        named=named,
        lapsed=problem is not None and problem.code == "login.lapsed",
        typed=typed,
        ticket=typed.ticket or issue(request, TICKET, bound=named),
        categories=own.categories(session),
        people=officers.appointed_at(session, village.id),
        problem=problem,
        most=attachments.MOST_FILES,
        limits=filing,
        bits=puzzles.BITS,
    )

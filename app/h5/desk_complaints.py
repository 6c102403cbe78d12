"""Complaints on the officer's desk: find, read, accept, answer, note. (The other steps:
`desk_complaint_steps`.)"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, Forbidden, NotFound
from app.h5.common import AsOfficer, OurForm, Photos, changing, go, show, uploaded
from app.models import Complaint, ComplaintClass
from app.models.complaints import ComplaintState
from app.services import access, access_complaints, outbox
from app.services.actors import Actor, Officer
from app.services.complaints import (
    colours,
    handling,
    merging,
    own,
    queries,
    reply_templates,
    search,
    transferring,
    unsealing,
)
from app.services.complaints.colours import Colour
from app.services.complaints.deadlines import OPEN
from app.services.complaints.unsealing import Contact
from app.web import context, paging
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/complaints", include_in_schema=False)

PAGE_SIZE = 30
DONE = {
    "accepted": "已受理，已通知村民。",
    "answered": "已答复，已请村民评价。",
    "noted": "备注已保存。",
    "asked": "已发给村民，等他补充。",
    "extended": "已延期，已告诉村民原因。",
    "regraded": "已调整，期限已重算。",
    "returned": "已告知村民应当找哪个单位。",
    "transferred": "已转办。",
    "joined": "已请协办。",
    "merged": "已并案，答复时一并送达。",
    "separated": "已改为单独办理。",
    "subjects": "已补充需要回避的人。",
    "unseal": "已提出申请，等第二个人审批；反映人已经看到。",
    "decided": "已处理申请。",
}
Version = Annotated[int, Form()]
Step = Callable[[Session, list[str]], object]


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    state: Annotated[ComplaintState | None, Query()] = None,
    colour: Annotated[Colour | None, Query()] = None,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """All complaints that the officer may know of, newest first; by state, colour or words."""
    listed = queries.listing(acting, states=[state] if state else ())
    if colour is not None:
        listed = listed.where(colours.condition(colour))
    problem = None
    try:
        listed = listed.where(search.matching(q)) if q.strip() else listed
    except BadInput as refusal:
        problem = refusal
    query = paging.after(listed, after, Complaint.filed_at, Complaint.id)
    rows = session.scalars(query.limit(PAGE_SIZE + 1)).all()
    return show(
        request,
        "desk/complaints.html",
        complaints=rows[:PAGE_SIZE],
        state=state,
        states=ComplaintState,
        colour=colour,
        colours=(Colour.RED, Colour.YELLOW),
        q=q.strip(),
        problem=problem,
        next=paging.cursor(rows, PAGE_SIZE, "filed_at"),
    )


@router.get("/{complaint_id}")
def one(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One complaint. Opening it reads the messages about it."""
    with context.of(request).database.transaction() as session:
        queries.read(session, acting=acting, complaint_id=complaint_id)
        if isinstance(acting, Officer):
            outbox.mark_read(
                session,
                officer_id=acting.officer_id,
                subject_kind="complaint",
                subject_id=str(complaint_id),
            )
    return page(request, complaint_id, acting, done=DONE.get(done, ""))


@router.post("/{complaint_id}/accept", dependencies=[OurForm])
def accept(request: Request, complaint_id: uuid.UUID, acting: AsOfficer, version: Version) -> Response:
    """Take it in hand (受理)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.accept(
            session, acting=acting, complaint_id=complaint_id, version=version
        ),
        done="accepted",
    )


@router.post("/{complaint_id}/answer", dependencies=[OurForm])
def answer(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    photos: Photos,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Answer it (答复), with pictures."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.answer(
            session,
            acting=acting,
            complaint_id=complaint_id,
            text=text.replace("\r\n", "\n"),
            keys=context.of(request).keys,
            uploads=uploads,
            version=version,
        ),
        photos=photos,
        done="answered",
        typed={"answer": text},
    )


@router.post("/{complaint_id}/note", dependencies=[OurForm])
def note(
    request: Request, complaint_id: uuid.UUID, acting: AsOfficer, text: Annotated[str, Form()] = ""
) -> Response:
    """Write an internal note (备注)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.note(session, acting=acting, complaint_id=complaint_id, text=text),
        done="noted",
        typed={"note": text},
    )


def do(
    request: Request,
    complaint_id: uuid.UUID,
    acting: Actor,
    step: Step,
    *,
    done: str,
    photos: list[UploadFile] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """Take one step and come back to the page, or to the list when the step took it away from the officer;
    what was wrong is told on the page, with what he typed."""
    here = context.of(request)
    try:
        with here.database.reading() as session:
            complaint = access.access_complaint(session, acting, complaint_id)
            access_complaints.require_party(session, acting, complaint)
        uploads = uploaded(here, acting, photos or [])
        with changing(here) as session:
            step(session, uploads)
    except NotFound:
        raise
    except AppError as problem:
        return page(request, complaint_id, acting, problem=problem, typed=typed)
    with here.database.reading() as session:
        kept = queries.known(session, acting=acting, complaint_id=complaint_id)
    return go(f"/desk/complaints/{complaint_id}?done={done}" if kept else "/desk/complaints")


def page(
    request: Request,
    complaint_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    typed: dict[str, str] | None = None,
    told: Contact | None = None,
) -> Response:
    """The page of one complaint."""
    with context.of(request).database.reading() as session:
        complaint = access.access_complaint(session, acting, complaint_id)
        return show(
            request,
            "desk/complaint.html",
            status=problem.status if problem else 200,
            view=queries.view(session, complaint, inside=True),
            **_may(session, acting, complaint),
            problem=problem,
            done=done,
            typed=defaultdict(str, typed or {}),
            told=told,
        )


def _may(session: Session, acting: Actor, complaint: Complaint) -> dict[str, Any]:
    """What the officer may do here, with what the forms offer."""
    handles = _allowed(access_complaints.require_handler, session, acting, complaint)
    open_ = handles and complaint.state in OPEN and complaint.merged_into_id is None
    main = session.get(Complaint, complaint.merged_into_id) if complaint.merged_into_id else None
    inspects = access_complaints.inspects_complaint(session, acting, complaint)
    return {
        "handles": handles,
        "party": handles or _allowed(access_complaints.require_party, session, acting, complaint),
        "open": open_,
        "grade": session.get_one(ComplaintClass, complaint.class_code),
        "offices": transferring.offices(session, complaint) if open_ else [],
        "similar": merging.suggestions(session, acting=acting, complaint_id=complaint.id) if open_ else [],
        "merged": merging.merged(session, acting=acting, complaint=complaint),
        "main": main,
        "categories": own.categories(session) if open_ else [],
        "classes": own.classes(session) if open_ else [],
        "replies": reply_templates.listing(session, acting=acting, category_code=complaint.category_code)
        if open_
        else [],
        "inspects": inspects,
        "unsealings": unsealing.of(session, acting=acting, complaint=complaint) if inspects else [],
        "shows_contact": handles and not complaint.hidden and not complaint.anonymous,
        "acting_id": acting.id,
    }


def _allowed(
    require: Callable[[Session, Actor, Complaint], Officer],
    session: Session,
    acting: Actor,
    complaint: Complaint,
) -> bool:
    try:
        require(session, acting, complaint)
    except Forbidden:
        return False
    return True

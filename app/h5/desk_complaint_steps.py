"""What an officer does with a complaint beyond accepting and answering it: ask back, extend, reclass, send
away, hand over, ask to join, merge, keep people out, see who it is."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from app.core.errors import AppError
from app.h5.common import AsOfficer, OurForm, Photos, changing
from app.h5.desk_complaints import Version, do, page
from app.services.complaints import handling, merging, subjects, transferring, unsealing
from app.web import context

router = APIRouter(prefix="/desk/complaints/{complaint_id}", include_in_schema=False, dependencies=[OurForm])

Text = Annotated[str, Form()]


@router.post("/ask")
def ask(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    photos: Photos,
    text: Text = "",
) -> Response:
    """Ask the complainant something (追问)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.ask(
            session,
            acting=acting,
            complaint_id=complaint_id,
            text=text.replace("\r\n", "\n"),
            keys=context.of(request).keys,
            uploads=uploads,
            version=version,
        ),
        photos=photos,
        done="asked",
        typed={"ask": text},
    )


@router.post("/extend")
def extend(
    request: Request, complaint_id: uuid.UUID, acting: AsOfficer, version: Version, reason: Text = ""
) -> Response:
    """Promise a later day (延期)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.extend(
            session, acting=acting, complaint_id=complaint_id, reason=reason, version=version
        ),
        done="extended",
        typed={"extend": reason},
    )


@router.post("/regrade")
def regrade(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    category: Text = "",
    grade: Text = "",
    reason: Text = "",
) -> Response:
    """Put it into another category or class (调整)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.regrade(
            session,
            acting=acting,
            complaint_id=complaint_id,
            category_code=category or None,
            class_code=grade or None,
            reason=reason,
            version=version,
        ),
        done="regraded",
        typed={"regrade": reason},
    )


@router.post("/give-back")
def give_back(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    reason: Text = "",
    address: Text = "",
) -> Response:
    """It is not a matter for this platform (不属受理范围)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.give_back(
            session,
            acting=acting,
            complaint_id=complaint_id,
            reason=reason,
            address=address,
            version=version,
        ),
        done="returned",
        typed={"give_back": reason, "address": address},
    )


@router.post("/transfer")
def transfer(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    office: Annotated[uuid.UUID, Form()],
    reason: Text = "",
) -> Response:
    """Hand it over (转办)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: transferring.transfer(
            session,
            acting=acting,
            complaint_id=complaint_id,
            organisation_id=office,
            reason=reason,
            version=version,
        ),
        done="transferred",
        typed={"transfer": reason},
    )


@router.post("/join")
def join(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    office: Annotated[uuid.UUID, Form()],
    reason: Text = "",
) -> Response:
    """Ask another office to join (协办)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: transferring.join(
            session, acting=acting, complaint_id=complaint_id, organisation_id=office, reason=reason
        ),
        done="joined",
        typed={"join": reason},
    )


@router.post("/merge")
def merge(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    into: Annotated[uuid.UUID, Form()],
    reason: Text = "反映的是同一件事",
) -> Response:
    """Handle it together with another one (并案)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: merging.merge(
            session,
            acting=acting,
            complaint_id=complaint_id,
            into_id=into,
            reason=reason,
            version=version,
        ),
        done="merged",
    )


@router.post("/separate")
def separate(request: Request, complaint_id: uuid.UUID, acting: AsOfficer) -> Response:
    """Handle it on its own again (拆分)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: merging.separate(session, acting=acting, complaint_id=complaint_id),
        done="separated",
    )


@router.post("/subjects")
def add_subject(
    request: Request, complaint_id: uuid.UUID, acting: AsOfficer, name: Text = "", reason: Text = ""
) -> Response:
    """Name somebody who has to be kept out (补充回避)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: subjects.add(
            session, acting=acting, complaint_id=complaint_id, name=name, reason=reason
        ),
        done="subjects",
        typed={"subject": name, "subject_reason": reason},
    )


@router.post("/recuse")
def recuse(request: Request, complaint_id: uuid.UUID, acting: AsOfficer, reason: Text = "") -> Response:
    """Withdraw from it (自行回避)."""
    return do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: subjects.recuse_self(
            session, acting=acting, complaint_id=complaint_id, reason=reason
        ),
        done="",
        typed={"recuse": reason},
    )


@router.post("/contact")
def contact(request: Request, complaint_id: uuid.UUID, acting: AsOfficer) -> Response:
    """Read the contact that is shown to handlers; it is on this one answer only."""
    here = context.of(request)
    try:
        with changing(here) as session:
            told = unsealing.contact(session, acting=acting, complaint_id=complaint_id, keys=here.keys)
    except AppError as problem:
        return page(request, complaint_id, acting, problem=problem)
    return page(request, complaint_id, acting, told=told)


@router.post("/unseal")
def unseal(request: Request, complaint_id: uuid.UUID, acting: AsOfficer, reason: Text = "") -> Response:
    """Ask to see who filed it (调阅身份)."""
    here = context.of(request)
    try:
        with changing(here) as session:
            unsealing.request(session, acting=acting, complaint_id=complaint_id, reason=reason)
    except AppError as problem:
        return page(request, complaint_id, acting, problem=problem, typed={"unseal": reason})
    return page(request, complaint_id, acting, done="已提出申请，等第二个人审批；反映人已经看到。")


@router.post("/unseal/{request_id}/decide")
def decide(
    request: Request,
    complaint_id: uuid.UUID,
    request_id: uuid.UUID,
    acting: AsOfficer,
    approve: Annotated[bool, Form()],
    remark: Text = "",
) -> Response:
    """The second person's word."""
    here = context.of(request)
    try:
        with changing(here) as session:
            unsealing.decide(session, acting=acting, request_id=request_id, approve=approve, remark=remark)
    except AppError as problem:
        return page(request, complaint_id, acting, problem=problem)
    return page(request, complaint_id, acting, done="已处理申请，反映人已经看到。")


@router.post("/unseal/{request_id}/open")
def open_identity(
    request: Request, complaint_id: uuid.UUID, request_id: uuid.UUID, acting: AsOfficer
) -> Response:
    """Read what an approved request opens; it is on this one answer only."""
    here = context.of(request)
    try:
        with changing(here) as session:
            told = unsealing.read(session, acting=acting, request_id=request_id, keys=here.keys)
    except AppError as problem:
        return page(request, complaint_id, acting, problem=problem)
    return page(request, complaint_id, acting, told=told)

"""An officer registers a complaint for somebody without a phone (代为登记), and prints the paper receipt."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import ids
from app.core.errors import AppError
from app.h5.common import (
    FORM,
    FORM_GOOD_FOR,
    AsOfficer,
    OurForm,
    Photos,
    changing,
    check,
    keep_uploads,
    show,
)
from app.models.complaints import ComplaintChannel
from app.services import access, access_complaints, attachments, desk, officers, qr_images, submissions
from app.services.actors import Actor
from app.services.complaints import feedback, filing, own
from app.services.complaints.filing import Filed, Filing
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY
from app.web import context
from app.web.context import Context, ReadSession

router = APIRouter(prefix="/desk/file", include_in_schema=False)

LONGEST_TYPED = 200


@dataclass(frozen=True)
class Typed:
    """What the officer wrote down; shown again when something is wrong."""

    form: str = ""
    category: str = DEFAULT_COMPLAINT_CATEGORY
    content: str = ""
    name: str = ""
    phone: str = ""
    hidden: bool = False
    place: str = ""
    publishable: bool = False
    about: tuple[uuid.UUID, ...] = ()
    uploads: tuple[str, ...] = ()


def _typed(
    form: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = DEFAULT_COMPLAINT_CATEGORY,
    content: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    phone: Annotated[str, Form()] = "",
    hidden: Annotated[bool, Form()] = False,
    place: Annotated[str, Form()] = "",
    publishable: Annotated[bool, Form()] = False,
    about: Annotated[list[uuid.UUID] | None, Form()] = None,
    uploads: Annotated[list[str] | None, Form()] = None,
) -> Typed:
    return Typed(
        form=form,
        category=category,
        content=content.replace("\r\n", "\n"),
        name=name[:LONGEST_TYPED],
        phone=phone[:LONGEST_TYPED],
        hidden=hidden,
        place=place[:LONGEST_TYPED],
        publishable=publishable,
        about=tuple(about or ()),
        uploads=tuple(uploads or ()),
    )


@router.get("")
def choose(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """In which village it happened; who serves in one only goes straight to its form."""
    places = filing.villages(session, acting=acting)
    if len(places) == 1:
        return _page(request, session, places[0].code, Typed(), acting)
    return show(request, "desk/file_choose.html", villages=places)


@router.get("/{code}")
def form(request: Request, code: str, acting: AsOfficer, session: ReadSession) -> Response:
    """The form for one village."""
    return _page(request, session, code, Typed(), acting)


@router.post("/{code}", dependencies=[OurForm])
def file(
    request: Request, code: str, acting: AsOfficer, typed: Annotated[Typed, Depends(_typed)], photos: Photos
) -> Response:
    """Register it; the answer is the receipt to be printed. The same form twice shows the same receipt."""
    here = context.of(request)
    tokens = typed.uploads
    try:
        tokens = _kept(here, acting, photos, typed)
        nonce = check(request, FORM, typed.form, good_for=FORM_GOOD_FOR).nonce
        with changing(here) as session:
            return _take(request, session, here, code, acting, replace(typed, uploads=tokens), nonce)
    except AppError as problem:
        with here.database.reading() as session:
            return _page(request, session, code, replace(typed, uploads=tokens), acting, problem)


def _kept(here: Context, acting: Actor, photos: list[UploadFile], typed: Typed) -> tuple[str, ...]:
    kept = keep_uploads(here, acting, photos, typed.uploads)
    if kept.problem is not None:
        raise kept.problem
    return tuple(kept.tokens)


def _take(
    request: Request, session: Session, here: Context, code: str, acting: Actor, typed: Typed, nonce: str
) -> Response:
    village = access.access_village(session, acting, code)
    access_complaints.require_filer(session, acting, village)
    # Whether it is anonymous or not: the key holds the day only, as it must for those that are.
    submission = submissions.begin(session, nonce=nonce, keys=here.keys, coarse=True)
    receipt = here.keys.receipt_of(nonce)
    if submission.repeated:
        known = feedback.by_receipt(session, keys=here.keys, typed=receipt)
        return _receipt(request, Filed(known, receipt), village.name)
    filed = filing.file_for(
        session,
        acting=acting,
        village=village,
        filing=Filing(
            content=typed.content,
            channel=ComplaintChannel.PROXY,
            category_code=typed.category,
            about=typed.about,
            name=typed.name,
            phone=typed.phone,
            hidden=typed.hidden,
            place=typed.place,
            publishable=typed.publishable,
            uploads=typed.uploads,
            receipt=receipt,
        ),
        keys=here.keys,
    )
    return _receipt(request, filed, village.name)


def _receipt(request: Request, filed: Filed, village: str) -> Response:
    """The paper: number, code, promised day, where to look. The officer sees the matter itself only as
    everybody of his office does: he may be excluded from it."""
    address = f"{context.of(request).settings.public_url.rstrip('/')}/s"
    picture = base64.b64encode(qr_images.png(address, box=6)).decode()
    return show(
        request,
        "desk/file_receipt.html",
        village=village,
        complaint=filed.complaint,
        receipt=ids.spaced(filed.receipt or ""),
        address=address,
        picture=f"data:image/png;base64,{picture}",
    )


def _page(
    request: Request,
    session: Session,
    code: str,
    typed: Typed,
    acting: Actor,
    problem: AppError | None = None,
) -> Response:
    village = access.access_village(session, acting, code)
    access_complaints.require_filer(session, acting, village)
    return show(
        request,
        "desk/file.html",
        status=problem.status if problem else 200,
        village=village,
        place=desk.names(session, [village.id])[village.id],
        typed=typed,
        categories=own.categories(session),
        people=officers.appointed_at(session, village.id),
        problem=problem,
        most=attachments.MOST_FILES,
        limits=filing,
    )

"""Disclosures on the officer's desk: drafting (信息员), review and release (联络员, 镇街), withdrawing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, Conflict, Forbidden, NotFound
from app.h5 import drafts
from app.h5.common import AsOfficer, OurForm, Photos, changing, go, keep_uploads, show
from app.h5.drafts import Typed
from app.models import Officer as StoredOfficer
from app.models import Organisation
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.models.people import Role
from app.services import (
    access,
    attachments,
    contracts,
    desk,
    disclosures,
    notices,
    organisations,
    outbox,
)
from app.services.actors import Actor, Officer
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/disclosures", include_in_schema=False)

EDITABLE = (DisclosureState.DRAFT, DisclosureState.RETURNED)
DONE = {
    "saved": "草稿已保存。",
    "submitted": "已提交，等联络员审核。",
    "published": "已公开，村民现在可以看到。",
    "returned": "已退回给信息员。",
    "withdrawn": "已撤回，原因已公开。",
}
AsTyped = Annotated[Typed, Depends(drafts.typed)]
Text = Annotated[str, Form()]


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    state: Annotated[DisclosureState | None, Query()] = None,
) -> Response:
    """Disclosures of the officer's area, by state."""
    items = desk.area_disclosures(session, acting=acting, states=[state] if state else tuple(DisclosureState))
    return show(
        request,
        "desk/disclosures.html",
        items=items,
        villages=desk.names(session, [item.disclosure.village_id for item in items]),
        state=state,
        states=DisclosureState,
        author=isinstance(acting, Officer) and Role.INFORMATION_OFFICER in acting.roles(),
    )


@router.get("/new")
def new(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    village: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    contract: Annotated[uuid.UUID | None, Query()] = None,
) -> Response:
    """An empty form, or the first draft of a re-tender notice for a contract."""
    form = Typed(village=village)
    if contract is not None and kind == DisclosureKind.RETENDER_NOTICE:
        found = contracts.find(session, acting=acting, contract_id=contract)
        place = session.get_one(Organisation, found.village_id)
        form = drafts.from_draft(notices.retender(found, organisations.full_name(session, place)), place.code)
    return _form(request, session, acting, form)


@router.post("", dependencies=[OurForm])
def create(
    request: Request, acting: AsOfficer, form: AsTyped, photos: Photos, then: Text = "save"
) -> Response:
    """Keep a draft, and hand it in at once when the second button was used."""

    def step(session: Session, draft: disclosures.Draft) -> uuid.UUID:
        village = access.access_village(session, acting, form.village)
        keys = context.of(request).keys
        return disclosures.draft(session, acting=acting, village=village, draft=draft, keys=keys).id

    return _write(request, acting, form, photos, then, step, None)


@router.get("/{disclosure_id}")
def one(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One disclosure with the steps that the officer may take. Opening it reads the messages about it."""
    with context.of(request).database.transaction() as session:
        access.access_disclosure(session, acting, disclosure_id)
        if isinstance(acting, Officer):
            outbox.mark_read(
                session,
                officer_id=acting.officer_id,
                subject_kind="disclosure",
                subject_id=str(disclosure_id),
            )
    return _page(request, disclosure_id, acting, done=DONE.get(done, ""))


@router.get("/{disclosure_id}/edit")
def edit(request: Request, disclosure_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """The form with what is written so far."""
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    access.require_author(session, acting, item.disclosure.village_id)
    if item.disclosure.state not in EDITABLE:
        raise Conflict("disclosure.state_wrong", "已经提交或公开的内容不能再改，请先请审核人退回。")
    village = session.get_one(Organisation, item.disclosure.village_id)
    return _form(request, session, acting, drafts.from_item(item, village.code), disclosure_id)


@router.post("/{disclosure_id}/edit", dependencies=[OurForm])
def revise(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: AsOfficer,
    form: AsTyped,
    photos: Photos,
    then: Text = "save",
) -> Response:
    """Write it anew."""

    def step(session: Session, draft: disclosures.Draft) -> uuid.UUID:
        return disclosures.revise(
            session,
            acting=acting,
            disclosure_id=disclosure_id,
            draft=draft,
            keys=context.of(request).keys,
        ).id

    return _write(request, acting, form, photos, then, step, disclosure_id)


def _write(
    request: Request,
    acting: Actor,
    form: Typed,
    photos: Any,
    then: str,
    step: Callable[[Session, disclosures.Draft], uuid.UUID],
    disclosure_id: uuid.UUID | None,
) -> Response:
    here = context.of(request)
    kept = keep_uploads(here, acting, photos, form.uploads)
    tokens = tuple(kept.tokens)
    try:
        if kept.problem is not None:
            raise kept.problem
        draft = drafts.read(form, tokens)
        with changing(here) as session:
            written = step(session, draft)
            if then == "submit":
                disclosures.submit(session, acting=acting, disclosure_id=written)
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        again = Typed(**{**vars(form), "uploads": tokens})
        with here.database.reading() as session:
            return _form(request, session, acting, again, disclosure_id, problem)
    done = "submitted" if then == "submit" else "saved"
    return go(f"/desk/disclosures/{written}?done={done}")


def _form(
    request: Request,
    session: Session,
    acting: Actor,
    form: Typed,
    disclosure_id: uuid.UUID | None = None,
    problem: AppError | None = None,
) -> Response:
    villages = desk.author_villages(session, acting=acting)
    return show(
        request,
        "desk/disclosure_form.html",
        status=problem.status if problem else 200,
        typed=form,
        villages=villages,
        categories=disclosures.categories(session),
        contracts=desk.contracts_to_choose(
            session, acting=acting, village_ids=[village.id for village in villages]
        ),
        kinds=DisclosureKind,
        limits=disclosures,
        disclosure_id=disclosure_id,
        problem=problem,
    )


@router.post("/{disclosure_id}/{verb}", dependencies=[OurForm])
def step(
    request: Request, disclosure_id: uuid.UUID, verb: str, acting: AsOfficer, text: Text = ""
) -> Response:
    """Hand in, release, return or withdraw."""

    def change(session: Session) -> str:
        if verb == "submit":
            disclosures.submit(session, acting=acting, disclosure_id=disclosure_id)
            return "submitted"
        if verb == "publish":
            disclosures.publish(session, acting=acting, disclosure_id=disclosure_id)
            return "published"
        if verb == "return":
            disclosures.send_back(session, acting=acting, disclosure_id=disclosure_id, remark=text)
            return "returned"
        if verb == "withdraw":
            disclosures.withdraw(session, acting=acting, disclosure_id=disclosure_id, reason=text)
            return "withdrawn"
        raise NotFound("page.not_found", "没有这个操作，请从公开事项页面进入。")

    try:
        with changing(context.of(request)) as session:
            done = change(session)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, disclosure_id, acting, problem=problem, text=text)
    return go(f"/desk/disclosures/{disclosure_id}?done={done}")


def _page(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    text: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
        village = session.get_one(Organisation, item.disclosure.village_id)
        key = item.disclosure.id
        author = session.get(StoredOfficer, item.disclosure.author_id)
        return show(
            request,
            "desk/disclosure.html",
            status=problem.status if problem else 200,
            item=item,
            village=village,
            place=organisations.full_name(session, village),
            author=author.name if author else "",
            files=attachments.of(session, AttachmentOwner.DISCLOSURE, [key])[key],
            may_write=access.covers(session, acting, village.id, Role.INFORMATION_OFFICER),
            may_review=_may_review(session, acting, item),
            states=DisclosureState,
            problem=problem,
            done=done,
            text=text,
        )


def _may_review(session: Session, acting: Actor, item: disclosures.Item) -> bool:
    try:
        reviewer = access.require_reviewer(session, acting, item.disclosure.village_id)
    except Forbidden:
        return False
    return reviewer.officer_id != item.disclosure.author_id

"""Disclosures on the officer's desk: lists, writing and correcting (信息员). Review is in `desk_review`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, Conflict, Forbidden, NotFound
from app.h5 import drafts
from app.h5.common import AsOfficer, OurForm, Photos, changing, go, keep_uploads, show
from app.h5.drafts import AsTyped, Typed
from app.models import Disclosure, DisclosureCategory, Organisation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import (
    access,
    attachments,
    categories,
    contracts,
    desk,
    disclosures,
    drafting,
    notices,
    organisations,
)
from app.services.actors import Actor
from app.services.disclosures.fields import columns_of, fields_of
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/disclosures", include_in_schema=False)

Text = Annotated[str, Form()]
Step = Callable[[Session, disclosures.Draft], uuid.UUID]


@dataclass(frozen=True)
class Sheet:
    """Which form it is: of a new item, of one that is written anew, or of a correction (更正)."""

    action: str
    disclosure_id: uuid.UUID | None = None
    correction: bool = False


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    state: Annotated[DisclosureState | None, Query()] = None,
) -> Response:
    """Disclosures of the officer's area, by state."""
    items = desk.area_disclosures(session, acting=acting, states=[state] if state else tuple(DisclosureState))
    waiting = desk.to_review(session, acting=acting) if state is None else []
    return show(
        request,
        "desk/disclosures.html",
        items=items,
        waiting=waiting,
        villages=desk.names(session, [item.disclosure.village_id for item in [*items, *waiting]]),
        state=state,
        states=DisclosureState,
        author=drafting.anywhere(session, acting=acting),
    )


@router.get("/new")
def new(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    village: Annotated[str, Query(max_length=20)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    contract: Annotated[uuid.UUID | None, Query()] = None,
) -> Response:
    """The list of categories to choose from, an empty form of one, or a re-tender notice for a contract."""
    form = Typed(village=village, category=category, period=period, kind=kind or DisclosureKind.PLAIN.value)
    if contract is not None and kind == DisclosureKind.RETENDER_NOTICE:
        found = contracts.find(session, acting=acting, contract_id=contract)
        place = session.get_one(Organisation, found.village_id)
        form = drafts.from_draft(notices.retender(found, organisations.full_name(session, place)), place.code)
    return _form(request, session, acting, form, Sheet("/desk/disclosures"))


@router.post("", dependencies=[OurForm])
def create(
    request: Request, acting: AsOfficer, form: AsTyped, photos: Photos, then: Text = "save"
) -> Response:
    """Keep a draft, and hand it in at once when the second button was used."""
    keys = context.of(request).keys

    def step(session: Session, draft: disclosures.Draft) -> uuid.UUID:
        village = access.access_village(session, acting, form.village)
        made = disclosures.draft(session, acting=acting, village=village, draft=draft, keys=keys)
        return made.id

    return _write(request, acting, form, photos, then, step, Sheet("/desk/disclosures"))


@router.get("/{disclosure_id}/edit")
def edit(request: Request, disclosure_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """The form with what is written so far."""
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    access.require_author(session, acting, item.disclosure.village_id, item.category.drafted_by)
    if item.disclosure.state not in disclosures.EDITABLE:
        raise Conflict("disclosure.state_wrong", "已经提交或公开的内容不能直接改：请先收回或请审核人退回。")
    village = session.get_one(Organisation, item.disclosure.village_id)
    form = drafts.from_version(item.disclosure, item.version, item.category, village)
    return _form(request, session, acting, form, _sheet(disclosure_id, "edit"))


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
    keys = context.of(request).keys

    def step(session: Session, draft: disclosures.Draft) -> uuid.UUID:
        seen = drafts.seen(form)
        return disclosures.revise(
            session, acting=acting, disclosure_id=disclosure_id, draft=draft, keys=keys, seen=seen
        ).id

    return _write(request, acting, form, photos, then, step, _sheet(disclosure_id, "edit"))


@router.get("/{disclosure_id}/correct")
def correct(request: Request, disclosure_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """The form of a correction: the public text, or the correction as far as it is written."""
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    access.require_author(session, acting, item.disclosure.village_id, item.category.drafted_by)
    waiting = item.disclosure.proposed_state
    if item.disclosure.state != DisclosureState.PUBLISHED or waiting not in (None, *disclosures.EDITABLE):
        raise Conflict("disclosure.correction_exists", "现在不能写更正：没有公开，或已有一份更正在等审核。")
    proposed = disclosures.proposal(session, acting=acting, disclosure=item.disclosure)
    village = session.get_one(Organisation, item.disclosure.village_id)
    category = drafts.as_filled(item.category, item.disclosure)
    form = drafts.from_version(item.disclosure, proposed or item.version, category, village)
    if proposed is None:
        form = replace(form, reason="", seen="")
    return _form(request, session, acting, form, _sheet(disclosure_id, "correct"))


@router.post("/{disclosure_id}/correct", dependencies=[OurForm])
def propose(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: AsOfficer,
    form: AsTyped,
    photos: Photos,
    then: Text = "save",
) -> Response:
    """Write the correction; the public text stays as it is."""
    keys = context.of(request).keys

    def step(session: Session, draft: disclosures.Draft) -> uuid.UUID:
        return disclosures.propose(
            session,
            acting=acting,
            disclosure_id=disclosure_id,
            draft=draft,
            reason=form.reason,
            keys=keys,
            instead_of=drafts.seen(form),
        ).id

    return _write(request, acting, form, photos, then, step, _sheet(disclosure_id, "correct"))


def _sheet(disclosure_id: uuid.UUID, verb: str) -> Sheet:
    return Sheet(f"/desk/disclosures/{disclosure_id}/{verb}", disclosure_id, verb == "correct")


def _write(
    request: Request, acting: Actor, form: Typed, photos: Any, then: str, step: Step, sheet: Sheet
) -> Response:
    """Take the form in, or show it again with everything that was typed: on an error, for more rows, and
    when another category with other fields was chosen."""
    here = context.of(request)
    kept = keep_uploads(here, acting, photos, form.uploads)
    form = replace(form, uploads=tuple(kept.tokens))
    more = drafts.MORE_ROWS if then == "more" else 0
    try:
        if kept.problem is not None:
            raise kept.problem
        with here.database.reading() as session:
            category = _category(session, form.category, sheet)
        form = drafts.with_lines(form, category)
        if then not in ("save", "submit") or _other_fields(form, category):
            with here.database.reading() as session:
                return _form(request, session, acting, form, sheet, more=more)
        draft = drafts.read(form, form.uploads, category)
        with changing(here) as session:
            written = step(session, draft)
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _form(request, session, acting, form, sheet, problem=problem)
    return _hand_in(request, acting, written, sheet) if then == "submit" else _done(written, "saved")


def _category(session: Session, code: str, sheet: Sheet) -> DisclosureCategory:
    """The category with the fields that the form of this item has."""
    found = session.get(DisclosureCategory, code) or DisclosureCategory(code="", fields=[], columns=[])
    row = session.get(Disclosure, sheet.disclosure_id) if sheet.disclosure_id else None
    return drafts.as_filled(found, row) if row else found


def _other_fields(form: Typed, category: DisclosureCategory) -> bool:
    """Whether the form showed the fields of another category than the one that was chosen."""
    return bool(category.fields or category.columns) and form.fields_of != category.code


def _hand_in(request: Request, acting: Actor, written: uuid.UUID, sheet: Sheet) -> Response:
    """Hand in what was just saved. When the privacy gate stops it, the text is kept and the gate opens."""
    here = context.of(request)
    verb = disclosures.submit_correction if sheet.correction else disclosures.submit
    try:
        with changing(here) as session:
            verb(
                session,
                acting=acting,
                disclosure_id=written,
                keys=here.keys,
                urgent_hours=here.settings.urgent_review_hours,
            )
    except Conflict as stopped:
        if stopped.code != "disclosure.privacy_blocked":
            raise
        return _done(written, "blocked")
    return _done(written, "submitted")


def _done(disclosure_id: uuid.UUID, word: str) -> Response:
    return go(f"/desk/disclosures/{disclosure_id}?done={word}")


def _form(
    request: Request,
    session: Session,
    acting: Actor,
    form: Typed,
    sheet: Sheet,
    *,
    problem: AppError | None = None,
    more: int = 0,
) -> Response:
    villages = drafting.villages(session, acting=acting)
    offered = drafting.offered(session, acting=acting, villages=villages)
    category = next((one for one in offered if one.code == form.category), None)
    keys = [village.id for village in villages]
    if category is None and sheet.disclosure_id is None and problem is None and not form.fields_of:
        return show(
            request, "desk/disclosure_choose.html", groups=_groups(offered), village=form.village, typed=form
        )
    files = []
    if sheet.disclosure_id is not None:
        item = disclosures.item(session, acting=acting, disclosure_id=sheet.disclosure_id)
        category = drafts.as_filled(category, item.disclosure) if category else None
        number = item.disclosure.proposed_version or item.version.number
        files = attachments.of_version(session, sheet.disclosure_id, number)
    return show(
        request,
        "desk/disclosure_form.html",
        status=problem.status if problem else 200,
        typed=drafts.room(form, category, more) if category else form,
        sheet=sheet,
        villages=villages,
        groups=_groups(offered),
        category=category,
        fields=fields_of(category) if category else [],
        columns=columns_of(category) if category else [],
        periods=drafting.periods(category.cadence) if category else [],
        notice=categories.notice_words(category) if category else "",
        contracts=drafting.contracts(session, acting=acting, village_ids=keys),
        projects=drafting.projects(session, village_ids=keys),
        kinds=DisclosureKind,
        limits=disclosures,
        files=files,
        problem=problem,
    )


def _groups(
    offered: list[DisclosureCategory],
) -> list[tuple[DisclosureCategory, list[DisclosureCategory]]]:
    """The categories under their top entries."""
    groups: list[tuple[DisclosureCategory, list[DisclosureCategory]]] = []
    for category in offered:
        if category.parent_code is None or not groups:
            groups.append((category, []))
        else:
            groups[-1][1].append(category)
    return groups

"""Small works on the officer's desk: entering and changing them, adding stages, linking payments."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Forbidden, NotFound
from app.h5 import project_forms as forms
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.h5.project_forms import Text, Typed
from app.h5.projects import COLOURS
from app.models import Organisation
from app.models.projects import StageKind
from app.services import access, desk, projects
from app.services.actors import Actor
from app.services.projects import choices, stages
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/projects", include_in_schema=False)

MOST = 100
DONE = {
    "entered": "已录入。决策公开以后，村民就能看到这个工程。",
    "changed": "已保存。",
    "stage": "已加上这一步。",
    "payment": "已把这笔付款记到工程上。",
    "cancelled": "已取消，原因已公开。",
}
FIELDS = ("kind", "day", "text", "amount", "votes_for", "votes_against", "votes_abstained", "disclosure")


AsTyped = Annotated[Typed, Depends(forms.typed)]


@router.get("")
def listing(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """Projects of the officer's own area; those that lack something first."""
    rows = choices.of_area(session, acting=acting, limit=MOST)
    found = projects.timelines(session, rows, public=False)
    found.sort(key=lambda one: -(len(one.missing) + len(one.faults)))
    return show(
        request,
        "desk/projects.html",
        timelines=found,
        villages=desk.names(session, [row.village_id for row in rows]),
        keeps=bool(choices.villages(session, acting=acting)),
        states=projects.STATE_NAMES,
        colours=COLOURS,
    )


@router.get("/new")
def new(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    village: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """An empty form."""
    return _form(request, session, acting, Typed(village=village))


@router.post("", dependencies=[OurForm])
def enter(request: Request, acting: AsOfficer, form: AsTyped) -> Response:
    """Enter a project."""

    def step(session: Session) -> uuid.UUID:
        village = access.access_village(session, acting, form.village)
        return projects.enter(session, acting=acting, village=village, plan=forms.plan(form)).id

    return _write(request, acting, form, step, None, "entered")


@router.get("/{project_id}")
def one(
    request: Request,
    project_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The timeline with the steps that the officer may take."""
    return _page(request, project_id, acting, done=DONE.get(done, ""))


@router.get("/{project_id}/edit")
def edit(request: Request, project_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """The form with what is stored."""
    project = access.access_project(session, acting, project_id)
    access.require_ledger_keeper(session, acting, project.village_id)
    return _form(request, session, acting, forms.stored(session, project), project_id)


@router.post("/{project_id}/edit", dependencies=[OurForm])
def change(request: Request, project_id: uuid.UUID, acting: AsOfficer, form: AsTyped) -> Response:
    """Change what was entered."""

    def step(session: Session) -> uuid.UUID:
        return projects.change(session, acting=acting, project_id=project_id, plan=forms.plan(form)).id

    return _write(request, acting, form, step, project_id, "changed")


@router.post("/{project_id}/stages", dependencies=[OurForm])
def add_stage(
    request: Request,
    project_id: uuid.UUID,
    acting: AsOfficer,
    kind: Text = "",
    day: Text = "",
    text: Text = "",
    amount: Text = "",
    votes_for: Text = "",
    votes_against: Text = "",
    votes_abstained: Text = "",
    disclosure: Text = "",
) -> Response:
    """Add a stage that was gone through."""
    values = (kind, day, text, amount, votes_for, votes_against, votes_abstained, disclosure)
    given = dict(zip(FIELDS, values, strict=True))

    def step(session: Session) -> None:
        entry = projects.Entry(
            kind=forms.stage(kind),
            day=forms.day(day, "day") or clock.today(),
            text=text.replace("\r\n", "\n"),
            amount_fen=forms.fen(amount, "amount"),
            votes_for=forms.votes(votes_for),
            votes_against=forms.votes(votes_against),
            votes_abstained=forms.votes(votes_abstained),
            disclosure_id=forms.key(disclosure, "disclosure"),
        )
        projects.add_stage(session, acting=acting, project_id=project_id, entry=entry)

    return _step(request, project_id, acting, step, "stage", given)


@router.post("/{project_id}/payments", dependencies=[OurForm])
def link_payment(request: Request, project_id: uuid.UUID, acting: AsOfficer, payment: Text = "") -> Response:
    """Note that a payment of the ledger was made for this project."""

    def step(session: Session) -> None:
        if not payment.isdecimal() or len(payment) > 18:
            raise BadInput("payment.unknown", "请选择一笔付款。", field="payment")
        projects.link_payment(session, acting=acting, project_id=project_id, payment_id=int(payment))

    return _step(request, project_id, acting, step, "payment", {})


@router.post("/{project_id}/cancel", dependencies=[OurForm])
def cancel(request: Request, project_id: uuid.UUID, acting: AsOfficer, reason: Text = "") -> Response:
    """Give it up, with a public reason."""

    def step(session: Session) -> None:
        projects.cancel(session, acting=acting, project_id=project_id, reason=reason)

    return _step(request, project_id, acting, step, "cancelled", {"reason": reason})


def _step(
    request: Request,
    project_id: uuid.UUID,
    acting: Actor,
    step: Callable[[Session], None],
    done: str,
    given: dict[str, str],
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        return _page(request, project_id, acting, problem=problem, given=given)
    return go(f"/desk/projects/{project_id}?done={done}")


def _write(
    request: Request,
    acting: Actor,
    form: Typed,
    step: Callable[[Session], uuid.UUID],
    project_id: uuid.UUID | None,
    done: str,
) -> Response:
    here = context.of(request)
    try:
        with changing(here) as session:
            written = step(session)
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _form(request, session, acting, form, project_id, problem)
    return go(f"/desk/projects/{written}?done={done}")


def _form(
    request: Request,
    session: Session,
    acting: Actor,
    form: Typed,
    project_id: uuid.UUID | None = None,
    problem: AppError | None = None,
) -> Response:
    villages = choices.villages(session, acting=acting)
    if not villages:
        raise access.refused()
    return show(
        request,
        "desk/project_form.html",
        status=problem.status if problem else 200,
        typed=form,
        villages=villages,
        contracts=choices.contracts(session, village_ids=[village.id for village in villages]),
        stages={kind.value: stages.NAMES[kind] for kind in stages.OWED},
        project_id=project_id,
        problem=problem,
    )


def _page(
    request: Request,
    project_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    given: dict[str, str] | None = None,
) -> Response:
    with context.of(request).database.reading() as session:
        timeline = projects.timeline(session, acting=acting, project_id=project_id, public=False)
        project = timeline.project
        village = session.get_one(Organisation, project.village_id)
        if not choices.inside(session, acting=acting, village_id=village.id):
            return go(f"/v/{village.code}/projects/{project.id}")
        keeps = choices.keeps(session, acting=acting, village_id=village.id)
        return show(
            request,
            "desk/project.html",
            status=problem.status if problem else 200,
            timeline=timeline,
            project=project,
            village=village,
            place=desk.names(session, [village.id])[village.id],
            keeps=keeps and timeline.state.value != "cancelled",
            kinds={kind.value: name for kind, name in stages.NAMES.items() if kind != StageKind.PAYMENT},
            published=choices.published(session, village_id=village.id) if keeps else [],
            payments=choices.payments(session, project=project) if keeps else [],
            states=projects.STATE_NAMES,
            colours=COLOURS,
            problem=problem,
            done=done,
            given=dict.fromkeys((*FIELDS, "reason"), "") | (given or {}),
        )

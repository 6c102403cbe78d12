"""The privacy gate (隐私检查) on the desk: each finding in place, to be masked, justified or looked at."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, NotFound
from app.core.keys import Keys
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.services import privacy
from app.services.actors import Actor
from app.services.privacy import UNREADABLE, Finding, Report
from app.services.privacy.decisions import LONGEST_REASON, SHORTEST_REASON
from app.web import context

router = APIRouter(prefix="/desk/disclosures/{disclosure_id}/privacy", include_in_schema=False)

MOST_SHOWN = 100
NO_FILE = uuid.UUID(int=0)
DONE = {
    "masked": "已遮盖，原文不会公开。",
    "justified": "理由已记下，会留在审计记录里。",
    "confirmed": "已记下您的人工核对。",
    "removed": "文件已移除。",
    "revoked": "已撤回原来的决定。",
}
Text = Annotated[str, Form()]


@dataclass(frozen=True)
class Typed:
    """What a form of the page sends: the finding or the file that it is about."""

    finding: str = ""
    reason: str = ""
    file: uuid.UUID = NO_FILE
    looked: str = ""


def typed(
    finding: Text = "",
    reason: Text = "",
    file: Annotated[uuid.UUID, Form()] = NO_FILE,
    looked: Text = "",
) -> Typed:
    """Dependency: the fields of the form as they came."""
    return Typed(finding, reason, file, looked)


@router.get("")
def gate(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Everything that was found, by place."""
    return _page(request, disclosure_id, acting, done=DONE.get(done, ""))


def _mask(session: Session, acting: Actor, item: uuid.UUID, keys: Keys, form: Typed) -> None:
    chosen = [form.finding] if form.finding else None
    privacy.mask(session, acting=acting, disclosure_id=item, findings=chosen, keys=keys)


def _justify(session: Session, acting: Actor, item: uuid.UUID, keys: Keys, form: Typed) -> None:
    privacy.justify(
        session, acting=acting, disclosure_id=item, finding=form.finding, reason=form.reason, keys=keys
    )


def _confirm(session: Session, acting: Actor, item: uuid.UUID, keys: Keys, form: Typed) -> None:
    if form.looked != "yes":
        raise BadInput("privacy.not_looked", "请先逐页看过，再勾选“我已逐页看过”。", field="looked")
    privacy.confirm(session, acting=acting, disclosure_id=item, attachment_id=form.file, keys=keys)


def _remove(session: Session, acting: Actor, item: uuid.UUID, _keys: Keys, form: Typed) -> None:
    privacy.remove_file(session, acting=acting, disclosure_id=item, attachment_id=form.file)


def _revoke(session: Session, acting: Actor, item: uuid.UUID, keys: Keys, form: Typed) -> None:
    privacy.revoke(session, acting=acting, disclosure_id=item, finding=form.finding, keys=keys)


STEPS = {
    "mask": ("masked", _mask),
    "justify": ("justified", _justify),
    "confirm": ("confirmed", _confirm),
    "remove": ("removed", _remove),
    "revoke": ("revoked", _revoke),
}


@router.post("/{verb}", dependencies=[OurForm])
def step(
    request: Request,
    disclosure_id: uuid.UUID,
    verb: str,
    acting: AsOfficer,
    form: Annotated[Typed, Depends(typed)],
) -> Response:
    """Mask one finding or (without `finding`) all, give a reason, tick a file, remove it, or take back."""
    if verb not in STEPS:
        raise NotFound("page.not_found", "没有这个操作，请从隐私检查页面进入。")
    done, take = STEPS[verb]
    here = context.of(request)
    try:
        with changing(here) as session:
            take(session, acting, disclosure_id, here.keys, form)
    except NotFound as gone:
        if gone.code != "privacy.finding_gone":
            raise
        return _page(request, disclosure_id, acting, problem=gone)
    except AppError as problem:
        return _page(request, disclosure_id, acting, problem=problem, form=form)
    return go(f"/desk/disclosures/{disclosure_id}/privacy?done={done}")


def _page(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    form: Typed = Typed(),
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        report = privacy.report(session, acting=acting, disclosure_id=disclosure_id, keys=here.keys)
    waiting = report.open
    return show(
        request,
        "desk/privacy.html",
        status=problem.status if problem else 200,
        report=report,
        waiting=len(waiting),
        maskable=sum(one.maskable for one in waiting),
        texts=[one for one in report.findings if one.file is None or one.maskable][:MOST_SHOWN],
        files=_by_file(report),
        unreadable=UNREADABLE,
        problem=problem,
        done=done,
        typed=form,
        shortest=SHORTEST_REASON,
        longest=LONGEST_REASON,
    )


def _by_file(report: Report) -> list[tuple[object, list[Finding]]]:
    """What was found inside each file, in the order of the files."""
    inside: dict[uuid.UUID, list[Finding]] = {}
    for one in report.findings:
        if one.file is not None and not one.maskable:
            inside.setdefault(one.file, []).append(one)
    return [(file, inside[key][:MOST_SHOWN]) for key, file in report.files.items() if key in inside]

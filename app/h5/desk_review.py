"""One disclosure on the officer's desk: what its reviewer (联络员, 镇街) needs on one phone page, and every
step that the officer may take."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, Conflict, Forbidden, NotFound
from app.h5 import disclosure, drafts
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import Disclosure, DisclosureVersion, Organisation
from app.models import Officer as StoredOfficer
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import (
    access,
    attachments,
    categories,
    comparisons,
    disclosures,
    organisations,
    outbox,
    privacy,
    revisions,
)
from app.services.actors import Actor, Officer
from app.services.disclosures import states as rules
from app.web import context
from app.web.context import Context

router = APIRouter(prefix="/desk/disclosures", include_in_schema=False)

S = DisclosureState
DONE = {
    "saved": "草稿已保存。",
    "submitted": "已提交，等审核。",
    "blocked": "草稿已保存，还没有提交：里面有个人信息要先处理。",
    "published": "已公开，村民现在可以看到。",
    "approved": "已审核，到时间自动公开。",
    "returned": "已退回给起草人。",
    "called_back": "已收回。",
    "dropped": "更正已作废，公开的内容没有变。",
    "withdrawn": "已撤回，原因已公开。",
}
Text = Annotated[str, Form()]
Seen = Annotated[int | None, Form()]
Step = Callable[[Session, Actor, uuid.UUID, Context, str, int | None], Disclosure]


def _submit(
    session: Session, acting: Actor, key: uuid.UUID, here: Context, _text: str, _seen: int | None
) -> Disclosure:
    hours = here.settings.urgent_review_hours
    return disclosures.submit(session, acting=acting, disclosure_id=key, keys=here.keys, urgent_hours=hours)


def _submit_correction(
    session: Session, acting: Actor, key: uuid.UUID, here: Context, _text: str, _seen: int | None
) -> Disclosure:
    hours = here.settings.urgent_review_hours
    return disclosures.submit_correction(
        session, acting=acting, disclosure_id=key, keys=here.keys, urgent_hours=hours
    )


def _approve(
    session: Session, acting: Actor, key: uuid.UUID, here: Context, text: str, seen: int | None
) -> Disclosure:
    at = drafts.moment(text, "publish_at")
    if at is None:
        raise Conflict("disclosure.publish_at_missing", "请选择什么时候公开。", field="publish_at")
    return disclosures.approve(
        session, acting=acting, disclosure_id=key, publish_at=at, keys=here.keys, seen=seen
    )


STEPS: dict[str, tuple[str, Step]] = {
    "submit": ("submitted", _submit),
    "publish": (
        "published",
        lambda session, acting, key, here, _text, seen: disclosures.publish(
            session, acting=acting, disclosure_id=key, keys=here.keys, seen=seen
        ),
    ),
    "approve": ("approved", _approve),
    "return": (
        "returned",
        lambda session, acting, key, _here, text, seen: disclosures.send_back(
            session, acting=acting, disclosure_id=key, remark=text, seen=seen
        ),
    ),
    "call-back": (
        "called_back",
        lambda session, acting, key, _here, _text, _seen: disclosures.call_back(
            session, acting=acting, disclosure_id=key
        ),
    ),
    "withdraw": (
        "withdrawn",
        lambda session, acting, key, _here, text, _seen: disclosures.withdraw(
            session, acting=acting, disclosure_id=key, reason=text
        ),
    ),
    "correction-submit": ("submitted", _submit_correction),
    "correction-publish": (
        "published",
        lambda session, acting, key, here, _text, seen: disclosures.publish_correction(
            session, acting=acting, disclosure_id=key, keys=here.keys, seen=seen
        ),
    ),
    "correction-return": (
        "returned",
        lambda session, acting, key, _here, text, seen: disclosures.return_correction(
            session, acting=acting, disclosure_id=key, remark=text, seen=seen
        ),
    ),
    "correction-drop": (
        "dropped",
        lambda session, acting, key, _here, _text, _seen: disclosures.drop_correction(
            session, acting=acting, disclosure_id=key
        ),
    ),
}


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


@router.post("/{disclosure_id}/{verb}", dependencies=[OurForm])
def step(
    request: Request,
    disclosure_id: uuid.UUID,
    verb: str,
    acting: AsOfficer,
    text: Text = "",
    seen: Seen = None,
) -> Response:
    """Take one of `STEPS`. `text` is the remark, the reason, or the time; `seen` the version decided on."""
    if verb not in STEPS:
        raise NotFound("page.not_found", "没有这个操作，请从公开事项页面进入。")
    done, take = STEPS[verb]
    here = context.of(request)
    try:
        with changing(here) as session:
            take(session, acting, disclosure_id, here, text, seen)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, disclosure_id, acting, problem=problem, text=text, verb=verb)
    return go(f"/desk/disclosures/{disclosure_id}?done={done}")


def _page(
    request: Request,
    disclosure_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    text: str = "",
    verb: str = "",
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
        row = item.disclosure
        proposed = disclosures.proposal(session, acting=acting, disclosure=row)
        judged = proposed or item.version
        village = session.get_one(Organisation, row.village_id)
        inside = access.sees_drafts(session, acting, village.id)
        return show(
            request,
            "desk/disclosure.html",
            status=problem.status if problem else 200,
            item=item,
            proposed=proposed,
            judged=judged,
            changes=revisions.differences(item.version, proposed) if proposed else [],
            history=disclosures.versions(session, row, acting=acting) if inside else [],
            village=village,
            place=organisations.full_name(session, village),
            people=_names(session, judged.author_id, row.reviewer_id),
            files=attachments.of_version(session, row.id, judged.number) if inside else [],
            shape=disclosure.shape(item.category.layout, judged),
            numbers=[pair for pair in judged.figures.items() if comparisons.is_number(pair[1])],
            facts=[pair for pair in judged.figures.items() if not comparisons.is_number(pair[1])],
            compared=comparisons.changes(session, disclosure=row, version=judged),
            open_findings=_findings(session, here, item, judged) if inside else 0,
            notice=categories.notice_words(item.category),
            may_write=_may_write(session, acting, item),
            may_review=_may_review(session, acting, row),
            wrote=isinstance(acting, Officer) and acting.officer_id in rules.authors(session, row),
            late=row.review_due_at is not None and row.review_due_at < clock.now(),
            states=S,
            kinds=DisclosureKind,
            local=drafts.local,
            problem=problem,
            done=done,
            text=text,
            verb=verb,
        )


def _findings(session: Session, here: Context, item: disclosures.Item, judged: DisclosureVersion) -> int:
    """How many findings of the privacy gate nobody decided on, while there is something to decide."""
    over = item.disclosure.state in disclosures.PUBLIC and item.disclosure.proposed_version is None
    if over:
        return 0
    found = privacy.scan(session, disclosure=item.disclosure, version=judged, keys=here.keys)
    return sum(privacy.is_open(one) for one in found)


def _names(session: Session, *officer_ids: uuid.UUID | None) -> list[str]:
    found = [session.get(StoredOfficer, key) if key else None for key in officer_ids]
    return [one.name if one else "" for one in found]


def _may_write(session: Session, acting: Actor, item: disclosures.Item) -> bool:
    return access.covers(session, acting, item.disclosure.village_id, item.category.drafted_by)


def _may_review(session: Session, acting: Actor, disclosure: Disclosure) -> bool:
    try:
        rules.require_reviewer(session, acting, disclosure)
    except (Forbidden, Conflict):
        return False
    return True

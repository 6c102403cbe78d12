"""True over time, for everybody (留痕可验): a village's hash chain in plain words, whether an old head still
belongs to it, and the exact files to recompute its digests from.

A request only follows links; contents are compared with the chain every night (job `chain.verify`), and the
page shows the result."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound
from app.h5.common import AsNobody, show
from app.models import Organisation
from app.models.chain import ChainEvent
from app.services import access, chain, organisations
from app.services.actors import Actor
from app.web.context import ReadSession

router = APIRouter(prefix="/verify", include_in_schema=False)

LINKS = 20
RATES = ("30/minute", "300/hour")
EVENTS = {
    ChainEvent.PUBLISHED: "公开",
    ChainEvent.CORRECTED: "更正",
    ChainEvent.WITHDRAWN: "撤回",
    ChainEvent.REDUCED: "到期隐去个人信息",
}
Code = Annotated[str, Query(max_length=20)]
Number = Annotated[int, Query(ge=1, le=10**9)]


@router.get("")
def page(
    request: Request,
    acting: AsNobody,
    session: ReadSession,
    village: Code = "",
    head: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, le=10**9)] = None,
) -> Response:
    """What the chain is, its head and newest links; with `head`, whether that one still belongs to it."""
    if not village:
        return show(request, "verify_start.html", villages=organisations.villages(session, acting=acting))
    place = access.access_village(session, acting, village)
    holding, problem = None, None
    if head.strip():
        request.app.state.limiter.hit(request, "verify", *RATES)
        try:
            holding = chain.holds(session, village_id=place.id, known=chain.parse_head(head))
        except AppError as refusal:
            problem = refusal
    lines = chain.newest(session, place.id, limit=LINKS + 1, before=before)
    return show(
        request,
        "verify.html",
        status=problem.status if problem else 200,
        village=place,
        town=organisations.above(session, place)[0],
        head=chain.head(session, place.id),
        checked=chain.last_check(session, place.id),
        lines=lines[:LINKS],
        older=lines[LINKS - 1].link.number if len(lines) > LINKS else None,
        before=before,
        events=EVENTS,
        typed=head.strip(),
        holding=holding,
        problem=problem,
    )


@router.get("/link")
def link_file(acting: AsNobody, session: ReadSession, village: Code, number: Number) -> Response:
    """The exact file whose SHA-256 is the digest of a link."""
    return _file(_evidence(session, acting, village, number).link_file, f"link-{number}.json")


@router.get("/content")
def content_file(acting: AsNobody, session: ReadSession, village: Code, number: Number) -> Response:
    """The exact file whose SHA-256 is the content digest of a link, while that content is public."""
    found = _evidence(session, acting, village, number)
    if found.content_file is None:
        raise NotFound("chain.content_hidden", found.because)
    return _file(found.content_file, f"content-{number}.txt")


def _evidence(session: Session, acting: Actor, code: str, number: int) -> chain.Evidence:
    village: Organisation = access.access_village(session, acting, code)
    return chain.evidence(session, village_id=village.id, number=number)


def _file(text: str, name: str) -> Response:
    """Plain bytes: any tool that computes SHA-256 may take them."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return PlainTextResponse(text, headers=headers)

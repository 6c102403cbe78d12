"""What a villager does with what is published: follow the village, ask, object. Signing up for a tender:
`tenders`.

`of_item` and `of_village` give the pages of others what the templates `parts/interaction.html` and
`parts/follow.html` show. Forms stand on pages of their own, behind a login; nobody's words or name are in
an address."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, Conflict, NotFound, Unauthenticated
from app.h5 import tenders
from app.h5.common import (
    FORM,
    FORM_GOOD_FOR,
    AsOneself,
    AsVillager,
    OurForm,
    changing,
    check,
    go,
    show,
)
from app.models import Organisation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import SessionKind
from app.services import (
    access,
    broadcasts,
    disclosures,
    follows,
    objections,
    outbox,
    questions,
    sessions,
    submissions,
)
from app.services.actors import Actor, Officer, Villager
from app.services.broadcasts import Reach
from app.services.disclosures import Item
from app.services.follows import Following
from app.services.objections import Shown as ShownObjection
from app.services.objections import Standing
from app.services.questions import Shown as ShownQuestion
from app.web import context, pages
from app.web.auth import PAGE_COOKIE
from app.web.context import ReadSession

router = APIRouter(prefix="/v/{code}", include_in_schema=False)

RATES = ("6/minute", "60/hour")


# --- what other pages show ------------------------------------------------------------------------


@dataclass(frozen=True)
class OfItem:
    """Everything below an item: its tender, its notice, questions and answers, and the reader's own."""

    base: str
    live: bool
    known: bool
    standing: Standing
    objections: list[ShownObjection]
    own_objections: list[ShownObjection]
    questions: list[ShownQuestion]
    waiting: int
    own_questions: list[ShownQuestion]
    tender: tenders.Shown | None
    reach: Reach | None


@dataclass(frozen=True)
class OfVillage:
    """Following a village: how the reader stands to it, and where he logs in first."""

    base: str
    known: bool
    login: str
    following: Following


def of_item(request: Request, session: Session, acting: Actor, item: Item) -> OfItem:
    """What `parts/interaction.html` shows below an item (as `interaction`)."""
    disclosure = item.disclosure
    me = _oneself(request, session, acting)
    standing = objections.notice_standing(session, disclosure)
    urgent = disclosure.kind == DisclosureKind.URGENT_NOTICE
    mine = isinstance(me, Villager)
    own = questions.own(session, acting=me, disclosure_id=disclosure.id) if mine else []
    return OfItem(
        base=f"{request.url.path.partition('/d/')[0]}/d/{disclosure.id}",
        live=disclosure.state == DisclosureState.PUBLISHED,
        known=mine,
        standing=standing,
        objections=_answered(session, disclosure.id, standing),
        own_objections=objections.own(session, acting=me, disclosure_id=disclosure.id) if mine else [],
        questions=questions.public(session, disclosure_id=disclosure.id),
        waiting=questions.waiting(session, disclosure_id=disclosure.id),
        own_questions=[one for one in own if one.state is not questions.S.ANSWERED],
        tender=tenders.of_item(request, session, me, disclosure),
        reach=broadcasts.reach(session, disclosure_ids=[disclosure.id]).get(disclosure.id)
        if urgent
        else None,
    )


def _answered(session: Session, disclosure_id: uuid.UUID, standing: Standing) -> list[ShownObjection]:
    if not standing.upheld + standing.explained:
        return []
    return objections.public(session, disclosure_id=disclosure_id)


def of_village(session: Session, acting: Actor, village: Organisation) -> OfVillage:
    """What `parts/follow.html` shows on a village's home (as `follow`)."""
    base = f"/v/{village.code}"
    return OfVillage(
        base=base,
        known=isinstance(acting, Villager),
        login=f"/oauth/start?next={quote(base, safe='')}",
        following=follows.standing(session, acting=acting, village_id=village.id),
    )


def _oneself(request: Request, session: Session, acting: Actor) -> Actor:
    """The villager behind the login, also when he is an officer."""
    if not isinstance(acting, Officer):
        return acting
    token = request.cookies.get(PAGE_COOKIE)
    login = sessions.find(session, token=token, kind=SessionKind.PAGE, keys=context.of(request).keys)
    return (sessions.villager_of(login) if login else None) or acting


# --- following ------------------------------------------------------------------------------------


@router.post("/follow", dependencies=[OurForm])
def follow(request: Request, code: str, acting: AsVillager) -> Response:
    """Follow the village."""
    with changing(context.of(request)) as session:
        follows.follow(session, acting=acting, village=access.access_village(session, acting, code))
    return go(f"/v/{code}#follow")


@router.post("/unfollow", dependencies=[OurForm])
def unfollow(request: Request, code: str, acting: AsVillager) -> Response:
    """Follow it no more."""
    with changing(context.of(request)) as session:
        follows.unfollow(session, acting=acting, village=access.access_village(session, acting, code))
    return go(f"/v/{code}#follow")


@router.get("/d/{disclosure_id}/read")
def read(
    request: Request,
    code: str,
    disclosure_id: uuid.UUID,
    acting: AsOneself,
    asked: Annotated[int, Query()] = 0,
) -> Response:
    """Where a push leads: note that it was opened, and go on to the item. Inside WeChat the login that tells
    who opened it is tried once and shows nothing; without it the item opens all the same."""
    target = f"/v/{code}/d/{disclosure_id}"
    if isinstance(acting, Villager) and request.method == "GET":
        with context.of(request).database.transaction() as session:
            outbox.mark_read(
                session,
                villager_id=acting.villager_id,
                subject_kind="disclosure",
                subject_id=str(disclosure_id),
            )
    elif pages.in_wechat(request) and not asked:
        return go(f"/oauth/start?next={quote(f'{target}/read?asked=1', safe='')}")
    return go(target)


# --- asking and objecting -------------------------------------------------------------------------


@dataclass(frozen=True)
class Sort:
    """The words of one form, and what it does."""

    action: str
    title: str
    label: str
    hint: str
    button: str
    take: Callable[[Session, Actor, uuid.UUID, str, int], object]


def _ask(session: Session, acting: Actor, disclosure_id: uuid.UUID, text: str, days: int) -> object:
    return questions.ask(session, acting=acting, disclosure_id=disclosure_id, text=text, work_days=days)


def _object(session: Session, acting: Actor, disclosure_id: uuid.UUID, text: str, days: int) -> object:
    return objections.raise_one(
        session, acting=acting, disclosure_id=disclosure_id, text=text, work_days=days
    )


ASK = Sort(
    "ask",
    "提问",
    "想问什么",
    "答复会和问题一起公开，不显示您的名字；请别写身份证号、电话这类个人信息。",
    "提交提问",
    _ask,
)
OBJECT = Sort(
    "object",
    "提异议",
    "哪里不对，为什么",
    "由起草人以外的人核实答复。您写的内容不公开，公开的只有答复。",
    "提交异议",
    _object,
)


@router.get("/d/{disclosure_id}/ask")
def ask_form(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsVillager, session: ReadSession
) -> Response:
    """The form for a question on this item."""
    return _form(request, session, code, disclosure_id, acting, ASK)


@router.post("/d/{disclosure_id}/ask")
def ask(
    request: Request,
    code: str,
    disclosure_id: uuid.UUID,
    acting: AsOneself,
    text: Annotated[str, Form()] = "",
    form: Annotated[str, Form()] = "",
) -> Response:
    """Ask."""
    return _take(request, code, disclosure_id, acting, ASK, text, form)


@router.get("/d/{disclosure_id}/object")
def object_form(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsVillager, session: ReadSession
) -> Response:
    """The form for an objection to this item."""
    return _form(request, session, code, disclosure_id, acting, OBJECT)


@router.post("/d/{disclosure_id}/object")
def object_(
    request: Request,
    code: str,
    disclosure_id: uuid.UUID,
    acting: AsOneself,
    text: Annotated[str, Form()] = "",
    form: Annotated[str, Form()] = "",
) -> Response:
    """Object."""
    return _take(request, code, disclosure_id, acting, OBJECT, text, form)


def _take(
    request: Request,
    code: str,
    disclosure_id: uuid.UUID,
    acting: Actor,
    sort: Sort,
    text: str,
    form: str,
) -> Response:
    here = context.of(request)
    text = text.replace("\r\n", "\n")
    try:
        request.app.state.limiter.hit(request, "inquiry", *RATES)
        if not isinstance(acting, Villager):
            raise Unauthenticated(
                "login.lapsed", "登录已失效，还没有提交。请重新登录后再交；您写的内容还在下面。"
            )
        ticket = check(request, FORM, form, good_for=FORM_GOOD_FOR)
        with changing(here) as session:
            village_item(session, acting, code, disclosure_id)
            if not submissions.begin(session, nonce=ticket.nonce, keys=here.keys).repeated:
                sort.take(session, acting, disclosure_id, text, here.settings.answer_work_days)
    except NotFound:
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _form(request, session, code, disclosure_id, acting, sort, problem, text)
    return go(f"/v/{code}/d/{disclosure_id}#{sort.action}")


def _form(
    request: Request,
    session: Session,
    code: str,
    disclosure_id: uuid.UUID,
    acting: Actor,
    sort: Sort,
    problem: AppError | None = None,
    text: str = "",
) -> Response:
    village, item = village_item(session, acting, code, disclosure_id)
    standing = objections.notice_standing(session, item.disclosure)
    if sort is OBJECT and problem is None and not standing.running:
        problem = Conflict(
            "objection.not_in_notice", "这条信息现在不在公示期内，不能提异议；可以提问，或点「我要反映」。"
        )
    return show(
        request,
        "inquiry.html",
        status=problem.status if problem else 200,
        village=village,
        item=item,
        sort=sort,
        standing=standing,
        days=context.of(request).settings.answer_work_days,
        problem=problem,
        text=text,
    )


def village_item(
    session: Session, acting: Actor, code: str, disclosure_id: uuid.UUID
) -> tuple[Organisation, Item]:
    """The village and its published item. Raises NotFound, also for a draft or a withdrawn one."""
    village = access.access_village(session, acting, code)
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    here = item.disclosure.village_id == village.id
    if not here or item.disclosure.state != DisclosureState.PUBLISHED:
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")
    return village, item

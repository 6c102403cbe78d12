"""The officer's desk: what waits for him, and his messages."""

from __future__ import annotations

import uuid
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.h5 import desk_questions
from app.h5.common import AsOfficer, go, show
from app.models import OutgoingMessage
from app.models.people import Role
from app.services import access, desk, obligations, outbox
from app.services.actors import Actor, Officer
from app.services.complaints import colours, queries
from app.services.warnings import auditing
from app.web.context import ReadSession, WriteSession
from app.wechat.login import local

router = APIRouter(prefix="/desk", include_in_schema=False)

SHOWN = 20


@router.get("")
def home(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """Complaints by urgency, warnings, disclosures to review or to mend, unread messages."""
    officer = access.require_officer(acting)
    complaints = queries.on_desk(session, acting=acting, limit=SHOWN)
    reviews = desk.to_review(session, acting=acting)
    drafts = desk.unfinished(session, acting=acting)
    return show(
        request,
        "desk/home.html",
        officer=officer,
        posts=_posts(session, officer),
        complaints=complaints,
        late=sum(colours.colour(complaint) == "red" for complaint in complaints),
        warnings=session.scalars(desk.warnings(acting).limit(SHOWN)).all(),
        reviews=reviews,
        drafts=drafts,
        villages=desk.names(session, [item.disclosure.village_id for item in (*reviews, *drafts)]),
        owed=obligations.figures(session, acting=acting),
        lost=auditing.count(session, acting) if access.inspects(acting) else 0,
        todo=desk_questions.to_do(session, acting),
        unread=outbox.unread(session, officer_id=officer.officer_id),
        author=Role.INFORMATION_OFFICER in officer.roles(),
        keeper=not {Role.INFORMATION_OFFICER, Role.TOWN_INSPECTOR}.isdisjoint(officer.roles()),
        printed=desk.own_villages(session, officer),
        month=(clock.today().replace(day=1) - timedelta(days=1)).strftime("%Y-%m"),
    )


def _posts(session: Session, officer: Officer) -> list[tuple[str, object]]:
    places = desk.names(session, [post.organisation_id for post in officer.posts])
    return [(places.get(post.organisation_id, ""), post) for post in officer.posts]


@router.get("/inbox")
def inbox(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """All messages to the officer, also those that WeChat could not bring him, and whom he cannot reach."""
    officer = access.require_officer(acting)
    supervises = access.is_administrator(acting) or bool(officer.organisations(*access.INSPECTORS))
    unreached = outbox.unreached(session, acting=acting, limit=SHOWN) if supervises else []
    return show(
        request,
        "desk/inbox.html",
        messages=outbox.inbox(session, officer_id=officer.officer_id),
        unreached=[one for one in unreached if one.officer_id != officer.officer_id],
    )


@router.get("/inbox/{message_id}")
def open_message(acting: AsOfficer, session: WriteSession, message_id: uuid.UUID) -> Response:
    """Mark a message of one's own as read, and go where it leads."""
    message = _own(session, acting, message_id)
    outbox.mark_read(session, officer_id=message.officer_id, message_id=message.id)
    return go(local(message.url))


def _own(session: Session, acting: Actor, message_id: uuid.UUID) -> OutgoingMessage:
    officer = access.require_officer(acting)
    message = outbox.find(session, acting=acting, message_id=message_id)
    if message.officer_id != officer.officer_id:
        raise NotFound("message.not_found", "没有找到这条消息，可能链接有误，或不属于您。")
    return message

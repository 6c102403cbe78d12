"""Silences on the officer's desk: what is kept quiet, by whom, until when and why."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.core import clock
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import Silence
from app.rules import ALL_RULES
from app.services import desk
from app.services.warnings import silences
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/silences", include_in_schema=False)

SHOWN = 100


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    all: Annotated[int, Query()] = 0,
    done: Annotated[int, Query()] = 0,
) -> Response:
    """The silences that hold now, or all of them."""
    found = session.scalars(silences.listing(acting, running=None if all else True).limit(SHOWN)).all()
    places = desk.names(session, [one.organisation_id for one in found])
    ends = {one.id for one in found if _running(one) and silences.may_end(session, acting, one)}
    return show(
        request,
        "desk/silences.html",
        silences=found,
        places=places,
        rules={rule.key: rule.title for rule in ALL_RULES},
        ends=ends,
        everything=bool(all),
        done="已结束静默，恢复推送。" if done else "",
    )


def _running(one: Silence) -> bool:
    return one.ended_at is None and one.ends_on >= clock.today()


@router.post("/{silence_id}/end", dependencies=[OurForm])
def end(request: Request, silence_id: uuid.UUID, acting: AsOfficer) -> Response:
    """End a silence before its day."""
    with changing(context.of(request)) as session:
        silences.end(session, acting=acting, silence_id=silence_id)
    return go("/desk/silences?done=1")

"""Small works (小型工程) for villagers: the list of a village, and one timeline per project."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.core.errors import NotFound
from app.h5.common import AsReader, show
from app.models.projects import ProjectState
from app.services import access, organisations, projects
from app.services.actors import Visitor
from app.web.context import ReadSession

router = APIRouter(prefix="/v/{code}/projects", include_in_schema=False)

MOST = 50
COLOURS = {
    ProjectState.PROPOSED: "grey",
    ProjectState.APPROVED: "yellow",
    ProjectState.UNDER_WAY: "yellow",
    ProjectState.ACCEPTED: "green",
    ProjectState.SETTLED: "green",
    ProjectState.CANCELLED: "grey",
}


@router.get("")
def listing(request: Request, code: str, acting: AsReader, session: ReadSession) -> Response:
    """The village's projects, the newest first, each with its price, what was paid and what is missing."""
    village = access.access_village(session, acting, code)
    rows = session.scalars(projects.listing(Visitor(), village_id=village.id).limit(MOST)).all()
    return show(
        request,
        "projects.html",
        village=village,
        town=organisations.above(session, village)[0],
        timelines=projects.timelines(session, rows),
        states=projects.STATE_NAMES,
        colours=COLOURS,
    )


@router.get("/{project_id}")
def one(
    request: Request, code: str, project_id: uuid.UUID, acting: AsReader, session: ReadSession
) -> Response:
    """From decision to final account on one page; what is missing or wrong stands in red."""
    village = access.access_village(session, acting, code)
    timeline = projects.timeline(session, acting=Visitor(), project_id=project_id)
    if timeline.project.village_id != village.id:
        raise NotFound("project.not_found", "没有找到这个工程，可能链接有误，或还没有决策公开。")
    return show(
        request,
        "project.html",
        village=village,
        town=organisations.above(session, village)[0],
        timeline=timeline,
        project=timeline.project,
        states=projects.STATE_NAMES,
        colours=COLOURS,
    )

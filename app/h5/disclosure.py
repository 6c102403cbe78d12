"""码上知: one published item, and searching what a village publishes."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, NotFound
from app.h5 import flowchart, interaction
from app.h5.common import AsReader, show
from app.models import DisclosureVersion, Organisation
from app.models.categories import Layout
from app.models.disclosures import DisclosureState
from app.models.people import Role
from app.services import (
    access,
    chain,
    comparisons,
    disclosures,
    officers,
    organisations,
    portal,
    revisions,
    search,
    views,
)
from app.services.disclosures import Item
from app.web.context import ReadSession
from app.web.paging import After
from app.web.views import viewed

SEARCH_RATES = ("120/minute",)

router = APIRouter(prefix="/v/{code}", include_in_schema=False)

PUBLIC = (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)
FOUND_AT_ONCE = 20
DAY = re.compile(r"\d{4}[-年./]\d{1,2}(?:[-月./]\d{1,2}日?|月)?")


@dataclass(frozen=True)
class Step:
    """One row of a table as a step of a timeline."""

    when: str
    what: str
    more: list[tuple[str, str]]


@dataclass(frozen=True)
class Shape:
    """How the records are drawn, by the category's layout: a chart, steps, or (neither) the table."""

    chart: Markup
    steps: list[Step]

    @property
    def table(self) -> bool:
        """Whether the table itself is shown."""
        return not self.chart and not self.steps


def shape(layout: Layout, version: DisclosureVersion) -> Shape:
    """The drawing of a version's table."""
    table = version.table or {}
    if layout == Layout.FLOW:
        return Shape(flowchart.svg(table), [])
    return Shape(Markup(), _steps(table) if layout == Layout.TIMELINE else [])


def _steps(table: dict[str, Any]) -> list[Step]:
    """Rows as steps: the first cell that is a day says when, the first other one what. None when the days do
    not follow each other: that is a list."""
    columns = [str(name) for name in table.get("columns", [])]
    found = []
    for row in table.get("rows", []):
        cells = [(name, str(cell)) for name, cell in zip(columns, row, strict=False) if str(cell).strip()]
        when = next((cell for _, cell in cells if DAY.fullmatch(cell)), "")
        rest = [pair for pair in cells if pair[1] != when]
        found.append(Step(when, rest[0][1] if rest else "", rest[1:]))
    days = [[int(part) for part in re.findall(r"\d+", step.when)] for step in found if step.when]
    return found if days in (sorted(days), sorted(days, reverse=True)) else []


@router.get("/d/{disclosure_id}")
def detail(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsReader, session: ReadSession
) -> Response:
    """One published item; a withdrawn one is a tombstone with its reason, and shows its text no more."""
    village = access.access_village(session, acting, code)
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    if item.disclosure.village_id != village.id or item.disclosure.state not in PUBLIC:
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")
    withdrawn = item.disclosure.state == DisclosureState.WITHDRAWN
    if not withdrawn:
        viewed(request, village.id, item.disclosure.id)
    return show(
        request,
        "tombstone.html" if withdrawn else "disclosure.html",
        village=village,
        town=organisations.above(session, village)[0],
        item=item,
        link=portal.newest_link(session, item.disclosure.id),
        head=chain.head(session, village.id),
        reviewer=_reviewer_role(session, village, item.disclosure.reviewer_id),
        **({} if withdrawn else _content(request, session, acting, item)),
    )


def _content(request: Request, session: Session, acting: AsReader, item: Item) -> dict[str, Any]:
    disclosure, version = item.disclosure, item.version
    figures = list(version.figures.items())
    month = clock.local(disclosure.published_at).date() if disclosure.published_at else clock.today()
    history = revisions.history(session, disclosure)
    return {
        "shape": shape(item.category.layout, version),
        "numbers": [pair for pair in figures if comparisons.is_number(pair[1])],
        "facts": [pair for pair in figures if not comparisons.is_number(pair[1])],
        "changes": comparisons.changes(session, disclosure=disclosure, version=version),
        "files": disclosures.files(session, acting=acting, disclosure=disclosure),
        "history": history if len(history) > 1 else [],
        "interaction": interaction.of_item(request, session, acting, item),
        "views": views.shown(
            session, village_id=disclosure.village_id, disclosure_id=disclosure.id, month=clock.today()
        ),
        "month": month,
    }


def _reviewer_role(session: Session, village: Organisation, officer_id: uuid.UUID | None) -> str:
    """In which capacity the reviewer released it: a role, never a name."""
    if officer_id is None:
        return ""
    roles = officers.roles_over(session, officer_id, list(village.ancestry))
    if Role.LIAISON_OFFICER in roles:
        return "村联络员"
    return "镇街监察办" if Role.TOWN_INSPECTOR in roles else "审核人"


@router.get("/search")
def search_page(
    request: Request,
    code: str,
    acting: AsReader,
    session: ReadSession,
    q: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
) -> Response:
    """Everything that the village publishes, by words."""
    request.app.state.limiter.hit(request, "search", *SEARCH_RATES)
    village = access.access_village(session, acting, code)
    problem: AppError | None = None
    found = search.Found([], None)
    if q.strip():
        try:
            found = search.find(
                session, acting, village_id=village.id, words=q, limit=FOUND_AT_ONCE, after=after
            )
        except AppError as error:
            problem = error
    return show(
        request,
        "search.html",
        status=problem.status if problem else 200,
        village=village,
        town=organisations.above(session, village)[0],
        q=q.strip(),
        found=found,
        first=after is None,
        problem=problem,
    )

"""Villages (村社): the list, a village's home, what a scanned scene means, and its officers."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.core import text
from app.core.errors import NotFound
from app.models.organisations import ScanChannel
from app.models.people import Role
from app.services import access, officers, organisations, placements, portal, villagers
from app.services.actors import Villager, Visitor
from app.web.context import InContext, ReadSession, WriteSession
from app.web.views import viewed
from miniprogram_api import answers
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import Scene, VillageCode, Word

ROLE_NAMES = {
    Role.INFORMATION_OFFICER: "信息员",
    Role.LIAISON_OFFICER: "联络员",
    Role.TOWN_INSPECTOR: "镇街纪检监察",
    Role.COUNTY_INSPECTOR: "区纪委监委",
    Role.DEPARTMENT_HANDLER: "职能部门",
}

router = APIRouter(tags=["村社"])


class VillageLine(BaseModel):
    """A village in the list."""

    code: str
    name: str


class TownGroup(BaseModel):
    """A town with its villages."""

    town: str
    villages: list[VillageLine]


class Villages(BaseModel):
    """All villages by town."""

    towns: list[TownGroup]


class CategoryCount(answers.Category):
    """A category with the number of published items, the day of the newest, and how it stands."""

    count: int
    newest_on: date | None
    standing: str = Field(description="到期情况，没有可说的为空", examples=["逾期 3 天"])
    colour: str = Field(description="green、yellow、red 或 grey", examples=["yellow"])
    late: int = Field(description="到期还没有公开的件数")


class Home(BaseModel):
    """A village's home page. `place` is where the scanned code hangs, "" when it is the village's own."""

    village: answers.VillageName
    place: str
    introduction: str
    households: int | None
    categories: list[CategoryCount]
    pinned: list[answers.DisclosureLine] = Field(description="还有效的紧急通知")
    newest: list[answers.DisclosureLine]
    late: int = Field(description="到期还没有公开的件数")
    views_this_month: int
    views_per_household: float | None = Field(description="今年户均查看次数")
    chain_head: str | None = Field(
        description="公开存证链头：环号和摘要", examples=["128:3f9a0c2177be01d499aa"]
    )


class Scanned(BaseModel):
    """What a scene means."""

    village: answers.VillageName
    place: str


class OfficerLine(BaseModel):
    """Somebody whom a complaint may be about (反映对象)."""

    id: uuid.UUID
    name: str
    role: Role
    role_name: str = Field(examples=["联络员"])
    place: str = Field(examples=["东联村"])


@router.get("/villages")
def villages(
    session: ReadSession,
    acting: AsAnybody,
    q: Annotated[Word, Query(description="村名或镇街名里的字")] = "",
) -> Villages:
    """按镇街列出所有村社，可按名字找。"""
    wanted = text.normalise(q)
    towns: dict[uuid.UUID, TownGroup] = {}
    for village, town in organisations.villages(session, acting=acting):
        if wanted in text.normalise(town.name + village.name):
            group = towns.setdefault(town.id, TownGroup(town=town.name, villages=[]))
            group.villages.append(VillageLine(code=village.code, name=village.name))
    return Villages(towns=list(towns.values()))


@router.get("/scene")
def scene(session: ReadSession, _acting: AsAnybody, scene: Scene) -> Scanned:
    """场景值指的是哪个村、贴在哪里；只查询，不计数。404 scene.unknown：不是我们的码。"""
    found = placements.by_scene(session, scene)
    if found is None:
        raise NotFound("scene.unknown", "这个码不属于任何村社，请扫村里张贴的二维码。")
    village, place = found
    return Scanned(village=answers.village_of(session, village), place=place)


@router.get("/villages/{code}")
def home(
    request: Request,
    code: VillageCode,
    here: InContext,
    session: WriteSession,
    acting: AsAnybody,
    scene: Annotated[Word, Query(description="扫小程序码进入时带上场景值，计一次扫码；从列表进入不带")] = "",
) -> Home:
    """村社首页：类别和条数、最新公开。"""
    village = access.access_village(session, acting, code)
    viewed(request, village.id)
    found = placements.by_scene(session, scene) if scene else None
    place = ""
    if found is not None and found[0].id == village.id:
        place = found[1]
        placements.count_scan(session, village_id=village.id, place=place, channel=ScanChannel.MINIPROGRAM)
        if isinstance(acting, Villager):
            app_id = here.accounts.miniprogram.app_id
            villagers.arrive(session, acting=acting, app_id=app_id, village=village)
    shown = portal.home(session, Visitor(), village)
    return Home(
        village=answers.village_of(session, village),
        place=place,
        introduction=village.introduction,
        households=village.households,
        categories=[_tile(tile) for tile in shown.tiles],
        pinned=[answers.disclosure_line(item) for item in shown.pinned],
        newest=[answers.disclosure_line(item) for item in shown.newest],
        late=shown.late,
        views_this_month=shown.views,
        views_per_household=shown.reach.views_per_household if shown.reach else None,
        chain_head=shown.head.short if shown.head else None,
    )


def _tile(tile: portal.Tile) -> CategoryCount:
    standing = tile.standing
    return CategoryCount(
        **answers.category(tile.category).model_dump(),
        count=tile.count,
        newest_on=tile.newest_on,
        standing=standing.words if standing else "",
        colour=standing.colour if standing else "grey",
        late=tile.late,
    )


@router.get("/villages/{code}/officers")
def village_officers(code: VillageCode, session: ReadSession, acting: AsAnybody) -> list[OfficerLine]:
    """可选作「反映对象」的工作人员：被反映的人不会经手这件诉求。"""
    village = access.access_village(session, acting, code)
    return [
        OfficerLine(
            id=one.officer.id,
            name=one.officer.name,
            role=one.role,
            role_name=ROLE_NAMES[one.role],
            place=one.organisation.name,
        )
        for one in officers.cadres(session, village)
    ]

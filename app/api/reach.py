"""How far disclosures reach: views per household, followers per adult."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.schemas import Code, OrganisationRef, Out, place
from app.services import organisations, views
from app.web.context import ReadSession

api = router("单位")


class ReachOut(Out):
    """A village's figures of a year. Views are page views: nobody is identified."""

    village: OrganisationRef
    town: OrganisationRef
    households: int | None = Field(description="户数")
    adults: int | None = Field(description="成年人数")
    views: int = Field(description="这一年的查看次数")
    followers: int = Field(description="现在的关注人数")
    views_per_household: float | None = Field(description="户均查看次数；户数未填为空", examples=[160.4])
    followers_per_adult: float | None = Field(description="成年人关注率；人数未填为空", examples=[0.62])


@api.get("/organisations/{code}/reach", responses=problems(404, 422))
def get_reach(
    code: Code,
    acting: Signed,
    session: ReadSession,
    year: Annotated[int | None, Query(ge=2000, le=2199, description="哪一年；不填为今年")] = None,
) -> list[ReachOut]:
    """公开的触达：一个村，或一个镇街、区县的每个村。"""
    organisation = organisations.by_code(session, acting=acting, code=code)
    found = views.reach(session, acting=acting, organisation=organisation, year=year)
    return [
        ReachOut(
            village=place(one.village),
            town=place(one.town),
            households=one.village.households,
            adults=one.village.adults,
            views=one.views,
            followers=one.followers,
            views_per_household=one.views_per_household,
            followers_per_adult=one.followers_per_adult,
        )
        for one in found
    ]

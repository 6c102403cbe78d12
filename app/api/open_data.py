"""Open data for programs: where the files of a village are. The files themselves need no token."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.api.common import Anybody, problems, router
from app.api.schemas import Code, Out
from app.services import access, open_data
from app.web.context import InContext, ReadSession

api = router("开放数据", public=True)


class LicenceOut(Out):
    """The terms of use."""

    name: str
    url: str


class OpenColumnOut(Out):
    """A column of the CSV and Excel files; its name stays."""

    key: str = Field(examples=["record.amount"])
    meaning: str = Field(examples=["金额（元）"])


class OpenCategory(Out):
    """The files of one category; `files` are addresses by format."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    items: int = Field(description="件数，含撤回的说明")
    newest: datetime | None
    files: dict[str, str]
    columns: list[OpenColumnOut]


class OpenVillage(Out):
    """What can be downloaded of a village."""

    village: str
    licence: LicenceOut
    categories: list[OpenCategory]
    ocds: str = Field(description="招标和合同（OCDS 1.1 release package）")


@api.get("/open-data/{village}", responses=problems(404, 422))
def list_open_data(village: Code, acting: Anybody, session: ReadSession, here: InContext) -> OpenVillage:
    """一个村的开放数据：各类别的 CSV、JSON、Excel 地址，招标合同的 OCDS 地址。不用登录。"""
    place = access.access_village(session, acting, village)
    base = here.settings.url(f"/v/{place.code}/open")
    return OpenVillage(
        village=place.code,
        licence=LicenceOut(
            name=here.settings.open_data_licence_name, url=here.settings.open_data_licence_url
        ),
        categories=[
            OpenCategory(
                code=offer.category.code,
                name=offer.category.name,
                items=offer.items,
                newest=offer.newest,
                files={form: f"{base}/{offer.category.code}.{form}" for form in open_data.FORMATS},
                columns=[
                    OpenColumnOut(key=one.key, meaning=one.meaning)
                    for one in open_data.columns(offer.category)
                ],
            )
            for offer in open_data.offers(session, place)
        ],
        ocds=f"{base}/ocds.json",
    )

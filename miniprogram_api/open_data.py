"""Open data: where the files of a village are, for `wx.downloadFile`."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.services import access, open_data
from app.web.context import InContext, ReadSession
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import VillageCode

router = APIRouter(tags=["公开"])


class OpenFiles(BaseModel):
    """The files of one category, addresses by format."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    items: int
    files: dict[str, str]


class OpenData(BaseModel):
    """What can be downloaded of a village, and under which terms."""

    licence: str
    licence_url: str
    categories: list[OpenFiles]
    ocds: str = Field(description="招标和合同（OCDS 1.1），没有数据时回答 404")


@router.get("/villages/{code}/open")
def open_files(code: VillageCode, session: ReadSession, acting: AsAnybody, here: InContext) -> OpenData:
    """一个村的开放数据：按类别下载 CSV、JSON、Excel，招标合同的 OCDS。"""
    village = access.access_village(session, acting, code)
    base = here.settings.url(f"/v/{village.code}/open")
    return OpenData(
        licence=here.settings.open_data_licence_name,
        licence_url=here.settings.open_data_licence_url,
        categories=[
            OpenFiles(
                code=offer.category.code,
                name=offer.category.name,
                items=offer.items,
                files={form: f"{base}/{offer.category.code}.{form}" for form in open_data.FORMATS},
            )
            for offer in open_data.offers(session, village)
        ],
        ocds=f"{base}/ocds.json",
    )

"""Where codes hang, getting them from the platform, how they look, and how often they are scanned."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response, status
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import Admin, OfVillage, Signed, file, page, problems, router, village_id
from app.api.schemas import Body, Code, OptionalLine, OrganisationRef, Out, place
from app.core.errors import Conflict
from app.core.settings import Settings
from app.models import QrPlacement
from app.models.organisations import ScanChannel
from app.services import access, placements
from app.services import qr_codes as service
from app.services.actors import Actor
from app.services.qr_codes import JPEG, PDF, PNG, SVG, CodeKind, ImageFormat
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page
from app.wechat import codes

api = router("二维码")


class QrCodeOut(Out):
    """A place where a village's codes hang. `scans` counts by channel; nobody is named."""

    id: uuid.UUID
    village: OrganisationRef
    place: str = Field(description="位置代码；本村的主码为空", examples=["board"])
    label: str = Field(description="张贴处", examples=["村务公开栏"])
    page_url: str = Field(description="网页码的内容")
    scene: str = Field(description="公众号和小程序的场景值")
    official_url: str | None = Field(description="公众号码的内容；未办理为空")
    issued_at: datetime | None
    miniprogram_ready: bool
    scans: dict[ScanChannel, int]


class NewQrCode(Body):
    """A place to hang a code at; the same village and place give the same code."""

    village: Code
    place: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,15}$")] = Field(
        default="", description="位置代码：小写字母、数字和连字符；不填为本村主码", examples=["board"]
    )
    label: OptionalLine = Field(default="", description="张贴处，印在海报上", examples=["村务公开栏"])


class ScanCount(Out):
    """How often codes were scanned."""

    village: OrganisationRef
    place: str
    channel: ScanChannel
    scans: int


@api.get("/qr-codes/scans", responses=problems(404, 422))
def count_scans(acting: Signed, session: ReadSession, village: OfVillage = None) -> list[ScanCount]:
    """扫码次数，按村、位置、渠道。"""
    wanted = village_id(session, acting, village)
    counts = placements.scans(session, acting=acting, village_id=wanted)
    villages = service.villages(session, [row[0] for row in counts])
    return [
        ScanCount(village=place(villages[key]), place=where, channel=channel, scans=number)
        for key, where, channel, number in counts
    ]


@api.get("/qr-codes", responses=problems(400, 404, 422))
def list_qr_codes(
    acting: Signed,
    session: ReadSession,
    here: InContext,
    village: OfVillage = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[QrCodeOut]:
    """二维码张贴处及扫码次数，新登记的在前。"""
    query = service.listing(acting, village_id=village_id(session, acting, village))
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=QrPlacement.created_at, key=QrPlacement.id
    )
    items = _out(session, [row[0] for row in rows], here.settings)
    return Page(items=items, next=following)


@api.get("/qr-codes/{code_id}", responses=problems(404, 422))
def get_qr_code(code_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext) -> QrCodeOut:
    """一个张贴处。"""
    return _show(session, acting, code_id, here.settings)


@api.post("/qr-codes", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def register_qr_code(body: NewQrCode, acting: Admin, session: WriteSession, here: InContext) -> QrCodeOut:
    """登记张贴处；已有的原样返回。码由下一步 issue 或后台任务向微信办理。"""
    village = access.access_village(session, acting, body.village)
    made = placements.ensure(session, acting=acting, village=village, place=body.place, label=body.label)
    return _show(session, acting, made.id, here.settings)


@api.post("/qr-codes/{code_id}/issue", responses=problems(403, 404, 409, 422))
def issue_qr_code(code_id: uuid.UUID, acting: Admin, here: InContext) -> QrCodeOut:
    """向微信办理还缺的公众号码和小程序码；已有的不重复办理。"""
    if here.clients.official is None and here.clients.miniprogram is None:
        raise Conflict("wechat.not_configured", "还没有配置公众号或小程序，不能办理；网页码可以直接使用。")
    codes.issue(here.database, here.clients, here.storage, here.settings, code_id, acting=acting)
    with here.database.reading() as session:
        return _show(session, acting, code_id, here.settings)


@api.get(
    "/qr-codes/{code_id}/image",
    response_class=Response,
    responses=problems(400, 404, 409, 422) | file(PNG, SVG, JPEG),
)
def show_qr_image(
    code_id: uuid.UUID,
    acting: Signed,
    session: ReadSession,
    here: InContext,
    kind: Annotated[CodeKind, Query(description="公众号码、网页码或小程序码")] = CodeKind.PAGE,
    form: Annotated[ImageFormat, Query(alias="format", description="图片格式")] = ImageFormat.PNG,
) -> Response:
    """二维码图片。"""
    placement = service.view(session, acting=acting, placement_id=code_id)
    content, media_type = service.codes_of(placement, here.settings).image(kind, form, here.storage)
    return Response(content, media_type=media_type)


@api.get(
    "/qr-codes/{code_id}/poster.pdf",
    response_class=Response,
    responses=problems(400, 404, 422) | file(PDF),
)
def show_poster(code_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext) -> Response:
    """A4 海报，可直接打印张贴。"""
    placement = service.view(session, acting=acting, placement_id=code_id)
    return Response(service.codes_of(placement, here.settings).poster(), media_type=PDF)


def _show(session: Session, acting: Actor, code_id: uuid.UUID, settings: Settings) -> QrCodeOut:
    return _out(session, [service.view(session, acting=acting, placement_id=code_id)], settings)[0]


def _out(session: Session, rows: list[QrPlacement], settings: Settings) -> list[QrCodeOut]:
    scans = service.scan_counts(session, rows)
    return [
        QrCodeOut(
            id=row.id,
            village=place(row.village),
            place=row.place,
            label=row.label,
            page_url=service.page_url(settings, row.village.code, row.place),
            scene=row.scene,
            official_url=row.url,
            issued_at=row.issued_at,
            miniprogram_ready=row.miniprogram_file is not None,
            scans=dict(scans.get((row.village_id, row.place), {})),
        )
        for row in rows
    ]

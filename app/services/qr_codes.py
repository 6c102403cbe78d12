"""What a village's codes say at each place where they hang, and how they look: images and posters."""

from __future__ import annotations

import enum
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload

from app.core.errors import BadInput, Conflict
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import Organisation, QrPlacement, ScanEvent
from app.models.organisations import OrganisationKind, ScanChannel
from app.services import access, placements, qr_images
from app.services.actors import Actor
from app.services.poster import PosterContent, poster

PNG, SVG, JPEG, PDF = "image/png", "image/svg+xml", "image/jpeg", "application/pdf"


class CodeKind(enum.StrEnum):
    """official 公众号码 (makes a follower), page 网页码 (any scanner reads it), miniprogram 小程序码."""

    OFFICIAL = "official"
    PAGE = "page"
    MINIPROGRAM = "miniprogram"


class ImageFormat(enum.StrEnum):
    """png for screens, svg for print."""

    PNG = "png"
    SVG = "svg"


@dataclass(frozen=True)
class Codes:
    """All codes of one place of a village. `scene_code` and `miniprogram_file` are None until issued."""

    village_code: str
    village_name: str
    town_name: str
    place: str
    label: str
    page_url: str
    scene_code: str | None
    miniprogram_file: str | None

    def image(self, kind: CodeKind, form: ImageFormat, storage: Storage) -> tuple[bytes, str]:
        """One code as an image, with its media type.

        Raises Conflict while the platform has not made the code, BadInput for a Mini Program code as SVG:
        only the platform can draw it, as a picture."""
        if kind is CodeKind.MINIPROGRAM:
            return self._miniprogram(form, storage)
        content = self.page_url if kind is CodeKind.PAGE else self.scene_code
        if content is None:
            raise _not_issued()
        return (qr_images.svg(content), SVG) if form is ImageFormat.SVG else (qr_images.png(content), PNG)

    def _miniprogram(self, form: ImageFormat, storage: Storage) -> tuple[bytes, str]:
        if form is ImageFormat.SVG:
            raise BadInput("qr.no_svg", "小程序码由微信绘制，只有图片格式，请选 png。", field="format")
        if self.miniprogram_file is None:
            raise _not_issued()
        picture = storage.read(self.miniprogram_file)
        return picture, JPEG if picture.startswith(b"\xff\xd8") else PNG

    def poster(self) -> bytes:
        """The A4 notice to hang there, as PDF."""
        content = PosterContent(
            village_name=self.village_name,
            town_name=self.town_name,
            page_url=self.page_url,
            scene_code=self.scene_code,
            placement=self.label,
        )
        return poster(content)


def _not_issued() -> Conflict:
    return Conflict("placement.not_issued", "这个码还没有生成，请先办理（issue）。")


def page_url(settings: Settings, village_code: str, place: str) -> str:
    """The address that the page code opens; it names where the code hangs."""
    return settings.url(f"/v/{village_code}" + (f"?p={place}" if place else ""))


def codes_of(placement: QrPlacement, settings: Settings) -> Codes:
    """The codes of a placement from `listing` or `view`."""
    village = placement.village
    return _codes(village, village.parent, placement, settings)


def _codes(
    village: Organisation, town: Organisation | None, placement: QrPlacement | None, settings: Settings
) -> Codes:
    place = placement.place if placement else ""
    return Codes(
        village_code=village.code,
        village_name=village.name,
        town_name=town.name if town else "",
        place=place,
        label=placement.label if placement else placements.PLACE_LABELS[""],
        page_url=page_url(settings, village.code, place),
        scene_code=placement.url if placement else None,
        miniprogram_file=placement.miniprogram_file if placement else None,
    )


def of_all_villages(session: Session, settings: Settings) -> list[Codes]:
    """The codes of all active villages at all places, by town and village; a village that has no registered
    place yet has its page code."""
    towns = aliased(Organisation)
    rows = session.execute(
        select(Organisation, towns, QrPlacement)
        .join(towns, towns.id == Organisation.parent_id)
        .outerjoin(QrPlacement, QrPlacement.village_id == Organisation.id)
        .where(Organisation.kind == OrganisationKind.VILLAGE, Organisation.active)
        .order_by(towns.code, Organisation.code, QrPlacement.place)
    )
    return [_codes(village, town, placement, settings) for village, town, placement in rows]


def listing(acting: Actor, *, village_id: uuid.UUID | None = None) -> Select[QrPlacement]:
    """Places where codes hang, newest first, with village and town. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    query = (
        select(QrPlacement)
        .join(Organisation, Organisation.id == QrPlacement.village_id)
        .where(access.visible_organisations(acting))
        .options(joinedload(QrPlacement.village).joinedload(Organisation.parent))
    )
    if village_id is not None:
        query = query.where(QrPlacement.village_id == village_id)
    return query.order_by(QrPlacement.created_at.desc(), QrPlacement.id.desc())


def view(session: Session, *, acting: Actor, placement_id: uuid.UUID) -> QrPlacement:
    """One placement with village and town, as of now. Raises NotFound."""
    query = listing(acting).where(QrPlacement.id == placement_id).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise placements.missing()
    return found


def scan_counts(
    session: Session, rows: Sequence[QrPlacement]
) -> Mapping[tuple[uuid.UUID, str], Mapping[ScanChannel, int]]:
    """How often the codes of these placements were scanned, by channel."""
    wanted = [(row.village_id, row.place) for row in rows]
    counts: dict[tuple[uuid.UUID, str], dict[ScanChannel, int]] = defaultdict(dict)
    found = session.execute(
        select(ScanEvent.village_id, ScanEvent.place, ScanEvent.channel, func.count())
        .where(tuple_(ScanEvent.village_id, ScanEvent.place).in_(wanted))
        .group_by(ScanEvent.village_id, ScanEvent.place, ScanEvent.channel)
    )
    for village_id, place, channel, number in found:
        counts[village_id, place][channel] = number
    return counts


def villages(session: Session, village_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Organisation]:
    """Villages by their keys."""
    rows = session.scalars(select(Organisation).where(Organisation.id.in_(set(village_ids))))
    return {row.id: row for row in rows}

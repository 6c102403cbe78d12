"""Where a village's codes hang, what their scenes are, and how often they are scanned."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, NotFound
from app.models import Organisation, QrPlacement, ScanEvent
from app.models.organisations import OrganisationKind, ScanChannel
from app.services import access, audit
from app.services.actors import Actor

PLACE = re.compile(r"[a-z0-9-]{1,15}")
PERMANENT_LIMIT = 100_000  # permanent scenes of one Official Account; no call deletes one
PLACE_LABELS = {"": "本村", "door": "农户门口", "board": "村务公开栏", "shop": "小店"}


def scene_of(village_code: str, place: str) -> str:
    """The scene of a placement: `donglian` or `donglian:board`; fits both apps (32 and 64 characters)."""
    return f"{village_code}:{place}" if place else village_code


def ensure(
    session: Session, *, acting: Actor, village: Organisation, place: str = "", label: str = ""
) -> QrPlacement:
    """The placement of a village at a place, made when it is new.

    Raises BadInput for a malformed place."""
    access.require_administrator(acting)
    if village.kind != OrganisationKind.VILLAGE:
        raise BadInput("placement.not_village", "只有村社有二维码。")
    if place and not PLACE.fullmatch(place):
        raise BadInput(
            "placement.place_malformed", "位置代码只能用小写字母、数字和连字符，最多 15 位。", place=place
        )
    found = session.scalar(
        select(QrPlacement).where(QrPlacement.village_id == village.id, QrPlacement.place == place)
    )
    if found is not None:
        return found
    scene = scene_of(village.code, place)
    placement = QrPlacement(
        id=uuid.uuid4(),
        village_id=village.id,
        place=place,
        label=label.strip() or PLACE_LABELS.get(place, place),
        scene=scene,
        miniprogram_scene=scene,
    )
    session.add(placement)
    session.flush()
    audit.record(
        session,
        acting=acting,
        action="created",
        noun="qr_placement",
        noun_id=placement.id,
        village_id=village.id,
        place=place,
    )
    return placement


def reserve(session: Session, *, app_id: str, limit: int = PERMANENT_LIMIT) -> None:
    """Raise Conflict when the account has no permanent scene left: the platform never gives one back."""
    used = session.scalar(select(func.count()).select_from(QrPlacement).where(QrPlacement.app_id == app_id))
    if (used or 0) >= limit:
        raise Conflict(
            "placement.scenes_used_up", f"这个公众号的永久二维码已用满 {limit} 个，请改用页面二维码。"
        )


def issued(
    session: Session, *, acting: Actor, placement_id: uuid.UUID, app_id: str, ticket: str, url: str
) -> QrPlacement:
    """Note the Official Account's code that the platform made."""
    placement = find(session, placement_id)
    placement.app_id, placement.ticket, placement.url = app_id, ticket, url
    placement.issued_at = clock.now()
    _record(session, acting, "issued", placement)
    return placement


def miniprogram_issued(session: Session, *, acting: Actor, placement_id: uuid.UUID, file: str) -> QrPlacement:
    """Note where the Mini Program's code image is kept."""
    placement = find(session, placement_id)
    placement.miniprogram_file = file
    _record(session, acting, "miniprogram_issued", placement)
    return placement


def _record(session: Session, acting: Actor, action: str, placement: QrPlacement) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="qr_placement",
        noun_id=placement.id,
        village_id=placement.village_id,
    )


def find(session: Session, placement_id: uuid.UUID) -> QrPlacement:
    """The placement. Raises NotFound."""
    placement = session.get(QrPlacement, placement_id)
    if placement is None:
        raise missing()
    return placement


def missing() -> NotFound:
    """The error for an unknown placement."""
    return NotFound("placement.not_found", "没有找到这个二维码。")


def of_village(session: Session, village_id: uuid.UUID) -> QrPlacement | None:
    """The village's own placement, which belongs to no particular wall, or None."""
    return session.scalar(
        select(QrPlacement).where(QrPlacement.village_id == village_id, QrPlacement.place == "")
    )


def unissued(session: Session, *, limit: int, miniprogram: bool) -> Sequence[uuid.UUID]:
    """Placements that still want a code from the platform, oldest first."""
    missing = [QrPlacement.url.is_(None)]
    if miniprogram:
        missing.append(QrPlacement.miniprogram_file.is_(None))
    return session.scalars(
        select(QrPlacement.id)
        .where(or_(*missing))
        .order_by(QrPlacement.created_at, QrPlacement.id)
        .limit(limit)
    ).all()


def by_scene(session: Session, scene: str) -> tuple[Organisation, str] | None:
    """The village and place that a scene means, or None. A place that was never registered still leads
    to its village: the code on the wall outlives the register."""
    code, _, place = scene.partition(":")
    village = session.scalar(
        select(Organisation).where(
            Organisation.code == code, Organisation.kind == OrganisationKind.VILLAGE, Organisation.active
        )
    )
    return (village, place if PLACE.fullmatch(place) else "") if village else None


def count_scan(session: Session, *, village_id: uuid.UUID, place: str, channel: ScanChannel) -> None:
    """Count one scan. It names nobody, so it needs no audit row."""
    session.add(
        ScanEvent(
            village_id=village_id,
            place=place if PLACE.fullmatch(place) else "",
            channel=channel,
            at=clock.now(),
        )
    )


def scans(
    session: Session, *, acting: Actor, village_id: uuid.UUID | None = None
) -> list[tuple[uuid.UUID, str, ScanChannel, int]]:
    """Scans by village, place and channel."""
    access.require_officer_or_administrator(acting)
    query = select(ScanEvent.village_id, ScanEvent.place, ScanEvent.channel, func.count()).group_by(
        ScanEvent.village_id, ScanEvent.place, ScanEvent.channel
    )
    if village_id is not None:
        query = query.where(ScanEvent.village_id == village_id)
    return [(village, place, channel, number) for village, place, channel, number in session.execute(query)]

"""Getting a placement's codes from the platform: the Official Account's permanent scene, the Mini
Program's code. The calls happen outside any transaction."""

from __future__ import annotations

import uuid

from app.core.db import Database
from app.core.settings import Settings
from app.core.storage import Storage
from app.services import placements
from app.services.actors import Actor
from app.wechat.clients import Clients

BATCH = 200


def issue(
    database: Database,
    clients: Clients,
    storage: Storage,
    settings: Settings,
    placement_id: uuid.UUID,
    *,
    acting: Actor,
) -> None:
    """Ask the platform for the codes that a placement still lacks, and keep them.

    Raises NotFound for an unknown placement, Conflict when the account's permanent scenes are used up,
    and the client's errors. Asking again for a scene gives the same code, so a crash in between is safe."""
    with database.reading() as session:
        placement = placements.find(session, placement_id)
        official = clients.official if placement.url is None else None
        miniprogram = clients.miniprogram if placement.miniprogram_file is None else None
        if official is not None:
            placements.reserve(session, app_id=official.account.app_id)
        scene, miniprogram_scene = placement.scene, placement.miniprogram_scene
    if official is not None:
        ticket = official.create_qr(scene)
        with database.transaction() as session:
            placements.issued(
                session,
                acting=acting,
                placement_id=placement_id,
                app_id=official.account.app_id,
                ticket=ticket.ticket,
                url=ticket.url,
            )
    if miniprogram is not None:
        image = miniprogram.unlimited_code(
            miniprogram_scene, settings.miniprogram_page, env_version=settings.miniprogram_env_version
        )
        with database.transaction() as session:
            placements.miniprogram_issued(
                session, acting=acting, placement_id=placement_id, file=storage.put(image)
            )


def issue_missing(
    database: Database,
    clients: Clients,
    storage: Storage,
    settings: Settings,
    *,
    acting: Actor,
) -> int:
    """Get the codes of all placements that lack one, up to a batch; returns how many placements."""
    if clients.official is None and clients.miniprogram is None:
        return 0
    with database.reading() as session:
        missing = placements.unissued(session, limit=BATCH, miniprogram=clients.miniprogram is not None)
    for placement_id in missing:
        issue(database, clients, storage, settings, placement_id, acting=acting)
    return len(missing)

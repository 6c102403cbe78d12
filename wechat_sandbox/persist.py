"""Keep what an application remembers too (codes, followers, chats, menus) over restarts, if asked to."""

import asyncio
import os
from pathlib import Path

from pydantic import BaseModel, Field

from wechat_sandbox.records import ChatMessage, Contact, Json, Media, Persona, Ticket, WxaCode
from wechat_sandbox.state import World

SAVE_EVERY_SECONDS = 1.0


class Snapshot(BaseModel):
    """The file."""

    personas: list[Persona] = Field(default_factory=list)
    contacts: list[Contact] = Field(default_factory=list)
    tickets: list[Ticket] = Field(default_factory=list)
    wxacodes: list[WxaCode] = Field(default_factory=list)
    media: list[Media] = Field(default_factory=list)
    chats: dict[str, list[ChatMessage]] = Field(default_factory=dict)
    menus: dict[str, Json] = Field(default_factory=dict)
    clock_offset: float = 0
    log_seq: int = 0


def save(world: World) -> None:
    """Write the file, whole or not at all; nothing without `state_path`."""
    if not world.config.state_path:
        return
    snapshot = Snapshot(
        personas=list(world.personas.values()),
        contacts=list(world.contacts.values()),
        tickets=list(world.tickets.values()),
        wxacodes=list(world.wxacodes.values()),
        media=[item for item in world.media.values() if item.expires_at > world.clock.now()],
        chats=world.chats,
        menus={key: account.menu for key, account in world.accounts.items() if account.menu is not None},
        clock_offset=world.clock.offset,
        log_seq=world.log.seq,
    )
    path = Path(world.config.state_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(snapshot.model_dump_json(), encoding="utf-8")
    os.replace(draft, path)


def load(world: World) -> None:
    """Read the file, if it is there, on top of the configuration."""
    path = Path(world.config.state_path)
    if not world.config.state_path or not path.exists():
        return
    snapshot = Snapshot.model_validate_json(path.read_text(encoding="utf-8"))
    for persona in snapshot.personas:
        world.personas[persona.id] = persona
        world.chats[persona.id] = snapshot.chats.get(persona.id, [])
    known = world.accounts
    world.contacts.update({c.openid: c for c in snapshot.contacts if c.app_id in known})
    world.wxacodes.update({code.id: code for code in snapshot.wxacodes if code.app_id in known})
    world.media.update({item.media_id: item for item in snapshot.media})
    for ticket in snapshot.tickets:
        if ticket.app_id in known:
            world.tickets[ticket.ticket] = ticket
            if ticket.expires_at is None:
                known[ticket.app_id].permanent[(ticket.action, ticket.scene)] = ticket
    for app_id, menu in snapshot.menus.items():
        if app_id in known:
            known[app_id].menu = menu
    world.clock.offset = snapshot.clock_offset
    world.log.seq = snapshot.log_seq


async def keep_saving(world: World) -> None:
    """Save within a second after something changed, until cancelled."""
    saved = world.changes
    while world.config.state_path:
        await asyncio.sleep(SAVE_EVERY_SECONDS)
        if world.changes != saved:
            saved = world.changes
            save(world)

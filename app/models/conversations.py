"""码上办 in the chat: a complaint that is being written over several messages."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, str_enum


class DraftState(enum.StrEnum):
    """collecting 正在收集 → confirming 等待确认 → filed (the row goes); paused 已暂停 after the time-out:
    nothing is lost, the next message offers to go on."""

    COLLECTING = "collecting"
    CONFIRMING = "confirming"
    PAUSED = "paused"


class ChatDraft(Base):
    """What a villager said so far (对话草稿): at most one per WeChat identity. `parts` are {kind: text |
    picture | voice | location, …} in their order; files wait under `services.attachments` until it is
    filed."""

    __tablename__ = "chat_draft"

    identity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("wechat_identity.id"), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[DraftState] = mapped_column(str_enum(DraftState), default=DraftState.COLLECTING)
    category_code: Mapped[str | None] = mapped_column(ForeignKey("complaint_category.code"))
    hidden: Mapped[bool] = mapped_column(default=False)
    parts: Mapped[list[Any]] = mapped_column(default=list)
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]

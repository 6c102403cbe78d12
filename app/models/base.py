"""What all tables share: the declarative base, column types, and the columns of leased work."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Enum, MetaData, TypeDecorator, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Base of every table. Text is `text`, times are `timestamptz`, JSON is `jsonb`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it as a class attribute)
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        uuid.UUID: Uuid(),
    }


def str_enum(kind: type[enum.Enum]) -> Enum:
    """A `StrEnum` column stored as its text value; adding a state needs no migration."""
    return Enum(kind, native_enum=False, length=40, values_callable=lambda e: [m.value for m in e])


class Ordered(TypeDecorator[Json]):
    """A JSON object whose keys keep their order: `jsonb` sorts them, so it is stored as a list of pairs."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Json | None, dialect: Dialect) -> list[list[Any]] | None:
        """Object to pairs."""
        return None if value is None else [[key, item] for key, item in value.items()]

    def process_result_value(self, value: list[list[Any]] | None, dialect: Dialect) -> Json | None:
        """Pairs to object."""
        return None if value is None else dict(value)


class RandomKey:
    """A random primary key: it tells neither order nor number."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)


class Created:
    """When the row was made (UTC), set by the database."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkState(enum.StrEnum):
    """The states of a row that a worker takes.

    pending → claimed → done | failed (dead letter) | unknown (sent, answer lost);
    waiting: nobody to send to yet; skipped: no longer wanted."""

    WAITING = "waiting"
    PENDING = "pending"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Leased:
    """Columns of a row that workers claim: due time, attempts, lease and fence.

    `fence` grows with every claim; a result is only taken from the claim that holds the present one."""

    state: Mapped[WorkState] = mapped_column(str_enum(WorkState), default=WorkState.PENDING)
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None]
    error_text: Mapped[str | None]

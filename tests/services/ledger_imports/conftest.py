"""A town with two villages, an officer who keeps the ledgers of both, and what he does with files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.storage import Storage
from app.models import ImportBatch, Organisation
from app.models.people import Role
from app.services import actors, ledgers
from app.services import ledger_imports as imports
from app.services.ledger_imports import Choice
from tests import factories
from tests.factories import KEYS


@dataclass
class Keeper:
    """The officer at his desk."""

    session: Session
    places: factories.Places
    other: Organisation
    acting: actors.Actor
    storage: Storage

    def upload(self, data: bytes, kind: str = imports.AUTO, **more: Any) -> ImportBatch:
        values: dict[str, Any] = {
            "acting": self.acting,
            "kind": kind,
            "data": data,
            "file_name": "台账.xlsx",
            "storage": self.storage,
            "keys": KEYS,
        }
        return imports.upload(self.session, **(values | more))

    def say(self, batch: ImportBatch, said: dict[str, Any], **more: Any) -> ImportBatch:
        values: dict[str, Any] = {"acting": self.acting, "storage": self.storage, "keys": KEYS}
        return imports.say(self.session, batch_id=batch.id, said=said, **(values | more))

    def apply(self, batch: ImportBatch, choice: Choice = Choice.ALL_OR_NOTHING, **more: Any) -> ImportBatch:
        values: dict[str, Any] = {"acting": self.acting, "storage": self.storage, "keys": KEYS}
        return imports.apply(self.session, batch_id=batch.id, choice=choice, **(values | more))

    def enter(self, data: bytes, kind: str = imports.AUTO, **more: Any) -> ImportBatch:
        """Upload, look, enter."""
        return self.apply(self.upload(data, kind, **more))

    def void(self, row: Any) -> None:
        """Declare a payment void."""
        ledgers.void(
            self.session, acting=self.acting, ledger=ledgers.ledger("payments"), row_id=row.id, reason="录错"
        )

    def faulty(self, batch: ImportBatch) -> bytes:
        made = imports.faulty(
            self.session, acting=self.acting, batch_id=batch.id, storage=self.storage, keys=KEYS
        )
        return made.content

    def number(self, model: type[Any]) -> int:
        """How many rows of a ledger the two villages have."""
        villages = [self.places.village.id, self.other.id]
        query = select(func.count()).select_from(model).where(model.village_id.in_(villages))
        return self.session.scalar(query) or 0

    def rows(self, model: type[Any]) -> list[Any]:
        """The rows of the first village's ledger."""
        return list(self.session.scalars(select(model).where(model.village_id == self.places.village.id)))


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    """A day on which the files' days are past."""
    with time_machine.travel("2026-06-10T10:00:00+08:00", tick=True):
        yield


@pytest.fixture
def keeper(session: Session, tmp_path: Path) -> Keeper:
    places = factories.places(session)
    other = factories.village(session, places.town)
    officer = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    return Keeper(session, places, other, factories.acting(session, officer), Storage(tmp_path))

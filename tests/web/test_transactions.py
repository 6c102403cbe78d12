"""The commit comes before the answer: a commit that fails is never answered with a success."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.db import Database
from app.main import build_context
from app.models import DisclosureCategory
from app.web import errors
from app.web.context import WriteSession
from tests.support import settings_for


def _app(database: Database, data_dir: Path) -> FastAPI:
    app = FastAPI()
    app.state.context = build_context(settings_for(data_dir), database)
    errors.install(app)

    @app.post("/api/rows/{number}")
    def add(number: int, session: WriteSession) -> dict[str, int]:
        session.execute(text("INSERT INTO late VALUES (:number), (1)"), {"number": number})
        return {"added": number}

    return app


def test_a_failed_commit_is_a_conflict_and_a_good_one_is_there_when_the_answer_is(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        # Checked at commit only, as a lost connection or a serialisation failure would be.
        session.execute(text("CREATE TABLE late (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    app = _app(database, tmp_path)
    with TestClient(app, raise_server_exceptions=False) as client:
        refused = client.post("/api/rows/1")
        accepted = client.post("/api/rows/2")
        with database.reading() as session:
            kept = session.scalars(text("SELECT number FROM late ORDER BY 1")).all()
    app.state.context.clients.close()

    assert (refused.status_code, refused.json()["code"]) == (409, "request.conflict")
    assert accepted.status_code == 200
    assert kept == [1, 2]


def test_a_reading_session_cannot_write_and_its_rows_stay_readable(database: Database) -> None:
    with database.reading() as session:
        category = session.get(DisclosureCategory, "finance")
        with pytest.raises(DBAPIError, match="read-only"):
            session.execute(text("DELETE FROM disclosure_category"))
    assert category is not None
    assert category.name == "村级财务"

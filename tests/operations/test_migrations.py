"""Migrations on databases that people have worked with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.core import clock, migrations
from app.core.db import Database
from app.demo import seed
from app.models import Base
from app.models.categories import Cadence
from app.services import categories, reference
from tests.installed import demo_database
from tests.operations.support import empty_database

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("operations"), pytest.mark.timeout(300)]


@pytest.fixture
def database() -> Iterator[Database]:
    """A database of the test's own without any table."""
    with empty_database() as url:
        database = Database(url, pool_size=4)
        yield database
        database.dispose()


@pytest.fixture
def worked_with() -> Iterator[Database]:
    """A database of the newest schema with the demo's data."""
    with demo_database() as url:
        database = Database(url, pool_size=4)
        yield database
        database.dispose()


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            name: int(session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one())
            for name in sorted(Base.metadata.tables)
        }


def _alembic(database: Database, action: str) -> None:
    """`check` or `downgrade` on this database."""
    config = migrations.config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        if action == "check":
            command.check(config)
        else:
            command.downgrade(config, "base")


def test_from_nothing_to_the_schema_of_the_models(database: Database) -> None:
    assert migrations.current(database.engine) is None

    migrations.upgrade(database.engine)

    assert migrations.current(database.engine) == migrations.head()
    _alembic(database, "check")


def test_upgrading_again_changes_nothing(worked_with: Database) -> None:
    database = worked_with
    before = _counts(database)
    assert before["complaint"] > 0

    migrations.upgrade(database.engine)
    with database.transaction() as session:
        reference.load(session)

    assert _counts(database) == before


def test_down_to_nothing_with_data_and_up_again(worked_with: Database) -> None:
    database = worked_with
    assert _counts(database)["complaint"] > 0

    _alembic(database, "downgrade")
    left = set(inspect(database.engine).get_table_names())
    migrations.upgrade(database.engine)

    assert left <= {"alembic_version"}
    _alembic(database, "check")
    assert seed.seed(database, today=clock.today()).created


def test_the_list_of_an_older_installation_is_filled(database: Database) -> None:
    """The first schema knew names and explanations of the 10+X list, and nothing else of it."""
    config = migrations.config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO disclosure_category (code, name, position, fixed, explanation) VALUES"
                " ('finance', '财务', 10, true, ''), ('family_virtue', '家风家训', 11, false, '')"
            )
        )

    migrations.upgrade(database.engine)
    with database.transaction() as session:
        reference.load(session)

    with database.reading() as session:
        listed = {row.code: row for row in categories.listing(session)}
    assert (listed["finance"].name, listed["finance"].position, listed["finance"].revision) == (
        "村级财务",
        23,
        1,
    )
    assert listed["finance"].cadence == Cadence.MONTH
    assert listed["tender_winner"].parent_code == "leasing"
    assert len(listed) == len(reference.categories())

"""Alembic's environment. The connection comes from the caller (`app.core.migrations`) or, on the command
line, from MASHANG_DATABASE_URL or the running embedded server."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from app.core.migrations import url_for_alembic
from app.models import Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = create_engine(url_for_alembic(), poolclass=pool.NullPool)
    with engine.connect() as own:
        run(own)

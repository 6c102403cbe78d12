"""`alembic check` on a fresh database: the migrations make exactly the schema of the models."""

from __future__ import annotations

import tempfile
from pathlib import Path

from alembic import command

from app.core import migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mashang-check-") as home:
        Path(home).chmod(0o755)
        server = EmbeddedPostgres(Path(home))
        database = Database(server.start(), pool_size=3)
        try:
            migrations.upgrade(database.engine)
            with database.engine.connect() as connection:
                config = migrations.config()
                config.attributes["connection"] = connection
                command.check(config)
        finally:
            database.dispose()
            server.stop()


if __name__ == "__main__":
    main()

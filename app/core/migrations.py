"""Running the migrations of `migrations/` from our own processes."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.core.db import driver_url
from app.core.embedded import running_url
from app.core.errors import Unavailable
from app.core.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOCK_KEY = 0x6D617368  # "mash": one migrating process at a time


def config() -> Config:
    """Alembic's configuration without a file, so that it works from any directory."""
    result = Config()
    result.set_main_option("script_location", str(MIGRATIONS))
    return result


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version. Several processes at once wait for each other."""
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        try:
            with engine.connect() as connection:
                alembic = config()
                alembic.attributes["connection"] = connection
                command.upgrade(alembic, "head")
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})


def head() -> str:
    """The newest revision in `migrations/`."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def current(engine: Engine) -> str | None:
    """The revision of the database, or None when it was never migrated."""
    with engine.connect() as connection:
        known = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one()
        if known is None:
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def url_for_alembic() -> str:
    """The database that the `alembic` command line works on. Raises Unavailable when there is none."""
    settings = Settings()
    url = settings.database_url or running_url(settings.data_dir)
    if not url:
        raise Unavailable(
            "database.not_running", "没有数据库：请设置 MASHANG_DATABASE_URL，或先运行 mashang。"
        )
    return driver_url(url)

"""The database: engine, transactions, notifications. The only file that commits.

PostgreSQL is the only dialect. `Database.transaction()` is the unit of work of every face and job: one
changed row, its audit row and its outgoing messages are committed together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

OUTBOX_CHANNEL = "mashang_outbox"


def driver_url(url: str) -> str:
    """`url` with the psycopg 3 driver named, as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


class Database:
    """One process's door to PostgreSQL. `url` may be given with or without the driver's name."""

    def __init__(self, url: str, *, pool_size: int = 10, application: str = "mashang") -> None:
        self.url = driver_url(url)
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "application_name": application},
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that is committed at the end of the block and rolled back when the block raises."""
        with self._sessions() as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only: PostgreSQL refuses a write in it, nothing is committed. Rows that were
        read stay readable afterwards."""
        with self._sessions() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            try:
                yield session
            finally:
                session.expunge_all()  # a rollback would expire them
                session.rollback()

    def notifications(self, *, timeout: float) -> Iterator[None]:
        """Yield once per wake-up: at a NOTIFY on the outbox channel, and at latest after `timeout` seconds.

        Runs on a connection of its own in autocommit mode. Raises psycopg.OperationalError when the
        server goes away; the caller falls back to polling and calls again."""
        with psycopg.connect(self._plain_url(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {OUTBOX_CHANNEL}")
            yield
            while True:
                for _ in connection.notifies(timeout=timeout, stop_after=1):
                    break
                yield

    def ping(self) -> None:
        """Raise when the server does not answer."""
        with self.engine.connect() as connection:
            connection.execute(select(1))

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def _plain_url(self) -> str:
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)


class BorrowedDatabase(Database):
    """A `Database` whose sessions live in savepoints of one open connection, so that all they write can
    be rolled back together. One thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self.url = connection.engine.url.render_as_string(hide_password=False)
        self.engine = connection.engine
        self._sessions = sessionmaker(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose writes are rolled back; the borrowed transaction itself stays writable."""
        with self._sessions() as session:
            try:
                yield session
            finally:
                session.expunge_all()  # a rollback would expire them
                session.rollback()


def wake_worker(session: Session) -> None:
    """Tell waiting workers, once this transaction commits, that there is something to send."""
    session.execute(select(func.pg_notify(OUTBOX_CHANNEL, "")))


def database_now(session: Session) -> datetime:
    """The database's clock: the only one that leases and ticks of several machines may compare."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now

"""What the rules cost over 420 villages with a million payments, and what three of their questions cost
otherwise.

Fills an embedded database of its own (kept when `--home` names a folder), evaluates every rule as of one day
and prints its seconds, its findings, what it wrote to temporary files and the peak memory of the server's
processes and of this one. Then three questions in the forms in which people write them first: one plain SQL
statement, and a loop over ORM rows in Python. Both look at the same days as the rule and leave out most of
what the rule does (limits by date and county, exclusions, missing fields, evidence, words):

    make bench-rules        or        .venv/bin/python -m bench.rules --payments 1000000
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import migrations
from app.core.db import Database
from app.rules import ALL_RULES
from app.rules.base import Rule, statement
from app.services import reference
from bench import ledgers, questions
from bench.disclosures import run

MEGABYTE = 1024 * 1024
SLOW = 5.0


@dataclass
class Peak:
    """The most memory (MB) that this process grew by and that the server's processes held of their own at the
    same time."""

    python: float = 0.0
    server: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)

    def watch(self, server: psutil.Process) -> None:
        """Look twenty times a second until the block is over."""
        own = psutil.Process()
        before = own.memory_info().rss
        while not self._done.wait(0.05):
            self.python = max(self.python, (own.memory_info().rss - before) / MEGABYTE)
            held = 0
            for process in server.children():
                try:
                    told = process.memory_info()
                except psutil.NoSuchProcess:
                    continue
                held += told.rss - told.shared
            self.server = max(self.server, held / MEGABYTE)

    def stop(self) -> None:
        """The block is over."""
        self._done.set()


@contextmanager
def watched(server: psutil.Process) -> Iterator[Peak]:
    """Measure memory while the block runs."""
    peak = Peak()
    watcher = threading.Thread(target=peak.watch, args=(server,), daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        peak.stop()
        watcher.join()


def measured(database: Database, server: psutil.Process, name: str, work: Callable[[Session], str]) -> float:
    """Do `work` in a transaction of its own and print a line about it; seconds."""
    spilled = _spilled(database)
    with watched(server) as peak, database.reading() as session:
        begin = time.perf_counter()
        told = work(session)
        seconds = time.perf_counter() - begin
    spilled = _spilled(database) - spilled
    print(
        f"{name:34} {seconds:8.2f} s   server {peak.server:6.0f} MB   python {peak.python:6.0f} MB"
        f"   temporary files {spilled / MEGABYTE:6.0f} MB   {told}",
        flush=True,
    )
    return seconds


def _spilled(database: Database) -> int:
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        return int(
            connection.scalar(
                text("SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()")
            )
            or 0
        )


def evaluate(rule: Rule[Any]) -> Callable[[Session], str]:
    """A rule with its default thresholds, findings and verdicts read in full."""

    def work(session: Session) -> str:
        said = rule.evaluate(session, as_of=ledgers.AS_OF, thresholds=rule.thresholds())
        examined = sum(judged.examined for judged in said.villages.values())
        unknown = sum(judged.unknown for judged in said.villages.values())
        return f"{examined:,} examined, {len(said.findings):,} fired, {unknown:,} not computable"

    return work


def explain(database: Database, rule: Rule[Any]) -> None:
    """The plan of a rule's statement on these data."""
    bound = text("EXPLAIN (ANALYZE, COSTS OFF) " + statement(rule))
    values = {**rule.parameters(rule.thresholds()), "as_of": ledgers.AS_OF, "watched": []}
    names = bound.compile().params.keys()
    with database.reading() as session:
        rows = session.execute(bound, {name: values[name] for name in names}).scalars().all()
    print(f"\n===== {rule.code} {rule.key}")
    print("\n".join("   " + line[:160] for line in rows))


def load(database: Database, options: argparse.Namespace) -> str:
    """Fill an empty database; what there is now, and how long it took."""
    with database.transaction() as session:
        reference.load(session)
        before = session.scalar(text("SELECT count(*) FROM payment"))
    begin = time.perf_counter()
    if not before:
        with database.engine.begin() as connection:
            sizes = {"villages": options.villages, "payments": options.payments, "years": options.years}
            ledgers.load(connection, **sizes)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    seconds = time.perf_counter() - begin
    with database.engine.connect() as connection:
        counted = {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}"))
            for name in ("payment", "receipt", "labour_slip", "benefit", "contract", "fund_statement")
        }
        size = connection.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))
    told = ", ".join(f"{count:,} {name}" for name, count in counted.items())
    return f"{told}; {size}; " + ("loaded before" if before else f"loaded in {seconds:.0f} s")


def measure(database: Database, server: psutil.Process, options: argparse.Namespace) -> None:
    """All rules, then the three questions in their other forms."""
    wanted = [rule for rule in ALL_RULES if not options.only or rule.key in options.only]
    spent = {rule: measured(database, server, f"{rule.code} {rule.key}", evaluate(rule)) for rule in wanted}
    print(f"{len(spent)} rules{'':27} {sum(spent.values()):8.2f} s\n")
    for question in questions.ALL:
        if options.only and question.rule not in options.only:
            continue
        measured(database, server, f"{question.rule}, plain SQL", question.plain)
        measured(database, server, f"{question.rule}, ORM loop", question.loop)
    if options.plans:
        for rule, seconds in spent.items():
            if seconds > SLOW or options.only:
                explain(database, rule)


def main() -> None:
    """Load, measure, explain what is slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--villages", type=int, default=420)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--years", type=int, default=5, help="over how many years the payments lie")
    parser.add_argument("--home", help="keep the data here and use it again")
    parser.add_argument("--only", nargs="*", help="keys of rules")
    parser.add_argument("--plans", action="store_true", help=f"print plans of rules over {SLOW:.0f} s")
    options = parser.parse_args()

    def work(url: str, _home: str) -> None:
        database = Database(url, pool_size=2)
        migrations.upgrade(database.engine)
        print(f"{options.villages} villages over {options.years} years: {load(database, options)}")
        with database.engine.connect() as connection:
            version = connection.scalar(text("SHOW server_version"))
            held = connection.scalar(text("SHOW work_mem"))
            backend = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()")))
        server = backend.parent()
        if server is None:
            raise SystemExit("the embedded server has no parent process")
        print(f"PostgreSQL {version}, work_mem {held}, {os.cpu_count()} cores, as of {ledgers.AS_OF}\n")
        measure(database, server, options)
        database.dispose()

    run(work, options.home)


if __name__ == "__main__":
    main()

"""What the public pages cost with 1,000,000 disclosures in 1,000 villages.

Loads them once into an embedded database of its own (kept when `--home` names a folder), then starts one web
process and asks it over loopback for village homes, category pages, searches and single items, each of a
random village, with views counted; prints figures, and with `--plans` the plan of every statement that such a
page sends:

    make bench-full        or        .venv/bin/python -m bench.disclosures --villages 1000 --each 1000
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
from sqlalchemy import Connection, event, text
from starlette.testclient import TestClient

from app.core import migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres
from app.services import reference
from bench import corpus
from bench.callback import serve

SEED = 20260715
WORDS = ("低保", "路灯", "租金", "道路硬化", "水渠", "危房")
WARM_UP = 100


def application(url: str, home: str) -> Any:
    """The product's application."""
    from app.core import logging
    from app.core.settings import Settings
    from app.main import create_app

    settings = Settings(
        _env_file=None,
        database_url=url,
        data_dir=Path(home),
        secret_key="a secret for the benchmark only, long enough",
    )
    made = create_app(settings)
    logging.configure("WARNING")
    return made


def load(database: Database, villages: int, each: int) -> float:
    """Fill an empty database; seconds, or 0 when it was full already."""
    with database.transaction() as session:
        reference.load(session)
        if session.scalar(text("SELECT count(*) FROM disclosure")):
            return 0.0
    begin = time.perf_counter()
    with database.transaction() as session:
        corpus.load(session, villages=villages, each=each, seed=SEED)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return time.perf_counter() - begin


def addresses(connection: Connection, count: int) -> dict[str, list[str]]:
    """For each sort of page, `count` addresses in random villages."""
    draw = random.Random(SEED)
    codes = list(
        connection.scalars(text("SELECT code FROM organisation WHERE kind = 'village' ORDER BY code"))
    )
    shelves = list(connection.scalars(text("SELECT DISTINCT category_code FROM disclosure LIMIT 5000")))
    chosen = connection.execute(
        text(
            "SELECT o.code, d.id FROM disclosure d TABLESAMPLE SYSTEM (1) JOIN organisation o"
            " ON o.id = d.village_id WHERE d.state = 'published' ORDER BY random() LIMIT :n"
        ),
        {"n": count},
    ).all()
    return {
        "village home": [f"/v/{draw.choice(codes)}" for _ in range(count)],
        "category page": [f"/v/{draw.choice(codes)}/c/{draw.choice(shelves)}" for _ in range(count)],
        "search": [f"/v/{draw.choice(codes)}/search?q={quote(draw.choice(WORDS))}" for _ in range(count)],
        "one item": [f"/v/{code}/d/{key}" for code, key in chosen],
    }


async def drive(base: str, paths: list[str], clients: int) -> list[float]:
    """Ask for all paths over `clients` connections; milliseconds of each."""
    spent: list[float] = []
    waiting = iter(paths)

    async def client(http: httpx.AsyncClient) -> None:
        for path in waiting:
            begin = time.perf_counter()
            answer = await http.get(path)
            spent.append((time.perf_counter() - begin) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code}")

    async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False) as http:
        await asyncio.gather(*(client(http) for _ in range(clients)))
    return spent


def measure(url: str, home: str, pages: dict[str, list[str]], clients: int) -> None:
    """One web process; requests per second, CPU and latency of each sort of page."""
    door = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(
        target=serve, args=(application, url, home, door), daemon=True
    )
    server.start()
    process = psutil.Process(server.pid)
    try:
        for name, paths in pages.items():
            asyncio.run(drive(base, paths[:WARM_UP], clients))
            before, begin = sum(process.cpu_times()[:2]), time.perf_counter()
            spent = sorted(asyncio.run(drive(base, paths, clients)))
            seconds, cpu = time.perf_counter() - begin, sum(process.cpu_times()[:2]) - before
            print(
                f"{name:14} {len(paths) / seconds:7.0f} pages/s {cpu / len(paths) * 1000:7.2f} ms CPU/page"
                f"   p50 {spent[len(spent) // 2]:6.1f} ms   p99 {spent[int(len(spent) * 0.99)]:6.1f} ms"
            )
    finally:
        server.terminate()
        server.join()
        door.close()


def plans(url: str, home: str, pages: dict[str, list[str]]) -> None:
    """Every distinct statement of one page of each sort, with its plan on this data."""
    app = application(url, home)
    engine = app.state.context.database.engine
    with TestClient(app) as client:
        for name, paths in pages.items():
            client.get(paths[0])
            with _listening(engine) as statements:
                client.get(paths[1])
                sent = list(statements)
            print(f"\n===== {name}: {len(sent)} statements")
            for statement, parameters in sent:
                _explain(engine, statement, parameters)


@contextmanager
def _listening(engine: Any) -> Iterator[list[tuple[str, Any]]]:
    """Collects what an engine is asked while it is open."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def _explain(engine: Any, statement: str, parameters: Any) -> None:
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("EXPLAIN (ANALYZE, COSTS OFF) " + statement, parameters).scalars()
        lines = list(rows)
    print("\n--", " ".join(statement.split())[:160])
    print("\n".join("   " + line[:150] for line in lines))


def _home(given: str | None) -> Iterator[Path]:
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        yield Path(given)
        return
    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def run(work: Callable[[str, str], None], given: str | None) -> None:
    """Do `work(url, home)` on an embedded server."""
    for home in _home(given):
        postgres = EmbeddedPostgres(home)
        try:
            work(postgres.start(), str(home))
        finally:
            postgres.stop()


def main() -> None:
    """Load, measure, explain."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--villages", type=int, default=1000)
    parser.add_argument("--each", type=int, default=1000, help="disclosures of each village")
    parser.add_argument("--requests", type=int, default=1000, help="of each sort of page")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--home", help="keep the data here and use it again")
    parser.add_argument("--plans", action="store_true", help="print the query plans too")
    options = parser.parse_args()

    def work(url: str, home: str) -> None:
        database = Database(url, pool_size=2)
        migrations.upgrade(database.engine)
        seconds = load(database, options.villages, options.each)
        with database.engine.connect() as connection:
            total = connection.scalar(text("SELECT count(*) FROM disclosure"))
            size = connection.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))
            pages = addresses(connection, options.requests)
        database.dispose()
        loaded = f"loaded in {seconds:.0f} s" if seconds else "loaded before"
        print(f"{total:,} disclosures in {options.villages:,} villages, {size}, {loaded}")
        print(f"{options.requests} requests a sort, {options.clients} connections, {os.cpu_count()} cores")
        measure(url, home, pages, options.clients)
        if options.plans:
            plans(url, home, pages)

    run(work, options.home)


if __name__ == "__main__":
    main()

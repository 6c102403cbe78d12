"""What a process does before its first answer: routes are built once, and only by those who answer."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain

from app import api, h5
from app.core.db import BorrowedDatabase
from tests.operations.support import ROOT, clean
from tests.support import make_client


def test_the_first_request_builds_no_route_again(borrowed: BorrowedDatabase) -> None:
    """Every route of pages and REST was built when its module was read, and answers as it is."""
    built = {
        id(route) for route in chain.from_iterable(router.routes for router in (*api.routers, *h5.routers))
    }
    with make_client(borrowed) as client:
        served = {id(route) for route in client.app.routes}  # type: ignore[attr-defined]
        assert client.get("/healthz").status_code == 200
    assert len(built) > 150
    assert built <= served


def test_workers_and_commands_start_without_the_faces() -> None:
    """Pages and interfaces are half of all code: a worker, a scheduler or a command does not read it."""
    read = (
        "import sys, app.__main__; "
        "print([name for name in ('app.api', 'app.h5', 'miniprogram_api') if name in sys.modules])"
    )
    started = subprocess.run(
        [sys.executable, "-c", read], env=clean({}), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert started.stdout.strip() == "[]"

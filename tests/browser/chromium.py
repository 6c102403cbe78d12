"""One Chromium for the tests, found as `make browser` finds it. No browser is a failure, never a skip."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def program() -> str:
    """Where Chromium is: MASHANG_CHROMIUM, then on PATH. Fails when there is none."""
    found = subprocess.run(
        ["sh", str(ROOT / "bin" / "find-chromium")], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, "no Chromium: run `make browser`, or name one in MASHANG_CHROMIUM"
    return found.stdout.strip()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGUMENTS, timeout=60_000)
        yield browser
        browser.close()

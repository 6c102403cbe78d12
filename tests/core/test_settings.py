"""The settings' own secret, and what several processes make of it at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.core.settings import Settings


def _settings(data_dir: Path, **values: object) -> Settings:
    return Settings(_env_file=None, data_dir=data_dir, **values)  # type: ignore[call-arg, arg-type]


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    key = _settings(tmp_path / "new").key

    file = tmp_path / "new" / "secret_key"
    assert file.read_bytes() == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(key) >= 32
    assert _settings(tmp_path / "new").key == key
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("attempt", range(20))
def test_first_starts_at_once_agree_on_one_secret(tmp_path: Path, attempt: int) -> None:
    together, keys = threading.Barrier(8), []

    def start() -> None:
        settings = _settings(tmp_path)
        together.wait()
        keys.append(settings.key)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 32
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_configured_secret_makes_no_file(tmp_path: Path) -> None:
    assert _settings(tmp_path, secret_key="s" * 40).key == b"s" * 40
    assert list(tmp_path.iterdir()) == []

"""Files are whole, found by content, without telling times, and never outside their directory."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine

from app.core import clock
from app.core.errors import NotFound
from app.core.storage import FileDamaged, Storage

CONTENT = "路灯坏了的照片".encode()
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.in_data_dir(tmp_path)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_what_is_put_is_read(storage: Storage, tmp_path: Path) -> None:
    assert storage.put(CONTENT) == DIGEST
    assert storage.put(CONTENT) == DIGEST
    assert storage.read(DIGEST) == CONTENT
    assert storage.exists(DIGEST)
    assert storage.size(DIGEST) == len(CONTENT)
    with storage.open(DIGEST) as stream:
        assert stream.read(3) == CONTENT[:3]
    assert files(tmp_path) == [tmp_path / "files" / DIGEST[:2] / DIGEST[2:4] / DIGEST]


def test_empty_content(storage: Storage) -> None:
    assert storage.read(storage.put(b"")) == b""


def test_deleting(storage: Storage) -> None:
    storage.put(CONTENT)
    assert storage.delete(DIGEST)
    assert not storage.delete(DIGEST)
    assert not storage.exists(DIGEST)
    with pytest.raises(NotFound) as caught:
        storage.read(DIGEST)
    assert caught.value.code == "file.missing"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../secret_key",
        "/etc/passwd",
        DIGEST[:-1],
        DIGEST + "0",
        DIGEST.upper(),
        DIGEST + "\n",
        "é" * 64,
    ],
)
def test_names_lead_nowhere_else(storage: Storage, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret_key").write_text("secret")
    assert not storage.exists(name)
    for step in (storage.read, storage.open, storage.size, storage.delete):
        with pytest.raises(NotFound):
            step(name)
    assert (tmp_path / "secret_key").exists()


def test_times_tell_only_the_day(storage: Storage, tmp_path: Path) -> None:
    with time_machine.travel("2026-11-23T06:45:12+00:00", tick=False):
        storage.put(CONTENT)
        midnight = clock.at(clock.today()).timestamp()
    for path in [tmp_path / "files", *(tmp_path / "files").rglob("*")]:
        assert path.stat().st_mtime == midnight, path
    assert files(tmp_path)[0].stat().st_atime == midnight


def test_files_are_private(storage: Storage, tmp_path: Path) -> None:
    storage.put(CONTENT)
    for path in [tmp_path / "files", *(tmp_path / "files").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_damage_is_noticed(storage: Storage, tmp_path: Path) -> None:
    storage.put(CONTENT)
    files(tmp_path)[0].write_bytes(b"something else")
    with pytest.raises(FileDamaged) as caught:
        storage.read(DIGEST)
    assert caught.value.code == "file.damaged"


def test_a_failed_write_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    obstacle = tmp_path / "files" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    obstacle.mkdir(parents=True)
    (obstacle / "kept").write_text("a directory that no file can replace")
    with pytest.raises(OSError, match="directory"):
        storage.put(CONTENT)
    assert files(tmp_path) == [obstacle / "kept"]


def test_many_writers_of_the_same_content(storage: Storage, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: storage.put(CONTENT), range(40)))
    assert digests == {DIGEST}
    assert len(files(tmp_path)) == 1
    assert storage.read(DIGEST) == CONTENT

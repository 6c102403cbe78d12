"""Files by content: `<root>/ab/cd/<sha256>`, written whole or not at all, the same content once.

Times of files and directories are set to the midnight of their day, because they must not tell when an
anonymous complaint came. (The inode change time cannot be set: only the service's own user may read the
directory.) Names are digests and nothing else, so that no name leads outside.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from app.core import clock
from app.core.errors import AppError, NotFound

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileDamaged(AppError):
    """The content of a stored file is not what its name says (500, `file.damaged`)."""


class Storage:
    """The files under one directory. Safe for several processes at once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def in_data_dir(cls, data_dir: Path) -> Storage:
        """The attachments of a data directory."""
        return cls(data_dir / "files")

    def put(self, data: bytes) -> str:
        """Stores `data` durably and returns its digest, by which it is read."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.is_file():
            return digest
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.parent.mkdir(mode=0o700, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _forget_time(Path(temporary))
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._settle(path.parent)
        return digest

    def read(self, digest: str) -> bytes:
        """The content. Raises NotFound (`file.missing`) and FileDamaged."""
        with self.open(digest) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise FileDamaged("file.damaged", "附件已损坏，请联系系统管理员。", digest=digest)
        return data

    def open(self, digest: str) -> BinaryIO:
        """A stream of the content, for large files; the caller closes it. Raises NotFound."""
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise _missing() from error

    def exists(self, digest: str) -> bool:
        """Whether there is such a file."""
        return _DIGEST.fullmatch(digest) is not None and self._path(digest).is_file()

    def size(self, digest: str) -> int:
        """Its length in bytes. Raises NotFound."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError as error:
            raise _missing() from error

    def delete(self, digest: str) -> bool:
        """Removes the file; False when there was none. The caller knows that nothing else refers to it."""
        path = self._path(digest)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        self._settle(path.parent)
        return True

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise _missing()
        return self._root / digest[:2] / digest[2:4] / digest

    def _settle(self, directory: Path) -> None:
        """Makes the entries durable, and the directories' times coarse, up to the root."""
        for place in (directory, directory.parent, self._root):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _forget_time(place)


def _forget_time(path: Path) -> None:
    midnight = clock.whole_day(clock.now()).timestamp()
    os.utime(path, (midnight, midnight))


def _missing() -> NotFound:
    return NotFound("file.missing", "没有找到这个附件。")

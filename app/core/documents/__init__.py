"""The text of PDF files and workbooks, and a picture of a PDF's first page.

The libraries that read such files are large and written in C++ and Rust; a hostile file may hang or crash
them. So each file is read by a child process of its own that lives for this one file, without the
environment of the server, under limits of CPU time, memory and open files (`reader.py`). Starting it costs
about a fifth of a second; at most `AT_ONCE` run at a time."""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.core.errors import BadInput, Unavailable
from app.core.images import Kind

AT_ONCE: Final = 2
QUEUE_SECONDS: Final = 20
MEGABYTE: Final = 1024 * 1024
_READER: Final = Path(__file__).with_name("reader.py")
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How much a file may ask of us: pages or sheets, characters, seconds, megabytes."""

    pages: int = 200
    characters: int = 400_000
    seconds: int = 20
    megabytes: int = 768


DEFAULT_LIMITS: Final = DocumentLimits()


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page or sheet. `readable` is false where pictures may show what the text does not
    tell. The cells of a sheet are divided by `CELLS`, its rows by line feeds."""

    label: str
    text: str
    readable: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What was read: pages, and the first page of a PDF as JPEG."""

    pages: list[Page]
    preview: bytes | None


CELLS: Final = " | "


def read(data: bytes, kind: Kind, limits: DocumentLimits = DEFAULT_LIMITS) -> Document:
    """Read a PDF or a workbook.

    Raises BadInput `document.encrypted`, `document.damaged`, `document.embedded` (files in the file),
    `document.too_many_pages`, `document.too_long`, `document.too_heavy` (out of time or memory), and
    Unavailable (`document.busy`) when too many files are being read."""
    if not _turns.acquire(timeout=QUEUE_SECONDS):
        raise Unavailable("document.busy", "现在上传文件的人太多，请过一会儿再试。")
    try:
        answer = _ask(data, kind, limits)
    finally:
        _turns.release()
    if refusal := answer.get("refused"):
        raise _refused(str(refusal), limits)
    pages = [Page(str(one["label"]), str(one["text"]), bool(one["readable"])) for one in answer["pages"]]
    preview = answer.get("preview")
    return Document(pages, base64.b64decode(preview) if preview else None)


def _ask(data: bytes, kind: Kind, limits: DocumentLimits) -> dict[str, Any]:
    """The child's answer; a child that dies or hangs has met a file that is too much for it."""
    command = [
        sys.executable,
        "-I",
        "-X",
        "utf8",
        str(_READER),
        kind.value,
        *(str(limit) for limit in (limits.pages, limits.characters, limits.seconds, limits.megabytes)),
    ]
    try:
        done = subprocess.run(  # noqa: S603  (our own script, arguments are numbers)
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.seconds + 5,
            env={"LANG": "C.UTF-8"},
            cwd="/",
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError, binascii.Error):
        answer = None
    return answer if isinstance(answer, dict) else {"refused": "too_heavy"}


def _refused(reason: str, limits: DocumentLimits) -> BadInput:
    if reason == "encrypted":
        return BadInput("document.encrypted", "文件加了密码，大家都打不开，请去掉密码后再上传。")
    if reason == "embedded":
        return BadInput("document.embedded", "文件里还夹带了别的文件，请去掉夹带的文件，分开上传。")
    if reason == "too_many_pages":
        most = limits.pages
        return BadInput("document.too_many_pages", f"文件最多 {most} 页，请分成几个上传。", limit=most)
    if reason == "too_long":
        return BadInput("document.too_long", "文件里的文字太多，请分成几个文件上传。")
    if reason == "too_heavy":
        return BadInput("document.too_heavy", "文件太复杂，程序读不完，请简化或分成几个文件再上传。")
    return BadInput("document.damaged", "文件已损坏或格式不对，打不开，请重新导出后再上传。")

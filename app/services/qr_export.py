"""The ZIP with the codes and posters of all villages, for the print shop."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator

from app.core import clock
from app.core.db import Database
from app.core.settings import Settings
from app.core.storage import Storage
from app.core.text import one_line
from app.models.base import Json
from app.services import qr_codes
from app.services.qr_codes import JPEG, CodeKind, Codes, ImageFormat

KIND = "qr_zip"
KIND_NAMES = {CodeKind.OFFICIAL: "公众号码", CodeKind.PAGE: "网页码", CodeKind.MINIPROGRAM: "小程序码"}
_UNSAFE = re.compile(r'[\\/:*?"<>|]+')
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same codes give the same file


def make(
    database: Database, settings: Settings, _parameters: Json, progress: Callable[[int, int], None]
) -> tuple[str, bytes]:
    """The name of the file and its content. `progress(done, total)` counts places; one that the platform
    has not issued yet comes with its page code alone."""
    storage = Storage.in_data_dir(settings.data_dir)
    with database.reading() as session:
        places = qr_codes.of_all_villages(session, settings)
    progress(0, len(places))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for done, codes in enumerate(places, start=1):
            for name, content in files_of(codes, storage):
                _add(archive, f"{folder_of(codes)}/{name}", content)
            progress(done, len(places))
    return f"一村一码-{clock.today():%Y%m%d}.zip", target.getvalue()


def files_of(codes: Codes, storage: Storage) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files of one place."""
    place = _part(codes.label) + (f"-{codes.place}" if codes.place else "")
    for kind, name in KIND_NAMES.items():
        if kind is CodeKind.OFFICIAL and codes.scene_code is None:
            continue
        if kind is CodeKind.MINIPROGRAM:
            if codes.miniprogram_file is not None:
                picture, media = codes.image(kind, ImageFormat.PNG, storage)
                yield f"{place}-{name}.{'jpg' if media == JPEG else 'png'}", picture
            continue
        for form in ImageFormat:
            yield f"{place}-{name}.{form}", codes.image(kind, form, storage)[0]
    yield f"{place}-海报.pdf", codes.poster()


def folder_of(codes: Codes) -> str:
    """One folder for each village, below its town's."""
    return f"{_part(codes.town_name)}/{_part(codes.village_name)}（{codes.village_code}）"


def _part(text: str) -> str:
    """A text as part of a file name on any system."""
    return _UNSAFE.sub("_", one_line(text)).strip(" .")[:60] or "_"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    drawn = name.endswith((".png", ".jpg", ".pdf"))
    entry.compress_type = zipfile.ZIP_STORED if drawn else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)

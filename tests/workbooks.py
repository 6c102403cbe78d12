"""Workbooks as people send them, written with xlsxwriter."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import xlsxwriter


def book(content: Sequence[Sequence[Any]] | Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook with one sheet: these rows from A1 on, or whatever `content(workbook, sheet)` writes."""
    out = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy/m/d", **safe, **options}) as workbook:
        sheet = workbook.add_worksheet("Sheet1")
        if callable(content):
            content(workbook, sheet)
        else:
            for at, row in enumerate(content):
                for place, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(at, place, value)
                    else:
                        sheet.write(at, place, value)
    return out.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    """A workbook of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()

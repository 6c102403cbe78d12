"""Answers that are files to keep."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import Response

from app.core import sheets


def workbook(name: str, content: bytes) -> Response:
    """A workbook under its name, which may be Chinese (RFC 6266)."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type=sheets.MIME, headers=headers)

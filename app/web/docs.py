"""The documentation pages of the interfaces: Swagger UI from our own files, so that they work inside a
county's network and under our content security policy."""

from __future__ import annotations

from html import escape

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from app.models.people import SessionKind
from app.web.auth import Allow, Caller
from app.web.pages import asset

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{css}"></head>
<body><div id="swagger-ui" data-document="{document}"></div>
<script src="{bundle}"></script><script src="{start}"></script></body></html>"""


def install(app: FastAPI, *, document: str) -> None:
    """Serve `/docs` of this application for the OpenAPI document at the address `document`."""
    text = PAGE.format(
        title=escape(app.title),
        document=escape(document),
        css=asset("swagger/swagger-ui.css"),
        bundle=asset("swagger/swagger-ui-bundle.js"),
        start=asset("swagger/start.js"),
    )

    @app.get(
        "/docs", include_in_schema=False, dependencies=[Depends(Allow(Caller.PUBLIC, by=SessionKind.PAGE))]
    )
    def docs() -> HTMLResponse:
        """The page."""
        return HTMLResponse(text)

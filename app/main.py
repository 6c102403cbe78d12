"""The composition root: the only file that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from app.core import logging, metrics, migrations
from app.core.db import Database
from app.core.embedded import running_url
from app.core.errors import Unavailable
from app.core.keys import Keys
from app.core.settings import Settings
from app.core.storage import Storage
from app.models.people import SessionKind
from app.services.views import Flusher
from app.web import docs, errors, middleware, pages
from app.web.auth import Allow, Caller
from app.web.context import Context
from app.web.limits import Limiter
from app.wechat.callback import CallbackRoute
from app.wechat.clients import build_clients
from app.wechat.handlers import Handlers


def build_context(settings: Settings, database: Database) -> Context:
    """Everything that faces and jobs share, made from the settings."""
    return Context(
        settings=settings,
        database=database,
        keys=Keys.of(settings.key),
        storage=Storage.in_data_dir(settings.data_dir),
        clients=build_clients(database, settings),
    )


def create_app(settings: Settings | None = None, *, context: Context | None = None) -> FastAPI:
    """The web application: all faces, the callbacks, health and metrics.

    Give `context` to use parts that exist already; otherwise they are made from the settings, and closed
    when the application stops. Raises Unavailable when no database is configured or running."""
    # Here and not above: workers, schedulers and commands start in half the time without the faces.
    import miniprogram_api
    from app import api, h5

    if context is None:
        logging.configure()
    settings = context.settings if context else settings or Settings()
    here = context or build_context(settings, Database(database_url(settings), pool_size=settings.pool_size))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # A request may hold two connections for a moment: its session and the look-up of its caller.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.pool_size
        flusher = Flusher(here.views, here.database, settings.views_flush_seconds)
        flusher.start()
        yield
        await asyncio.to_thread(flusher.stop)
        if context is None:
            await asyncio.to_thread(close, here)

    app = FastAPI(
        title="码上工程 · 管理接口",
        version="1",
        description="一村一码：公开、预警、诉求。令牌放在 Authorization: Bearer 中。",
        docs_url=None,
        redoc_url=None,
        # FastAPI's own log signal would carry villagers' words out of the house.
        telemetry={"logs": False},
        lifespan=lifespan,
    )
    app.state.context = here
    app.state.limiter = Limiter()
    errors.install(app)
    for router in (*api.routers, *h5.routers):
        # include_router would build every route a second time, during the first request of each process.
        app.router.routes.extend(router.routes)
    docs.install(app, document="/openapi.json")
    _health(app, here)
    _wechat(app, here)
    mini = miniprogram_api.create(here)
    mini.state.limiter = app.state.limiter
    app.router.routes.append(Mount("/miniprogram/v1", mini))
    app.mount("/static", StaticFiles(directory=pages.ASSETS), name="static")
    app.add_middleware(middleware.SameSite, settings=settings)
    app.add_middleware(middleware.ReadableAddress)
    app.add_middleware(middleware.BodyLimit, settings=settings)
    app.add_middleware(middleware.SecurityHeaders, settings=settings)
    app.add_middleware(middleware.Compression)
    app.add_middleware(middleware.RequestLog)
    return app


def database_url(settings: Settings) -> str:
    """The database of the settings, or the running embedded one. Raises Unavailable when there is neither."""
    url = settings.database_url or running_url(settings.data_dir)
    if not url:
        raise Unavailable(
            "database.not_running",
            "没有数据库：请设置 MASHANG_DATABASE_URL，或先用 mashang all 启动内置数据库。",
        )
    return url


def close(context: Context) -> None:
    """Close connections to the platform and the database."""
    context.clients.close()
    context.database.dispose()


def _wechat(app: FastAPI, here: Context) -> None:
    handle = Handlers(here.settings, here.keys)
    for path, account in (
        ("/wechat/callback", here.accounts.official),
        ("/wechat/miniprogram/callback", here.accounts.miniprogram),
    ):
        if account.token:
            endpoint: ASGIApp = CallbackRoute(account, here.database, handle, here.settings)
            app.router.routes.append(Route(path, endpoint, methods=None))


def _health(app: FastAPI, here: Context) -> None:
    public = Depends(Allow(Caller.PUBLIC, by=SessionKind.PAGE))

    @app.get("/healthz", include_in_schema=False, dependencies=[public])
    def healthz() -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", include_in_schema=False, dependencies=[public])
    def readyz() -> Response:
        """The database answers and its schema is the one this code wants."""
        try:
            ready = migrations.current(here.database.engine) == migrations.head()
        except SQLAlchemyError as error:
            raise Unavailable("database.unavailable", "数据库没有响应。") from error
        if not ready:
            raise Unavailable("database.not_migrated", "数据库结构不是最新，请运行 mashang migrate。")
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False, dependencies=[public])
    def show_metrics() -> Response:
        """Prometheus metrics; keep this path inside the house (the reverse proxy does not forward it)."""
        return Response(metrics.render(here.database), media_type="text/plain; version=0.0.4")

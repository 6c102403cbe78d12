"""The whole sandbox as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from wechat_sandbox import (
    api_custom,
    api_media,
    api_menu,
    api_miniprogram,
    api_oauth,
    api_ops,
    api_qrcode,
    api_security,
    api_subscribe,
    api_template,
    api_token,
    api_user,
    persist,
)
from wechat_sandbox.actions import Phone
from wechat_sandbox.config import SandboxConfig
from wechat_sandbox.control import create_control
from wechat_sandbox.gateway import Endpoint, route
from wechat_sandbox.phone import phone_routes
from wechat_sandbox.push import Pusher
from wechat_sandbox.state import World

STATIC = Path(__file__).parent / "static"


def platform_endpoints(pusher: Pusher) -> list[Endpoint]:
    """Every endpoint of the platform that the sandbox plays."""
    registries = [
        api_token.registry,
        api_qrcode.registry,
        api_template.registry(pusher),
        api_subscribe.registry(pusher),
        api_custom.registry,
        api_user.registry,
        api_menu.registry,
        api_media.registry,
        api_miniprogram.registry,
        api_security.registry(pusher),
        api_oauth.registry,
    ]
    endpoints = [endpoint for registry in registries for endpoint in registry.endpoints]
    return endpoints + api_ops.registry(endpoints).endpoints


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def create_app(config: SandboxConfig) -> Starlette:
    """The sandbox for one configuration; its state is `app.state.world`."""
    world = World(config)
    pusher = Pusher(world)
    phone = Phone(world, pusher)
    persist.load(world)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(world.clock.run()), asyncio.create_task(persist.keep_saving(world))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pusher.close()
        persist.save(world)

    app = Starlette(
        routes=[
            Route("/healthz", _health),
            *route(world, platform_endpoints(pusher)),
            api_qrcode.picture_route(world),
            api_oauth.page_route(world),
            Mount("/_control", create_control(world, phone)),
            *phone_routes(world, phone),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
    )
    app.state.world = world
    return app

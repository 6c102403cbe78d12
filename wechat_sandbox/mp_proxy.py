"""The way of the Mini Program tab to the application's `/miniprogram/v1`, without cross-origin rules."""

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wechat_sandbox.state import World

PASSED = {"authorization", "content-type", "accept", "idempotency-key", "if-match"}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
PREFIX = "/miniprogram/v1/"


class MiniProgramProxy:
    """Passes calls on; no cookies in either direction, as in a Mini Program."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        """`/phone/mp/*`."""
        return [Route("/phone/mp/{path:path}", self.forward, methods=METHODS)]

    async def forward(self, request: Request) -> Response:
        """One call."""
        base = self.world.config.app_url.rstrip("/")
        if not base:
            return JSONResponse({"title": "沙箱配置里没有 app_url，小程序找不到服务"}, 503)
        url = httpx.URL(base + PREFIX + request.path_params["path"], query=request.url.query.encode())
        headers = {name: value for name, value in request.headers.items() if name in PASSED}
        try:
            async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
                answer = await client.request(
                    request.method, url, content=await request.body(), headers=headers
                )
        except httpx.HTTPError:
            return JSONResponse({"title": "服务没有回应，请稍后再试"}, 502)
        kept = {name: answer.headers[name] for name in ("content-type",) if name in answer.headers}
        return Response(answer.content, answer.status_code, headers=kept)

"""How many encrypted text callbacks one web process takes per second, and what each costs in CPU.

Ours (signature, decryption, durable dedupe, journal row, handler, encrypted reply, one committed transaction)
beside a bare FastAPI + wechatpy handler that stores nothing. Both are served by uvicorn in a process of their
own and driven over loopback by the same client processes, in one run:

    make bench        or        .venv/bin/python -m bench.callback --messages 3000 --clients 8
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import uvicorn
from fastapi import FastAPI, Request, Response
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply
from wechatpy.utils import WeChatSigner

TOKEN, APP_ID = "benchtoken", "wx1234567890abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
WARM_UP = 200


@dataclass(frozen=True)
class Figures:
    """What one server did."""

    name: str
    per_second: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return (
            f"{self.name:34} {self.per_second:8.0f} msg/s {self.cpu_ms:7.2f} ms CPU/msg"
            f"   p50 {self.p50_ms:6.1f} ms   p99 {self.p99_ms:6.1f} ms"
        )


def ours(url: str, data_dir: str) -> object:
    """The product's application with its real handlers."""
    from app.core.settings import Settings
    from app.main import create_app

    settings = Settings(
        _env_file=None,
        database_url=url,
        data_dir=Path(data_dir),
        secret_key="a secret for the benchmark only, long enough",
        wechat_app_id=APP_ID,
        wechat_app_secret="unused",
        wechat_token=TOKEN,
        wechat_aes_key=AES_KEY,
    )
    return create_app(settings)


def bare(_url: str, _data_dir: str) -> object:
    """The least that answers: FastAPI and wechatpy, nothing stored."""
    app = FastAPI()
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID)

    @app.post("/wechat/callback")
    async def callback(request: Request) -> Response:
        query = request.query_params
        body = (await request.body()).decode()
        plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        reply = create_reply("收到", parse_message(plain)).render()
        return Response(crypto.encrypt_message(reply, query["nonce"], query["timestamp"]))

    return app


def serve(make: Callable[[str, str], object], url: str, data_dir: str, door: socket.socket) -> None:
    """One uvicorn process on an open door."""
    config = uvicorn.Config(make(url, data_dir), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[door])


def message(number: int) -> tuple[dict[str, str], bytes]:
    """Query and body of one encrypted text message; every number is another message."""
    now, nonce = str(int(time.time())), f"n{number}"
    plain = (
        f"<xml><ToUserName>gh_bench</ToUserName><FromUserName>o{number % 500:027d}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>text</MsgType><Content>你好，村里的账目在哪里看？</Content>"
        f"<MsgId>{10**15 + number}</MsgId></xml>"
    )
    sealed = WeChatCrypto(TOKEN, AES_KEY, APP_ID).encrypt_message(plain, nonce, now)
    text = sealed.decode() if isinstance(sealed, bytes) else sealed
    encrypted = text.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signer = WeChatSigner()
    signer.add_data(TOKEN, now, nonce, encrypted)
    query = {"timestamp": now, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signer.signature}
    return query, f"<xml><ToUserName>gh_bench</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()


async def drive(address: str, messages: list[tuple[dict[str, str], bytes]], clients: int) -> list[float]:
    """Send all messages over `clients` connections; milliseconds of each."""
    spent: list[float] = []
    waiting = iter(messages)

    async def client(http: httpx.AsyncClient) -> None:
        for query, body in waiting:
            begin = time.perf_counter()
            answer = await http.post("/wechat/callback", params=query, content=body)
            spent.append((time.perf_counter() - begin) * 1000)
            if answer.status_code != 200 or len(answer.content) < 20:
                raise SystemExit(f"unexpected answer {answer.status_code}: {answer.text[:200]}")

    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http:
        await asyncio.gather(*(client(http) for _ in range(clients)))
    return spent


def measure(
    name: str, make: Callable[[str, str], object], url: str, home: str, count: int, clients: int
) -> Figures:
    """Start a server, warm it up, drive it, and read its CPU time."""
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(
        target=serve, args=(make, url, home, door), daemon=True
    )
    server.start()
    try:
        asyncio.run(drive(address, [message(10**6 + number) for number in range(WARM_UP)], clients))
        prepared = [message(number) for number in range(count)]
        process = psutil.Process(server.pid)
        before, begin = sum(process.cpu_times()[:2]), time.perf_counter()
        spent = sorted(asyncio.run(drive(address, prepared, clients)))
        seconds = time.perf_counter() - begin
        cpu = sum(process.cpu_times()[:2]) - before
    finally:
        server.terminate()
        server.join()
        door.close()
    return Figures(
        name, count / seconds, cpu / count * 1000, spent[len(spent) // 2], spent[int(len(spent) * 0.99)]
    )


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    from app.core import migrations
    from app.core.db import Database
    from app.core.embedded import EmbeddedPostgres
    from app.services import reference

    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as home:
        Path(home).chmod(0o755)
        postgres = EmbeddedPostgres(Path(home))
        url = postgres.start()
        try:
            database = Database(url, pool_size=2)
            migrations.upgrade(database.engine)
            with database.transaction() as session:
                reference.load(session)
            database.dispose()
            sizes = (options.messages, options.clients)
            stored = measure("mashang, durable (fsync on)", ours, url, home, *sizes)
            nothing = measure("bare FastAPI + wechatpy, no storage", bare, url, home, *sizes)
        finally:
            postgres.stop()
    print(
        f"{options.messages} messages, {options.clients} connections, {os.cpu_count()} cores, one web process"
    )
    print(stored)
    print(nothing)
    print(
        f"throughput {stored.per_second / nothing.per_second:.2f}×, "
        f"CPU per message {stored.cpu_ms / nothing.cpu_ms:.2f}× of the bare handler"
    )


if __name__ == "__main__":
    main()

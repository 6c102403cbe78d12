"""A sandbox on a real port, and a stand-in for an account's server that receives its callbacks."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import uvicorn
import xmltodict
from wechatpy.crypto import WeChatCrypto

from wechat_sandbox.app import create_app
from wechat_sandbox.config import SandboxConfig

TOKEN = "sandboxtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx1111111111111111"
MINI_ID = "wx2222222222222222"
SECRET = "0123456789abcdef0123456789abcdef"
ORIGINAL_ID = "gh_aaaabbbbcccc"
VILLAGER, OFFICER = "王阿婆", "李联络"


@dataclass
class Received:
    """One callback as it came over the wire."""

    query: dict[str, str]
    body: str
    fields: dict[str, Any]


Answer = Callable[[Received], tuple[int, bytes]]


def succeed(_: Received) -> tuple[int, bytes]:
    """Nothing to say."""
    return 200, b"success"


@dataclass
class Receiver:
    """The account's server: decrypts with wechatpy, remembers, answers as told."""

    url: str = ""
    app_id: str = APP_ID
    answer: Answer = succeed
    received: list[Received] = field(default_factory=list)

    def forget(self) -> None:
        """Start again: nothing received, nothing to say."""
        self.received.clear()
        self.answer, self.app_id = succeed, APP_ID

    def handle(self, query: dict[str, str], body: str) -> tuple[int, bytes]:
        """Take one callback in."""
        fields = self._read(query, body)
        item = Received(query, body, fields)
        self.received.append(item)
        return self.answer(item)

    def _read(self, query: dict[str, str], body: str) -> dict[str, Any]:
        if "msg_signature" not in query:
            return self._parse(body)
        outer = self._parse(body)
        crypto = WeChatCrypto(TOKEN, AES_KEY, self.app_id)
        text = crypto.decrypt_message(
            {"Encrypt": outer["Encrypt"]}, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        return self._parse(text)

    def _parse(self, text: str) -> dict[str, Any]:
        if text.lstrip().startswith("{"):
            return dict(json.loads(text))
        return dict(xmltodict.parse(text)["xml"])

    @property
    def events(self) -> list[str]:
        """What came, in order: event names and message types."""
        return [item.fields.get("Event") or item.fields["MsgType"] for item in self.received]


def text_reply(received: Received, content: str, *, encrypted: bool = True) -> bytes:
    """A passive text reply, encrypted by wechatpy."""
    sender, account = received.fields["FromUserName"], received.fields["ToUserName"]
    xml = (
        f"<xml><ToUserName><![CDATA[{sender}]]></ToUserName><FromUserName><![CDATA[{account}]]></FromUserName>"
        f"<CreateTime>1713424427</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    )
    if not encrypted:
        return xml.encode()
    return str(WeChatCrypto(TOKEN, AES_KEY, APP_ID).encrypt_message(xml, "415670741", "1713424427")).encode()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            parts = sorted([TOKEN, query["timestamp"], query["nonce"]])
            good = hashlib.sha1("".join(parts).encode()).hexdigest() == query["signature"]
            self._reply(200 if good else 403, query["echostr"].encode() if good else b"")

        def do_POST(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._reply(*receiver.handle(query, body))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/wechat/callback?from=sandbox"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(uvicorn.Server):
    """Tells when it is ready, so that nobody has to ask again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


@contextmanager
def serving(config: SandboxConfig) -> Iterator[str]:
    """Run a sandbox on a free port; gives its address."""
    app = create_app(config)
    server = _Server(
        uvicorn.Config(app, port=0, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.ready.wait(20)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def config_for(callback_url: str, **changes: Any) -> SandboxConfig:
    """An Official Account, a Mini Program, a villager and an officer."""
    account = {
        "kind": "official",
        "app_id": APP_ID,
        "app_secret": SECRET,
        "token": TOKEN,
        "aes_key": AES_KEY,
        "original_id": ORIGINAL_ID,
        "callback_url": callback_url,
        **changes.pop("official", {}),
    }
    mini = {
        "kind": "miniprogram",
        "app_id": MINI_ID,
        "app_secret": SECRET,
        "token": TOKEN,
        "aes_key": AES_KEY,
        "original_id": "gh_dddd",
        "format": "json",
        **changes.pop("miniprogram", {}),
    }
    people = [{"name": VILLAGER, "role": "villager"}, {"name": OFFICER, "role": "officer"}]
    return SandboxConfig.model_validate({"accounts": [account, mini], "personas": people, **changes})


class Sandbox:
    """A client of a running sandbox: its control API and, with a token, the platform."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=30)
        self._tokens: dict[str, str] = {}

    def control(self, name: str, /, *, status: int = 200, **body: Any) -> Any:
        """POST to the control API."""
        answer = self.http.post(f"/_control/{name}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def look(self, name: str, /, **query: Any) -> Any:
        """GET from the control API."""
        answer = self.http.get(f"/_control/{name}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def token(self, app_id: str = APP_ID) -> str:
        """An access token, fetched once."""
        if app_id not in self._tokens:
            body = {"grant_type": "client_credential", "appid": app_id, "secret": SECRET}
            self._tokens[app_id] = self.http.post("/cgi-bin/stable_token", json=body).json()["access_token"]
        return self._tokens[app_id]

    def get(self, path: str, *, app_id: str = APP_ID, **query: Any) -> dict[str, Any]:
        """A GET on the platform."""
        params = {"access_token": self.token(app_id), **query}
        return dict(json.loads(self.http.get(path, params=params).content))

    def post(self, path: str, body: Any = None, *, app_id: str = APP_ID, **query: Any) -> dict[str, Any]:
        """A POST on the platform, in raw UTF-8."""
        params = {"access_token": self.token(app_id), **query}
        content = json.dumps(body, ensure_ascii=False).encode()
        return dict(json.loads(self.http.post(path, params=params, content=content).content))

    def openid(self, persona: str = VILLAGER) -> str:
        """The Official Account's openid of a person."""
        return str(self.control("personas", name=persona)["openid"])

    def mp_openid(self, persona: str = VILLAGER) -> str:
        """The Mini Program's openid of a person."""
        return str(self.control("personas", name=persona)["mp_openid"])

    def chat(self, persona: str = VILLAGER) -> list[dict[str, Any]]:
        """The chat of a person."""
        return list(self.look("chat", persona=persona)["messages"])

    def template(self, title: str, kind: str = "template", app_id: str = APP_ID) -> dict[str, Any]:
        """A template of an account by title."""
        return next(item for item in self.look("templates")[app_id][kind] if item["title"] == title)

    def send_template(self, title: str, to: str = VILLAGER, **extra: Any) -> dict[str, Any]:
        """A template message whose fields are all right."""
        template = self.template(title)
        body = {
            "touser": self.openid(to),
            "template_id": template["template_id"],
            "data": good_data(template),
        }
        return self.post("/cgi-bin/message/template/send", {**body, **extra})


@contextmanager
def running(config: SandboxConfig) -> Iterator[Sandbox]:
    """Run a sandbox and give a client of it."""
    with serving(config) as address:
        client = Sandbox(address)
        try:
            yield client
        finally:
            client.http.close()


def good_data(template: dict[str, Any]) -> dict[str, Any]:
    """Values the platform takes, by type of key."""
    values = {"thing": "益农镇东联村", "character_string": "MS20260001", "time": "2026年11月23日 09:05"}
    return {item["key"]: {"value": values[item["key"].rstrip("0123456789")]} for item in template["fields"]}

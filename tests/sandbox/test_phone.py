"""The phone page over HTTP: who holds it, cookie jars, codes, the way of the Mini Program tab."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import qrcode
from PIL import Image

from tests.sandbox.support import OFFICER, VILLAGER, Receiver, Sandbox, config_for, running


def pick(sandbox: Sandbox, name: str) -> list[str]:
    """Hand the phone over; gives the cookies that the answer sets."""
    answer = sandbox.http.post("/phone/pick", data={"persona": name})
    assert (answer.status_code, answer.headers["location"]) == (303, "/phone")
    return answer.headers.get_list("set-cookie")


def jar(sandbox: Sandbox) -> dict[str, str]:
    """The cookies of this browser that are not the sandbox's own."""
    return {
        item.name: item.value or "" for item in sandbox.http.cookies.jar if item.name != "sandbox_persona"
    }


def test_first_the_list_then_the_phone(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/phone").text
    assert 'data-testid="picker"' in page
    assert VILLAGER in page
    answer = sandbox.http.post(
        "/phone/pick", data={"name": "<新来的>", "role": "officer"}, follow_redirects=True
    )
    assert "&lt;新来的&gt;的手机" in answer.text
    assert 'data-testid="view-chat"' in answer.text
    assert [item["role"] for item in sandbox.look("personas")] == ["villager", "officer", "officer"]


def test_every_person_has_a_cookie_jar(sandbox: Sandbox) -> None:
    pick(sandbox, VILLAGER)
    sandbox.http.cookies.set("session", "of-the-villager", domain="127.0.0.1", path="/")
    sandbox.http.cookies.set("quoted", '"a b=c"', domain="127.0.0.1", path="/")
    headers = pick(sandbox, OFFICER)
    assert jar(sandbox) == {}
    assert any(header.startswith("session=") and "Max-Age=0" in header for header in headers)
    sandbox.http.cookies.set("session", "of-the-officer", domain="127.0.0.1", path="/")
    headers = pick(sandbox, VILLAGER)
    assert jar(sandbox) == {"session": "of-the-villager", "quoted": '"a b=c"'}
    session = next(header for header in headers if header.startswith("session="))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(session.split("; "))
    pick(sandbox, VILLAGER)
    assert jar(sandbox)["session"] == "of-the-villager"
    pick(sandbox, OFFICER)
    assert jar(sandbox) == {"session": "of-the-officer"}


def test_authorisation_knows_who_holds_the_phone(sandbox: Sandbox) -> None:
    url = (
        "/connect/oauth2/authorize?appid=wx1111111111111111&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fdesk"
        "&response_type=code&scope=snsapi_base&state=1"
    )
    assert sandbox.http.get(url).status_code == 400
    pick(sandbox, OFFICER)
    answer = sandbox.http.get(url)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://127.0.0.1:1/desk?code=")
    assert sandbox.look("log", kind="call", persona=OFFICER)["entries"][-1]["status"] == 302


def test_poll_gives_what_is_new_and_counts_unread(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/phone/poll").json() == {"gone": True}
    pick(sandbox, VILLAGER)
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("follow", persona=OFFICER)
    sandbox.send_template("审核任务提醒", OFFICER)
    sandbox.control("settle")
    first = sandbox.http.get("/phone/poll", params={"since": 0, "seen": 1}).json()
    assert [item["text"] for item in first["messages"]] == ["你已关注「村务公开」"]
    assert {item["name"]: item["unread"] for item in first["people"]}[OFFICER] == 2
    assert first["subscribed"] is True
    assert "推送 TEMPLATESENDJOBFINISH" in [item["text"] for item in first["log"]]
    assert sandbox.http.get("/phone/poll", params={"persona": "another"}).json() == {"gone": True}
    again = sandbox.http.get("/phone/poll", params={"since": first["seq"], "log": first["seq"]}).json()
    assert (again["messages"], again["log"]) == ([], [])
    assert {item["name"]: item["unread"] for item in again["people"]}[VILLAGER] == 0


def test_codes_are_listed_and_pictures_decoded(sandbox: Sandbox) -> None:
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "330109:door"}}}
    url = sandbox.post("/cgi-bin/qrcode/create", body)["url"]
    assert sandbox.http.get("/phone/codes", params={"q": "door"}).json()["tickets"][0]["content"] == url
    assert sandbox.http.get("/phone/codes", params={"q": "other"}).json()["tickets"] == []
    out = io.BytesIO()
    qrcode.make(url).save(out)
    decoded = sandbox.http.post("/phone/decode", files={"image": ("a.png", out.getvalue())})
    assert decoded.json() == {"content": url}
    blank = io.BytesIO()
    Image.new("RGB", (50, 50), "white").save(blank, "PNG")
    assert sandbox.http.post("/phone/decode", files={"image": ("a.png", blank.getvalue())}).status_code == 404
    assert sandbox.http.post("/phone/decode", files={"image": ("a.png", b"text")}).status_code == 400
    assert sandbox.http.post("/phone/decode", data={"image": "x"}).status_code == 400
    assert sandbox.http.get("/phone/qr", params={"content": url}).headers["content-type"] == "image/png"


def test_other_pictures_become_jpeg(sandbox: Sandbox) -> None:
    import base64

    sandbox.control("follow", persona=VILLAGER)
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), "red").save(out, "PNG")
    sandbox.control("picture", persona=VILLAGER, image_base64=base64.b64encode(out.getvalue()).decode())
    media_id = sandbox.chat()[-1]["media_id"]
    answer = sandbox.http.get(f"/phone/media/{media_id}")
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    bad = base64.b64encode(b"no picture").decode()
    assert sandbox.control("picture", status=409, persona=VILLAGER, image_base64=bad)["error"] == "bad_image"
    assert sandbox.http.get("/phone/media/unknown").status_code == 404


@contextmanager
def application() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A stand-in for the application: remembers what it is asked, answers 201 with a cookie."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append({"path": self.path, "body": body.decode(), "headers": dict(self.headers)})
            answer = json.dumps({"token": "T"}).encode()
            self.send_response(201)
            self.send_header("content-type", "application/json")
            self.send_header("set-cookie", "leak=1")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_mini_program_calls_go_through_without_cookies(receiver: Receiver) -> None:
    with application() as (url, asked), running(config_for(receiver.url, app_url=url)) as sandbox:
        pick(sandbox, VILLAGER)
        answer = sandbox.http.post(
            "/phone/mp/login?x=1",
            json={"code": "c"},
            headers={"authorization": "Bearer t", "cookie": "session=1"},
        )
        assert (answer.status_code, answer.json()) == (201, {"token": "T"})
        assert "set-cookie" not in answer.headers
        assert asked[0]["path"] == "/miniprogram/v1/login?x=1"
        assert json.loads(asked[0]["body"]) == {"code": "c"}
        headers = {key.lower(): value for key, value in asked[0]["headers"].items()}
        assert headers["authorization"] == "Bearer t"
        assert "cookie" not in headers
        other = sandbox.http.get(f"{sandbox.address.replace('127.0.0.1', 'localhost')}/phone")
        assert other.headers["location"] == f"{sandbox.address}/phone"


def test_without_the_application_the_tab_says_so(sandbox: Sandbox, receiver: Receiver) -> None:
    assert sandbox.http.get("/phone/mp/villages").status_code == 503
    with running(config_for(receiver.url, app_url="http://127.0.0.1:9")) as other:
        assert other.http.get("/phone/mp/villages").status_code == 502


def test_state_file_keeps_codes_followers_and_chat(receiver: Receiver, tmp_path: Path) -> None:
    config = config_for(receiver.url, state_path=str(tmp_path / "state" / "sandbox.json"))
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "v1"}}}
    button = [{"type": "click", "name": "反映", "key": "k"}]
    with running(config.model_copy(deep=True)) as sandbox:
        made = sandbox.post("/cgi-bin/qrcode/create", body)
        sandbox.post("/cgi-bin/menu/create", {"button": button})
        sandbox.control("personas", name="新来的", role="officer")
        sandbox.control("scan", persona="新来的", content=made["url"])
        sandbox.control("picture", persona="新来的")
        sandbox.control("clock", advance_seconds=100)
        openid, chat = sandbox.openid("新来的"), sandbox.chat("新来的")
    with running(config.model_copy(deep=True)) as again:
        assert again.post("/cgi-bin/qrcode/create", body) == made
        assert again.openid("新来的") == openid
        assert again.control("personas", name="新来的")["subscribed"] is True
        assert again.chat("新来的") == chat
        assert again.http.get(f"/phone/media/{chat[-1]['media_id']}").status_code == 200
        assert again.control("tap", persona="新来的", menu_key="k")["delivered"] is True
        assert again.look("clock")["offset_seconds"] == 100


@pytest.mark.processes
def test_command_line(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text(config_for("").model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "wechat_sandbox", "--config", str(file), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[0] == "READY"
        address = ready[1].removesuffix("/phone")
        client = Sandbox(address)
        assert client.http.get("/healthz").json() == {"status": "ok"}
        client.http.close()
        process.terminate()
        assert process.wait(15) in {0, -15}
    file.write_text("{}", encoding="utf-8")
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert failed.returncode == 2
    assert "accounts" in failed.stderr

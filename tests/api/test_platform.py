"""What needs the platform: binding codes, scene codes, templates. The sandbox answers, over real HTTP."""

from __future__ import annotations

import base64
import io
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from app.core.db import Database
from app.jobs.worker import Worker
from app.models.organisations import ScanChannel
from app.services import bindings, placements
from app.web.context import Context
from tests import factories
from tests.api.conftest import Api, World
from tests.sandbox.support import APP_ID, MINI_ID, SECRET, Sandbox, config_for, running
from tests.support import make_client

NOBODY = {"wechat_app_id": "", "miniprogram_app_id": ""}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(config_for("http://127.0.0.1:9/wechat/callback")) as client:
        yield client


@pytest.fixture
def online(borrowed: Database, world: World, sandbox: Sandbox) -> Iterator[Api]:
    """The REST face with both accounts at the sandbox."""
    accounts = {
        "wechat_app_id": APP_ID,
        "wechat_app_secret": SECRET,
        "miniprogram_app_id": MINI_ID,
        "miniprogram_app_secret": SECRET,
    }
    bases = dict.fromkeys(("wechat_api_base", "wechat_mp_base", "wechat_open_base"), sandbox.address)
    with make_client(borrowed, **accounts, **bases) as client:
        yield Api(client, world)


@pytest.fixture
def offline(borrowed: Database, world: World) -> Iterator[Api]:
    """The REST face without any account."""
    with make_client(borrowed, **NOBODY) as client:
        yield Api(client, world)


def read(picture: bytes) -> str:
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(code.text)


def context_of(api: Api) -> Context:
    context: Context = api.http.app.state.context  # type: ignore[attr-defined]
    return context


def test_a_binding_code_is_issued_used_and_undone(online: Api, borrowed: Database) -> None:
    liaison = online.world.people["liaison"].id
    code = online.post(f"officers/{liaison}/binding", None, 201)
    picture = base64.b64decode(code["image"].removeprefix("data:image/png;base64,"))
    assert read(picture) == code["url"]
    assert [row["state"] for row in online.get("bindings", state="issued")["items"]] == ["issued"]
    assert online.get(f"officers/{liaison}")["bound"] is False
    with borrowed.transaction() as session:
        issued = bindings.issue(
            session, acting=factories.ROOT, officer_id=liaison, keys=context_of(online).keys
        )
        who = factories.identity(session)
        bindings.redeem(session, scene=issued.scene, identity=who, keys=context_of(online).keys)
    assert online.get(f"officers/{liaison}")["bound"] is True
    assert {row["state"] for row in online.get("bindings")["items"]} == {"bound", "expired"}
    assert who.openid not in str(online.get("bindings"))
    assert online.get("officers", bound=True)["items"][0]["id"] == str(liaison)
    online.delete(f"officers/{liaison}/binding")
    assert online.get("bindings", state="unbound")["items"][0]["officer"]["name"] == "陈liaison"
    online.as_("liaison").refused("GET", "me", 401, "login.required")
    online.refused("DELETE", f"officers/{liaison}/binding", 409, "binding.none")
    online.refused("POST", f"officers/{uuid.uuid4()}/binding", 404, "officer.not_found")


def test_a_village_gets_its_codes_and_poster(online: Api) -> None:
    body = {"village": online.world.village, "place": "board", "label": "村务公开栏"}
    made = online.post("qr-codes", body, 201)
    path = f"qr-codes/{made['id']}"
    online.refused("GET", f"{path}/image?kind=official", 409, "placement.not_issued")
    issued = online.post(f"{path}/issue")
    assert issued["miniprogram_ready"]
    assert issued["official_url"]
    assert online.post(f"{path}/issue")["official_url"] == issued["official_url"]
    liaison = online.as_("liaison")
    assert read(liaison.get(f"{path}/image", kind="official")) == issued["official_url"]
    assert read(liaison.get(f"{path}/image")) == issued["page_url"]
    assert issued["page_url"].endswith(f"/v/{online.world.village}?p=board")
    assert b"<svg" in liaison.get(f"{path}/image", kind="page", format="svg")
    assert liaison.get(f"{path}/image", kind="miniprogram")[:2] in (b"\xff\xd8", b"\x89P")
    online.refused("GET", f"{path}/image?kind=miniprogram&format=svg", 400, "qr.no_svg")
    document = pypdfium2.PdfDocument(liaison.get(f"{path}/poster.pdf"))
    page = document[0].render(scale=200 / 72).to_pil()
    document.close()
    found = {code.text for code in zxingcpp.read_barcodes(page)}
    assert found == {issued["official_url"], issued["page_url"]}


def test_codes_are_counted_by_where_they_hang(online: Api, borrowed: Database) -> None:
    village = online.world.places.village
    made = online.post("qr-codes", {"village": village.code, "place": "shop"}, 201)
    assert online.post("qr-codes", {"village": village.code, "place": "shop"}, 201)["id"] == made["id"]
    with borrowed.transaction() as session:
        for channel in (ScanChannel.PAGE, ScanChannel.PAGE, ScanChannel.MINIPROGRAM):
            placements.count_scan(session, village_id=village.id, place="shop", channel=channel)
    scans = {"page": 2, "miniprogram": 1}
    (row,) = online.as_("inspector").get("qr-codes", village=village.code)["items"]
    assert (row["label"], row["scans"]) == ("小店", scans)
    counted = online.get("qr-codes/scans", village=village.code)
    assert {row["channel"]: row["scans"] for row in counted} == scans
    assert online.get("qr-codes/scans", village=online.world.elsewhere.village.code) == []


def test_codes_that_are_refused(online: Api, offline: Api) -> None:
    body = {"village": online.world.village}
    made = offline.post("qr-codes", body, 201)
    offline.refused("POST", f"qr-codes/{made['id']}/issue", 409, "wechat.not_configured")
    offline.refused(
        "POST", f"officers/{online.world.people['liaison'].id}/binding", 409, "wechat.not_configured"
    )
    online.as_("liaison").refused("POST", "qr-codes", 403, "access.forbidden", body)
    online.refused("POST", "qr-codes", 422, "request.invalid", body | {"place": "公告栏"})
    online.refused("POST", "qr-codes", 404, "village.not_found", {"village": "nowhere"})
    for path in (f"qr-codes/{uuid.uuid4()}", f"qr-codes/{uuid.uuid4()}/poster.pdf"):
        online.refused("GET", path, 404, "placement.not_found")
    online.refused("POST", f"qr-codes/{uuid.uuid4()}/issue", 404, "placement.not_found")


def test_all_villages_in_one_file(online: Api, borrowed: Database) -> None:
    made = online.post("qr-codes", {"village": online.world.village, "label": "a/b:c"}, 201)
    online.post(f"qr-codes/{made['id']}/issue")
    asked = online.post("exports", {"kind": "qr_zip"}, 202)
    path = f"exports/{asked['id']}"
    online.refused("GET", f"{path}/file", 409, "export.not_ready")
    here = context_of(online)
    worker = Worker(borrowed, here.settings, here.clients, storage=here.storage)
    assert worker.step() > 0
    done = online.get(path)
    assert (done["state"], done["done"], done["total"]) == ("done", 2, 2)
    names = zipfile.ZipFile(io.BytesIO(online.get(f"{path}/file"))).namelist()
    here_folder = f"益农镇/东联村（{online.world.village}）"
    assert {f"{here_folder}/a_b_c-公众号码.png", f"{here_folder}/a_b_c-海报.pdf"} <= set(names)
    elsewhere = [name for name in names if name.startswith("义桥镇/湘南村")]
    assert {name.rsplit("/", 1)[1] for name in elsewhere} == {
        "本村-网页码.png",
        "本村-网页码.svg",
        "本村-海报.pdf",
    }
    assert [row["id"] for row in online.get("exports")["items"]] == [asked["id"]]
    online.as_("county").refused("POST", "exports", 403, "access.forbidden", {"kind": "qr_zip"})
    online.refused("GET", f"exports/{uuid.uuid4()}", 404, "export.not_found")
    online.refused("POST", "exports", 422, "request.invalid", {"kind": "everything"})


def test_templates_are_matched_by_what_the_account_has(online: Api, offline: Api) -> None:
    def usable(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(row["channel"], row["kind"]) for row in rows if row["usable"]}

    assert usable(online.get("templates")) == set()
    synced = online.post("templates/sync")
    assert ("template", "complaint_assigned") in usable(synced)
    listed = online.get("templates")
    assert usable(listed) == usable(synced)
    (row,) = [row for row in listed if (row["channel"], row["kind"]) == ("template", "warning_fired")]
    assert row["template_id"]
    assert row["mapping"]["colour"]
    online.as_("county").refused("POST", "templates/sync", 403, "access.forbidden")
    offline.refused("POST", "templates/sync", 409, "wechat.not_configured")
    assert offline.get("templates") == []

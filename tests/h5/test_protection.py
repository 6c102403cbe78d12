"""What an attack on the pages may not do: trace who is anonymous, file for others, break pages with input."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from app.core import clock
from app.core.db import Database
from app.models import Attachment, AuditEntry, Complaint, SealedIdentity
from app.web.context import Context
from tests.h5.support import Town, as_villager, form_of, has_form, log_in, make_town, picture, receipt_in
from tests.papers import paper
from tests.support import make_client

WORDS = "村口的路灯坏了三天，晚上看不见路。"
FOREIGN = {"origin": "https://evil.example"}
PDF = paper(["施工单：路灯两盏"])


@pytest.fixture
def later() -> Iterator[Any]:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        yield traveller


def telling_photo() -> bytes:
    """A photo with the phone's name in its EXIF."""
    exif = Image.Exif()
    exif[0x0110] = "SecretPhone 9"
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(out, "JPEG", exif=exif)
    assert b"SecretPhone" in out.getvalue()
    return out.getvalue()


def _context(client: TestClient) -> Context:
    app: Any = client.app
    here: Context = app.state.context
    return here


def _complaints(database: Database) -> list[Complaint]:
    with database.reading() as session:
        return list(session.scalars(select(Complaint)))


def _attachment(database: Database) -> Attachment:
    with database.reading() as session:
        return session.scalars(select(Attachment)).one()


def test_of_an_anonymous_photo_nothing_is_kept_but_the_picture(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    files = [("photos", ("王阿婆家门口.jpg", telling_photo(), "image/jpeg"))]
    assert receipt_in(client.post(address, data=form.data(content=WORDS), files=files).text)

    row = _attachment(borrowed)
    assert row.original == row.viewing
    assert row.name == "图片.jpg"
    home = _context(client).settings.data_dir
    files_on_disk = [path for path in home.rglob("*") if path.is_file()]
    assert files_on_disk
    assert not [path for path in files_on_disk if b"SecretPhone" in path.read_bytes()]


def test_anonymous_documents_are_refused_with_the_reason(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    files = [("photos", ("账.pdf", PDF, "application/pdf"))]
    answer = client.post(address, data=form.data(content=WORDS), files=files)

    assert answer.status_code == 400
    assert "匿名只能上传照片" in answer.text
    assert _complaints(borrowed) == []


def _refused_named(client: TestClient, database: Database, town: Town, files: Any) -> Any:
    """A villager's form that is refused for its words; his file is stored and its token in the page."""
    as_villager(client, database)
    address = f"{town.home}/complain"
    form = form_of(client.get(address).text, address)
    answer = client.post(
        address, data=form.data(content="短", name="王阿婆", phone="13800138000"), files=files
    )
    assert answer.status_code == 400
    return form_of(answer.text, address)


def test_a_named_upload_keeps_its_original_until_an_anonymous_complaint_takes_it(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    files = [("photos", ("王阿婆.jpg", telling_photo(), "image/jpeg"))]
    typed = _refused_named(client, borrowed, town, files)
    named = _attachment(borrowed)
    assert named.original != named.viewing
    assert named.name == "王阿婆.jpg"

    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    data = form.data(content=WORDS, uploads=typed.fields["uploads"])
    assert receipt_in(client.post(address, data=data).text)

    row = _attachment(borrowed)
    assert (row.name, row.original, row.size) == ("图片.jpg", row.viewing, None)
    with borrowed.reading() as session:
        traced = session.scalars(select(AuditEntry).where(AuditEntry.noun_id == str(row.id))).all()
        assert {entry.actor_kind for entry in traced} <= {"visitor"}
    assert row.id != named.id


def test_a_named_document_cannot_become_anonymous(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    typed = _refused_named(client, borrowed, town, [("photos", ("账.pdf", PDF, "application/pdf"))])
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    answer = client.post(address, data=form.data(content=WORDS, uploads=typed.fields["uploads"]))

    assert answer.status_code == 400
    assert "匿名只能上传照片" in answer.text
    assert _complaints(borrowed) == []


def test_an_answer_to_an_anonymous_complaint_keeps_its_document(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    client.post(address, data=form.data(content=WORDS))
    (complaint,) = _complaints(borrowed)
    log_in(client, borrowed, town.liaison)
    desk = f"/desk/complaints/{complaint.id}"
    step = form_of(client.get(desk).text, "/accept")
    client.post(step.action, data=step.data())
    step = form_of(client.get(desk).text, "/answer")
    files = [("photos", ("施工单.pdf", PDF, "application/pdf"))]
    assert client.post(step.action, data=step.data(text="路灯已经修好。"), files=files).status_code == 303

    assert _attachment(borrowed).name == "施工单.pdf"


def test_a_named_form_whose_login_has_lapsed_is_not_filed_without_the_name(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    as_villager(client, borrowed)
    address = f"{town.home}/complain"
    form = form_of(client.get(address).text, address)
    client.cookies.clear()
    later.shift(timedelta(seconds=5))
    files = [("photos", ("灯.png", picture(), "image/png"))]
    data = form.data(content=WORDS, name="王阿婆", phone="13800138000")
    answer = client.post(address, data=data, files=files)

    assert answer.status_code == 401
    assert "登录已失效" in answer.text
    assert f"/oauth/start?next=/v/{town.village.code}/complain" in answer.text
    assert _complaints(borrowed) == []
    kept = form_of(answer.text, "/complain/anonymous")
    assert kept.fields["content"] == [WORDS]
    assert (kept.fields["name"], kept.fields["phone"]) == (["王阿婆"], ["13800138000"])
    assert len(kept.fields["uploads"]) == 1
    later.shift(timedelta(seconds=5))
    assert receipt_in(client.post(kept.action, data=kept.data()).text)
    with borrowed.reading() as session:
        assert session.scalars(select(SealedIdentity)).all() == []


def test_after_logging_in_again_the_kept_form_is_filed_under_the_name(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    as_villager(client, borrowed)
    address = f"{town.home}/complain"
    form = form_of(client.get(address).text, address)
    client.cookies.clear()
    lapsed = client.post(address, data=form.data(content=WORDS, name="王阿婆", phone="13800138000"))
    assert f'formaction="{address}"' in lapsed.text
    kept = form_of(lapsed.text, "/complain/anonymous")
    as_villager(client, borrowed)
    again = client.post(address, data=kept.data())
    assert not has_form(again.text, "/complain/anonymous")
    filed = client.post(address, data=form_of(again.text, address).data())

    assert filed.status_code == 303
    assert not _complaints(borrowed)[0].anonymous
    with borrowed.reading() as session:
        assert session.scalars(select(SealedIdentity)).one()


def test_three_taps_at_once_all_show_the_receipt_of_one_complaint(database: Database) -> None:
    with database.transaction() as session:
        address = f"{make_town(session).home}/complain/anonymous"
    with make_client(database) as client, ThreadPoolExecutor(3) as taps:
        with time_machine.travel(clock.now() - timedelta(minutes=1)):
            form = form_of(client.get(address).text, address)
        sent = [taps.submit(client.post, address, data=form.data(content=WORDS)) for _ in range(3)]
        pages = [tap.result().text for tap in sent]

    assert len({receipt_in(page) for page in pages}) == 1
    assert len(_complaints(database)) == 1


@pytest.mark.parametrize(
    "headers",
    [FOREIGN, {"sec-fetch-site": "cross-site"}, {"origin": "null", "sec-fetch-site": "cross-site"}],
)
def test_another_site_can_send_no_page_form_even_without_a_cookie(
    client: TestClient, town: Town, headers: dict[str, str]
) -> None:
    for address in ("/desk/login", f"{town.home}/complain/anonymous", "/s"):
        answer = client.post(address, data={}, headers=headers)
        assert answer.status_code == 403
        assert "别的网站" in answer.text


@pytest.mark.parametrize("headers", [{}, {"origin": "http://testserver"}, {"origin": "null"}])
def test_our_own_pages_and_old_browsers_are_let_in(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/s", data={"receipt": "1"}, headers=headers).status_code == 404


def test_programs_may_come_from_anywhere_without_a_cookie(client: TestClient) -> None:
    answer = client.post("/api/v1/sessions", json={}, headers=FOREIGN)
    assert answer.status_code != 403


@pytest.mark.parametrize("address", ["/v/a%00b", "/my/a%00", "/v/x/complain?category=%00", "/static/%00"])
def test_an_address_with_a_nul_is_the_senders_mistake(
    client: TestClient, borrowed: Database, address: str
) -> None:
    as_villager(client, borrowed)
    answer = client.get(address)

    assert answer.status_code == 400
    assert "无法识别的字符" in answer.text


def test_a_nul_in_a_form_is_the_senders_mistake(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    for change in ({"content": WORDS + "\0"}, {"content": WORDS, "category": "a\0"}):
        form = form_of(client.get(address).text, address)
        later.shift(timedelta(seconds=5))
        assert client.post(address, data=form.data(**change)).status_code == 400
    login = form_of(client.get("/desk/login").text, "/desk/login")
    answer = client.post(login.action, data=login.data(login="a\0", password="x"))
    assert answer.status_code == 400


def test_nine_large_photos_fit_and_more_is_refused_in_words(borrowed: Database, town: Town) -> None:
    with make_client(borrowed, upload_max_bytes=65536) as client:
        address = f"{town.home}/complain/anonymous"
        overhead = 1024 * 1024
        fits = client.post(address, data={"content": "x" * (overhead + 500_000)})
        assert fits.status_code == 400
        for path in (address, "/api/v1/sessions"):
            large = client.post(path, data={"content": "x" * (overhead + 700_000)})
            assert large.status_code == 413
            assert "太大" in large.text

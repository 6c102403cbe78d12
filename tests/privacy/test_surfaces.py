"""After the gate, the original of a leak stands nowhere that the public can reach: pages, lists, search, the
APIs, exports, pushes, file names, the wall bulletin. The pages are crawled, so that a new one is covered."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

import pypdfium2
import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.core.db import BorrowedDatabase
from app.models import OutgoingMessage
from tests import factories as make
from tests.papers import paper
from tests.privacy import leaks
from tests.privacy.leaks import CARD, CHILD, ID, PHONE, Desk
from tests.support import bearer, make_client

SECRETS = (ID, PHONE, CARD, CHILD, "东联村3组25号", "肺癌")
LINK = re.compile(r'(?:href|src)="(/[^"#]+)"')
MOST_PAGES = 120


@pytest.fixture
def client(borrowed: BorrowedDatabase) -> Iterator[TestClient]:
    with make_client(borrowed) as made:
        yield made


def words_in(body: bytes, media_type: str) -> str:
    """The text of an answer, whatever its form."""
    if "pdf" in media_type:
        pdf = pypdfium2.PdfDocument(body)
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)
    if "spreadsheet" in media_type:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
    return unescape(body.decode("utf-8", "replace"))


def crawl(client: TestClient, starts: list[str], within: tuple[str, ...]) -> dict[str, str]:
    """Every page and file that links lead to from these, by address."""
    seen: dict[str, str] = {}
    waiting = list(starts)
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        if address in seen:
            continue
        answer = client.get(address)
        kind = answer.headers.get("content-type", "")
        seen[address] = words_in(answer.content, kind) + unquote(str(answer.headers))
        if "html" in kind:
            waiting += [unescape(link) for link in LINK.findall(answer.text) if link.startswith(within)]
    return seen


def leaky(desk: Desk) -> dict[str, object]:
    upload = desk.upload(paper(["困难补助发放表", "共 2 户 1100 元"]), f"李四{PHONE}.pdf")
    return {
        "title": f"困难补助公示 {PHONE}",
        "summary": "共 2 户，合计 1100 元。",
        "body": f"李四身份证{ID}，住东联村3组25号，患肺癌。{CHILD}（9岁）也在名单里。",
        "figures": {"合计": "1100 元", "账号": CARD},
        "table": {"columns": ["姓名", "年龄", "备注"], "rows": [["李四", "60", PHONE], [CHILD, "9", ""]]},
        "uploads": [upload.token],
    }


def test_nowhere_in_the_open(client: TestClient, borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        desk = leaks.desk(session, client.app.state.context.storage)  # type: ignore[attr-defined]
        item = desk.draft(category_code="family_virtue", **leaky(desk))
        token = make.token(session, make.officer(session))
        assert {found.kind for found in desk.open(item)} >= {"id_card", "phone", "bank_card", "minor"}
        desk.mask(item)
        desk.submit(item)
        desk.publish(item)
    code, key = desk.places.village.code, item.id

    searches = [f"/v/{code}/search?q={word}" for word in (*SECRETS, "李四", "困难补助")]
    starts = [f"/v/{code}", f"/verify?village={code}", *searches]
    seen = crawl(client, starts, (f"/v/{code}", "/files/"))
    for address in (f"/api/v1/disclosures/{key}", f"/api/v1/disclosures?village={code}"):
        answer = client.get(address, headers=bearer(token))
        assert answer.status_code == 200
        seen[address] = answer.text
    for address in (f"/miniprogram/v1/disclosures/{key}", f"/miniprogram/v1/villages/{code}/disclosures"):
        answer = client.get(address)
        assert answer.status_code == 200
        seen[address] = answer.text
    with borrowed.reading() as session:
        seen["pushes"] = str([row.data for row in session.scalars(select(OutgoingMessage))])

    assert f"/v/{code}/d/{key}" in seen
    assert "138****1234" in seen[f"/v/{code}/d/{key}"]
    for ending in (".pdf", ".csv", ".json", ".xlsx", "/preview"):
        assert any(address.endswith(ending) for address in seen), ending
    leaked = [
        (address, secret)
        for address, text in seen.items()
        for secret in SECRETS
        if secret in text and f"search?q={secret}" not in unquote(address)
    ]
    assert leaked == []


def test_findings_are_for_the_offices_of_the_village_alone(
    client: TestClient, borrowed: BorrowedDatabase
) -> None:
    with borrowed.transaction() as session:
        desk = leaks.desk(session, client.app.state.context.storage)  # type: ignore[attr-defined]
        item = desk.draft(body=PHONE)
        stranger = make.token(session, make.officer(session))
        author = make.token(session, desk.author)
    path = f"/api/v1/disclosures/{item.id}/privacy"

    assert client.get(path).status_code == 401
    refused = client.get(path, headers=bearer(stranger))
    assert (refused.status_code, PHONE in refused.text) == (404, False)
    gate = client.get(path, headers=bearer(author)).json()
    assert (gate["open"], gate["findings"][0]["text"]) == (1, PHONE)
    blocked = client.post(f"/api/v1/disclosures/{item.id}/submit", headers=bearer(author))
    assert (blocked.status_code, blocked.json()["code"]) == (409, "disclosure.privacy_blocked")
    assert PHONE not in blocked.text
    masked = client.post(f"{path}/mask", json={}, headers=bearer(author)).json()
    assert (masked["open"], masked["version"]) == (0, 2)
    assert client.post(f"/api/v1/disclosures/{item.id}/submit", headers=bearer(author)).status_code == 200

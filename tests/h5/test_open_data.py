"""The open data page and its files, as anybody fetches them."""

from __future__ import annotations

import json

from fastapi.testclient import TestClient

from app.core import sheets
from app.core.db import BorrowedDatabase
from app.core.sheets import reading
from tests.h5.support import Town
from tests.services.published import publish


def test_the_page_explains_and_leads_to_every_file(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    with borrowed.transaction() as session:
        publish(session, town.village, "三月份收支公开")
    base = f"{town.home}/open"
    page = client.get(base).text

    assert "creativecommons.org" in page
    assert "record." in page
    for form, media_type in (("csv", "text/csv"), ("json", "application/json"), ("xlsx", sheets.MIME)):
        assert f'href="{base}/finance.{form}"' in page
        answer = client.get(f"{base}/finance.{form}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert "must-revalidate" in answer.headers["cache-control"]
        assert answer.headers["content-disposition"].endswith(f"{town.village.code}-finance.{form}")
    assert client.get(f"{base}/finance.csv").content.startswith("\ufeffitem_id,".encode())
    assert json.loads(client.get(f"{base}/finance.json").content)["items"][0]["title"] == "三月份收支公开"
    assert reading.raw_rows(client.get(f"{base}/finance.xlsx").content, "data")[1][7] == "三月份收支公开"


def test_what_is_not_there_is_said(client: TestClient, town: Town) -> None:
    base = f"{town.home}/open"

    assert "暂时没有数据" in client.get(base).text
    for name in ("nothing.csv", "finance.exe", "finance", ".csv", "ocds.json"):
        assert client.get(f"{base}/{name}").status_code == 404, name
    assert client.get("/v/nowhere/open").status_code == 404
    assert client.get(f"{base}/finance.csv").text.count("\n") == 1


def test_reading_the_files_looks_at_no_login(client: TestClient, town: Town) -> None:
    client.cookies.set("mashang_session", "x" * 43)

    assert client.get(f"{town.home}/open/finance.csv").status_code == 200

"""Imports and open data over REST."""

from __future__ import annotations

import uuid
from typing import Any

from app.core import sheets
from app.core.db import BorrowedDatabase
from app.core.sheets import reading
from tests.api.conftest import Api, Json
from tests.services.published import publish
from tests.support import bearer
from tests.workbooks import book

HEADER = ["村社", "标题", "正文"]


def upload(api: Api, rows: list[list[Any]] | bytes, status: int = 201) -> Json:
    data = rows if isinstance(rows, bytes) else book(rows)
    answer = api.http.post(
        "/api/v1/imports",
        data={"category": "family_virtue"},
        files={"file": ("家风.xlsx", data, sheets.MIME)},
        headers=bearer(api.world.tokens[api.who]),
    )
    assert answer.status_code == status, answer.text
    made: Json = answer.json()
    return made


def test_from_template_to_drafts(api: Api) -> None:
    author, name = api.as_("author"), api.world.places.village.name
    filled = author.get("imports/template", category="family_virtue")
    assert reading.raw_rows(filled, "填写")[0] == ["村社*", "标题*", "正文*"]

    made = upload(author, [HEADER, [name, "陈家家训", "勤俭持家。"]])
    assert (made["state"], made["rows"], made["errors"]) == ("previewed", 1, [])
    assert made["counts"]["create"] == 1
    path = f"imports/{made['id']}"
    author.refused("GET", f"{path}/errors", 409, "import.no_errors")
    applied = author.post(f"{path}/apply", {})
    assert applied["state"] == "applied"
    key = applied["items"][0]["disclosure_id"]
    assert author.get(f"disclosures/{key}")["title"] == "陈家家训"
    assert author.post(f"{path}/apply", {})["items"][0]["disclosure_id"] == key
    assert [one["id"] for one in author.get("imports")["items"]] == [made["id"]]
    assert author.get(path)["applied_at"]


def test_errors_have_cells(api: Api) -> None:
    author = api.as_("author")
    made = upload(author, [HEADER, ["别的村", "x", "y"]])

    assert made["state"] == "refused"
    assert made["errors"][0] == {
        "cell": "A2",
        "header": "村社",
        "value": "别的村",
        "problem": "不是您负责的村社",
        "remedy": "请核对村名，一次只导入您负责的村",
    }
    author.refused("POST", f"imports/{made['id']}/apply", 409, "import.refused", {})
    marked = author.get(f"imports/{made['id']}/errors")
    assert reading.raw_rows(marked, "错误")[1][0] == "A2"


def test_who_may_import(api: Api) -> None:
    made = upload(api.as_("author"), [HEADER, [api.world.places.village.name, "x", "y"]])

    for who in ("reviewer", "inspector", "stranger"):
        api.as_(who).refused("GET", f"imports/{made['id']}", 404, "import.not_found")
        api.as_(who).refused("GET", "imports/template?category=family_virtue", 403, "disclosure.not_author")
    assert upload(api.as_("stranger"), [HEADER], 403)["code"] == "disclosure.not_author"
    api.refused("POST", f"imports/{made['id']}/apply", 403, "import.not_yours", {})
    api.as_("author").refused("GET", f"imports/{uuid.uuid4()}", 404, "import.not_found")
    assert upload(api.as_("author"), b"PK\x03\x04", 400)["code"] == "sheet.type_refused"


def test_open_data_is_listed_for_programs(api: Api, borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        publish(session, api.world.places.village)
    listed = api.http.get(f"/api/v1/open-data/{api.world.village}").json()

    [finance] = listed["categories"]
    assert finance["files"]["csv"].endswith(f"/v/{api.world.village}/open/finance.csv")
    assert {"key": "item_id", "meaning": "公开事项的编号"} in finance["columns"]
    assert api.http.get(finance["files"]["csv"].removeprefix("http://testserver")).status_code == 200
    assert listed["licence"]["url"].startswith("https://")

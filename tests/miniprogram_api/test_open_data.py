"""Open data in the Mini Program: addresses to download from."""

from __future__ import annotations

from app.core.db import BorrowedDatabase
from tests import factories
from tests.miniprogram_api.conftest import Mini
from tests.services.published import publish


def test_files_of_a_village(mini: Mini, borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        village = factories.places(session).village
        publish(session, village)
    answer = mini.get(f"villages/{village.code}/open").json()

    assert [one["code"] for one in answer["categories"]] == ["finance"]
    assert set(answer["categories"][0]["files"]) == {"csv", "json", "xlsx"}
    assert answer["ocds"].endswith(f"/v/{village.code}/open/ocds.json")
    assert mini.get("villages/nowhere/open").status_code == 404

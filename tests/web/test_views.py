"""Which requests count as a look at a page: people's, not robots', and nothing about who it was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import BorrowedDatabase
from app.models import Disclosure, DisclosureVersion, Organisation, PageView
from app.models.disclosures import DisclosureState
from app.services import views
from app.web import context
from tests import factories
from tests.support import make_client

PHONE = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49"


@pytest.fixture
def village(borrowed: BorrowedDatabase) -> Organisation:
    with borrowed.transaction() as session:
        return factories.places(session).village


@pytest.fixture
def item(borrowed: BorrowedDatabase, village: Organisation) -> Disclosure:
    with borrowed.transaction() as session:
        made = Disclosure(
            id=uuid.uuid4(),
            village_id=village.id,
            category_code="finance",
            state=DisclosureState.PUBLISHED,
            published_at=village.created_at,
        )
        session.add(made)
        session.flush()
        session.add(
            DisclosureVersion(disclosure_id=made.id, number=1, title="收支公开", summary="本月收支。")
        )
        return made


@pytest.fixture
def client(borrowed: BorrowedDatabase) -> Iterator[TestClient]:
    with make_client(borrowed) as made:
        yield made


def _counted(client: TestClient, database: BorrowedDatabase) -> int:
    here: context.Context = client.app.state.context  # type: ignore[attr-defined]
    views.flush(here.views, database)
    with database.reading() as session:
        return session.scalar(select(func.coalesce(func.sum(PageView.count), 0))) or 0


PAGES = (
    "/v/{village}",
    "/v/{village}/d/{item}",
    "/miniprogram/v1/villages/{village}",
    "/miniprogram/v1/disclosures/{item}",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_look_counts_once(
    client: TestClient, borrowed: BorrowedDatabase, village: Organisation, item: Disclosure, path: str
) -> None:
    address = path.format(village=village.code, item=item.id)

    assert client.get(address, headers={"User-Agent": PHONE}).status_code == 200

    assert _counted(client, borrowed) == 1
    with borrowed.reading() as session:
        row = session.scalars(select(PageView)).one()
    assert (row.village_id, row.disclosure_id) == (village.id, item.id if "item" in path else None)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
        {"User-Agent": "Googlebot/2.1"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": "okhttp/4.9"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": ""},
        {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": PHONE, "Purpose": "prefetch"},
    ],
)
def test_robots_and_prefetching_do_not_count(
    client: TestClient, borrowed: BorrowedDatabase, village: Organisation, headers: dict[str, str]
) -> None:
    assert client.get(f"/v/{village.code}", headers=headers).status_code == 200

    assert _counted(client, borrowed) == 0


def test_head_and_missing_pages_do_not_count(
    client: TestClient, borrowed: BorrowedDatabase, village: Organisation
) -> None:
    client.head(f"/v/{village.code}", headers={"User-Agent": PHONE})
    client.get(f"/v/{village.code}/d/{uuid.uuid4()}", headers={"User-Agent": PHONE})
    client.get("/v/nowhere", headers={"User-Agent": PHONE})

    assert _counted(client, borrowed) == 0


def test_what_was_counted_is_written_when_the_process_ends(
    borrowed: BorrowedDatabase, village: Organisation
) -> None:
    with make_client(borrowed) as client:
        client.get(f"/v/{village.code}", headers={"User-Agent": PHONE})

    with borrowed.reading() as session:
        assert session.scalar(select(func.sum(PageView.count))) == 1


def test_views_are_stored_without_any_reader(session: Session) -> None:
    assert set(PageView.__table__.columns.keys()) == {"id", "village_id", "disclosure_id", "day", "count"}

"""Signing up on the page and the office's list on the desk, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import clock
from app.core.db import BorrowedDatabase
from app.models import AuditEntry, Disclosure, Tender, TenderSignUp
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.interaction import TenderState
from app.services import tenders
from app.services.tenders import terms
from tests import factories
from tests.h5.support import Town, as_villager, form_of, has_form, log_in, press
from tests.services.noticed import public_item

STATED = {"name": "王小明", "phone": "138 0000 5678", "f1": "淡水养殖"}


@pytest.fixture
def draft(borrowed: BorrowedDatabase, town: Town) -> Disclosure:
    with borrowed.transaction() as session:
        return public_item(
            session,
            town.village,
            town.information,
            category_code="leasing",
            kind=DisclosureKind.TENDER_NOTICE,
            state=DisclosureState.DRAFT,
            published_at=None,
        )


@pytest.fixture
def item(borrowed: BorrowedDatabase, town: Town, draft: Disclosure) -> Disclosure:
    """The notice with its tender, published."""
    with borrowed.transaction() as session:
        row = session.merge(draft)
        wanted = terms.Terms(
            closes_at=clock.now() + timedelta(days=3), requirements=[terms.Requirement("拟经营项目")]
        )
        author = factories.acting(session, town.information)
        terms.attach(session, acting=author, disclosure_id=row.id, terms=wanted)
        row.state, row.published_at = DisclosureState.PUBLISHED, clock.now()
        tenders.released(session, acting=author, disclosure=row)
        return row


def page_of(town: Town, item: Disclosure) -> str:
    return f"{town.home}/d/{item.id}"


def tender_of(borrowed: BorrowedDatabase) -> Tender:
    with borrowed.reading() as session:
        return session.scalars(select(Tender)).one()


def close(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        session.scalars(select(Tender)).one().closes_at = clock.now() - timedelta(seconds=1)


def test_the_author_sets_the_terms_on_his_draft(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, draft: Disclosure
) -> None:
    log_in(client, borrowed, town.information)
    address = f"/desk/disclosures/{draft.id}/tender"
    day = (clock.today() + timedelta(days=5)).isoformat()
    wrong = press(client, address, "/tender", closes_on=day, closes_at="17:00", floor_price="很多")
    assert wrong.status_code == 400
    form = form_of(wrong.text, "/tender")
    assert form.fields["closes_on"] == [day]
    saved = client.post(
        form.action, data=form.data(floor_price="3.6万", label_1="拟经营项目", required_1="1", label_3="备注")
    )
    assert saved.status_code == 303, saved.text

    tender = tender_of(borrowed)
    assert tender.floor_price_fen == 3_600_000
    assert [(one["label"], one["required"]) for one in tender.requirements] == [
        ("拟经营项目", True),
        ("备注", False),
    ]
    assert clock.local(tender.closes_at).strftime("%H:%M") == "17:00"
    log_in(client, borrowed, town.reviewer)
    assert client.post(form.action, data=form.data()).status_code == 400
    log_in(client, borrowed, town.elsewhere)
    assert client.get(address).status_code == 404


def test_signing_up_changing_and_withdrawing(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    client.cookies.clear()
    page = client.get(page_of(town, item)).text
    assert "报名要先用微信登录" in page
    assert client.get(f"{page_of(town, item)}/sign-up").headers["location"].startswith("/oauth/start")

    as_villager(client, borrowed)
    address = f"{page_of(town, item)}/sign-up"
    missing = press(client, address, "/sign-up", **(STATED | {"f1": ""}))
    assert missing.status_code == 400
    assert form_of(missing.text, "/sign-up").fields["name"] == ["王小明"]
    assert press(client, address, "/sign-up", **STATED).status_code == 303
    mine = client.get(page_of(town, item)).text
    assert "您已报名，序号 1" in mine
    assert "<strong>1</strong><span>已报名" in mine
    assert form_of(client.get(address).text, "/sign-up").fields["f1"] == ["淡水养殖"]

    as_villager(client, borrowed)
    assert "王小明" not in client.get(address).text
    assert "王小明" not in client.get(page_of(town, item)).text
    assert press(client, address, "/sign-up", **STATED).status_code == 303
    assert press(client, address, "/withdraw").status_code == 303
    assert "您的报名已撤回" in client.get(page_of(town, item)).text
    assert tender_of(borrowed).sign_ups == 1


def test_after_the_deadline_the_form_is_gone_and_refused(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    address = f"{page_of(town, item)}/sign-up"
    form = form_of(client.get(address).text, "/sign-up")
    close(borrowed)

    late = client.post(form.action, data=form.data(**STATED))
    assert late.status_code == 409
    assert not has_form(late.text, "/sign-up")
    assert "报名截止" in client.get(page_of(town, item)).text
    with borrowed.reading() as session:
        assert session.scalars(select(TenderSignUp)).all() == []


def test_the_office_opens_the_list_and_leaves_a_trace(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    press(client, f"{page_of(town, item)}/sign-up", "/sign-up", **STATED)
    desk = f"/desk/tenders/{tender_of(borrowed).id}"
    log_in(client, borrowed, town.liaison)
    assert "王小明" not in client.get(desk).text
    opened = press(client, desk, "/list")
    assert "王小明" in opened.text
    file = client.post(form_of(opened.text, "/file").action, data=form_of(opened.text, "/file").data())
    assert "王小明" in file.content.decode("utf-8-sig")
    assert file.headers["cache-control"] == "no-store"

    log_in(client, borrowed, town.elsewhere)
    assert client.get(desk).status_code == 404
    with borrowed.reading() as session:
        trail = session.scalars(select(AuditEntry.action).where(AuditEntry.noun == "tender")).all()
    assert {"sign_ups_read", "sign_ups_downloaded"} <= set(trail)


def test_an_award_leads_to_the_draft_of_its_notice(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    press(client, f"{page_of(town, item)}/sign-up", "/sign-up", **STATED)
    close(borrowed)
    desk = f"/desk/tenders/{tender_of(borrowed).id}"
    log_in(client, borrowed, town.information)
    assert "报名截止" in client.get(desk).text
    odd = press(client, desk, "/award", winner="某某合作社", amount="四万")
    assert odd.status_code == 400
    assert form_of(odd.text, "/award").fields["winner"] == ["某某合作社"]
    awarded = press(client, desk, "/award", winner="某某合作社", amount="40000")
    assert awarded.status_code == 303, awarded.text
    assert "中标公示" in client.get(awarded.headers["location"]).text

    client.cookies.clear()
    assert "某某合作社" not in client.get(page_of(town, item)).text
    with borrowed.transaction() as session:
        tender = session.scalars(select(Tender)).one()
        assert tender.state is TenderState.AWARDED
        notice = session.get_one(Disclosure, tender.award_disclosure_id)
        notice.state, notice.published_at = DisclosureState.PUBLISHED, clock.now()
    assert "某某合作社" in client.get(page_of(town, item)).text


def test_a_failed_tender_says_why(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    close(borrowed)
    log_in(client, borrowed, town.information)
    desk = f"/desk/tenders/{tender_of(borrowed).id}"
    assert press(client, desk, "/fail", reason="报名不足三家。").status_code == 303

    client.cookies.clear()
    assert "报名不足三家。" in client.get(page_of(town, item)).text

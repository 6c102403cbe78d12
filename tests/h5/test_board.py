"""The board on the desk: what is missing in words, waiving, entering events, each officer his own area."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.core.db import BorrowedDatabase
from app.models import DisclosureCategory, Obligation
from app.models.categories import Cadence, DayUnit
from app.models.obligations import ObligationState
from app.services import obligations
from tests.h5.support import Town, has_form, log_in, press

TODAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def that_day() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 10, 12, 2, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def owed(borrowed: BorrowedDatabase, town: Town, that_day: time_machine.Traveller) -> Obligation:
    """September's finance, three days late."""
    with borrowed.transaction() as session:
        session.execute(update(DisclosureCategory).values(cadence=Cadence.EVENT))
        finance = session.get_one(DisclosureCategory, "finance")
        finance.cadence, finance.due_days, finance.due_unit = Cadence.MONTH, 15, DayUnit.CALENDAR
        session.flush()
        obligations.plan(session, today=TODAY)
        row = session.scalars(
            select(Obligation).filter_by(village_id=town.village.id, key="finance:2026-09")
        ).one()
    that_day.move_to(datetime(2026, 10, 18, 2, tzinfo=UTC))
    return row


def test_the_town_sees_what_is_missing_in_words(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.inspector)

    home = client.get("/desk").text
    board = client.get("/desk/board").text

    assert "2 项逾期" in home
    assert "2 个村有 <strong>2</strong> 项逾期没有公开" in board
    assert "逾期 3 天" in board
    assert town.village.name in board
    assert "兴裕村" in board


def test_the_board_of_a_period(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.inspector)

    assert "逾期 3 天" in client.get("/desk/board?period=2026-09").text
    assert (
        "逾期"
        not in client.get("/desk/board?period=2026-10").text.partition("<tbody>")[2].partition("没有逾期")[0]
    )
    assert client.get("/desk/board?period=soon").status_code == 400
    assert client.get("/desk/board?town=nowhere").status_code == 404


def test_a_village_officer_sees_his_village_alone(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.information)

    board = client.get("/desk/board").text
    page = client.get(f"/desk/board/{town.village.code}").text

    assert town.village.name in board
    assert "兴裕村" not in board
    assert "去起草" in page
    assert "category=finance&amp;period=2026-09" in page
    assert not has_form(page, f"/desk/obligations/{owed.id}/waive")
    log_in(client, borrowed, town.elsewhere)
    assert client.get(f"/desk/board/{town.village.code}").status_code == 404


def test_the_town_waives_with_a_reason(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.inspector)
    page = f"/desk/board/{town.village.code}"

    refused = press(client, page, f"{owed.id}/waive", reason="  ")
    assert refused.status_code == 400
    assert "原因要填写" in refused.text
    done = press(client, page, f"{owed.id}/waive", reason="撤并期间账目由镇统一公开。")

    assert done.status_code == 303
    after = client.get(done.headers["location"]).text
    assert "已免于公开" in after
    assert "撤并期间账目由镇统一公开。" in after
    with borrowed.reading() as session:
        assert session.get_one(Obligation, owed.id).state == ObligationState.WAIVED


def test_an_event_is_entered_on_the_page(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.information)
    page = f"/desk/board/{town.village.code}"

    refused = press(client, page, "/events", category="house_building", title="")
    assert refused.status_code == 400
    done = press(
        client, page, "/events", category="house_building", title="建房审批结果", happened_on="2026-10-16"
    )

    assert done.status_code == 303
    assert "建房审批结果" in client.get(page).text
    twice = press(
        client, page, "/events", category="house_building", title="建房审批结果", happened_on="2026-10-16"
    )
    assert twice.status_code == 409
    assert "已经登记过" in twice.text


def test_a_form_of_somebody_else_is_refused(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, owed: Obligation
) -> None:
    log_in(client, borrowed, town.inspector)

    answer = client.post(f"/desk/obligations/{owed.id}/waive", data={"reason": "没有票据", "form": "x"})

    assert answer.status_code == 400
    with borrowed.reading() as session:
        assert session.get_one(Obligation, owed.id).state == ObligationState.OPEN

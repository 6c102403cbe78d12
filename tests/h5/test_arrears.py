"""The arrears board from the officer's desk to the village page and off it, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import clock
from app.core.db import BorrowedDatabase
from app.models import ArrearsNotice, EarlyWarning, Receipt, Receivable
from app.models.ledgers import PartyKind, PaymentMethod
from app.models.rules import Colour
from app.models.supervision import ArrearsState
from app.services import arrears, county_settings
from app.services.arrears.queries import outstanding
from tests import factories
from tests.h5.support import Town, form_of, has_form, log_in, press

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def monday() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI), tick=False) as traveller:
        yield traveller


def owed(
    borrowed: BorrowedDatabase,
    town: Town,
    *,
    debtor: str = "王小明",
    kind: PartyKind | None = PartyKind.PERSON,
    late: int = 90,
    fen: int = 1_500_000,
) -> Receivable:
    with borrowed.transaction() as session:
        row = Receivable(
            id=uuid.uuid4(),
            village_id=town.village.id,
            number=uuid.uuid4().hex[:8],
            title=f"{debtor}厂房 2025 年下半年租金",
            debtor=debtor,
            debtor_kind=kind,
            debtor_group="三组" if kind is PartyKind.PERSON else "",
            due_on=TODAY - timedelta(days=late),
            amount_fen=fen,
        )
        session.add(row)
        return row


def pay(borrowed: BorrowedDatabase, row: Receivable, fen: int) -> None:
    with borrowed.transaction() as session:
        session.add(
            Receipt(
                id=uuid.uuid4(),
                village_id=row.village_id,
                voucher=uuid.uuid4().hex[:8],
                received_on=clock.today(),
                payer=row.debtor,
                amount_fen=fen,
                method=PaymentMethod.TRANSFER,
                receivable_id=row.id,
            )
        )


def notice_of(borrowed: BorrowedDatabase, row: Receivable) -> ArrearsNotice:
    with borrowed.reading() as session:
        return session.scalars(select(ArrearsNotice).where(ArrearsNotice.receivable_id == row.id)).one()


def page(client: TestClient, town: Town) -> str:
    answer = client.get(f"{town.home}/arrears")
    assert answer.status_code == 200
    return answer.text


def published(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, row: Receivable, days: int = 7
) -> None:
    """Prepared and served by the village, approved by the town, and the day is there."""
    with borrowed.transaction() as session:
        liaison = factories.acting(session, town.liaison)
        made = arrears.prepare(session, acting=liaison, receivable_id=row.id)
        arrears.serve(session, acting=liaison, notice_id=made.id, how="当面送达")
        arrears.approve(session, acting=factories.acting(session, town.inspector), notice_id=made.id)
    with time_machine.travel(clock.now() + timedelta(days=days)), borrowed.transaction() as session:
        arrears.publish_due(session)


def test_from_the_desk_to_the_page_and_off_it_when_it_is_paid(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, monday: time_machine.Traveller
) -> None:
    row = owed(borrowed, town)
    log_in(client, borrowed, town.liaison)
    answer = press(client, "/desk/arrears", "/desk/arrears")
    assert "预告已准备好" in client.get(answer.headers["location"]).text
    base = f"/desk/arrears/{notice_of(borrowed, row).id}"
    assert not has_form(client.get(base).text, f"{base}/approve")  # he prepared it
    letter = client.get(f"{base}/letter.pdf")
    assert letter.headers["content-type"] == "application/pdf"
    assert letter.content.startswith(b"%PDF")

    press(client, base, f"{base}/serve", how="当面送达，本人签收")
    log_in(client, borrowed, town.inspector)
    press(client, base, f"{base}/approve")
    assert notice_of(borrowed, row).publish_on == TODAY + timedelta(days=7)

    monday.move_to(datetime(2026, 3, 8, 9, tzinfo=clock.SHANGHAI))
    with borrowed.transaction() as session:
        assert arrears.publish_due(session) == 0  # the day before
    assert "王" not in page(client, town)
    monday.move_to(datetime(2026, 3, 9, 9, tzinfo=clock.SHANGHAI))
    with borrowed.transaction() as session:
        assert arrears.publish_due(session) == 1
    shown = page(client, town)
    assert "王某（三组）" in shown
    assert "15,000.00 元" in shown
    assert "逾期 97 天" in shown
    assert "王小明" not in shown
    assert "欠款公示" in client.get(town.home).text

    pay(borrowed, row, 500_000)
    assert "10,000.00 元" in page(client, town)
    pay(borrowed, row, 1_000_000)
    assert "王某" not in page(client, town)  # at once, before the job
    with borrowed.transaction() as session:
        assert arrears.settle(session) == 1
        assert arrears.settle(session) == 0
    assert notice_of(borrowed, row).state is ArrearsState.REMOVED
    assert "已缴清销号" in client.get("/desk/arrears?all=1").text


def test_what_is_paid_before_its_day_never_shows(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    row = owed(borrowed, town)
    with borrowed.transaction() as session:
        liaison = factories.acting(session, town.liaison)
        arrears.prepare(session, acting=liaison, receivable_id=row.id)
    pay(borrowed, row, 1_500_000)
    with borrowed.transaction() as session:
        assert arrears.settle(session) == 1
    assert notice_of(borrowed, row).state is ArrearsState.SETTLED


def test_a_firm_stands_by_its_name_and_a_name_in_the_title_is_masked(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    firm = owed(borrowed, town, debtor="东联五金加工厂", kind=PartyKind.FIRM)
    person = owed(borrowed, town, debtor="欧阳建国", kind=None)
    published(client, borrowed, town, firm)
    published(client, borrowed, town, person)
    shown = page(client, town)
    assert "东联五金加工厂" in shown
    assert "欧阳某" in shown
    assert "建国" not in shown


def test_the_county_switches_the_board_off(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    row = owed(borrowed, town)
    published(client, borrowed, town, row)
    assert "王某" in page(client, town)
    with borrowed.transaction() as session:
        county_settings.put(
            session, acting=factories.ROOT, key="arrears.enabled", value=False, reason="区里研究暂停"
        )
    assert "王某" not in page(client, town)
    other = owed(borrowed, town, debtor="李四方")
    log_in(client, borrowed, town.liaison)
    answer = client.post(
        "/desk/arrears", data=form_of(client.get("/desk/arrears").text, "/desk/arrears").data()
    )
    assert answer.status_code == 409
    assert "没有开通" in answer.text
    assert outstanding_of(borrowed, other) == 1_500_000


def outstanding_of(borrowed: BorrowedDatabase, row: Receivable) -> int:
    with borrowed.reading() as session:
        return outstanding(session, [row.id])[row.id]


@pytest.mark.parametrize(("late", "listed"), [(59, False), (60, True)])
def test_only_what_is_overdue_long_enough_can_be_noticed(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, late: int, listed: bool
) -> None:
    owed(borrowed, town, late=late)
    log_in(client, borrowed, town.liaison)
    assert has_form(client.get("/desk/arrears").text, "/desk/arrears") is listed


def test_whoever_is_no_second_person_or_has_no_part_is_refused(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    row = owed(borrowed, town)
    with borrowed.transaction() as session:
        inspector = factories.acting(session, town.inspector)
        made = arrears.prepare(session, acting=inspector, receivable_id=row.id)
        with pytest.raises(Exception, match="两个人"):
            arrears.approve(session, acting=inspector, notice_id=made.id)
        with pytest.raises(Exception, match="镇街或区级"):
            arrears.approve(session, acting=factories.acting(session, town.liaison), notice_id=made.id)
        key = made.id
    log_in(client, borrowed, town.elsewhere)
    assert client.get(f"/desk/arrears/{key}").status_code == 404
    assert "王小明" not in client.get("/desk/arrears?all=1").text


def test_unapproved_and_cancelled_ones_stay_off_the_page(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    row = owed(borrowed, town)
    with borrowed.transaction() as session:
        liaison = factories.acting(session, town.liaison)
        made = arrears.prepare(session, acting=liaison, receivable_id=row.id)
        arrears.serve(session, acting=liaison, notice_id=made.id, how="电话")
        key = made.id
    with time_machine.travel(clock.now() + timedelta(days=8)), borrowed.transaction() as session:
        assert arrears.publish_due(session) == 0
    log_in(client, borrowed, town.liaison)
    base = f"/desk/arrears/{key}"
    press(client, base, f"{base}/cancel", because="对方有异议，正在核实")
    assert "已取消" in client.get(base).text
    assert "王某" not in page(client, town)


def test_late_service_moves_the_day_and_the_warning_is_linked(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, monday: time_machine.Traveller
) -> None:
    row = owed(borrowed, town)
    with borrowed.transaction() as session:
        warning = EarlyWarning(
            id=uuid.uuid4(),
            rule="rent.overdue",
            fingerprint=uuid.uuid4().hex,
            village_id=town.village.id,
            subject_kind="receivable",
            subject_id=str(row.id),
            colour=Colour.RED,
            title="租金逾期",
            basis="租金逾期",
            clears_by="缴清",
            first_seen_on=TODAY,
            last_seen_on=TODAY,
        )
        session.add(warning)
        session.flush()
        liaison = factories.acting(session, town.liaison)
        made = arrears.prepare(session, acting=liaison, receivable_id=row.id)
        assert made.warning_id == warning.id
        key = made.id
    monday.move_to(datetime(2026, 3, 6, 9, tzinfo=clock.SHANGHAI))
    with borrowed.transaction() as session:
        acting = factories.acting(session, town.liaison)
        served = arrears.serve(session, acting=acting, notice_id=key, how="邮寄")
        assert served.publish_on == date(2026, 3, 13)

"""A self-check from the office to the villages and back, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.core import clock
from app.core.db import BorrowedDatabase
from app.core.errors import Forbidden
from app.models import Campaign, CampaignAnswer, OutgoingMessage
from app.models.delivery import MessageKind
from app.models.supervision import AnswerState, CampaignState
from app.services import campaigns, organisations
from tests import factories
from tests.h5.support import Town, has_form, log_in, picture, press

MONDAY = datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI)
DUE = date(2026, 3, 6)


@pytest.fixture(autouse=True)
def monday() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def campaign(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> uuid.UUID:
    """Issued by the town from the desk."""
    log_in(client, borrowed, town.inspector)
    answer = press(
        client,
        "/desk/campaigns/new",
        "/desk/campaigns",
        organisation=town_code(borrowed, town),
        title="村务用工专项自查",
        reason="发现以用工名义实施装修工程。",
        questions="有没有该招标没招标的装修？\n有没有干部亲属领工资？\n",
        due_on=DUE.isoformat(),
    )
    assert answer.status_code == 303, answer.text
    return uuid.UUID(answer.headers["location"].split("/")[3].split("?")[0])


def town_code(borrowed: BorrowedDatabase, town: Town) -> str:
    with borrowed.reading() as session:
        return organisations.above(session, town.village)[0].code


def row_of(borrowed: BorrowedDatabase, campaign: uuid.UUID, town: Town) -> CampaignAnswer:
    with borrowed.reading() as session:
        return session.scalars(
            select(CampaignAnswer).where(
                CampaignAnswer.campaign_id == campaign, CampaignAnswer.village_id == town.village.id
            )
        ).one()


def tasks(borrowed: BorrowedDatabase) -> int:
    with borrowed.reading() as session:
        query = select(func.count()).select_from(OutgoingMessage)
        return session.scalar(query.where(OutgoingMessage.kind == MessageKind.TASK_ISSUED)) or 0


def report(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, campaign: uuid.UUID, **changes: Any
) -> Any:
    log_in(client, borrowed, town.liaison)
    base = f"/desk/campaigns/{campaign}"
    given = {"q1": "yes", "q2": "no", "found": "yes", "finding": "办公楼装修没有招标。", **changes}
    return press(client, base, f"{base}/answers/{row_of(borrowed, campaign, town).id}", **given)


def test_a_village_reports_with_evidence_and_the_office_ends_it(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, campaign: uuid.UUID
) -> None:
    assert tasks(borrowed) == 4  # three officers of the one village, one of the other
    base = f"/desk/campaigns/{campaign}"
    log_in(client, borrowed, town.liaison)
    assert "村务用工专项自查" in client.get("/desk/campaigns").text
    row = row_of(borrowed, campaign, town)
    page = client.get(base).text
    form = {"q1": "yes", "q2": "no", "found": "yes", "finding": "办公楼装修没有招标。", "version": "1"}
    ticket = page.split('name="form" value="')[1].split('"')[0]
    sent = client.post(
        f"{base}/answers/{row.id}",
        data={**form, "form": ticket},
        files=[("photos", ("合同.png", picture(), "image/png"))],
    )
    assert sent.status_code == 303, sent.text

    log_in(client, borrowed, town.inspector)
    page = client.get(base).text
    assert "办公楼装修没有招标。" in page
    assert "合同.png" in page
    assert "发现问题" in page
    assert page.index("兴裕村") > 0  # the other village is on the board too
    press(client, base, f"{base}/answers/{row.id}/review", outcome="accepted")
    assert row_of(borrowed, campaign, town).state is AnswerState.ACCEPTED
    press(client, base, f"{base}/close", outcome="立案一件。", lesson="十万元以上装修一律招标。")
    with borrowed.reading() as session:
        ended = session.get_one(Campaign, campaign)
        assert (ended.state, ended.outcome) == (CampaignState.CLOSED, "立案一件。")
    assert not has_form(client.get(base).text, "/close")


def test_what_is_not_answered_is_named_and_nothing_typed_is_lost(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, campaign: uuid.UUID
) -> None:
    answer = report(client, borrowed, town, campaign, q2="")
    assert answer.status_code == 400
    assert "请回答：有没有干部亲属领工资？" in answer.text
    assert "办公楼装修没有招标。" in answer.text
    answer = report(client, borrowed, town, campaign, finding="")
    assert "请写明是什么问题" in answer.text
    assert row_of(borrowed, campaign, town).state is AnswerState.WAITING


def test_a_returned_answer_is_a_task_again(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, campaign: uuid.UUID
) -> None:
    report(client, borrowed, town, campaign)
    before = tasks(borrowed)
    log_in(client, borrowed, town.inspector)
    base = f"/desk/campaigns/{campaign}"
    review = f"{base}/answers/{row_of(borrowed, campaign, town).id}/review"
    assert "退回要写明原因" in press(client, base, review, outcome="returned").text
    press(client, base, review, outcome="returned", remark="请附合同。")
    assert tasks(borrowed) == before + 3
    log_in(client, borrowed, town.liaison)
    assert "请附合同。" in client.get(base).text
    assert report(client, borrowed, town, campaign, finding="已补合同。").status_code == 303


def test_reminded_once_before_and_once_after_the_deadline(
    client: TestClient,
    borrowed: BorrowedDatabase,
    town: Town,
    campaign: uuid.UUID,
    monday: time_machine.Traveller,
) -> None:
    report(client, borrowed, town, campaign, found="no", finding="")
    reminded = []
    for day in range(7):
        monday.move_to(MONDAY + timedelta(days=day))
        with borrowed.transaction() as session:
            reminded.append(campaigns.remind(session) + campaigns.remind(session))
    assert reminded == [0, 0, 0, 1, 0, 1, 0]  # the other village, on Thursday and on Saturday
    with borrowed.reading() as session:
        inspector = factories.acting(session, town.inspector)
        board = campaigns.board(session, acting=inspector, campaign_id=campaign)
        assert (board.asked, board.answered, board.late, board.found) == (2, 1, 1, 0)


def test_villages_see_their_own_part_and_only_offices_issue(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, campaign: uuid.UUID
) -> None:
    report(client, borrowed, town, campaign)
    log_in(client, borrowed, town.elsewhere)
    page = client.get(f"/desk/campaigns/{campaign}").text
    assert "兴裕村" in page
    assert "办公楼装修没有招标。" not in page
    key = row_of(borrowed, campaign, town).id
    form = page.split('name="form" value="')[1].split('"')[0]
    refused = client.post(
        f"/desk/campaigns/{campaign}/answers/{key}", data={"form": form, "version": 1, "found": "no"}
    )
    assert refused.status_code == 404
    with borrowed.transaction() as session, pytest.raises(Forbidden):
        campaigns.issue(
            session,
            acting=factories.acting(session, town.liaison),
            organisation=organisations.above(session, town.village)[0],
            title="自查",
            reason="自查",
            questions=[campaigns.Question("有没有？")],
            due_on=DUE,
        )

"""Consents to subscribe messages, as the page reports them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.models import OutgoingMessage, SubscriptionGrant
from app.models.base import WorkState
from app.models.delivery import MessageKind
from app.services import grants, templates
from app.services.deliveries import Channel
from tests.factories import ROOT
from tests.miniprogram_api.conftest import Mini, Village, problem

PROGRESS = "T-progress"
REVIEW = "T-review"


@pytest.fixture(autouse=True)
def _templates(borrowed: Database) -> None:
    with borrowed.transaction() as session:
        templates.replace(
            session,
            acting=ROOT,
            app_id="wxminiprogram",
            channel=Channel.SUBSCRIBE,
            chosen={
                MessageKind.COMPLAINT_PROGRESS: templates.Chosen(PROGRESS, "办理进度提醒", {}),
                MessageKind.REVIEW_REQUESTED: templates.Chosen(REVIEW, "审核提醒", {}),
            },
        )


def balance(database: Database) -> Iterable[tuple[str, int, bool]]:
    with database.reading() as session:
        rows = session.execute(
            select(SubscriptionGrant.template_id, SubscriptionGrant.remaining, SubscriptionGrant.refused)
        )
        return [(row.template_id, row.remaining, row.refused) for row in rows]


def test_the_client_learns_which_templates_to_ask_for(mini: Mini) -> None:
    assert mini.get("subscriptions/templates").json() == [
        {"kind": "complaint_progress", "template_id": PROGRESS, "title": "办理进度提醒"}
    ]


def test_every_accepted_dialog_adds_one_message(mini: Mini, borrowed: Database) -> None:
    phone = mini.login()
    body = {"results": {PROGRESS: "accept", "T-of-somebody-else": "accept", REVIEW: "filter"}}
    assert phone.post("subscriptions", body).json() == {"counted": 1}
    assert balance(borrowed) == [(PROGRESS, 1, False)]
    phone.post("subscriptions", {"results": {PROGRESS: "acceptWithAudio"}})
    assert balance(borrowed) == [(PROGRESS, 2, False)]


def test_a_dialog_that_page_and_event_report_counts_once(mini: Mini, borrowed: Database) -> None:
    mini.login().post("subscriptions", {"results": {PROGRESS: "accept"}})
    with borrowed.transaction() as session:
        grants.consented(
            session,
            app_id="wxminiprogram",
            openid="o-wang",
            template_id=PROGRESS,
            accepted=True,
            source="event:1700000000",
        )
    assert balance(borrowed) == [(PROGRESS, 1, False)]


def test_a_refusal_leaves_nothing(mini: Mini, borrowed: Database) -> None:
    phone = mini.login()
    phone.post("subscriptions", {"results": {PROGRESS: "accept"}})
    phone.post("subscriptions", {"results": {PROGRESS: "reject"}})
    assert balance(borrowed) == [(PROGRESS, 0, True)]


def test_consent_releases_what_waited_for_it(mini: Mini, borrowed: Database, village: Village) -> None:
    phone = mini.login()
    phone.post("complaints", {"village": village.code, "content": "路灯坏了三天，请修一修。"})

    def states() -> set[WorkState]:
        with borrowed.reading() as session:
            mine = select(OutgoingMessage.state).where(OutgoingMessage.villager_id.is_not(None))
            return set(session.scalars(mine))

    assert states() == {WorkState.WAITING}
    phone.post("subscriptions", {"results": {PROGRESS: "accept"}})
    assert states() == {WorkState.PENDING}


def test_only_the_person_reports_and_only_known_answers(mini: Mini) -> None:
    problem(mini.post("subscriptions", {"results": {PROGRESS: "accept"}}), 401, "login.required")
    phone = mini.login()
    problem(phone.post("subscriptions", {"results": {PROGRESS: "perhaps"}}), 422, "request.invalid")
    problem(phone.post("subscriptions", {"results": {"a\x00": "accept"}}), 422, "request.invalid")

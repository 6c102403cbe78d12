"""The story of `make story`, told inside one process over real HTTP: app, sandbox, worker, database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.models import EarlyWarning, JobTick, OutgoingMessage, WarningNotice
from app.models.warnings import WarningState
from tests.journeys import story
from tests.journeys.world import World
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("chapter", story.CHAPTERS, ids=lambda chapter: chapter.__name__)
def test_story(chapter: Callable[[story.Demo], None], demo: story.Demo) -> None:
    chapter(demo)


def test_the_scheduler_fires_the_planted_leases_once(running: World, demo: story.Demo) -> None:
    """The ending leases of the demo data are warned of by the scheduled job, to both offices, once."""
    town = story.bind(demo, "yinong.town")
    running.tick("rules.run")
    running.tick("rules.run")

    with running.context.database.reading() as session:
        outcomes = session.scalars(select(JobTick.outcome).where(JobTick.job == "rules.run")).all()
        planted = session.scalars(
            select(EarlyWarning.id).where(
                EarlyWarning.rule == story.RULE, EarlyWarning.state != WarningState.CLOSED
            )
        ).all()
        told = session.execute(
            select(WarningNotice.warning_id, WarningNotice.officer_id, OutgoingMessage.id)
            .join(OutgoingMessage, OutgoingMessage.id == WarningNotice.message_id)
            .where(WarningNotice.warning_id.in_(planted))
        ).all()
    assert all(outcome and outcome.startswith("ok") for outcome in outcomes)
    assert len(planted) >= 3
    once = {(warning, officer) for warning, officer, _ in told}
    assert len(told) == len(once) >= 2 * len(planted)
    # Whatever is new for an officer comes in one message.
    assert len({message for _, _, message in told}) == len({officer for _, officer in once})
    eventually(lambda: town.templates("条预警待处置"))


def test_whoever_writes_to_us_follows_whatever_an_answer_said(demo: story.Demo) -> None:
    villager = story.follow(demo, "误报")
    villager.http.post(
        "/_control/fail",
        json={
            "path": "/cgi-bin/message/template/send",
            "times": 1,
            "errcode": 43004,
            "openid": villager.person["openid"],
        },
    )
    refused = story.file_by_chat(demo, villager, "水渠堵了，田里进不了水")
    with demo.admin() as admin:
        subject = story.complaint_id(admin, refused)
        eventually(
            lambda: [
                message
                for message in admin.get("/outbox", state="waiting", limit=200)["items"]
                if message["subject_id"] == subject and message["officer"] is None
            ]
        )
    number = story.file_by_chat(demo, villager, "再说一件：晒场的灯不亮")

    eventually(lambda: villager.templates(number) and villager.templates(refused))


def test_a_retried_delivery_gets_the_stored_reply_and_no_second_complaint(demo: story.Demo) -> None:
    villager = story.follow(demo, "重试")
    control = villager.http
    control.post("/_control/fail", json={"path": "callback", "times": 1, "timeout": True})
    first = control.post(
        "/_control/say", json={"persona": villager.name, "text": "反映 桥栏杆断了，孩子危险"}
    ).json()
    assert not first["delivered"]
    control.post("/_control/clock", json={"advance_seconds": 6})
    control.post("/_control/settle", json={})

    answers = [message["text"] for message in villager.chat() if "编号" in message["text"]]
    with demo.admin() as admin:
        listed = admin.get("/complaints", village=story.VILLAGE, limit=50)["items"]
        details = [admin.get(f"/complaints/{item['id']}") for item in listed[:10]]
    assert len(answers) == 1
    assert sum("桥栏杆断了" in item["content"] for item in details) == 1

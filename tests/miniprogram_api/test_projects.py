"""Small works and the head of the chain in the Mini Program."""

from __future__ import annotations

import uuid

from app.core.db import Database
from app.models import Organisation
from app.models.projects import StageKind
from app.services import chain
from tests.miniprogram_api.conftest import Mini, Village, problem
from tests.services.chained import publish
from tests.services.works import enter, pay, stage, whole


def test_projects_are_listed_with_what_they_lack(mini: Mini, borrowed: Database, village: Village) -> None:
    with borrowed.transaction() as session:
        place = session.get_one(Organisation, village.places.village.id)
        whole(session, place)
        lacking = enter(session, place, number="GC-2", name="文化礼堂")
        stage(session, lacking, StageKind.CONTRACT, 30)
        enter(session, place, number="GC-3", approved_on=None)
    first = mini.get(f"villages/{village.code}/projects", limit=1).json()
    second = mini.get(f"villages/{village.code}/projects", limit=1, after=first["next"]).json()
    lines = {line["name"]: line for line in first["items"] + second["items"]}

    assert set(lines) == {"村道硬化", "文化礼堂"}
    assert second["next"] is None
    assert lines["文化礼堂"]["lacking"] == ["提议", "会议表决", "决策公示", "招标公告", "中标公示"]
    assert (lines["村道硬化"]["state_name"], lines["村道硬化"]["paid_fen"]) == ("已决算", 10_400_000)


def test_one_project_is_a_timeline_without_names_of_persons(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    with borrowed.transaction() as session:
        place = session.get_one(Organisation, village.places.village.id)
        project = whole(session, place)
        pay(session, place, 50, 100, project_id=project.id, payee="陈建国")
    shown = mini.get(f"projects/{project.id}")

    assert "陈建国" not in shown.text
    page = shown.json()
    steps = {step["kind"]: step for step in page["steps"]}
    assert steps["vote"]["entries"][0]["votes"] == {"in_favour": 38, "against": 2, "abstained": 1}
    assert steps["tender"]["entries"][0]["proof"]["title"] == "招标公告"
    assert page["overpaid_fen"] == 100
    assert (page["village"]["name"], page["counterparty"]) == ("东联村", "萧山某某建设有限公司")
    problem(mini.get(f"projects/{uuid.uuid4()}"), 404, "project.not_found")


def test_the_head_of_the_chain(mini: Mini, borrowed: Database, village: Village) -> None:
    assert mini.get(f"villages/{village.code}/chain").json()["number"] is None
    with borrowed.transaction() as session:
        publish(session, session.get_one(Organisation, village.places.village.id))
        head = chain.head(session, village.places.village.id)
    assert head is not None
    shown = mini.get(f"villages/{village.code}/chain").json()
    assert (shown["short"], shown["faults"], shown["checked_at"]) == (head.short, 0, None)

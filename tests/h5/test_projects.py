"""Small works on the village's pages and on the desk."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import clock
from app.core.db import Database
from app.models import Organisation, Project
from app.models.projects import ProjectState, StageKind
from app.services import projects
from tests.factories import ROOT
from tests.h5.support import Town, form_of, has_form, log_in, press
from tests.services.chained import publish
from tests.services.works import enter, pay, stage, whole

K = StageKind


@pytest.fixture
def built(borrowed: Database, town: Town) -> Project:
    """A project with all its stages."""
    with borrowed.transaction() as session:
        return whole(session, session.get_one(Organisation, town.village.id))


def test_a_village_shows_its_projects(client: TestClient, town: Town, built: Project) -> None:
    page = client.get(f"{town.home}/projects").text
    assert "村道硬化" in page
    assert "已决算" in page
    one = client.get(f"{town.home}/projects/{built.id}").text

    for words in ("赞成 38 票", "共付 2 笔", "104,000.00 元", "加做路肩", "萧山某某建设有限公司"):
        assert words in one
    assert "到今天该办的都办了" in one
    assert len(re.findall(r'class="proof"', one)) == 3


def test_gaps_and_faults_stand_in_red(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        project = enter(session, village)
        stage(session, project, K.DECISION, 9)
        stage(session, project, K.CONTRACT, 5)
        pay(session, village, 41, 80_000, project_id=project.id, payee="陈建国")
    page = client.get(f"{town.home}/projects/{project.id}").text

    assert "缺 4 步：提议、会议表决、招标公告、中标公示。" in page
    assert page.count('<span class="badge red">缺</span>') == 4
    assert "次序不对" in page
    assert ("陈**" in page, "陈建国" in page) == (True, False)
    assert "缺 提议、会议表决、招标公告、中标公示；1 处要说明" in client.get(f"{town.home}/projects").text


def test_what_is_not_there_is_not_found(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        proposed = enter(session, village, approved_on=None)
        elsewhere = session.scalars(
            select(Organisation).where(
                Organisation.parent_id == village.parent_id, Organisation.id != village.id
            )
        ).one()
        other = enter(session, elsewhere)

    assert client.get(f"{town.home}/projects/{proposed.id}").status_code == 404
    assert client.get(f"{town.home}/projects/{other.id}").status_code == 404
    assert "还没有公开的小型工程" in client.get(f"{town.home}/projects").text


def test_an_information_officer_enters_a_project_and_its_stages(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        notice = publish(session, village, "村道硬化决策公示")
        payment = pay(session, village, 0, 80_000)
    log_in(client, borrowed, town.information)
    today = clock.today()
    bad = press(
        client,
        "/desk/projects/new",
        "/desk/projects",
        village=town.village.code,
        number="GC-9",
        name="村道硬化",
        estimate="很多",
    )
    assert (bad.status_code, "看不懂这个金额" in bad.text) == (400, True)
    again = form_of(bad.text, "/desk/projects")
    done = client.post(
        again.action, data=again.data(estimate="8.5万元", exempt=["tender"], exempt_because="小额")
    )
    home = done.headers["location"].partition("?")[0]
    page = client.get(done.headers["location"]).text
    assert "已录入" in page

    def add(**typed: Any) -> Any:
        return press(client, home, "/stages", **typed)

    assert "还没有到" in add(kind="decision", day=(today + timedelta(days=1)).isoformat()).text
    assert add(kind="decision", day=today.isoformat(), disclosure=str(notice.id)).status_code == 303
    voted = add(kind="vote", day=today.isoformat(), votes_for="30", votes_against="2", text="村民代表会议")
    assert voted.status_code == 303
    assert press(client, home, "/payments", payment=str(payment.id)).status_code == 303
    edited = press(client, f"{home}/edit", "/edit", final="8.4万元")
    assert edited.status_code == 303
    assert form_of(client.get(f"{home}/edit").text, "/edit").fields["estimate"] == ["85000.00"]

    key = home.rsplit("/", 1)[1]
    shown = client.get(f"{town.home}/projects/{key}").text
    for words in ("赞成 30 票", "村道硬化决策公示", "这一步不用办：小额", "共付 1 笔"):
        assert words in shown
    assert "村道硬化" in client.get("/desk/projects").text
    cancelled = press(client, home, "/cancel", reason="资金没有落实")
    assert cancelled.status_code == 303
    assert "工程已取消：资金没有落实" in client.get(f"{town.home}/projects/{key}").text
    assert not has_form(client.get(home).text, "/stages")


def test_only_those_who_keep_the_ledger_see_forms(
    client: TestClient, borrowed: Database, town: Town, built: Project
) -> None:
    page = f"/desk/projects/{built.id}"
    log_in(client, borrowed, town.inspector)
    assert has_form(client.get(page).text, "/stages")
    log_in(client, borrowed, town.liaison)
    read = client.get(page)
    assert (read.status_code, has_form(read.text, "/stages")) == (200, False)
    assert client.get("/desk/projects/new").status_code == 403
    log_in(client, borrowed, town.elsewhere)
    assert client.get(page).headers["location"] == f"{town.home}/projects/{built.id}"
    assert "村道硬化" not in client.get("/desk/projects").text


def test_the_state_that_is_stored_is_the_one_shown(borrowed: Database, built: Project) -> None:
    with borrowed.reading() as session:
        timeline = projects.timeline(session, acting=ROOT, project_id=built.id)
        assert session.get_one(Project, built.id).state == timeline.state == ProjectState.SETTLED

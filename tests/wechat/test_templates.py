"""Templates are data: matched by title and labels, whatever their ids and keyword numbers are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.db import BorrowedDatabase
from app.models import AuditEntry, MessageTemplate
from app.models.delivery import MessageKind
from app.services import templates as stored
from app.services.deliveries import Channel
from app.wechat import templates
from app.wechat.errors import ValueRefused
from app.wechat.templates import OFFICIAL, Candidate
from tests.sandbox.support import APP_ID, Sandbox, config_for, running
from tests.wechat.platform import ADMIN, platform

PROGRESS = OFFICIAL[MessageKind.COMPLAINT_PROGRESS]
USUAL = "工单编号:{{character_string3.DATA}}\n处理进度:{{thing9.DATA}}\n更新时间:{{time1.DATA}}"


def candidate(content: str, title: str = "工单处理进度通知", key: str = "T1") -> Candidate:
    return Candidate(key, title, content)


@pytest.mark.parametrize(
    "content",
    [
        USUAL,
        USUAL.replace(":", "："),
        USUAL.replace(":", " ： ").replace("{{", "{{ ").replace("}}", " }}"),
        USUAL.replace("\n", "\r\n"),
        "{{first.DATA}}\n" + USUAL + "\n{{remark.DATA}}",
        USUAL.replace("工单编号", "工单号").replace("处理进度", "当前状态"),
    ],
)
def test_labels_are_found_however_they_are_written(content: str) -> None:
    found = templates.match(PROGRESS, candidate(content))
    assert found.usable
    assert found.mapping == {"number": "character_string3", "progress": "thing9", "updated_at": "time1"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (USUAL + "\n办理人:{{name4.DATA}}", "办理人"),
        (USUAL.replace("character_string3", "number3"), "类型不合"),
        (USUAL.replace("time1", "amount1"), "类型不合"),
        (USUAL + "\n{{thing5.DATA}}", "thing5"),
        (USUAL + "\n工单编号:{{thing5.DATA}}", "工单编号"),
        ("没有关键词", "没有关键词"),
    ],
)
def test_a_template_that_we_cannot_fill_is_named_with_its_reason(content: str, says: str) -> None:
    found = templates.match(PROGRESS, candidate(content))
    assert not found.usable
    assert says in "；".join(found.problems)


def test_the_fullest_usable_template_wins() -> None:
    poor = candidate("工单编号:{{character_string1.DATA}}", key="poor")
    broken = candidate(USUAL + "\n办理人:{{name4.DATA}}", key="broken")
    other_title = candidate(USUAL, title="工单进度提醒", key="other")
    full = candidate(USUAL, key="full")
    chosen, problem = templates.choose(PROGRESS, [poor, broken, other_title, full])
    assert chosen is not None
    assert (chosen.template_id, problem) == ("full", "")


def test_no_template_says_what_to_look_for() -> None:
    assert templates.choose(PROGRESS, [candidate(USUAL, title="别的")])[1].count("工单处理进度通知") == 1
    chosen, problem = templates.choose(PROGRESS, [candidate(USUAL + "\n办理人:{{name4.DATA}}")])
    assert chosen is None
    assert "办理人" in problem


def test_filling_cuts_and_never_leaves_a_keyword_empty() -> None:
    mapping = {"title": "thing4", "village": "thing2", "fired_at": "time7"}
    filled = templates.fill(mapping, {"title": "很长" * 20, "fired_at": "2026年3月5日 09:30"})
    assert filled == {
        "thing4": ("很长" * 10)[:19] + "…",
        "thing2": "详情请点开查看",
        "time7": "2026年3月5日 09:30",
    }
    with pytest.raises(ValueRefused):
        templates.fill({"fired_at": "time7"}, {})


def test_the_platforms_complaint_is_told_in_our_words() -> None:
    mapping = {"title": "thing4", "fired_at": "time7"}
    assert templates.named_field("argument invalid! data.time7.value is empty", mapping) == "fired_at "
    assert templates.named_field("argument invalid!", mapping) == ""


def test_every_sample_fits_its_usual_keyword() -> None:
    for spec in OFFICIAL.values():
        assert set(spec.fields) <= set(templates.SAMPLES)


@pytest.fixture(params=[1, 2, 77])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    seeds = {"template_seed": request.param}
    with running(config_for("", official=seeds, miniprogram=seeds)) as client:
        yield client


def test_any_account_is_synced_to_its_own_ids_and_numbers(
    sandbox: Sandbox, borrowed: BorrowedDatabase, tmp_path: Path
) -> None:
    with platform(sandbox, borrowed, tmp_path) as here:
        assert len(templates.check(borrowed, here.clients)) == len(OFFICIAL) + len(templates.SUBSCRIBE)
        report = templates.sync(borrowed, here.clients, acting=ADMIN)
        again = templates.sync(borrowed, here.clients, acting=ADMIN)
        assert templates.check(borrowed, here.clients) == []
    assert report == again
    assert report.missing == ()
    assert {f.kind for f in report.usable if f.channel is Channel.TEMPLATE} == set(MessageKind)
    with borrowed.reading() as session:
        row = stored.find(session, app_id=APP_ID, channel=Channel.TEMPLATE, kind=MessageKind.WARNING_FIRED)
        assert row is not None
        listed = sandbox.template("风险预警通知")
        assert row.template_id == listed["template_id"]
        keys = {field["label"]: field["key"] for field in listed["fields"]}
        assert row.mapping == {
            "title": keys["预警名称"],
            "village": keys["所属村社"],
            "colour": keys["预警等级"],
            "fired_at": keys["预警时间"],
        }
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "templates.synced")).first()


def test_a_template_that_is_gone_is_forgotten(
    sandbox: Sandbox, borrowed: BorrowedDatabase, tmp_path: Path
) -> None:
    with platform(sandbox, borrowed, tmp_path) as here:
        templates.sync(borrowed, here.clients, acting=ADMIN)
        gone = sandbox.template("风险预警通知")["template_id"]
        sandbox.post("/cgi-bin/template/del_private_template", {"template_id": gone})
        report = templates.sync(borrowed, here.clients, acting=ADMIN)
        (finding,) = templates.check(borrowed, here.clients)
    assert [f.kind for f in report.missing] == [MessageKind.WARNING_FIRED] == [finding.kind]
    assert "风险预警通知" in report.missing[0].problem
    with borrowed.reading() as session:
        kinds = session.scalars(select(MessageTemplate.kind).where(MessageTemplate.channel == "template"))
        assert MessageKind.WARNING_FIRED not in set(kinds)

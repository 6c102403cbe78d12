"""A correction and a withdrawal: what was once public stays accounted for, and nobody changes it unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.core.db import BorrowedDatabase
from app.jobs.schedule import plan_obligations, verify_chains
from app.services import chain
from app.services.chain import FaultKind, Verified
from tests.h5.support import form_of
from tests.journeys.know import Village, on, village

WRONG, RIGHT = "98600", "9860"
REASON = "支出多写了一个零，票据上是 9,860 元。"
BECAUSE = "登错了村，应由邻村公开。"


@pytest.fixture
def here(borrowed: BorrowedDatabase) -> Iterator[Village]:
    with on("2026-04-01", 8), village(borrowed) as made:
        made.job(plan_obligations)
        yield made


def accounts(expense: str) -> dict[str, Any]:
    return {
        "title": "三月份收支公开",
        "filled": {"income": "52000", "expense": expense},
        "records": [{"direction": "支出", "item": "路灯维修", "count": 3, "amount": expense}],
    }


def head(here: Village) -> str:
    """The head of the chain that stands on the village's pages, as somebody writes it down."""
    found = re.search(r"链头第 (\d+) 环 ([0-9a-f ]+?) 公开后", here.page("/c/finance") + here.page())
    assert found, "no head on the page"
    return f"第 {found[1]} 环 {found[2]}"


def ask(here: Village, noted: str) -> str:
    """What the public verify page says about a head that somebody kept."""
    here.http.cookies.clear()
    form = form_of(here.http.get(f"/verify?village={here.code}").text, "/verify")
    return here.http.get("/verify", params=form.data(head=noted)).text


def verified(here: Village) -> Verified:
    with here.database.reading() as session:
        return chain.verify(session, village_id=here.town.village.id)


def test_a_correction_and_a_withdrawal(here: Village) -> None:
    with on("2026-04-10"):
        wrong = here.out("finance", period="2026-03", **accounts(WRONG))
        other = here.out("labour", "一季度村务用工", period="2026-Q1", body="请了三个人修路灯。")
        noted = head(here)
    with on("2026-04-12"):
        a_correction_stands_beside_the_old_text(here, wrong)
    with on("2026-04-14"):
        a_withdrawal_leaves_a_tombstone(here, other)
        events = [line.link.event.value for line in lines(here)]
        assert events == ["withdrawn", "corrected", "published", "published"]
        assert here.job(verify_chains)["broken"] == "0"
        assert "后来又接了 2 环，环环相扣" in ask(here, noted)
        assert verified(here).faults == []
    with on("2026-04-20"):
        an_edit_behind_the_villages_back_is_found(here, wrong)


def lines(here: Village) -> list[chain.Line]:
    with here.database.reading() as session:
        return chain.newest(session, here.town.village.id, limit=10)


def a_correction_stands_beside_the_old_text(here: Village, key: str) -> None:
    """Written by the information officer, returned once, published by the liaison officer; until then nobody
    outside sees anything of it."""
    author = here.author
    author.refused("PUT", f"disclosures/{key}/correction", 422, "request.invalid", accounts(RIGHT))
    proposed = author.put(f"disclosures/{key}/correction", {**accounts(RIGHT), "reason": REASON})
    author.post(f"disclosures/{key}/correction/submit")
    here.review(key, "correction-return", text="请在原因里写明票据金额。")
    again = {**accounts(RIGHT), "reason": REASON, "instead_of": proposed["proposed_version"]}
    author.put(f"disclosures/{key}/correction", again)
    author.post(f"disclosures/{key}/correction/submit")
    before = here.page(f"/d/{key}")
    assert "98,600.00 元" in before
    assert "更正" not in before
    author.refused("POST", f"disclosures/{key}/correction/publish", 403, "disclosure.not_reviewer")
    here.review(key, "correction-publish")

    page = here.page(f"/d/{key}")
    assert f"这条有更正：{REASON}" in page
    assert "历次版本 共 2 版" in page
    stranger = here.office(here.town.elsewhere).get(f"disclosures/{key}")
    public = {one["reason"]: one["figures"]["支出"] for one in stranger["versions"]}
    assert public == {"": "98,600.00 元", REASON: "9,860.00 元"}
    shown = here.mini().get(f"disclosures/{key}").json()
    assert shown["figures"]["支出"] == "9,860.00 元"
    assert [one["reason"] for one in shown["corrections"]] == [REASON]
    (owed,) = author.get("obligations", village=here.code, category="finance", period="2026-03")["items"]
    assert (owed["state"], owed["met_on"]) == ("met", "2026-04-10")


def a_withdrawal_leaves_a_tombstone(here: Village, key: str) -> None:
    (owed,) = here.author.get("obligations", village=here.code, category="labour", period="2026-Q1")["items"]
    assert owed["state"] == "met"
    here.author.refused(
        "POST", f"disclosures/{key}/withdraw", 403, "disclosure.not_reviewer", {"remark": BECAUSE}
    )
    here.review(key, "withdraw", text=BECAUSE)

    page = here.page(f"/d/{key}")
    assert BECAUSE in page
    assert "修路灯" not in page
    shown = here.mini().get(f"disclosures/{key}")
    assert BECAUSE in shown.text
    assert "修路灯" not in shown.text
    assert "修路灯" not in here.page("/search?q=路灯")
    assert "修路灯" not in here.bytes("/open/labour.csv").decode("utf-8-sig")
    (owed,) = here.author.get("obligations", village=here.code, category="labour", period="2026-Q1")["items"]
    assert owed["state"] == "open"


def an_edit_behind_the_villages_back_is_found(here: Village, key: str) -> None:
    """Somebody with the database's password makes the old version look right. Verification says which item
    it is, and tomorrow so does the public page."""
    with here.database.transaction() as session:
        changed = session.execute(
            text(
                """UPDATE disclosure_version SET figures = replace(figures::text, '98,600', '9,860')::json
                   WHERE disclosure_id = :key AND figures::text LIKE '%98,600%'"""
            ),
            {"key": key},
        )
        assert changed.rowcount == 1  # type: ignore[attr-defined]
    (fault,) = verified(here).faults
    assert fault.kind is FaultKind.EDITED_CONTENT
    assert str(fault.disclosure_id) == key
    assert here.job(verify_chains)["broken"] == "1"
    here.http.cookies.clear()
    assert "发现改动" in here.http.get(f"/verify?village={here.code}").text

"""A leak that the gate stops: the village writes too much, and nothing of it gets out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from app.core.db import BorrowedDatabase
from app.models import AuditEntry, OutgoingMessage
from tests.h5.support import form_of
from tests.journeys.know import Json, Village, on, read, village
from tests.papers import paper
from tests.privacy.leaks import ID, PHONE
from tests.privacy.test_surfaces import crawl

ADDRESS = "东联村3组25号"
ILLNESS = "肺癌"
SECRETS = (ID, ID[6:14], PHONE, ADDRESS, "25号", ILLNESS)
BODY = f"补助款由信用社代发。李四家住{ADDRESS}，由网格员上门办理。"
RECORDS = [
    {"name": "李四", "kind": "临时救助", "standard": f"每户600元，证号{ID}", "amount": "600", "id_card": ID},
    {"name": "王五", "kind": "医疗救助", "standard": "每户500元", "amount": "500", "illness": ILLNESS},
]
LEAKY, CLEAN = "发放表.pdf", "发放表（已遮盖）.pdf"
TABLE = "表格第1行“标准”列"


@pytest.fixture
def here(borrowed: BorrowedDatabase) -> Iterator[Village]:
    with on("2026-04-07", 8), village(borrowed) as made:
        yield made


def scan() -> bytes:
    """A page as the copier in the village office makes it: a picture without text."""
    out = io.BytesIO()
    Image.new("RGB", (600, 800), (250, 250, 245)).save(out, "PDF")
    return out.getvalue()


def aid(here: Village) -> Json:
    """The quarter's aid as it was typed, with two papers."""
    author = here.author
    files = [
        (paper(["困难补助发放表", f"经办人电话 {PHONE}"]), LEAKY),
        (scan(), "村民代表会议签字.pdf"),
    ]
    return {
        "title": "一季度困难补助公示",
        "period": "2026-Q1",
        "body": BODY,
        "filled": {"basis": "临时救助办法"},
        "records": RECORDS,
        "uploads": [author.upload(data, name) for data, name in files],
    }


def test_a_leak_that_the_gate_stops(here: Village) -> None:
    key = here.draft("hardship_aid", **aid(here))
    the_gate_stops_it_and_says_where(here, key)
    what_is_written_is_masked(here, key)
    removed = the_paper_is_replaced(here, key)
    somebody_looks_at_the_scan(here, key)

    here.submit(key)
    here.review(key)
    what_may_be_public_is_public(here, key)
    the_removed_paper_is_nowhere(here, removed)
    assert leaked(here, key) == []


def gate(here: Village, key: str) -> dict[str, Json]:
    """What still stops it, by place."""
    found = here.author.get(f"disclosures/{key}/privacy")["findings"]
    return {one["words"]: one for one in found if one["verdict"] is None}


def the_gate_stops_it_and_says_where(here: Village, key: str) -> None:
    """On the desk as over REST; what is said about a place repeats nothing that stands there."""
    stopped = here.step(here.town.information, key, "submit")
    assert stopped.status_code == 409
    assert "身份证号 1 处" in read(stopped.text)
    told = here.author.refused("POST", f"disclosures/{key}/submit", 409, "disclosure.privacy_blocked")
    assert told["kinds"] == {"id_card": 1, "address": 1, "phone": 1, "unreadable": 1}
    assert {"正文", TABLE} <= set(told["places"])
    assert not any(secret in str(told) for secret in SECRETS)

    page = here.desk(here.town.information, f"/desk/disclosures/{key}/privacy")
    for place in told["places"]:
        assert place in read(page)
    assert f"<mark>{ID}</mark>" in page
    assert here.office(here.town.elsewhere).send("GET", f"disclosures/{key}/privacy").status_code == 404
    here.page(f"/d/{key}", 404)


def what_is_written_is_masked(here: Village, key: str) -> None:
    """One press of the button: text and table, not the files."""
    here.desk(here.town.information, "/desk")
    page = f"/desk/disclosures/{key}/privacy"
    form = form_of(here.http.get(page).text, "/privacy/mask")
    assert here.http.post(form.action, data=form.data()).status_code == 303
    left = gate(here, key)
    assert sorted(one["kind"] for one in left.values()) == ["phone", "unreadable"]
    here.author.refused("POST", f"disclosures/{key}/submit", 409, "disclosure.privacy_blocked")


def the_paper_is_replaced(here: Village, key: str) -> str:
    """What stands in a file cannot be masked here: it goes, and a masked one comes. The id of the old one."""
    author = here.author
    (found,) = [one for one in gate(here, key).values() if one["kind"] == "phone"]
    assert LEAKY in found["words"]
    author.post(f"disclosures/{key}/privacy/remove-file", {"file_id": found["file_id"]})
    shown = author.get(f"disclosures/{key}")
    (now,) = [one for one in shown["versions"] if one["number"] == shown["current_version"]]
    body = {name: now[name] for name in ("title", "body", "filled", "records")}
    token = author.upload(paper(["困难补助发放表", "经办人电话 138****1234"]), CLEAN)
    extra = {"category": "hardship_aid", "period": "2026-Q1", "uploads": [token], "seen": now["number"]}
    author.put(f"disclosures/{key}", body | extra)
    assert [one["kind"] for one in gate(here, key).values()] == ["unreadable"]
    return str(found["file_id"])


def somebody_looks_at_the_scan(here: Village, key: str) -> None:
    """The program cannot read it; a person says that he has, and who it was is kept."""
    page = f"/desk/disclosures/{key}/privacy"
    form = form_of(here.desk(here.town.information, page), "/privacy/confirm")
    assert here.http.post(form.action, data=form.data()).status_code == 400
    assert here.http.post(form.action, data=form.data(looked="yes")).status_code == 303
    assert gate(here, key) == {}
    with here.database.reading() as session:
        trail = session.scalars(
            select(AuditEntry).where(AuditEntry.noun_id == key, AuditEntry.action.contains("confirm"))
        ).all()
        assert [entry.actor_id for entry in trail] == [str(here.town.information.id)]
        assert not any(secret in str(entry.data) for entry in trail for secret in SECRETS)


def what_may_be_public_is_public(here: Village, key: str) -> None:
    """Name, kind and amount of the aid stay: the law wants them read."""
    page = here.page(f"/d/{key}")
    for words in ("李四", "临时救助", "600.00", "1,100.00 元", "由网格员上门办理", CLEAN):
        assert words in page
    assert LEAKY not in page


def the_removed_paper_is_nowhere(here: Village, file: str) -> None:
    """Whoever kept its address gets nothing any more."""
    here.http.cookies.clear()
    for face in ("/files", "/miniprogram/v1/files"):
        for ending in ("", "/preview"):
            assert here.http.get(f"{face}/{file}{ending}").status_code == 404
    assert here.office(here.town.elsewhere).send("GET", f"files/{file}").status_code == 404


def leaked(here: Village, key: str) -> list[tuple[str, str]]:
    """Where one of the planted secrets stands: pages, files, lists, search, data, papers, messages, logs."""
    seen = surfaces(here, key)
    for ending in ("aid.csv", "aid.json", "aid.xlsx", "bulletin/2026-04.pdf", "/preview"):
        assert any(address.endswith(ending) for address in seen), ending
    return [(address, secret) for address, text in seen.items() for secret in SECRETS if secret in text]


def surfaces(here: Village, key: str) -> dict[str, str]:
    """Everything that a stranger can reach, by address."""
    here.http.cookies.clear()
    home = f"/v/{here.code}"
    seen = crawl(here.http, [home, f"/verify?village={here.code}"], (home, "/files/", "/verify"))
    assert f"{home}/d/{key}" in seen
    for secret in SECRETS:
        assert "一季度困难补助" not in here.page(f"/search?q={secret}")
    stranger = here.office(here.town.elsewhere)
    phone = here.mini()
    answers: list[Any] = [
        stranger.send("GET", f"disclosures/{key}"),
        stranger.send("GET", f"disclosures?village={here.code}"),
        phone.get(f"disclosures/{key}"),
        phone.get(f"villages/{here.code}/disclosures"),
        phone.get(f"villages/{here.code}/search", q="困难补助"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert "一季度困难补助公示" in answer.text
        seen[str(answer.url)] = answer.text
    with here.database.reading() as session:
        seen["messages"] = str([row.data for row in session.scalars(select(OutgoingMessage))])
        seen["audit"] = str([row.data for row in session.scalars(select(AuditEntry))])
    return seen

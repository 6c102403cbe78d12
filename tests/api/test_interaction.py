"""Questions, objections, tenders and broadcasts over REST: the office's side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import Database
from app.models import Disclosure, Tender
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import actors, broadcasts, follows, objections, questions, tenders
from app.services.tenders import sign_ups
from tests import factories
from tests.api.conftest import Api
from tests.factories import KEYS
from tests.services.noticed import public_item

WORDS = "这笔河道保洁费是请谁做的？"
LEAK = "请的是王小明，电话 13812345678。"
STATED = {"name": "王小明", "phone": "13800005678", "f1": "淡水养殖"}


@pytest.fixture
def item(api: Api, borrowed: Database) -> Disclosure:
    with borrowed.transaction() as session:
        return public_item(session, api.world.places.village, api.world.people["author"])


@pytest.fixture
def draft(api: Api, borrowed: Database) -> Disclosure:
    with borrowed.transaction() as session:
        return public_item(
            session,
            api.world.places.village,
            api.world.people["author"],
            category_code="leasing",
            kind=DisclosureKind.TENDER_NOTICE,
            state=DisclosureState.DRAFT,
            published_at=None,
        )


def asked(borrowed: Database, item: Disclosure) -> str:
    with borrowed.transaction() as session:
        made = questions.ask(session, acting=factories.villager(session), disclosure_id=item.id, text=WORDS)
        return str(made.id)


def raised(borrowed: Database, item: Disclosure) -> str:
    with borrowed.transaction() as session:
        made = objections.raise_one(
            session, acting=factories.villager(session), disclosure_id=item.id, text="金额对不上。"
        )
        return str(made.id)


def published(borrowed: Database, draft: Disclosure, people: int = 0) -> None:
    with borrowed.transaction() as session:
        row = session.merge(draft)
        row.state, row.published_at = DisclosureState.PUBLISHED, clock.now()
        tenders.released(session, acting=actors.System("test"), disclosure=row)
        tender_id = session.query(Tender).one().id
        for _ in range(people):
            sign_ups.sign_up(
                session, acting=factories.villager(session), tender_id=tender_id, answers=STATED, keys=KEYS
            )


def terms(**changes: Any) -> dict[str, Any]:
    closes_at = (clock.now() + timedelta(days=3)).isoformat()
    return {"closes_at": closes_at, "requirements": [{"label": "拟经营项目"}]} | changes


def test_a_question_is_listed_and_answered(api: Api, borrowed: Database, item: Disclosure) -> None:
    key = asked(borrowed, item)
    reviewer = api.as_("reviewer")
    (line,) = reviewer.get("questions", state="open", village=api.world.village)["items"]
    assert (line["id"], line["text"]) == (key, WORDS)
    assert not any("villager" in name for name in line)

    problem = reviewer.refused(
        "POST", f"questions/{key}/answer", 422, "inquiry.answer_personal", {"text": LEAK}
    )
    assert "13812345678" not in str(problem)
    done = reviewer.post(f"questions/{key}/answer", {"text": problem["masked"], "version": line["version"]})
    assert done["state"] == "answered"
    reviewer.refused("POST", f"questions/{key}/refusal", 409, "question.closed", {"text": "不公开。"})


@pytest.mark.parametrize(
    ("who", "seen", "answered"),
    [
        ("author", 200, 200),
        ("inspector", 200, 200),
        ("county", 200, 403),
        ("admin", 200, 403),
        ("stranger", 404, 404),
        ("other_inspector", 404, 404),
    ],
)
def test_who_sees_and_answers_a_question(
    api: Api, borrowed: Database, item: Disclosure, who: str, seen: int, answered: int
) -> None:
    key = asked(borrowed, item)
    caller = api.as_(who)

    assert caller.send("GET", f"questions/{key}").status_code == seen
    assert len(caller.get("questions")["items"]) == (seen == 200)
    answer = caller.send("POST", f"questions/{key}/answer", json={"text": "请的是本村村民。"})
    assert answer.status_code == answered


def test_an_objection_is_for_somebody_else_and_holds_the_notice(
    api: Api, borrowed: Database, item: Disclosure
) -> None:
    key = raised(borrowed, item)
    body = {"outcome": "explained", "text": "已核对收据，金额无误。"}
    assert api.get(f"disclosures/{item.id}/notice")["open"] == 1

    api.as_("author").refused("POST", f"objections/{key}/answer", 409, "objection.own_work", body)
    api.as_("stranger").refused("POST", f"objections/{key}/answer", 404, "objection.not_found", body)
    done = api.as_("reviewer").post(f"objections/{key}/answer", body)
    assert (done["state"], done["answer"]) == ("explained", body["text"])
    assert api.get(f"disclosures/{item.id}/notice")["open"] == 0


def test_a_tender_from_draft_to_award(api: Api, borrowed: Database, draft: Disclosure) -> None:
    author = api.as_("author")
    put = author.put(f"disclosures/{draft.id}/tender", terms(floor_price_fen=3_600_000))
    assert (put["state"], put["requirements"][0]["key"]) == ("draft", "f1")
    api.as_("stranger").refused("GET", f"tenders/{put['id']}", 404, "tender.not_found")
    author.delete(f"disclosures/{draft.id}/tender")
    tender = author.put(f"disclosures/{draft.id}/tender", terms())
    published(borrowed, draft, people=5)

    seen = api.as_("stranger").get(f"tenders/{tender['id']}")
    assert (seen["state"], seen["sign_ups"]) == ("open", 5)
    listed = author.get(f"tenders/{tender['id']}/sign-ups")
    assert [line["number"] for line in listed["items"]] == [1, 2, 3, 4, 5]
    assert listed["items"][0]["answers"]["姓名或单位名称"] == "王小明"
    for who in ("stranger", "county", "admin"):
        refusal = api.as_(who).send("GET", f"tenders/{tender['id']}/sign-ups")
        assert (refusal.status_code, "王小明" in refusal.text) == (403, False)
    file = author.get(f"tenders/{tender['id']}/sign-ups.csv")
    assert "王小明" in file.decode("utf-8-sig")

    with borrowed.transaction() as session:
        session.query(Tender).one().closes_at = clock.now() - timedelta(seconds=1)
    body = {
        "winner": "某某合作社",
        "award_fen": 4_000_000,
        "awarded_on": clock.today().isoformat(),
    }
    awarded = author.post(f"tenders/{tender['id']}/award", body)
    assert awarded["tender"]["state"] == "awarded"
    assert author.get(f"disclosures/{awarded['award_disclosure_id']}")["kind"] == "award_notice"
    assert api.as_("stranger").get(f"tenders/{tender['id']}")["winner"] == ""


def test_a_failed_tender(api: Api, borrowed: Database, draft: Disclosure) -> None:
    author = api.as_("author")
    tender = author.put(f"disclosures/{draft.id}/tender", terms())
    published(borrowed, draft)
    body = {"reason": "没有人报名。"}
    author.refused("POST", f"tenders/{tender['id']}/failure", 409, "tender.state_wrong", body)
    with borrowed.transaction() as session:
        session.query(Tender).one().closes_at = clock.now() - timedelta(seconds=1)

    assert author.post(f"tenders/{tender['id']}/failure", body)["remark"] == body["reason"]


def test_reach_is_numbers_for_the_area(api: Api, borrowed: Database, item: Disclosure) -> None:
    with borrowed.transaction() as session:
        village = api.world.places.village
        follows.follow(session, acting=factories.villager(session), village=village)
        broadcasts.announce(session, disclosure=item)
    with borrowed.transaction() as session:
        (row,) = broadcasts.claim(session, owner="w", limit=1, lease_seconds=60)
    broadcasts.expand(borrowed, row, lease_seconds=60)

    (line,) = api.as_("inspector").get("broadcasts", urgent=False)["items"]
    assert line["reach"] == {
        "followers": 1,
        "reached": 1,
        "sent": 0,
        "delivered": 0,
        "read": 0,
        "finished": True,
    }
    assert api.as_("reviewer").get(f"disclosures/{item.id}/reach")["reached"] == 1
    assert api.as_("stranger").get("broadcasts")["items"] == []
    api.as_("stranger").refused("GET", f"disclosures/{item.id}/reach", 404, "disclosure.not_found")

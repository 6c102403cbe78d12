"""The re-tender: a lease ends, five sign up, one wins, and everybody can follow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from app.core import clock
from app.core.db import BorrowedDatabase
from app.jobs.schedule import close_tenders, plan_obligations
from tests.h5.support import form_of
from tests.journeys.know import Json, Village, Villager, on, read, village

CLOSES = datetime(2026, 3, 16, 17, tzinfo=clock.SHANGHAI)
LEASE = {
    "number": "HT-2023-017",
    "kind": "lease_out",
    "title": "村口鱼塘承包",
    "subject": "村口鱼塘 12 亩",
    "counterparty": "某某水产专业合作社",
    "starts_on": "2023-03-23",
    "ends_on": "2026-03-22",
    "amount_fen": 3_600_000,
}
BODY = "一、在本页或小程序里报名。\n二、材料：身份证或营业执照。\n三、3月18日在村委会议室公开竞价。"
PEOPLE = ("沈国强", "韩美娟", "施建平", "汤小芬", "倪志刚")
LATE = "徐来迟"


def stated(name: str, plan: str = "淡水养殖") -> dict[str, str]:
    """What somebody fills in: the phone differs by person, and must never be read by others."""
    number = (*PEOPLE, LATE).index(name)
    return {"name": name, "phone": f"1380000560{number}", "f1": plan}


@dataclass
class Retender:
    """The notice, its tender and who signed up on which face."""

    here: Village
    contract: str
    notice: str = ""
    tender: str = ""

    @property
    def page(self) -> str:
        return f"/v/{self.here.code}/d/{self.notice}"

    def put(self, who: str, answers: dict[str, str]) -> Any:
        """Sign up in the Mini Program."""
        phone = self.here.mini(who)
        path = f"/miniprogram/v1/tenders/{self.tender}/sign-up"
        return self.here.http.put(path, json={"answers": answers}, headers=phone.headers())

    def count(self) -> int:
        """The number that everybody sees, the same on every face."""
        public = self.here.mini().get(f"tenders/{self.tender}").json()["sign_ups"]
        assert f"{public} 已报名" in self.here.page(f"/d/{self.notice}")
        assert self.here.office(self.here.town.elsewhere).get(f"tenders/{self.tender}")["sign_ups"] == public
        return int(public)


@pytest.fixture
def story(borrowed: BorrowedDatabase) -> Iterator[Retender]:
    with on("2026-03-02", 8), village(borrowed, ocds_prefix="ocds-abc123") as here:
        yield Retender(here, here.author.post("contracts", {"village": here.code, **LEASE})["id"])


def test_the_retender_with_five_sign_ups(story: Retender) -> None:
    with on("2026-03-03"):
        the_end_of_the_lease_is_owed(story)
        the_notice_is_written_and_reviewed(story)
    five_sign_up(story)
    with on("2026-03-16", 18):
        the_sixth_is_too_late(story)
        the_list_is_for_the_office(story)
    with on("2026-03-18", 15):
        one_wins_and_everybody_reads_it(story)
        programs_read_it_as_ocds(story)


def the_end_of_the_lease_is_owed(story: Retender) -> None:
    here = story.here
    here.job(plan_obligations)
    (row,) = here.author.get("obligations", village=here.code, source="contract")["items"]
    assert (row["source_id"], row["due_on"], row["state"]) == (story.contract, "2026-03-22", "open")
    assert "HT-2023-017" in here.page("/c/leasing")


def the_notice_is_written_and_reviewed(story: Retender) -> None:
    """Drafted out of the ledger; the officer fills in what is missing, sets the terms, hands it in."""
    here, officer = story.here, story.here.town.information
    address = f"/desk/disclosures/new?kind=retender_notice&contract={story.contract}&village={here.code}"
    form = form_of(here.desk(officer, address), "/desk/disclosures")
    assert form.fields["title"] == ["「村口鱼塘承包」重新招租公告"]
    wanted = {"f.floor": "36000", "f.years": "3", "f.deadline": "2026-03-16", "f.opening": "2026-03-18"}
    made = here.http.post(form.action, data=form.data(body=BODY, **wanted))
    assert made.status_code == 303, read(made.text)
    story.notice = made.headers["location"].split("?")[0].rsplit("/", 1)[1]
    author = here.author
    terms = {
        "closes_at": CLOSES.isoformat(),
        "floor_price_fen": 3_600_000,
        "requirements": [{"label": "拟经营项目"}],
    }
    story.tender = author.put(f"disclosures/{story.notice}/tender", terms)["id"]
    here.submit(story.notice)
    author.refused("PUT", f"disclosures/{story.notice}/tender", 409, "tender.notice_handed_in", terms)
    assert here.mini().get(f"tenders/{story.tender}").status_code == 404
    here.review(story.notice)

    (row,) = author.get("obligations", village=here.code, source="contract")["items"]
    assert (row["state"], row["disclosure_id"], row["days_late"]) == ("met", story.notice, 0)
    assert "底价" in here.page(f"/d/{story.notice}")
    assert story.count() == 0


def five_sign_up(story: Retender) -> None:
    """Three on the page, two in the Mini Program; one changes, one withdraws and comes back."""
    here = story.here
    sign_up = f"{story.page}/sign-up"
    on_page: list[Villager] = []
    with on("2026-03-05"):
        for name in PEOPLE[:3]:
            on_page.append(here.villager())
            assert on_page[-1].press(sign_up, "/sign-up", **stated(name)).status_code == 303
        assert "您已报名，序号 3" in on_page[2].open(story.page)
    with on("2026-03-06"):
        for number, name in enumerate(PEOPLE[3:], start=4):
            mine = story.put(f"phone{number}", stated(name)).json()
            assert (mine["mine"]["number"], mine["sign_ups"]) == (number, number)
    with on("2026-03-07"):
        assert on_page[0].press(sign_up, "/sign-up", **stated(PEOPLE[0], "小龙虾")).status_code == 303
        assert on_page[1].press(sign_up, "/withdraw").status_code == 303
        assert story.count() == 4
    with on("2026-03-08"):
        assert on_page[1].press(sign_up, "/sign-up", **stated(PEOPLE[1])).status_code == 303
        assert story.count() == 5
        assert not any(name in on_page[0].open(story.page) for name in PEOPLE[1:])


def the_sixth_is_too_late(story: Retender) -> None:
    """He has had the form open since four; an hour after the deadline no face takes it."""
    here = story.here
    with on("2026-03-16", 16):
        late = here.villager()
        page = late.get(f"{story.page}/sign-up")
    assert late.sends(page, "/sign-up", **stated(LATE)).status_code == 409
    refused = story.put("late", stated(LATE))
    assert (refused.status_code, refused.json()["code"]) == (409, "tender.not_open")
    assert here.job(close_tenders) == {"closed": "1"}
    assert here.mini().get(f"tenders/{story.tender}").json()["state"] == "closed"
    assert story.count() == 5


def the_list_is_for_the_office(story: Retender) -> None:
    here = story.here
    lines = here.author.get(f"tenders/{story.tender}/sign-ups")["items"]
    named = {line["answers"]["姓名或单位名称"]: line["answers"]["拟经营项目"] for line in lines}
    assert set(named) == set(PEOPLE)
    assert named[PEOPLE[0]] == "小龙虾"
    stranger = here.office(here.town.elsewhere)
    for path in ("sign-ups", "sign-ups.csv"):
        answer = stranger.send("GET", f"tenders/{story.tender}/{path}")
        assert answer.status_code in (403, 404)
        assert PEOPLE[0] not in answer.text
    here.desk(here.town.elsewhere, "/desk")
    assert here.http.get(f"/desk/tenders/{story.tender}").status_code == 404


def one_wins_and_everybody_reads_it(story: Retender) -> None:
    """The winner is known to the office at once, to everybody with the reviewed notice."""
    here = story.here
    award = {"winner": "施建平", "award_fen": 4_120_000, "awarded_on": "2026-03-18"}
    told = here.author.post(f"tenders/{story.tender}/award", award)
    key = told["award_disclosure_id"]
    assert here.mini().get(f"tenders/{story.tender}").json()["winner"] == ""
    assert "施建平" not in here.page(f"/d/{story.notice}")
    here.submit(key)
    here.review(key)

    page = here.page(f"/d/{key}")
    assert "施建平" in page
    assert "本次共有 5 家（人）报名" in page
    assert "施建平" in here.page(f"/d/{story.notice}")
    shown = here.mini().get(f"tenders/{story.tender}").json()
    assert (shown["winner"], shown["award_fen"], shown["sign_ups"]) == ("施建平", 4_120_000, 5)


def programs_read_it_as_ocds(story: Retender) -> None:
    here = story.here
    here.http.cookies.clear()
    answer = here.http.get(f"/v/{here.code}/open/ocds.json")
    releases: list[Json] = answer.json()["releases"]
    tags = [tag for release in releases for tag in release["tag"]]
    assert {"tender", "award"} <= set(tags)
    assert len({release["ocid"] for release in releases}) == 1
    tender = next(one["tender"] for one in reversed(releases) if "tender" in one)
    assert tender["numberOfTenderers"] == 5
    (award,) = next(one["awards"] for one in reversed(releases) if "awards" in one)
    assert award["value"] == {"amount": 41200, "currency": "CNY"}
    phones = [stated(name)["phone"] for name in PEOPLE]
    assert not any(word in answer.text for word in (*phones, *PEOPLE[:2], *PEOPLE[3:]))

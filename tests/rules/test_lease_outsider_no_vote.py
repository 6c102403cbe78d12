"""R06 土地对外承包未经表决或报批."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.governance import Meeting, MeetingKind
from app.models.holdings import AssetKind
from app.models.ledgers import ContractState, LandKind
from app.rules.lease_outsider_no_vote import LeaseOutsiderNoVote
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = LeaseOutsiderNoVote()
Said = dict[tuple[str, str], str]
OUTSIDER: dict[str, Any] = {
    "is_member": False,
    "land_kind": LandKind.POND,
    "town_approval": "益政批〔2023〕1号",
}


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    named: dict[Any, str] = {}
    village = support.village(shared, "甲村")

    def vote(**fields: Any) -> Meeting:
        return support.meeting(shared, village, **fields)

    def lease(label: str, meeting: Meeting | None, **fields: Any) -> None:
        row = support.contract(
            shared, village, meeting_id=meeting.id if meeting else None, **(OUTSIDER | fields)
        )
        named[row.id] = label

    enough = vote(votes_for=27, entitled=40, present=36)
    for label, cast in (
        ("27 of 40", enough),
        ("26 of 40", vote(votes_for=26, entitled=40, present=27)),
        ("villagers", vote(kind=MeetingKind.VILLAGERS, votes_for=800, entitled=1200, present=900)),
        ("villagers, one short", vote(kind=MeetingKind.VILLAGERS, votes_for=799, entitled=1200, present=900)),
        ("committee", vote(kind=MeetingKind.COMMITTEE, votes_for=7, entitled=7, present=7)),
        ("no votes", vote(votes_for=None)),
        ("entitled unknown", vote(votes_for=27, entitled=None, present=36)),
        ("not even of those present", vote(votes_for=23, entitled=None, present=36)),
        ("voided vote", vote(**support.VOIDED)),
        ("vote tomorrow", vote(held_on=date(2026, 4, 16))),
        ("no vote", None),
    ):
        lease(label, cast)
    lease("not approved", enough, town_approval="  ")
    lease("approved tomorrow", enough, town_approved_on=date(2026, 4, 16))
    lease("approved at the meeting", vote(town_approval="益政批〔2023〕2号"), town_approval=None)
    lease("no votes and not approved", vote(votes_for=None), town_approval=None)
    lease("member", None, is_member=True)
    lease("membership unknown", None, is_member=None)
    lease("membership unknown, all done", enough, is_member=None)
    lease("land unknown", None, land_kind=None)
    lease("a building", None, land_kind=LandKind.BUILDING)
    factory = support.asset(shared, village, kind=AssetKind.FACTORY)
    lease("a factory by its asset", None, land_kind=None, asset_id=factory.id)
    lease("before the law", None, signed_on=date(2002, 12, 31))
    lease("since the law", None, signed_on=date(2003, 1, 1))
    lease("signed tomorrow", None, signed_on=date(2026, 4, 16))
    lease("over", None, ends_on=date(2026, 4, 14))
    lease("last day, no vote", None, ends_on=AS_OF, signed_on=AS_OF)
    lease("all on the day", vote(held_on=AS_OF, votes_for=27), town_approved_on=AS_OF)
    granted = vote(votes_for=27, town_approval="益政批〔2023〕3号", town_approved_on=date(2026, 4, 16))
    lease("approved at the meeting tomorrow", granted, town_approval=None)
    lease("cancelled", None, state=ContractState.CANCELLED, state_since=AS_OF)
    lease("voided", None, **support.VOIDED)
    _careless(shared, named)
    support.village(shared, "丙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


def _careless(session: Session, named: dict[Any, str]) -> None:
    """A village that names neither votes nor approvals at any of its contracts."""
    village = support.village(session, "乙村")
    support.meeting(session, village)
    row = support.contract(session, village, **(OUTSIDER | {"town_approval": None}))
    named[row.id] = "records neither"
    other = support.village(session, "丁村")
    vote = support.meeting(session, other)
    row = support.contract(session, other, **(OUTSIDER | {"town_approval": None, "meeting_id": vote.id}))
    named[row.id] = "records no approvals"


CASES = {
    "27 of 40": "clear",
    "26 of 40": "red",
    "villagers": "clear",
    "villagers, one short": "red",
    "committee": "red",
    "no votes": "?会议表决票数",
    "entitled unknown": "?会议应到人数",
    "not even of those present": "red",
    "voided vote": "red",
    "vote tomorrow": "red",
    "no vote": "red",
    "not approved": "red",
    "approved tomorrow": "red",
    "approved at the meeting": "clear",
    "no votes and not approved": "red",
    "member": "clear",
    "membership unknown": "?是否本集体成员",
    "membership unknown, all done": "clear",
    "land unknown": "?土地类别",
    "a building": "clear",
    "a factory by its asset": "clear",
    "since the law": "red",
    "last day, no vote": "red",
    "all on the day": "clear",
    "approved at the meeting tomorrow": "red",
    "over": "clear",
    "cancelled": "clear",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


def test_what_a_village_never_records_is_missing(said: Said) -> None:
    assert said["乙村", "records neither"] == "?合同的表决会议"
    assert said["丁村", "records no approvals"] == "?镇街批准文号"


def test_without_its_ledgers_a_village_is_not_clean(said: Said) -> None:
    assert said["丙村", ""] in ("?合同台账", "?会议台账")


def test_a_county_may_count_those_present(shared: Session, said: Said) -> None:
    colours = {
        one.evidence["present"]
        for one in support.evaluate(shared, RULE, AS_OF, count_present=True).findings
        if one.evidence["votes_for"] == 26
    }
    assert colours == set()


def test_words(shared: Session, said: Said) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    short = next(one for one in found if one.evidence["votes_for"] == 26)
    assert short.title == "鱼塘承包对外承包缺少表决"
    assert "40 人中 26 人同意" in short.basis
    assert "2/3" in short.basis
    none = next(one for one in found if one.evidence["voted"] is False and not one.evidence["meeting_number"])
    assert "没有关联表决会议" in none.basis

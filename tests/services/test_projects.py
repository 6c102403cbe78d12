"""What the timeline of a small-works project says: what is there, missing, out of order, paid beyond."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import Obligation, Organisation
from app.models.disclosures import DisclosureState
from app.models.obligations import ObligationSource
from app.models.projects import ProjectState, StageKind
from app.services import actors
from app.services.projects import shown
from tests import factories
from tests.services.works import K, contract, enter, item, look, pay, stage, steps, whole


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


def test_a_whole_project_is_one_timeline(session: Session, village: Organisation) -> None:
    timeline = look(session, whole(session, village))
    by_kind = steps(timeline)

    assert [step.kind for step in timeline.steps] == list(StageKind)
    assert {step.state for step in timeline.steps} == {"done"}
    assert (timeline.missing, timeline.faults, timeline.overpaid_fen) == ([], [], 0)
    assert timeline.state == ProjectState.SETTLED
    assert (timeline.paid_fen, timeline.agreed_fen) == (10_400_000, 10_400_000)
    votes = by_kind[K.VOTE].entries[0].votes
    assert votes is not None
    assert (votes.for_, votes.against, votes.abstained) == (38, 2, 1)
    assert [entry.text for entry in by_kind[K.CHANGE].entries] == ["加做路肩", "少做一段"]
    assert (by_kind[K.CHANGE].total_fen, by_kind[K.PAYMENT].total_fen) == (400_000, 10_400_000)
    evidence = by_kind[K.TENDER].entries[0].evidence
    assert evidence is not None
    assert (evidence.title, evidence.withdrawn) == ("招标公告", False)
    assert by_kind[K.CONTRACT].entries[0].amount_fen == 10_000_000


def test_what_is_skipped_is_missing_and_says_why(session: Session, village: Organisation) -> None:
    project = enter(session, village)
    stage(session, project, K.DECISION, 0)
    stage(session, project, K.CONTRACT, 30)
    timeline = look(session, project)

    assert [step.kind for step in timeline.missing] == [K.PROPOSAL, K.VOTE, K.TENDER, K.AWARD]
    assert steps(timeline)[K.TENDER].because == "已经到了「签订合同」，这一步却没有记录。"
    assert steps(timeline)[K.ACCEPTANCE].state == "waiting"
    assert steps(timeline)[K.CHANGE].state == "none"


def test_days_that_passed_make_stages_missing(session: Session, village: Organisation) -> None:
    today = clock.today()
    project = enter(
        session, village, planned_start_on=today - timedelta(days=9), planned_end_on=today - timedelta(days=3)
    )
    by_kind = steps(look(session, project))
    assert "开工" in by_kind[K.TENDER].because
    assert "已过 3 天" in by_kind[K.ACCEPTANCE].because
    assert by_kind[K.FINAL_ACCOUNT].state == "waiting"

    other = enter(session, village, number="GC-2")
    session.add(
        Obligation(
            village_id=village.id,
            category_code="small_works",
            key=f"project:{other.id}:tender",
            title="招标公告",
            source=ObligationSource.PROJECT,
            source_id=other.id,
            due_on=today - timedelta(days=4),
        )
    )
    session.flush()
    by_kind = steps(look(session, other))
    assert "超期 4 天" in by_kind[K.TENDER].because
    assert by_kind[K.AWARD].state == "waiting"


def test_exempt_stages_are_named_with_their_reason(session: Session, village: Organisation) -> None:
    project = enter(
        session, village, exempt=(K.TENDER, K.AWARD), exempt_because="不足 1 万元，由村两委集体商定。"
    )
    stage(session, project, K.CONTRACT, 30)
    by_kind = steps(look(session, project))

    assert (by_kind[K.TENDER].state, by_kind[K.AWARD].state) == ("exempt", "exempt")
    assert by_kind[K.TENDER].because == "不足 1 万元，由村两委集体商定。"
    with pytest.raises(BadInput) as refused:
        enter(session, village, number="GC-2", exempt=(K.TENDER,))
    assert refused.value.code == "project.exempt_because_missing"


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ((K.AWARD, 20), (K.CONTRACT, 10), "2026年3月11日就已经「签订合同」，2026年3月21日才「中标公示」"),
        ((K.DECISION, 9), (K.TENDER, 5), "才「决策公示」"),
        ((K.ACCEPTANCE, 90), (K.FINAL_ACCOUNT, 80), "才「验收」"),
        ((K.CONTRACT, 30), (K.CHANGE, 10), "才「签订合同」"),
    ],
)
def test_stages_in_the_wrong_order_are_told(
    session: Session,
    village: Organisation,
    first: tuple[StageKind, int],
    second: tuple[StageKind, int],
    words: str,
) -> None:
    project = enter(session, village)
    for kind, after in (first, second):
        stage(session, project, kind, after)
    by_kind = steps(look(session, project))

    assert words in by_kind[second[0]].faults[0]
    assert by_kind[first[0]].faults == []


def test_paying_before_the_contract_and_beyond_it(session: Session, village: Organisation) -> None:
    signed = contract(session, village, after=30, amount=5_000_000)
    project = enter(session, village, contract_id=signed.id)
    pay(session, village, 10, 5_000_000, project_id=project.id)
    pay(session, village, 60, 1_200_000, contract_id=signed.id)
    timeline = look(session, project)

    assert timeline.overpaid_fen == 1_200_000
    faults = steps(timeline)[K.PAYMENT].faults
    assert "2026年3月11日就付了第一笔款" in faults[0]
    assert "多付 12,000.00 元" in faults[1]
    stage(session, project, K.CHANGE, 40, amount_fen=1_200_000)
    assert look(session, project).overpaid_fen == 0


def test_payments_of_other_projects_under_the_same_contract_do_not_count(
    session: Session, village: Organisation
) -> None:
    signed = contract(session, village)
    mine = enter(session, village, contract_id=signed.id)
    other = enter(session, village, number="GC-2")
    pay(session, village, 40, 100, contract_id=signed.id, project_id=other.id)
    pay(session, village, 41, 10, contract_id=signed.id)

    assert (look(session, mine).paid_fen, look(session, other).paid_fen) == (10, 100)


def test_evidence_that_is_missing_or_withdrawn_and_votes_without_majority(
    session: Session, village: Organisation
) -> None:
    project = enter(session, village)
    stage(session, project, K.DECISION, 0, disclosure_id=None)
    published = item(session, village)
    stage(session, project, K.TENDER, 5, disclosure_id=published.id)
    stage(session, project, K.VOTE, -1, votes_for=10, votes_against=10)
    published.state = DisclosureState.WITHDRAWN
    session.flush()
    by_kind = steps(look(session, project))

    assert "没有附公开材料" in by_kind[K.DECISION].faults[0]
    assert "已经撤回" in by_kind[K.TENDER].faults[0]
    assert "没有过半数" in by_kind[K.VOTE].faults[0]


def test_the_public_sees_firms_and_only_surnames(session: Session, village: Organisation) -> None:
    project = whole(session, village)
    pay(
        session,
        village,
        41,
        80_000,
        project_id=project.id,
        payee="陈建国",
        purpose="付陈建国看护工资 13800138000",
    )
    seen = steps(look(session, project, acting=actors.Visitor()))[K.PAYMENT].entries
    inside = steps(look(session, project, public=False))[K.PAYMENT].entries

    assert [entry.payee for entry in seen] == ["萧山某某建设有限公司", "陈**", "萧山某某建设有限公司"]
    assert seen[1].text == "付陈**看护工资 138****8000"
    assert inside[1].payee == "陈建国"


@pytest.mark.parametrize(
    "name",
    ["益农镇某某建材经营部", "萧山区供电局营业所", "张记五金店", "某某水产专业合作社", "益农镇人民政府"],
)
def test_firms_keep_their_names(name: str) -> None:
    assert shown.payee(name) == name


@pytest.mark.parametrize("name", ["陈建国", "欧阳小明", "陈建国（代领）", "王芳等三人", "李店", "周院"])
def test_persons_do_not(name: str) -> None:
    assert shown.payee(name).endswith("**")
    assert len(shown.payee(name)) <= 4


def test_a_contract_s_title_shows_no_person_s_name(session: Session, village: Organisation) -> None:
    signed = contract(session, village)
    signed.title, signed.counterparty = "与陈建国签的路灯合同 13800005678", "陈建国"
    project = enter(session, village, contract_id=signed.id)

    (public,) = steps(look(session, project))[K.CONTRACT].entries
    (inside,) = steps(look(session, project, public=False))[K.CONTRACT].entries

    assert public.text == "与陈**签的路灯合同 138****5678"
    assert inside.text == signed.title

"""码上督 in the demo: the ledgers agree with each other and with the pages, and the rules find the planted
stories, each in its village, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.demo import plants, world
from app.models import (
    ArrearsNotice,
    Asset,
    Benefit,
    Campaign,
    CampaignAnswer,
    Contract,
    DisclosureVersion,
    EarlyWarning,
    Fund,
    FundStatement,
    LabourSlip,
    Member,
    Organisation,
    Payment,
    Receipt,
    Receivable,
    Relation,
    VillageScore,
)
from app.models.disclosures import Disclosure
from app.models.ledgers import LandKind
from app.models.organisations import Line, OrganisationKind
from app.models.rules import RuleMode
from app.models.supervision import ArrearsState, Band, CampaignState
from app.models.warnings import CloseReason, WarningState
from app.services import arrears, campaigns
from app.services.actors import Administrator
from app.services.ledgers import LEDGERS, receivables
from app.services.warnings import precision
from tests.demo.conftest import PLAIN_DAY
from tests.demo.found import (
    check_most_can_be_judged_and_half_the_villages_are_in_order,
    check_the_rules_find_what_is_planted,
    judge,
)
from tests.factories import ROOT

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(clock.at(PLAIN_DAY, 9), tick=False):
        yield


def test_the_stories_are_found_and_nothing_else(session: Session) -> None:
    judge(session, PLAIN_DAY)
    check_the_rules_find_what_is_planted(session)
    check_most_can_be_judged_and_half_the_villages_are_in_order(session)


def test_the_labour_case_leads_to_the_untendered_fit_out(session: Session) -> None:
    judge(session, PLAIN_DAY, "labour.share", "works.untendered")
    [share] = session.scalars(select(EarlyWarning).where(EarlyWarning.rule == "labour.share"))
    assert share.mode == RuleMode.SHADOW
    assert share.evidence["labour_fen"] > 1_000_000_00
    untendered = session.scalars(select(EarlyWarning).where(EarlyWarning.rule == "works.untendered")).all()
    [fit_out] = [row for row in untendered if row.village_id == share.village_id]
    assert "办公楼装修" in fit_out.title
    assert fit_out.evidence["paid_fen"] > 600_000_00


def test_rows_have_what_the_product_derives_of_them(session: Session) -> None:
    for key in ("contracts", "payments", "receivables", "receipts", "budgets", "labour_slips", "relations"):
        ledger = LEDGERS[key]
        for row in session.scalars(select(ledger.model)):
            values: dict[str, Any] = {name: getattr(row, name) for name in ledger.attributes}
            before = dict(values)
            ledger.derive(values)
            assert values == before, key
            assert list(ledger.check(values)) == [], (key, values)
    unknown = session.scalars(select(Payment.category).where(Payment.expense.is_(None)).distinct()).all()
    assert unknown == []


def test_a_fund_adds_up_with_the_payments_the_receipts_and_the_accounts(session: Session) -> None:
    paid: Counter[tuple[object, str]] = Counter()
    for payment in session.scalars(select(Payment)):
        paid[payment.fund_id, f"{payment.paid_on:%Y-%m}"] += payment.amount_fen
    received: Counter[tuple[object, str]] = Counter()
    for receipt in session.scalars(select(Receipt)):
        received[receipt.fund_id, f"{receipt.received_on:%Y-%m}"] += receipt.amount_fen
    own = select(FundStatement).join(Fund, Fund.id == FundStatement.fund_id).where(Fund.number == "ZJ-01")
    shown = accounts(session)
    seen = 0
    for row in session.scalars(own):
        assert (row.income_fen, row.expense_fen) == (
            received[row.fund_id, row.period],
            paid[row.fund_id, row.period],
        )
        assert row.opening_fen is not None
        assert row.balance_fen == row.opening_fen + row.income_fen - row.expense_fen >= 0
        page = shown.get((row.village_id, row.period))
        if page is not None:
            assert (page["income"], page["expense"], page["balance"]) == (
                row.income_fen,
                row.expense_fen,
                row.balance_fen,
            )
            seen += 1
    assert seen == len(shown) > 150


def accounts(session: Session) -> dict[tuple[object, str], dict[str, int]]:
    """The newest version of each month's accounts as the village page shows them."""
    rows = session.execute(
        select(Disclosure.village_id, Disclosure.period, DisclosureVersion.filled)
        .join(DisclosureVersion, DisclosureVersion.disclosure_id == Disclosure.id)
        .where(
            Disclosure.category_code == "finance",
            Disclosure.period.is_not(None),
            DisclosureVersion.number == Disclosure.current_version,
        )
    )
    return {(village, str(period)): filled for village, period, filled in rows}


def test_what_leases_make_due_is_planned_as_the_product_plans_it(session: Session) -> None:
    leases = session.scalars(select(Contract)).all()
    before = session.scalar(select(func.count()).select_from(Receivable))
    assert receivables.plan(session, acting=ROOT, contracts=leases) == 0
    assert session.scalar(select(func.count()).select_from(Receivable)) == before

    due = session.scalars(select(Receivable).where(Receivable.due_on < PLAIN_DAY)).all()
    owed = receivables.outstanding(session, [row.id for row in due], PLAIN_DAY - timedelta(days=1))
    late = [row for row in due if owed[row.id] and row.due_on < PLAIN_DAY - timedelta(days=25)]
    assert len(late) == sum(story.paid_after is None for story in plants.LATE)
    assert len(due) > 100


def test_labour_slips_come_to_what_was_paid(session: Session) -> None:
    rows = session.execute(
        select(Payment.amount_fen, func.sum(LabourSlip.amount_fen), func.max(LabourSlip.worked_on))
        .join(LabourSlip, LabourSlip.payment_id == Payment.id)
        .group_by(Payment.id)
    ).all()
    assert len(rows) > 200
    assert all(paid == worked for paid, worked, _ in rows)
    since = PLAIN_DAY - timedelta(days=130)
    labour = select(func.count()).where(Payment.category == "村务用工", Payment.paid_on >= since)
    assert session.scalar(labour) == len(rows)
    days = select(LabourSlip.worker_digest, LabourSlip.worked_on).group_by(
        LabourSlip.worker_digest, LabourSlip.worked_on
    )
    assert session.execute(days.having(func.sum(LabourSlip.quantity) > 1)).all() == []


def test_long_terms_are_lawful_but_one(session: Session) -> None:
    long = [
        row
        for row in session.scalars(select(Contract))
        if row.ends_on and (row.ends_on - row.starts_on).days > 21 * 365
    ]
    assert {row.land_kind for row in long} == {
        LandKind.HOUSEHOLD_LAND,
        LandKind.WASTE_LAND,
        LandKind.FOREST,
        LandKind.BUILDING,
    }
    assert [row.title for row in long if row.land_kind == LandKind.BUILDING] == [plants.LONG_TITLE]


def test_assets_are_tied_to_their_leases_and_members_and_cadres_are_known(session: Session) -> None:
    for contract in session.scalars(select(Contract).where(Contract.kind == "lease_out")):
        asset = session.get_one(Asset, contract.asset_id)
        assert (asset.village_id, asset.status) == (contract.village_id, "let")
        assert asset.area == contract.area
    for table, least in ((Member, 30), (Relation, 10), (Benefit, 20)):
        count = select(table.village_id, func.count()).group_by(table.village_id)
        counted = dict(session.execute(count).all())
        assert len(counted) == len(world.VILLAGES)
        assert min(counted.values()) >= least
    numbers = session.scalars(select(Payment.invoice_number)).all()
    assert all(pii.find(number) == [] for number in numbers if number)


def test_departments_have_their_lines(session: Session) -> None:
    rows = session.scalars(select(Organisation).where(Organisation.kind == OrganisationKind.DEPARTMENT)).all()
    assert {row.code: row.line for row in rows} == {
        "nongye": Line.AGRICULTURE,
        "minzheng": Line.CIVIL_AFFAIRS,
        "zhujian": Line.CONSTRUCTION,
        "caizheng": Line.FINANCE,
    }


def test_arrears_are_on_their_way_public_and_cleared(session: Session) -> None:
    query = select(Organisation.code, ArrearsNotice).join(ArrearsNotice.village)
    notices = dict(session.execute(query).all())
    assert {code: notice.state for code, notice in notices.items()} == {
        plants.PREPARED: ArrearsState.SERVED,
        plants.PUBLISHED: ArrearsState.PUBLISHED,
        plants.REMOVED: ArrearsState.REMOVED,
        plants.SETTLED: ArrearsState.SETTLED,
    }
    assert notices[plants.PREPARED].due_on == PLAIN_DAY - timedelta(days=75)
    assert notices[plants.PREPARED].publish_on > PLAIN_DAY
    for code, notice in notices.items():
        village = session.get_one(Organisation, notice.village_id)
        assert len(arrears.board(session, village)) == (code == plants.PUBLISHED)
    assert arrears.publish_due(session) == arrears.settle(session) == 0


def test_one_self_check_runs_and_one_is_over(session: Session) -> None:
    acting = Administrator("test")
    boards = {
        row.state: campaigns.board(session, acting=acting, campaign_id=row.id)
        for row in session.scalars(select(Campaign))
    }
    running, over = boards[CampaignState.OPEN], boards[CampaignState.CLOSED]
    assert (running.asked, running.answered, running.late, running.found) == (4, 3, 2, 1)
    assert (over.asked, over.answered, over.late) == (4, 4, 1)
    assert over.campaign.outcome
    assert over.campaign.lesson
    for row in session.scalars(select(CampaignAnswer).where(CampaignAnswer.answered_at.is_not(None))):
        assert row.answered_at is not None
        assert row.answered_at < clock.at(PLAIN_DAY)


def test_closed_warnings_say_how_often_rules_were_right(session: Session) -> None:
    reasons = session.scalars(
        select(EarlyWarning.close_reason).where(EarlyWarning.state == WarningState.CLOSED)
    ).all()
    assert set(reasons) == {CloseReason.MENDED, CloseReason.EXPLAINED, CloseReason.FALSE_ALARM}
    told = precision.precision(session, ROOT)
    assert told["disclosure.overdue"].mended >= 8
    assert told["cash.breach"].false_alarm == 1


def test_portraits_of_six_months_are_kept(session: Session) -> None:
    rows = session.scalars(select(VillageScore)).all()
    assert Counter(row.month for row in rows) == dict.fromkeys(
        ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"), len(world.VILLAGES)
    )
    assert all(row.band != Band.UNKNOWN and row.confidence >= 80 for row in rows)

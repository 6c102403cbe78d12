"""Back-tests: a rule over history, without any effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from app.core import clock, sheets
from app.core.db import BorrowedDatabase
from app.core.errors import BadInput, Forbidden, NotFound
from app.core.storage import Storage
from app.models import Disclosure, EarlyWarning, Export, OutgoingMessage, RuleBacktest
from app.models.base import WorkState
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Role
from app.rules.contract_expiring import ContractExpiring
from app.services import backtests, exports
from tests import factories
from tests.support import settings_for

RULE = ContractExpiring()
TODAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def summer() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 6, 1, 9, tzinfo=clock.SHANGHAI), tick=False):
        yield


@pytest.fixture
def places(borrowed: BorrowedDatabase) -> factories.Places:
    """Two leases that ended: on 1 March, with a re-tender notice on 10 February, and on 1 May, with none. A
    complaint of the same village on 20 April."""
    with borrowed.transaction() as session:
        made = factories.places(session)
        first = factories.contract(session, made.village, ends_in=(date(2026, 3, 1) - TODAY).days)
        factories.contract(session, made.village, ends_in=(date(2026, 5, 1) - TODAY).days)
        session.add(
            Disclosure(
                village_id=made.village.id,
                category_code="leasing",
                kind=DisclosureKind.RETENDER_NOTICE,
                state=DisclosureState.PUBLISHED,
                contract_id=first.id,
                published_at=datetime(2026, 2, 10, 9, tzinfo=clock.SHANGHAI),
            )
        )
        filed = factories.complaint(session, made.village)
        filed.complaint.filed_at = datetime(2026, 4, 20, 9, tzinfo=clock.SHANGHAI)
        return made


def play(borrowed: BorrowedDatabase, **changes: object) -> dict[str, object]:
    values = {"since": date(2026, 1, 1), "until": TODAY, "step_days": 1} | changes
    return backtests.run(borrowed, RULE, **values)[0]  # type: ignore[arg-type]


def test_what_would_have_fired_when_and_how_early(
    borrowed: BorrowedDatabase, places: factories.Places
) -> None:
    outcome = play(borrowed)
    assert (outcome["subjects"], outcome["red"], outcome["villages"]) == (2, 1, 1)
    assert outcome["still_firing"] == 1  # the first was cleared by its notice
    assert outcome["pushes"] == 3  # yellow twice, once red
    assert outcome["lead"] == {"turned_red": 1, "median_days": 23.0}  # from day 30 to day 7
    assert outcome["by_month"] == {"2026-01": 1, "2026-04": 1}
    assert outcome["complaints"] == {
        "within_days": 90,
        "subjects": 2,
        "earlier_than_complaint": 2,
        "median_days_earlier": 49.5,  # 80 and 19 days
    }


def test_nothing_is_written_and_nobody_is_told(borrowed: BorrowedDatabase, places: factories.Places) -> None:
    with borrowed.reading() as session:
        before = session.scalar(select(func.count()).select_from(OutgoingMessage))
    play(borrowed)
    with borrowed.reading() as session:
        assert session.scalar(select(func.count()).select_from(EarlyWarning)) == 0
        assert session.scalar(select(func.count()).select_from(OutgoingMessage)) == before


def test_thresholds_can_be_tried(borrowed: BorrowedDatabase, places: factories.Places) -> None:
    tried = play(borrowed, thresholds={"yellow_days": 10, "red_days": 1})
    assert tried["subjects"] == 1  # ten days before 1 March the notice was out
    with pytest.raises(BadInput):
        play(borrowed, thresholds={"days": 3})


def test_a_village_without_the_ledger_is_named_as_not_computable(
    borrowed: BorrowedDatabase, places: factories.Places
) -> None:
    with borrowed.transaction() as session:
        factories.village(session, places.town, "无账村")
    missing = play(borrowed)["not_computable"]
    assert missing["missing"]["合同台账"] >= 1  # type: ignore[index]


def test_the_worker_makes_it_and_the_county_reads_it(
    borrowed: BorrowedDatabase, places: factories.Places, tmp_path: Path
) -> None:
    storage, settings = Storage.in_data_dir(tmp_path), settings_for(tmp_path)
    with borrowed.transaction() as session:
        county = factories.acting(session, factories.officer(session, Role.COUNTY_INSPECTOR, places.county))
        asked = backtests.request(
            session, acting=county, rule=RULE, since=TODAY - timedelta(days=90), until=TODAY
        )
        key, export = asked.id, asked.export_id
        liaison = factories.acting(session, factories.officer(session, Role.LIAISON_OFFICER, places.village))
        with pytest.raises(Forbidden):
            backtests.request(session, acting=liaison, rule=RULE, since=TODAY, until=TODAY)
    assert export is not None
    exports.run_now(borrowed, storage, settings, export)
    with borrowed.reading() as session:
        row = session.get_one(RuleBacktest, key)
        assert row.outcome is not None
        assert row.outcome["days"] == 14  # 13 weeks and the last day
        task = backtests.tasks_of(session, [row])[key]
        assert task.state is WorkState.DONE
        digest = exports.finished_file(session, export)
    rows = sheets.raw_rows(storage.read(digest), f"{RULE.code} {RULE.title}")
    assert len(rows) == 1 + row.outcome["subjects"]


@pytest.mark.parametrize(
    ("since", "until", "step"),
    [
        (date(2026, 2, 1), date(2026, 1, 1), 7),
        (date(2026, 1, 1), date(2026, 6, 2), 7),
        (date(2020, 1, 1), TODAY, 1),
    ],
    ids=["backwards", "future", "too many"],
)
def test_wrong_days_are_refused(borrowed: BorrowedDatabase, since: date, until: date, step: int) -> None:
    with pytest.raises(BadInput):
        backtests.run(borrowed, RULE, since=since, until=until, step_days=step)


def test_another_county_learns_nothing(borrowed: BorrowedDatabase, places: factories.Places) -> None:
    """Neither by asking himself, nor by reading what the other county or the platform asked."""
    with borrowed.transaction() as session:
        elsewhere = factories.places(session, "别县的村")
        factories.contract(session, elsewhere.village, ends_in=10)
        mine, theirs = (
            factories.acting(session, factories.officer(session, Role.COUNTY_INSPECTOR, place.county))
            for place in (places, elsewhere)
        )
        since = TODAY - timedelta(days=90)
        asked = backtests.request(session, acting=theirs, rule=RULE, since=since, until=TODAY)
        whole = backtests.request(session, acting=factories.ROOT, rule=RULE, since=since, until=TODAY)
        keys, parameters = (asked.id, whole.id), session.get_one(Export, asked.export_id).parameters
        for acting, seen in ((mine, set()), (theirs, {asked.id}), (factories.ROOT, set(keys))):
            assert {
                row.id for row in session.scalars(backtests.listing(session, acting=acting, rule=RULE))
            } == seen
            for key in set(keys) - seen:
                with pytest.raises(NotFound):
                    backtests.find(session, acting=acting, backtest_id=key)
    backtests.make(borrowed, settings_for(Path("unused")), parameters, lambda _done, _total: None)
    with borrowed.reading() as session:
        outcome = session.get_one(RuleBacktest, keys[0]).outcome
        assert outcome is not None
        assert [one["code"] for one in outcome["by_village"]] == [elsewhere.village.code]
        assert outcome["not_computable"]["of"] == 1

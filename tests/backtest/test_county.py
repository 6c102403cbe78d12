"""The rules over a small generated county-year. Generator and rules were written apart: what is planted is
found, what is told besides is little, missing data never look clean, and names change nothing. At full
size: `python -m bench.backtest`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.core.db import Database
from app.models.rules import RuleMode
from app.rules import ALL_RULES
from bench.county import Truth, generate
from bench.county.check import Report, compare, uncomputable
from bench.county.mapping import GAPS, known
from bench.county.observe import month_ends, observe
from tests.conftest import fresh_database

VILLAGES, PAYMENTS = 20, 4_000
QUARTERS = (3, 6, 9, 12)
KINDS = known({rule.key for rule in ALL_RULES})


@dataclass(frozen=True)
class Run:
    """One county, and what the rules said of it."""

    truth: Truth
    report: Report
    wrong: list[str]


def run(seed: int, names: str) -> Run:
    with fresh_database() as url:
        database = Database(url, pool_size=2)
        with database.transaction() as session:
            truth = generate(session, seed=seed, villages=VILLAGES, payments=PAYMENTS, names=names)
        seen = observe(database, truth, ALL_RULES, month_ends(truth.year, QUARTERS), KINDS)
        database.dispose()
    findings = {rule: one.findings for rule, one in seen.items()}
    unknown = {rule: one.unknown for rule, one in seen.items()}
    report = compare(truth, findings, KINDS, unknown=unknown)
    return Run(truth, report, uncomputable(truth, {rule: one.verdicts for rule, one in seen.items()}, GAPS))


@pytest.fixture(scope="module")
def first() -> Run:
    return run(1, "a")


@pytest.fixture(scope="module")
def other() -> Run:
    return run(2, "a")


@pytest.fixture(scope="module")
def renamed() -> Run:
    return run(1, "b")


# What the rules did not find when the county was first held against them, each with what is known of it:
# kinds of cases, and gaps that were taken for clear. A line goes when its rule is mended; none may come.
OPEN = {
    "related_person": "four odd jobs for kin, 40,000 to 57,000 yuan in a village that spends millions",
}
OPEN_GAPS: dict[str, str] = {}
UNTOLD = {
    "rent_too_low",
    "asset_no_income",
}  # too few comparable leases in 20 villages; let without any contract
MOST_UNPLANTED = 45  # findings that point at nothing planted: about two in each village of a year


@pytest.mark.parametrize("seeded", ["first", "other"])
def test_what_is_planted_is_found(seeded: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(seeded)
    missed = [f"{case.name}: {case.what}" for case in run.report.missed if case.kind not in OPEN]
    assert missed == []
    assert {name.partition("@")[0] for name in run.report.untold} <= UNTOLD
    assert {case.kind for case in run.truth.cases} >= set(KINDS)


@pytest.mark.parametrize("seeded", ["first", "other"])
def test_little_is_told_besides(seeded: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(seeded)
    told = {rule: len(score.unplanted) for rule, score in run.report.scores.items() if score.unplanted}
    assert sum(told.values()) <= MOST_UNPLANTED, told


@pytest.mark.parametrize("seeded", ["first", "other"])
def test_missing_data_never_look_clean(seeded: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(seeded)
    wrong = [line for line in run.wrong if not _open(line)]
    assert wrong == []
    assert {gap.kind for gap in run.truth.gaps} == set(GAPS)


def _open(line: str) -> bool:
    gap, _, rest = line.partition("@")
    return gap in OPEN_GAPS and OPEN_GAPS[gap] in rest


def test_other_names_change_nothing(first: Run, renamed: Run) -> None:
    assert renamed.report.found == first.report.found
    assert renamed.report.by_village == first.report.by_village
    for rule, score in first.report.scores.items():
        again = renamed.report.scores[rule]
        assert (again.told, len(again.lapses), len(again.beside)) == (
            score.told,
            len(score.lapses),
            len(score.beside),
        ), rule
    assert renamed.truth.rows == first.truth.rows
    assert renamed.truth.paid_fen == first.truth.paid_fen


def test_the_county_is_of_the_published_size(first: Run) -> None:
    assert first.truth.rows["payment"] == pytest.approx(PAYMENTS, rel=0.01)
    yuan = first.truth.paid_fen / 100 / first.truth.rows["payment"]
    assert 10_000 < yuan < 60_000  # the published mean is 31,000


def test_nothing_told_is_everything_missed(first: Run) -> None:
    silent = compare(first.truth, {rule: [] for rule in set(KINDS.values())}, KINDS)
    assert len(silent.missed) == len(first.truth.cases)
    assert silent.unplanted == 0


def test_rules_on_trial_are_looked_at_too(first: Run) -> None:
    trial = {rule.key for rule in ALL_RULES if rule.mode is RuleMode.SHADOW}
    assert trial & set(first.report.scores) == trial

"""All rules over a generated county-year: which planted cases they find, and what they tell besides.

The county and the rules were written apart. Fills an embedded database of its own, looks at it as of the
last day of each month, prints a line for each rule, and ends with 1 when a planted case is missed or
missing data look clean:

    make backtest-full        or        .venv/bin/python -m bench.backtest --villages 420 --payments 80000
"""

from __future__ import annotations

import argparse
import sys
import time

from app.core import migrations
from app.core.db import Database
from app.rules import ALL_RULES
from app.rules.base import Finding
from bench.county import Truth, generate
from bench.county.check import Report, compare, first_found, uncomputable
from bench.county.mapping import GAPS, known
from bench.county.observe import Seen, month_ends, observe
from bench.disclosures import run

YUAN = 100
BILLION = 1_000_000_000


def describe(truth: Truth, seconds: float) -> None:
    """How large the county is."""
    rows = sum(truth.rows.values())
    paid = truth.paid_fen / YUAN / BILLION
    kinds, gaps = len({case.kind for case in truth.cases}), len(truth.gaps)
    print(f"{len(truth.villages)} villages, {truth.rows['payment']:,} payments of CNY {paid:.2f} bn,")
    print(f"{rows:,} rows in {seconds:.0f} s (seed {truth.seed}, names {truth.names});")
    print(f"planted: {len(truth.cases)} cases of {kinds} kinds, beside {len(truth.lapses)} small lapses;")
    print(f"{gaps} villages with missing data\n")


def table(report: Report, seen: dict[str, Seen]) -> None:
    """A line for each rule."""
    heads = ("planted", "found", "untold", "missed", "beside", "lapses", "unplanted", "no data", "seconds")
    print(f"{'rule':32}" + "".join(f"{head:>10}" for head in heads))
    for rule, one in seen.items():
        score = report.scores[rule]
        lacking = sum(judged.verdict.value == "not_computable" for judged in one.verdicts.values())
        numbers = (
            score.planted,
            score.found,
            score.untold,
            score.missed,
            score.beside,
            score.lapses,
            score.unplanted,
        )
        line = "".join(f"{len(number):>10}" for number in numbers)
        print(f"{one.rule.code + ' ' + rule:32}{line}{lacking:>10}{one.seconds:>10.1f}")
    print(f"\nunplanted findings: {report.unplanted} in {len(report.by_village)} villages")


def delays(truth: Truth, seen: dict[str, Seen], kinds: dict[str, str]) -> None:
    """How many days after it could be known each kind was found, by the days that were looked at."""
    print("\ndays from when it could be known until it was told:")
    for kind, rule in kinds.items():
        found = first_found(truth, seen[rule].days, kind)
        known_on = {case.name: case.known_on for case in truth.cases if case.kind == kind}
        days = sorted((day - known_on[name]).days for name, day in found.items())
        if days:
            print(f"   {kind:24}{days[len(days) // 2]:>6} (from {days[0]} to {days[-1]})")


def tell(truth: Truth, report: Report, wrong: list[str], shown: int) -> None:
    """What was missed, what missing data were taken for, and some findings of nothing planted."""
    for case in report.missed:
        print(f"MISSED {case.name}: {case.what} (known on {case.known_on})")
    for name, lacking in report.untold.items():
        print(f"CANNOT TELL {name}: {lacking}")
    for line in wrong:
        print(f"NOT TOLD APART {line}")
    codes = truth.code_of()
    for rule, score in report.scores.items():
        for finding in score.unplanted[:shown]:
            print(f"unplanted {rule} {codes[finding.village_id]} {_short(finding)}")


def _short(finding: Finding) -> str:
    return f"{finding.colour.value} {finding.title}: {finding.basis}".replace("\n", " ")[:220]


def backtest(database: Database, options: argparse.Namespace) -> bool:
    """Generate, look, compare, print. Whether every case was found and every gap was told."""
    begin = time.perf_counter()
    with database.transaction() as session:
        truth = generate(
            session,
            seed=options.seed,
            villages=options.villages,
            payments=options.payments,
            names=options.names,
        )
    describe(truth, time.perf_counter() - begin)
    kinds = known({rule.key for rule in ALL_RULES})
    seen = observe(database, truth, ALL_RULES, month_ends(truth.year), kinds)
    findings = {rule: one.findings for rule, one in seen.items()}
    unknown = {rule: one.unknown for rule, one in seen.items()}
    report = compare(truth, findings, kinds, unknown=unknown)
    wrong = uncomputable(truth, {rule: one.verdicts for rule, one in seen.items()}, GAPS)
    table(report, seen)
    delays(truth, seen, kinds)
    tell(truth, report, wrong, options.show)
    return not report.missed and not wrong


def main() -> None:
    """Run the back-test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--villages", type=int, default=420)
    parser.add_argument("--payments", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", choices=("a", "b"), default="a")
    parser.add_argument("--show", type=int, default=0, help="print so many unplanted findings of each rule")
    parser.add_argument("--home", help="keep the data in this folder")
    options = parser.parse_args()
    fine: list[bool] = []

    def work(url: str, _home: str) -> None:
        database = Database(url, pool_size=2)
        migrations.upgrade(database.engine)
        fine.append(backtest(database, options))
        database.dispose()

    run(work, options.home)
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()

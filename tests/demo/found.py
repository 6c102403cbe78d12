"""What the rules find in the demo's ledgers: each planted story in its village, and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.demo import world
from app.models import EarlyWarning, Organisation, RuleVerdict
from app.models.rules import RuleMode, Verdict
from app.models.warnings import WarningState
from app.rules import ALL_RULES
from app.services.warnings import evaluation
from tests.factories import ROOT

# rule → village → colours of its open warnings. R22 and the village silence are told by other tests.
FOUND: dict[str, dict[str, str]] = {
    "contract.expiring": {"donglian": "Y", "qiaoting": "R", "xinhua": "R"},
    "contract.expired": {"xinhua": "Y"},
    "rent.overdue": {"qunwei": "R", "xinhua": "R"},
    "contract.term_too_long": {"huangshan": "R"},
    "labour.share": {"minfeng": "R"},
    "payment.split": {"zhuantangtou": "R"},
    "works.untendered": {"minfeng": "R", "zhuantangtou": "Y"},
    "payment.duplicate": {"luomu": "R"},
    "cash.breach": {"xiangnan": "Y"},
    "cash.late_deposit": {"erqiao": "Y"},
    "transfer.unapproved": {"huangshan": "R"},
    "budget.overrun": {"minfeng": "R"},
    "benefit.dead_recipient": {"qiaoting": "R"},
    "meeting.missing": {"xiangshu": "Y"},
    "fund.balance_gap": {"xiangshu": "R"},
}
PUBLISHED_LATE = {"qunwei", "zhuantangtou", "luomu", "huangshan", "xiangshu", "xinhua"}


def judge(session: Session, as_of: date, *keys: str) -> None:
    """The first run of the rules, or of these, on that day."""
    with time_machine.travel(clock.at(as_of, 9), tick=False):
        for rule in ALL_RULES:
            if not keys or rule.key in keys:
                evaluation.run(session, acting=ROOT, rule=rule)


def opened(session: Session) -> dict[str, dict[str, str]]:
    """rule → village → colours of the open warnings."""
    rows = session.execute(
        select(EarlyWarning.rule, Organisation.code, EarlyWarning.colour)
        .join(EarlyWarning.village)
        .where(EarlyWarning.state != WarningState.CLOSED)
        .order_by(EarlyWarning.colour)
    )
    found: dict[str, dict[str, str]] = defaultdict(lambda: defaultdict(str))
    for rule, village, colour in rows:
        found[rule][village] += colour.value[0].upper()
    return {rule: dict(villages) for rule, villages in found.items()}


def check_the_rules_find_what_is_planted(session: Session) -> None:
    found = opened(session)
    late = found.pop("disclosure.overdue")
    assert set(late) == PUBLISHED_LATE
    assert found == FOUND


def check_most_can_be_judged_and_half_the_villages_are_in_order(session: Session) -> None:
    verdicts = session.scalars(select(RuleVerdict)).all()
    assert len(verdicts) == len(ALL_RULES) * len(world.VILLAGES)
    lacking = Counter(row.village_id for row in verdicts if row.verdict == Verdict.NOT_COMPUTABLE)
    assert max(lacking.values()) <= 2
    red = session.scalars(
        select(EarlyWarning.village_id).where(
            EarlyWarning.colour == "red",
            EarlyWarning.mode == RuleMode.ACTIVE,
            EarlyWarning.state != WarningState.CLOSED,
        )
    ).all()
    assert len(world.VILLAGES) - len(set(red)) >= 6

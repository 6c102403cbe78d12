"""Asking for a back-test, and making it: by the worker for REST, at once for the command line."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select, true
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import BadInput, NotFound
from app.core.settings import Settings
from app.models import Export, Organisation, RuleBacktest
from app.models.base import Json
from app.rules.base import Rule, Thresholds
from app.services import access, access_figures, audit, tasks
from app.services.actors import Actor
from app.services.backtests.outcome import summary, workbook
from app.services.backtests.replay import days_between, replay
from app.services.warnings import settings

KIND = "rule_backtest"
LONGEST_SPAN = 5 * 366
MOST_DAYS = 400
FIRST_DAY = date(2000, 1, 1)


def request(
    session: Session,
    *,
    acting: Actor,
    rule: Rule[Any],
    since: date,
    until: date,
    step_days: int = 7,
    thresholds: dict[str, Any] | None = None,
) -> RuleBacktest:
    """Ask for a back-test with the thresholds in force, or with `thresholds` instead of some of them; the
    worker begins at once. For county inspectors, of their county, and administrators.

    Raises Forbidden, BadInput for days in the wrong order, more than 400 of them, or a wrong threshold."""
    access_figures.require_county(acting)
    days = _checked(since, until, step_days)
    chosen = _thresholds(session, rule, thresholds or {})
    key = uuid.uuid4()
    counties = [str(one) for one in access_figures.counties_of(session, acting)]
    parameters = {"backtest_id": str(key), "counties": counties}
    export = tasks.queue(session, acting=acting, kind=KIND, parameters=parameters)
    export.total = len(days)
    row = RuleBacktest(
        id=key,
        rule=rule.key,
        since=since,
        until=until,
        step_days=step_days,
        thresholds=chosen.model_dump(mode="json"),
        requested_by=f"{acting.kind}:{acting.id}",
        requested_at=clock.now(),
        export_id=export.id,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, acting=acting, action="requested", noun="rule_backtest", noun_id=row.id, rule=rule.key
    )
    return row


def _thresholds(session: Session, rule: Rule[Any], instead: dict[str, Any]) -> Thresholds:
    in_force = settings.setting(session, rule)[1].model_dump()
    try:
        chosen: Thresholds = rule.thresholds(**{**in_force, **instead})
    except ValueError as error:
        raise BadInput("rule.thresholds_wrong", "阈值不对，请检查名称和范围。", rule=rule.key) from error
    return chosen


def _checked(since: date, until: date, step_days: int) -> list[date]:
    if not FIRST_DAY <= since <= until <= clock.today():
        raise BadInput("backtest.days_wrong", "回测的起止日期不对：先后要对，结束日期不能晚于今天。")
    if step_days < 1 or (until - since).days / step_days > MOST_DAYS:
        raise BadInput("backtest.too_many", f"一次回测最多计算 {MOST_DAYS} 天，请缩短时间或加大间隔。")
    return days_between(since, until, step_days)


def _readable(session: Session, acting: Actor) -> ColumnElement[bool]:
    """Those that tell of no county but the actor's own."""
    access_figures.require_county(acting)
    if access.is_administrator(acting):
        return true()
    own = [str(one) for one in access_figures.counties_of(session, acting)]
    return exists().where(
        Export.id == RuleBacktest.export_id, Export.parameters["counties"].contained_by(own)
    )


def listing(session: Session, *, acting: Actor, rule: Rule[Any]) -> Select[RuleBacktest]:
    """The back-tests of a rule, newest first. For inspectors of the counties that they tell of, and
    administrators."""
    query = select(RuleBacktest).where(RuleBacktest.rule == rule.key, _readable(session, acting))
    return query.order_by(RuleBacktest.requested_at.desc(), RuleBacktest.id.desc())


def find(session: Session, *, acting: Actor, backtest_id: uuid.UUID) -> RuleBacktest:
    """One back-test. Raises NotFound, also for one that tells of another county."""
    mine = RuleBacktest.id == backtest_id, _readable(session, acting)
    row = session.scalar(select(RuleBacktest).where(*mine))
    if row is None:
        raise NotFound("backtest.not_found", "没有找到这次回测。")
    return row


def tasks_of(session: Session, rows: Sequence[RuleBacktest]) -> dict[uuid.UUID, Export]:
    """The worker's task of each back-test, by the back-test's key."""
    keys = {row.export_id: row.id for row in rows if row.export_id is not None}
    found = session.scalars(select(Export).where(Export.id.in_(keys)))
    return {keys[task.id]: task for task in found}


def make(
    database: Database, _settings: Settings, parameters: Json, progress: Callable[[int, int], None]
) -> tuple[str, bytes]:
    """The worker's part: replay, keep the figures, answer the workbook."""
    with database.reading() as session:
        row = session.get_one(RuleBacktest, uuid.UUID(parameters["backtest_id"]))
        since, until, step, given, key = row.since, row.until, row.step_days, row.thresholds, row.rule
        within = _villages(session, parameters["counties"]) if "counties" in parameters else None
    rule = settings.find_rule(key)
    outcome, content = run(
        database,
        rule,
        thresholds=given,
        since=since,
        until=until,
        step_days=step,
        within=within,
        progress=progress,
    )
    with database.transaction() as session:
        row = session.get_one(RuleBacktest, uuid.UUID(parameters["backtest_id"]))
        row.outcome, row.finished_at = outcome, clock.now()
    return f"回测-{rule.code}-{since}至{until}.xlsx", content


def _villages(session: Session, counties: list[str]) -> frozenset[uuid.UUID]:
    area = access.within(Organisation.id, tuple(map(uuid.UUID, counties)))
    return frozenset(session.scalars(select(Organisation.id).where(area)))


def run(
    database: Database,
    rule: Rule[Any],
    *,
    since: date,
    until: date,
    step_days: int,
    thresholds: dict[str, Any] | None = None,
    within: frozenset[uuid.UUID] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[dict[str, Any], bytes]:
    """Replay at once, with the thresholds in force where none are given: the figures and the workbook, of the
    villages `within` (None: all). Raises BadInput as `request`."""
    days = _checked(since, until, step_days)
    with database.reading() as session:
        chosen = _thresholds(session, rule, thresholds or {})
    done = replay(database, rule, thresholds=chosen, days=days, within=within, progress=progress)
    with database.reading() as session:
        return summary(session, done), workbook(session, done)

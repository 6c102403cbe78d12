"""Back-tests of rules over history: asked for here, made by the worker, read here."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from fastapi import Response, status
from pydantic import Field, JsonValue, StrictFloat, StrictInt
from sqlalchemy.orm import Session

from app.api.common import Signed, file, page, problems, router
from app.api.schemas import Body, Day, Out, RuleKey
from app.core import sheets
from app.models import Export, RuleBacktest
from app.models.base import WorkState
from app.services import backtests, exports
from app.services.warnings import settings
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("规则")


class BacktestRequest(Body):
    """What to replay."""

    since: Day = Field(alias="from", examples=["2025-01-01"])
    until: Day = Field(alias="to", examples=["2025-12-31"])
    step_days: StrictInt = Field(default=7, ge=1, le=92, description="每隔几天计算一次")
    thresholds: dict[str, StrictInt | StrictFloat] = Field(
        default_factory=dict, max_length=20, description="试算用的阈值；不填的用现行值"
    )


class BacktestOut(Out):
    """A back-test; `outcome` is null while the worker is at it."""

    id: uuid.UUID
    rule: str
    since: date
    until: date
    step_days: int
    thresholds: dict[str, JsonValue]
    requested_at: datetime
    finished_at: datetime | None
    state: WorkState = Field(description="pending、claimed 计算中、done 完成、failed 失败")
    done: int = Field(description="已算完几天")
    total: int
    outcome: dict[str, JsonValue] | None


@api.post(
    "/rules/{key}/backtests", status_code=status.HTTP_202_ACCEPTED, responses=problems(400, 403, 404, 422)
)
def request_backtest(
    key: RuleKey, body: BacktestRequest, acting: Signed, session: WriteSession
) -> BacktestOut:
    """在历史数据上回测：多少条、哪些村、早多少天、会发多少消息、附近有没有诉求；不产生预警，不推送。"""
    row = backtests.request(
        session,
        acting=acting,
        rule=settings.find_rule(key),
        since=body.since,
        until=body.until,
        step_days=body.step_days,
        thresholds=dict[str, Any](body.thresholds),
    )
    return _shown(session, row)


@api.get("/rules/{key}/backtests", responses=problems(400, 403, 404, 422))
def list_backtests(
    key: RuleKey, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[BacktestOut]:
    """一条规则的回测记录，新的在前。"""
    query = backtests.listing(session, acting=acting, rule=settings.find_rule(key))
    rows, following = page(
        session,
        query,
        cursor=after,
        limit=limit,
        moment=RuleBacktest.requested_at,
        key=RuleBacktest.id,
    )
    found = [row[0] for row in rows]
    tasks = backtests.tasks_of(session, found)
    return Page(items=[_out(row, tasks.get(row.id)) for row in found], next=following)


@api.get("/backtests/{backtest_id}", responses=problems(403, 404, 422))
def get_backtest(backtest_id: uuid.UUID, acting: Signed, session: ReadSession) -> BacktestOut:
    """一次回测的进度和结果。"""
    return _shown(session, backtests.find(session, acting=acting, backtest_id=backtest_id))


@api.get(
    "/backtests/{backtest_id}/file",
    responses=problems(403, 404, 409, 422) | file(sheets.MIME),
    response_class=Response,
)
def get_backtest_file(
    backtest_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext
) -> Response:
    """全部回测结果，Excel。"""
    row = backtests.find(session, acting=acting, backtest_id=backtest_id)
    digest = exports.finished_file(session, row.export_id) if row.export_id else ""
    return Response(here.storage.read(digest), media_type=sheets.MIME)


def _shown(session: Session, row: RuleBacktest) -> BacktestOut:
    return _out(row, backtests.tasks_of(session, [row]).get(row.id))


def _out(row: RuleBacktest, task: Export | None) -> BacktestOut:
    return BacktestOut(
        id=row.id,
        rule=row.rule,
        since=row.since,
        until=row.until,
        step_days=row.step_days,
        thresholds=row.thresholds,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        state=task.state if task else WorkState.DONE,
        done=task.done if task else 0,
        total=task.total if task else 0,
        outcome=row.outcome,
    )

"""The early-warning rules: what they mean, their thresholds, their runs."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import Field, JsonValue, StrictInt
from sqlalchemy.orm import Session

from app.api.common import Admin, Signed, page, problems, router
from app.api.schemas import Body, Day, Out, RuleKey
from app.models import RuleRun
from app.models.rules import RuleMode
from app.rules import ALL_RULES
from app.rules.base import Rule
from app.services.warnings import evaluation
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("规则")


class RuleOut(Out):
    """A rule with the mode and thresholds in force."""

    key: str = Field(examples=["contract.expiring"])
    version: int
    title: str
    meaning: str
    source: str = Field(description="依据")
    clears_by: str = Field(description="怎样才能解除")
    mode: RuleMode
    thresholds: dict[str, JsonValue]
    thresholds_schema: dict[str, JsonValue] = Field(
        description="阈值的 JSON Schema：名称、单位、范围、默认值"
    )


class RuleConfiguration(Body):
    """The county's mode and thresholds. What is left out has the rule's own default."""

    mode: RuleMode = Field(examples=["active"])
    thresholds: dict[str, StrictInt] = Field(
        default_factory=dict, max_length=20, examples=[{"yellow_days": 45, "red_days": 10}]
    )


class RunRequest(Body):
    """A run as of a date."""

    as_of: Day | None = Field(default=None, description="按哪一天的情况计算，不填为今天")


class RunOut(Out):
    """One evaluation of a rule, with what it found and changed."""

    id: uuid.UUID
    rule: str
    as_of: date
    started_at: datetime
    milliseconds: int
    thresholds: dict[str, JsonValue]
    outcome: dict[str, JsonValue] = Field(
        examples=[{"mode": "active", "findings": 1, "fired": 1, "pushed": 2}]
    )


@api.get("/rules")
def list_rules(_acting: Signed, session: ReadSession) -> list[RuleOut]:
    """全部规则。"""
    return [_out(session, rule) for rule in ALL_RULES]


@api.put("/rules/{key}", responses=problems(400, 403, 404, 409, 422))
def configure_rule(key: RuleKey, body: RuleConfiguration, acting: Admin, session: WriteSession) -> RuleOut:
    """设置模式（启用、试运行、停用）和阈值；下一次运行起生效，留有记录。"""
    rule = evaluation.find_rule(key)
    evaluation.configure(session, acting=acting, rule=rule, mode=body.mode, thresholds=body.thresholds)
    session.flush()
    return _out(session, rule)


@api.post("/rules/{key}/run", responses=problems(400, 403, 404, 409, 422))
def run_rule(key: RuleKey, body: RunRequest, acting: Admin, session: WriteSession) -> RunOut:
    """立即运行一次；新出现的预警照常推送，没有变化的不重复推送。"""
    rule = evaluation.find_rule(key)
    return RunOut.model_validate(evaluation.run(session, acting=acting, rule=rule, as_of=body.as_of))


@api.get("/rules/{key}/runs", responses=problems(400, 403, 404, 422))
def list_rule_runs(
    key: RuleKey, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[RunOut]:
    """一条规则的运行记录，新的在前。纪检人员和管理员可看。"""
    query = evaluation.runs(acting, evaluation.find_rule(key))
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=RuleRun.started_at, key=RuleRun.id
    )
    return Page(items=[RunOut.model_validate(row[0]) for row in rows], next=following)


def _out(session: Session, rule: Rule[Any]) -> RuleOut:
    mode, thresholds = evaluation.setting(session, rule)
    return RuleOut(
        key=rule.key,
        version=rule.version,
        title=rule.title,
        meaning=rule.meaning,
        source=rule.source,
        clears_by=rule.clears_by,
        mode=mode,
        thresholds=thresholds.model_dump(mode="json"),
        thresholds_schema=rule.thresholds.model_json_schema(),
    )

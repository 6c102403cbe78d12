"""The early-warning rules: what they mean, their thresholds, their runs, what they say of each village, how
often they are right."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session

from app.api.common import Admin, Signed, page, problems, router
from app.api.schemas import Body, Day, OrganisationRef, Out, RuleKey, place
from app.api.schemas import Line as TextLine
from app.models import Organisation, RuleRun, SettingHistory
from app.models.organisations import Line
from app.models.rules import RuleMode, Verdict
from app.rules import ALL_RULES
from app.rules.base import Rule
from app.services import access
from app.services.actors import Actor
from app.services.warnings import evaluation, notices, settings, verdicts
from app.services.warnings.precision import Precision, precision
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("规则")


class PrecisionOut(Out):
    """How often a rule was right, from the reasons with which its warnings were closed."""

    rule: str
    closed: int
    mended: int
    transferred: int
    explained: int
    false_alarm: int
    judged: int = Field(description="整改、移送、误报合计；已说明的不算在内")
    precision: float | None = Field(
        description="准确率 =（整改 + 移送）÷（整改 + 移送 + 误报）；少于 20 条不计算"
    )
    strict: float | None = Field(description="（整改 + 移送）÷ 全部销号；少于 20 条不计算")


class RuleOut(Out):
    """A rule with the mode and thresholds in force."""

    key: str = Field(examples=["contract.expiring"])
    code: str = Field(description="规则编号", examples=["R01"])
    version: int
    title: str
    meaning: str
    source: str = Field(description="依据")
    clears_by: str = Field(description="怎样才能解除")
    line: Line = Field(description="属于哪个职能条线")
    needs: list[str] = Field(description="要有哪些台账才能判断")
    exclusions: list[str] = Field(description="哪些情况不算")
    mode: RuleMode
    thresholds: dict[str, JsonValue]
    thresholds_schema: dict[str, JsonValue] = Field(
        description="阈值的 JSON Schema：名称、单位、范围、默认值"
    )
    villages: dict[Verdict, int] = Field(
        description="最近一次运行：多少个村社有预警、正常、数据不足无法判断",
        examples=[{"fired": 3, "clear": 12}],
    )
    precision: PrecisionOut | None = Field(description="准确率，纪检人员和管理员可看")


class RuleConfiguration(Body):
    """The county's mode and thresholds. What is left out has the rule's own default."""

    mode: RuleMode = Field(examples=["active"])
    thresholds: dict[str, JsonValue] = Field(
        default_factory=dict, max_length=30, examples=[{"yellow_days": 45, "red_days": 10}]
    )
    reason: TextLine = Field(
        description="为什么调整，记入变更记录", examples=["按区里统一要求提前一个半月提醒。"]
    )


class SettingChange(Out):
    """A change of a rule's mode and thresholds."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    reason: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


class RunRequest(Body):
    """A run as of a date."""

    as_of: Day | None = Field(
        default=None, description="按哪一天的情况计算，不填为今天；不是今天的只计算，不产生、不解除预警"
    )


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


class VillageVerdict(Out):
    """What a rule says of one village."""

    village: OrganisationRef
    verdict: Verdict
    as_of: date
    examined: int = Field(description="看了多少个事项")
    fired: int
    unknown: int = Field(description="多少个事项数据不足，无法判断")
    missing: dict[str, int] = Field(description="缺少哪些数据，各缺多少")


class VerdictPage(Page[VillageVerdict]):
    """A page of villages, with the counts over all of them."""

    as_of: date | None
    verdicts: dict[Verdict, int]
    missing: dict[str, int] = Field(description="缺少哪些数据，各有多少个村社")


@api.get("/rules")
def list_rules(acting: Signed, session: ReadSession) -> list[RuleOut]:
    """全部规则。"""
    return _out(session, acting, ALL_RULES)


@api.get("/rules/{key}", responses=problems(404, 422))
def get_rule(key: RuleKey, acting: Signed, session: ReadSession) -> RuleOut:
    """一条规则。"""
    return _out(session, acting, [settings.find_rule(key)])[0]


@api.put("/rules/{key}", responses=problems(400, 403, 404, 409, 422))
def configure_rule(key: RuleKey, body: RuleConfiguration, acting: Admin, session: WriteSession) -> RuleOut:
    """设置模式（启用、试运行、停用）和阈值，要写原因；从试运行改为启用时，未销号的预警开始推送。"""
    rule = settings.find_rule(key)
    settings.configure(
        session, acting=acting, rule=rule, mode=body.mode, thresholds=body.thresholds, reason=body.reason
    )
    session.flush()
    return _out(session, acting, [rule])[0]


@api.get("/rules/{key}/history", responses=problems(400, 403, 404, 422))
def list_rule_changes(
    key: RuleKey, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[SettingChange]:
    """一条规则的变更记录，新的在前。纪检人员和管理员可看。"""
    query = settings.changes(acting, settings.find_rule(key))
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=SettingHistory.at, key=SettingHistory.id
    )
    return Page(items=[SettingChange.model_validate(row[0]) for row in rows], next=following)


@api.post("/rules/{key}/run", responses=problems(400, 403, 404, 409, 422))
def run_rule(key: RuleKey, body: RunRequest, acting: Admin, here: InContext) -> RunOut:
    """立即运行一次；新出现的预警照常推送，没有变化的不重复推送。按其他日期运行只看结果（looked）。"""
    rule = settings.find_rule(key)
    with here.database.transaction() as session:
        done = RunOut.model_validate(evaluation.run(session, acting=acting, rule=rule, as_of=body.as_of))
    # Telling is a transaction of its own: it waits for others who tell, and a run must not.
    with here.database.transaction() as session:
        notices.send(session, manner=notices.Manner.of(here.settings))
    return done


@api.get("/rules/{key}/runs", responses=problems(400, 403, 404, 422))
def list_rule_runs(
    key: RuleKey, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[RunOut]:
    """一条规则的运行记录，新的在前。纪检人员和管理员可看。"""
    query = evaluation.runs(acting, settings.find_rule(key))
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=RuleRun.started_at, key=RuleRun.id
    )
    return Page(items=[RunOut.model_validate(row[0]) for row in rows], next=following)


@api.get("/rules/{key}/villages", responses=problems(400, 404, 422))
def list_rule_villages(
    key: RuleKey,
    acting: Signed,
    session: ReadSession,
    verdict: Annotated[Verdict | None, Query(description="只看这种结论")] = None,
    after: After = None,
    limit: Limit = 50,
) -> VerdictPage:
    """这条规则最近一次运行对每个村社的结论：有预警、正常、数据不足（缺哪些数据）。只看得到本辖区的。"""
    rule = settings.find_rule(key)
    rows, following = page(
        session,
        verdicts.listing(session, acting=acting, rule=rule, verdict=verdict),
        cursor=after,
        limit=limit,
        moment=Organisation.created_at,
        key=Organisation.id,
    )
    summary = verdicts.summary(session, acting=acting, rule=rule)
    return VerdictPage(
        items=[_village(village, row) for village, row in rows],
        next=following,
        as_of=summary.as_of,
        verdicts=summary.verdicts,
        missing=summary.missing,
    )


@api.get("/rules/{key}/precision", responses=problems(403, 404, 422))
def get_rule_precision(key: RuleKey, acting: Signed, session: ReadSession) -> PrecisionOut:
    """一条规则的准确率，由销号理由算出。纪检人员和管理员可看。"""
    rule = settings.find_rule(key)
    return PrecisionOut.model_validate(precision(session, acting, [rule.key])[rule.key])


def _village(village: Organisation, row: Any) -> VillageVerdict:
    shown = {name: getattr(row, name) for name in VillageVerdict.model_fields if name != "village"}
    return VillageVerdict(village=place(village), **shown)


def _out(session: Session, acting: Actor, rules: Sequence[Rule[Any]]) -> list[RuleOut]:
    in_force = settings.settings(session, rules)
    judged = verdicts.counts(session, acting=acting, rules=rules)
    right = _precision(session, acting, rules)
    return [
        RuleOut(
            key=rule.key,
            code=rule.code,
            version=rule.version,
            title=rule.title,
            meaning=rule.meaning,
            source=rule.source,
            clears_by=rule.clears_by,
            line=rule.line,
            needs=[need.label for need in rule.needs],
            exclusions=list(rule.exclusions),
            mode=in_force[rule.key][0],
            thresholds=in_force[rule.key][1].model_dump(mode="json"),
            thresholds_schema=rule.thresholds.model_json_schema(),
            villages=dict(judged[rule.key]),
            precision=PrecisionOut.model_validate(right[rule.key]) if rule.key in right else None,
        )
        for rule in rules
    ]


def _precision(session: Session, acting: Actor, rules: Sequence[Rule[Any]]) -> dict[str, Precision]:
    if not access.inspects(acting):
        return {}
    return precision(session, acting, [rule.key for rule in rules])

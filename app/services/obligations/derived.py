"""What the ledgers ask for: a lease that ends owes a re-tender notice, approved works each of their stages.

The lead time of leases is that of the early warning R01, so that warning and due item begin on one day.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from app.core.workdays import Calendar
from app.models import Contract, DisclosureCategory, Project, ProjectStage
from app.models.projects import ProjectState, StageKind
from app.rules.contract_expiring import ContractExpiring, ContractExpiringThresholds
from app.services.categories import in_force
from app.services.obligations.rows import count, unnested
from app.services.projects import stages
from app.services.warnings import evaluation

# Entries of the 10+X list, see `app/assets/reference/categories.toml`.
RETENDER, WORKS = "tender_notice", "small_works"
CATEGORIES = {StageKind.TENDER: "works_tender", StageKind.AWARD: "works_award"}
OWING = (ProjectState.APPROVED, ProjectState.UNDER_WAY, ProjectState.ACCEPTED, ProjectState.SETTLED)

# Calendar days. Results are published within 5 days of the decision (a provincial rule on matters that need
# approval), winners within 3 days (招标投标法实施条例, Art. 54); the others are this project's own choice.
DECISION_DAYS, AWARD_DAYS, CONTRACT_DAYS, CHANGE_DAYS = 5, 3, 7, 7
TENDER_BEFORE_START, ACCEPTANCE_AFTER_END, ACCEPTANCE_DAYS = 7, 15, 7
ACCOUNT_AFTER_ACCEPTANCE, ACCOUNT_AFTER_END = 30, 60
# Where the works have no planned days yet: counted from the decision, and provisional.
TENDER_GUESS, CONTRACT_GUESS, ACCEPTANCE_GUESS, ACCOUNT_GUESS = 30, 60, 180, 240


def retender_key(contract_id: uuid.UUID) -> str:
    """The key of the notice that a lease's end asks for."""
    return f"contract:{contract_id}:retender"


def stage_key(project_id: uuid.UUID, kind: StageKind, stage_id: uuid.UUID | None = None) -> str:
    """The key of a stage of works; each change (变更) has its own."""
    return f"project:{project_id}:{kind.value}" + (f":{stage_id}" if stage_id else "")


def plan(
    session: Session, *, categories: Sequence[DisclosureCategory], today: date, work_days: Calendar
) -> int:
    """Add what the ledgers ask for, in the entries that are in force; how many rows."""
    owed = {one.code for one in categories if in_force(one, today)}
    added = _leases(session, today) if RETENDER in owed else 0
    return added + _works(session, today, owed)


# --- leases ---------------------------------------------------------------------------------------

_LEASES = text(
    """
    INSERT INTO obligation (id, village_id, category_code, key, title, period, source, source_id, due_on,
                            provisional, state, waived_because)
    SELECT gen_random_uuid(), contract.village_id, :category, 'contract:' || contract.id || ':' || 'retender',
           '重新招租公告（合同编号 ' || contract.number || '）', '', 'contract', contract.id,
           contract.ends_on, false, 'open', ''
    FROM contract JOIN organisation AS village ON village.id = contract.village_id AND village.active
    WHERE contract.kind = 'lease_out' AND contract.state = 'active' AND contract.ends_on <= :last
      AND NOT EXISTS (SELECT FROM disclosure WHERE disclosure.contract_id = contract.id
                      AND disclosure.kind = 'retender_notice' AND disclosure.state = 'published')
    ON CONFLICT (village_id, key) DO NOTHING
    """
)
_TERM_CHANGED = text(
    """
    UPDATE obligation SET due_on = contract.ends_on FROM contract
    WHERE obligation.source = 'contract' AND obligation.state = 'open' AND obligation.due_on >= :today
      AND contract.id = obligation.source_id AND contract.ends_on > :today
      AND contract.ends_on <> obligation.due_on
    """
)


def _leases(session: Session, today: date) -> int:
    thresholds = evaluation.setting(session, ContractExpiring())[1]
    assert isinstance(thresholds, ContractExpiringThresholds)
    session.execute(_TERM_CHANGED, {"today": today})
    days = max(thresholds.yellow_days, thresholds.red_days)
    return count(session.execute(_LEASES, {"category": RETENDER, "last": today + timedelta(days=days)}))


# --- works ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stage:
    """A stage that works owe to publish."""

    village_id: uuid.UUID
    code: str
    key: str
    title: str
    source_id: uuid.UUID
    due_on: date
    provisional: bool


_KINDS = {
    "village_id": "uuid",
    "code": "text",
    "key": "text",
    "title": "text",
    "source_id": "uuid",
    "due_on": "date",
    "provisional": "boolean",
}
_WANTED = unnested(_KINDS)
_ADD = f"""
    INSERT INTO obligation (id, village_id, category_code, key, title, period, source, source_id, due_on,
                            provisional, state, waived_because)
    SELECT gen_random_uuid(), village_id, code, key, title, '', 'project', source_id, due_on,
           provisional, 'open', ''
    FROM {_WANTED}
    ON CONFLICT (village_id, key) DO NOTHING
"""  # noqa: S608  (built from names in this file)
_MOVE = f"""
    UPDATE obligation SET due_on = wanted.due_on, provisional = wanted.provisional, title = wanted.title
    FROM {_WANTED}
    WHERE obligation.village_id = wanted.village_id AND obligation.key = wanted.key
      AND obligation.state = 'open' AND obligation.due_on >= :today AND wanted.due_on >= :today
      AND (obligation.due_on, obligation.provisional, obligation.title)
          IS DISTINCT FROM (wanted.due_on, wanted.provisional, wanted.title)
"""  # noqa: S608


def _works(session: Session, today: date, owed: set[str]) -> int:
    rows = session.execute(
        select(Project, Contract.signed_on)
        .outerjoin(Contract, Contract.id == Project.contract_id)
        .where(Project.state.in_(OWING), Project.approved_on.is_not(None))
        .options(selectinload(Project.stages))
    )
    wanted = [stage for project, signed_on in rows for stage in _stages(project, signed_on)]
    wanted = [stage for stage in wanted if stage.code in owed]
    if not wanted:
        return 0
    values: dict[str, Any] = {
        field.name: [getattr(stage, field.name) for stage in wanted] for field in fields(_Stage)
    }
    added = count(session.execute(text(_ADD), values))
    session.execute(text(_MOVE), values | {"today": today})
    return added


def _stages(project: Project, signed_on: date | None) -> Iterator[_Stage]:
    """What approved works owe; stages that they need not go through are left out."""
    assert project.approved_on is not None
    approved, start, end = project.approved_on, project.planned_start_on, project.planned_end_on
    reached = {stage.kind: stage.day for stage in project.stages}
    accepted = reached.get(StageKind.ACCEPTANCE)

    def owed(kind: StageKind, *options: tuple[date | None, int], stage: ProjectStage | None = None) -> _Stage:
        """Due so many days from the first of the days that is known; the last one is a guess."""
        known = [(day, days, place) for place, (day, days) in enumerate(options) if day is not None]
        day, days, place = known[0]
        return _Stage(
            village_id=project.village_id,
            code=CATEGORIES.get(kind, WORKS),
            key=stage_key(project.id, kind, stage.id if stage and kind == StageKind.CHANGE else None),
            title=f"{project.name}：{stages.NAMES[kind]}",
            source_id=project.id,
            due_on=day + timedelta(days=days),
            provisional=place > 0 and place == len(options) - 1,
        )

    plans = {
        StageKind.DECISION: ((approved, DECISION_DAYS),),
        StageKind.TENDER: ((start, -TENDER_BEFORE_START), (approved, TENDER_GUESS)),
        StageKind.CONTRACT: ((signed_on, CONTRACT_DAYS), (start, 0), (approved, CONTRACT_GUESS)),
        StageKind.ACCEPTANCE: (
            (accepted, ACCEPTANCE_DAYS),
            (end, ACCEPTANCE_AFTER_END),
            (approved, ACCEPTANCE_GUESS),
        ),
        StageKind.FINAL_ACCOUNT: (
            (accepted, ACCOUNT_AFTER_ACCEPTANCE),
            (end, ACCOUNT_AFTER_END),
            (approved, ACCOUNT_GUESS),
        ),
    }
    exempt = set(project.exempt)
    yield from (owed(kind, *days) for kind, days in plans.items() if kind.value not in exempt)
    for stage in project.stages:
        days = {StageKind.AWARD: AWARD_DAYS, StageKind.CHANGE: CHANGE_DAYS}.get(stage.kind)
        if days is not None and stage.kind.value not in exempt:
            yield owed(stage.kind, (stage.day, days), stage=stage)


# --- no longer owed -------------------------------------------------------------------------------

_CONTRACT_OVER = text(
    """
    UPDATE obligation SET state = 'waived', waived_because = CASE contract.state
        WHEN 'renewed' THEN '台账登记：合同已续签。'
        WHEN 'ended' THEN '台账登记：合同到期已收回。'
        ELSE '台账登记：合同已解除。' END
    FROM contract
    WHERE obligation.source = 'contract' AND obligation.state = 'open' AND contract.id = obligation.source_id
      AND contract.state <> 'active'
    """
)
_PROJECT_OVER = text(
    """
    UPDATE obligation SET state = 'waived', waived_because = CASE
        WHEN project.state IN ('cancelled', 'proposed') THEN '台账登记：工程已取消或尚未决策。'
        ELSE '台账登记：不需要这一步。' || project.exempt_because END
    FROM project
    WHERE obligation.source = 'project' AND obligation.state = 'open' AND project.id = obligation.source_id
      AND (project.state IN ('cancelled', 'proposed')
           OR split_part(obligation.key, ':', 3) = ANY(project.exempt))
    """
)
_OWED_AFTER_ALL = text(
    """
    UPDATE obligation SET state = 'open', waived_because = ''
    WHERE state = 'waived' AND waived_because LIKE '台账登记：%'
      AND (source = 'contract' AND source_id IN (SELECT id FROM contract WHERE state = 'active')
           OR source = 'project' AND EXISTS (
               SELECT FROM project WHERE project.id = obligation.source_id
               AND project.state NOT IN ('cancelled', 'proposed')
               AND split_part(obligation.key, ':', 3) <> ALL(project.exempt)))
    """
)


def waive(session: Session) -> int:
    """What the ledgers no longer ask for is waived, with the reason in public, and owed again when the ledger
    is put right; how many rows."""
    statements = (_OWED_AFTER_ALL, _CONTRACT_OVER, _PROJECT_OVER)
    return sum(count(session.execute(statement)) for statement in statements)

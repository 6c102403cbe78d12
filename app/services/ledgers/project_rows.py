"""Small works out of a sheet: entered and completed one by one through `services.projects`, their owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput
from app.models import Organisation, Project, ProjectStage
from app.models.projects import StageKind
from app.services import projects
from app.services.actors import Actor
from app.services.ledgers.reading import Entry
from app.services.ledgers.works import STAGED

_PLANNED = frozenset(one.name for one in fields(projects.Plan))


def put(session: Session, *, acting: Actor, entries: Sequence[Entry], counts: Counter[str]) -> None:
    """Enter or complete the works that these rows describe; what is refused becomes a fault of its row. Rows
    that change nothing leave no trace. Audit rows are those of `services.projects`."""
    for entry in entries:
        if entry.faults:
            continue
        try:
            with session.begin_nested():
                counts[_put(session, acting, entry)] += 1
        except AppError as fault:
            entry.faults.append(fault)  # type: ignore[arg-type]


def _put(session: Session, acting: Actor, entry: Entry) -> str:
    given = {name: value for name, value in entry.values.items() if name in _PLANNED}
    if not given.get("number"):
        raise BadInput("ledger.field_missing", "「工程编号」没有填写，请补上。", field="number")
    found = session.scalar(
        select(Project).where(Project.village_id == entry.village_id, Project.number == given["number"])
    )
    if found is None:
        if not given.get("name"):
            raise BadInput("ledger.field_missing", "「工程名称」没有填写，请补上。", field="name")
        village = session.get_one(Organisation, entry.village_id)
        made = projects.enter(session, acting=acting, village=village, plan=projects.Plan(**given))
        _stages(session, acting, made, entry.values)
        return "created"
    before = _plan(found)
    after = replace(before, **given)
    if after != before:
        projects.change(session, acting=acting, project_id=found.id, plan=after)
    staged = _stages(session, acting, found, entry.values)
    return "changed" if staged or after != before else "unchanged"


def _plan(project: Project) -> projects.Plan:
    values: dict[str, Any] = {name: getattr(project, name) for name in _PLANNED}
    values["exempt"] = tuple(StageKind(kind) for kind in project.exempt)
    return projects.Plan(**values)


def _stages(session: Session, acting: Actor, project: Project, values: dict[str, Any]) -> bool:
    """The change and the acceptance that the row tells of, unless they are there; says whether one is new."""
    changed_on, fen, text, accepted_on = (values.get(name) for name in STAGED)
    if (fen is not None or text) and changed_on is None:
        raise BadInput("ledger.field_missing", "「变更日期」没有填写，请补上。", field="changed_on")
    wanted = []
    if changed_on is not None:
        wanted.append(projects.Entry(StageKind.CHANGE, changed_on, text or "", fen))
    if accepted_on is not None:
        wanted.append(projects.Entry(StageKind.ACCEPTANCE, accepted_on))
    query = select(ProjectStage.kind, ProjectStage.day, ProjectStage.amount_fen)
    there = {tuple(row) for row in session.execute(query.where(ProjectStage.project_id == project.id))}
    new = [one for one in wanted if (one.kind, one.day, one.amount_fen) not in there]
    for one in new:
        projects.add_stage(session, acting=acting, project_id=project.id, entry=one)
    return bool(new)

"""The forms of small works on the desk: what was typed, read and written back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Form
from sqlalchemy.orm import Session

from app.core import money
from app.core.errors import BadInput
from app.models import Organisation, Project
from app.models.projects import StageKind
from app.services import projects
from app.services.projects import stages

Text = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class Typed:
    """What was typed of a project, as texts."""

    village: str = ""
    number: str = ""
    name: str = ""
    description: str = ""
    estimate: str = ""
    approved_on: str = ""
    planned_start_on: str = ""
    planned_end_on: str = ""
    contract: str = ""
    final: str = ""
    exempt: tuple[str, ...] = ()
    exempt_because: str = ""


def typed(
    village: Text = "",
    number: Text = "",
    name: Text = "",
    description: Text = "",
    estimate: Text = "",
    approved_on: Text = "",
    planned_start_on: Text = "",
    planned_end_on: Text = "",
    contract: Text = "",
    final: Text = "",
    exempt: Annotated[list[str] | None, Form()] = None,
    exempt_because: Text = "",
) -> Typed:
    """Dependency: the fields of the form as they came."""
    return Typed(
        village,
        number,
        name,
        description.replace("\r\n", "\n"),
        estimate,
        approved_on,
        planned_start_on,
        planned_end_on,
        contract,
        final,
        tuple(exempt or ()),
        exempt_because,
    )


def stored(session: Session, project: Project) -> Typed:
    """What is stored of a project, as it stands in the form."""

    def iso(value: date | None) -> str:
        return value.isoformat() if value else ""

    def yuan(amount: int | None) -> str:
        return money.decimal(amount) if amount is not None else ""

    return Typed(
        village=session.get_one(Organisation, project.village_id).code,
        number=project.number,
        name=project.name,
        description=project.description,
        estimate=yuan(project.estimate_fen),
        approved_on=iso(project.approved_on),
        planned_start_on=iso(project.planned_start_on),
        planned_end_on=iso(project.planned_end_on),
        contract=str(project.contract_id or ""),
        final=yuan(project.final_fen),
        exempt=tuple(project.exempt),
        exempt_because=project.exempt_because,
    )


def plan(form: Typed) -> projects.Plan:
    """The plan that the form means. Raises BadInput naming the field that cannot be read."""
    return projects.Plan(
        number=form.number,
        name=form.name,
        description=form.description,
        estimate_fen=fen(form.estimate, "estimate"),
        approved_on=day(form.approved_on, "approved_on"),
        planned_start_on=day(form.planned_start_on, "planned_start_on"),
        planned_end_on=day(form.planned_end_on, "planned_end_on"),
        contract_id=key(form.contract, "contract"),
        final_fen=fen(form.final, "final"),
        exempt=tuple(kind for kind in stages.OWED if kind.value in form.exempt),
        exempt_because=form.exempt_because,
    )


def fen(text: str, field: str) -> int | None:
    """An amount in yuan as fen; None when nothing was typed."""
    if not text.strip():
        return None
    try:
        return money.parse_yuan(text)
    except BadInput as problem:
        raise BadInput(problem.code, problem.message, field=field) from problem


def day(text: str, field: str) -> date | None:
    """A day; None when nothing was typed."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput("project.day_malformed", "日期请写成 2026-03-05 这样的形式。", field=field) from error


def key(text: str, field: str) -> uuid.UUID | None:
    """The choice of a list; None when nothing was chosen."""
    if not text.strip():
        return None
    try:
        return uuid.UUID(text.strip())
    except ValueError as error:
        raise BadInput("project.choice_unknown", "请从列表里选择一项。", field=field) from error


def votes(text: str) -> int | None:
    """A count of votes; None when nothing was typed."""
    if not text.strip():
        return None
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise BadInput("project.votes_malformed", "票数请填整数。", field="votes_for")
    return int(text)


def stage(text: str) -> StageKind:
    """The chosen stage."""
    kind: Any = stages.named(text)
    if not isinstance(kind, StageKind):
        raise BadInput("project.stage_missing", "请选择是哪一步。", field="kind")
    return kind

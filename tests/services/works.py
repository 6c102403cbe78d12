"""Small works of a village with stages, contract and payments, through the services."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.models import Contract, Disclosure, Organisation, Payment, Project
from app.models.ledgers import ContractKind, PaymentMethod
from app.models.projects import StageKind
from app.services import contracts, payments, projects
from app.services.projects import stages
from tests.factories import ROOT
from tests.services.chained import make

K = StageKind
DAY = date(2026, 3, 1)


def plan(**values: Any) -> projects.Plan:
    given: dict[str, Any] = {"number": "GC-1", "name": "村道硬化", "approved_on": DAY}
    return projects.Plan(**(given | values))


def enter(session: Session, village: Organisation, **values: Any) -> Project:
    return projects.enter(session, acting=ROOT, village=village, plan=plan(**values))


def item(session: Session, village: Organisation, **values: Any) -> Disclosure:
    """A published item of the village."""
    filled = values.pop("filled", {})
    made, version = make(session, village, values.pop("title", "招标公告"))
    version.filled = filled
    for name, value in values.items():
        setattr(made, name, value)
    session.flush()
    return made


def stage(session: Session, project: Project, kind: StageKind, after: int, **values: Any) -> None:
    """Add a stage so many days after the decision, with a published item where the public wants one."""
    if kind in stages.PUBLIC and "disclosure_id" not in values:
        village = session.get_one(Organisation, project.village_id)
        values["disclosure_id"] = item(session, village, title=stages.NAMES[kind]).id
    entry = projects.Entry(kind, DAY + timedelta(days=after), **values)
    projects.add_stage(session, acting=ROOT, project_id=project.id, entry=entry)


def contract(
    session: Session, village: Organisation, *, after: int = 30, amount: int = 10_000_000
) -> Contract:
    terms = contracts.Terms(
        number=f"HT-{uuid.uuid4().hex[:6]}",
        kind=ContractKind.WORKS,
        title="村道硬化施工合同",
        counterparty="萧山某某建设有限公司",
        signed_on=DAY + timedelta(days=after),
        starts_on=DAY + timedelta(days=after),
        ends_on=None,
        amount_fen=amount,
    )
    return contracts.enter(session, acting=ROOT, village=village, terms=terms)


def pay(session: Session, village: Organisation, after: int, fen: int, **values: Any) -> Payment:
    given = {"payee": "萧山某某建设有限公司", "category": "工程款", "purpose": "进度款"} | values
    entry = payments.Entry(
        voucher=f"记-{uuid.uuid4().hex[:6]}",
        paid_on=DAY + timedelta(days=after),
        amount_fen=fen,
        method=PaymentMethod.TRANSFER,
        **given,
    )
    return payments.enter(session, acting=ROOT, village=village, entry=entry)


def whole(session: Session, village: Organisation) -> Project:
    """A project that went through every stage in order, with a change and two payments."""
    signed = contract(session, village)
    project = enter(session, village, contract_id=signed.id)
    stage(session, project, K.PROPOSAL, -20)
    stage(session, project, K.VOTE, -5, votes_for=38, votes_against=2, votes_abstained=1)
    stage(session, project, K.DECISION, 0)
    stage(session, project, K.TENDER, 5)
    stage(session, project, K.AWARD, 20, amount_fen=10_000_000)
    stage(session, project, K.CHANGE, 50, amount_fen=500_000, text="加做路肩")
    stage(session, project, K.CHANGE, 60, amount_fen=-100_000, text="少做一段")
    stage(session, project, K.ACCEPTANCE, 90)
    stage(session, project, K.FINAL_ACCOUNT, 100, amount_fen=10_400_000)
    pay(session, village, 40, 6_000_000, project_id=project.id)
    pay(session, village, 95, 4_400_000, contract_id=signed.id)
    return project


def look(session: Session, project: Project, **options: Any) -> projects.Timeline:
    acting = options.pop("acting", ROOT)
    return projects.timeline(session, acting=acting, project_id=project.id, **options)


def steps(timeline: projects.Timeline) -> dict[StageKind, projects.Step]:
    return {step.kind: step for step in timeline.steps}

"""What rules say of each village in their newest run: fired, clear, or not computable for want of a field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.models import Organisation, RuleVerdict
from app.models.people import Role
from app.models.rules import RuleMode, Verdict
from app.rules.base import Rule
from app.services import access
from app.services.actors import Actor, Officer
from app.services.warnings.settings import settings


@dataclass(frozen=True)
class Summary:
    """The villages of a rule's newest run: `missing` maps a field's name to how many villages lack it."""

    rule: str
    as_of: date | None
    verdicts: dict[Verdict, int]
    missing: dict[str, int]


def _visible(session: Session, actor: Actor, rules: Sequence[Rule[Any]]) -> ColumnElement[bool]:
    """Villages of the actor's area that are served; of a rule that is only tried out, the county alone."""
    served = RuleVerdict.village_id.in_(select(Organisation.id).where(Organisation.active))
    named = and_(RuleVerdict.rule.in_([rule.key for rule in rules]), served)
    if access.is_administrator(actor):
        return named
    if not isinstance(actor, Officer):
        return false()
    modes = settings(session, rules)
    active = [key for key, (mode, _) in modes.items() if mode == RuleMode.ACTIVE]
    area = actor.organisations(*access.VILLAGE_ROLES, *access.INSPECTORS)
    county = actor.organisations(Role.COUNTY_INSPECTOR)
    return and_(
        named,
        or_(
            and_(RuleVerdict.rule.in_(active), access.within(RuleVerdict.village_id, area)),
            access.within(RuleVerdict.village_id, county),
        ),
    )


def listing(
    session: Session, *, acting: Actor, rule: Rule[Any], verdict: Verdict | None = None
) -> Select[Organisation, RuleVerdict]:
    """Each village that the actor may know of, with what the rule says of it."""
    query = (
        select(Organisation, RuleVerdict)
        .join(RuleVerdict, RuleVerdict.village_id == Organisation.id)
        .where(_visible(session, acting, [rule]))
        .options(joinedload(Organisation.parent))
        .order_by(Organisation.created_at.desc(), Organisation.id.desc())
    )
    return query if verdict is None else query.where(RuleVerdict.verdict == verdict)


def summary(session: Session, *, acting: Actor, rule: Rule[Any]) -> Summary:
    """How many villages the rule judges how, and what they lack."""
    mine = _visible(session, acting, [rule])
    counted = session.execute(
        select(RuleVerdict.verdict, func.count(), func.max(RuleVerdict.as_of))
        .where(mine)
        .group_by(RuleVerdict.verdict)
    ).all()
    field = select(func.jsonb_object_keys(RuleVerdict.missing).label("name")).where(mine).subquery()
    lacking = session.execute(
        select(field.c.name, func.count()).group_by(field.c.name).order_by(func.count().desc(), field.c.name)
    ).all()
    return Summary(
        rule=rule.key,
        as_of=max((as_of for _, _, as_of in counted), default=None),
        verdicts={verdict: number for verdict, number, _ in counted},
        missing=dict(lacking),
    )


def counts(session: Session, *, acting: Actor, rules: Sequence[Rule[Any]]) -> dict[str, Counter[Verdict]]:
    """How many villages each rule judges how, of those that the actor may know of, by the rule's key."""
    rows = session.execute(
        select(RuleVerdict.rule, RuleVerdict.verdict, func.count())
        .where(_visible(session, acting, rules))
        .group_by(RuleVerdict.rule, RuleVerdict.verdict)
    )
    found: dict[str, Counter[Verdict]] = {rule.key: Counter() for rule in rules}
    for rule, verdict, number in rows:
        found[rule][verdict] = number
    return found

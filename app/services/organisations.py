"""Places: making and finding counties, towns, villages and departments."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.core.errors import BadInput, Conflict, NotFound
from app.models import Organisation
from app.models.organisations import Line, OrganisationKind
from app.services import access, audit
from app.services.actors import Actor

# A code stands in addresses and, after "v:", in Mini Program scenes of at most 32 characters with a place.
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
PARENTS: dict[OrganisationKind, set[OrganisationKind | None]] = {
    OrganisationKind.COUNTY: {None},
    OrganisationKind.TOWN: {OrganisationKind.COUNTY},
    OrganisationKind.VILLAGE: {OrganisationKind.TOWN},
    OrganisationKind.DEPARTMENT: {OrganisationKind.COUNTY, OrganisationKind.TOWN},
}


def create(
    session: Session,
    *,
    acting: Actor,
    kind: OrganisationKind,
    code: str,
    name: str,
    parent: Organisation | None = None,
    households: int | None = None,
    adults: int | None = None,
    introduction: str = "",
    line: Line | None = None,
) -> Organisation:
    """Add an organisation below `parent`. A department has a `line`: it sees the warnings of that line.

    Raises BadInput for a malformed code, an impossible parent or a line of no department, Conflict for a code
    in use."""
    access.require_administrator(acting)
    _require_department(kind, line)
    if not CODE.fullmatch(code):
        raise BadInput(
            "organisation.code_malformed", "代码只能用小写字母、数字和连字符，最多 16 位。", given=code
        )
    if (parent.kind if parent else None) not in PARENTS[kind]:
        raise BadInput("organisation.parent_wrong", "上级单位的类型不对：村社在镇街之下，镇街在区县之下。")
    if session.scalar(select(Organisation.id).where(Organisation.code == code)):
        raise Conflict("organisation.code_taken", f"代码 {code} 已被使用，请换一个。", given=code)
    key = uuid.uuid4()
    organisation = Organisation(
        id=key,
        kind=kind,
        code=code,
        name=name,
        parent_id=parent.id if parent else None,
        ancestry=[*(parent.ancestry if parent else []), key],
        households=households,
        adults=adults,
        introduction=introduction,
        line=line,
    )
    session.add(organisation)
    session.flush()
    audit.record(
        session, acting=acting, action="created", noun="organisation", noun_id=key, code=code, kind=kind
    )
    return organisation


def change(session: Session, *, acting: Actor, organisation_id: uuid.UUID, **changes: object) -> Organisation:
    """Change name, households, adults, introduction, line or active. Raises NotFound for an unknown one,
    BadInput for a line of no department."""
    access.require_administrator(acting)
    organisation = session.get(Organisation, organisation_id)
    if organisation is None:
        raise NotFound("organisation.not_found", "没有找到这个单位。")
    for field, value in changes.items():
        if field not in {"name", "households", "adults", "introduction", "active", "line"}:
            raise BadInput("organisation.field_unknown", f"不能修改「{field}」。", field=field)
        if field == "line":
            _require_department(organisation.kind, value)
        setattr(organisation, field, value)
    audit.record(
        session,
        acting=acting,
        action="changed",
        noun="organisation",
        noun_id=organisation_id,
        fields=sorted(changes),
    )
    return organisation


def _require_department(kind: OrganisationKind, line: object) -> None:
    if line is not None and kind is not OrganisationKind.DEPARTMENT:
        raise BadInput("organisation.line_wrong", "只有职能部门才有条线。", field="line")


def by_code(session: Session, *, acting: Actor, code: str) -> Organisation:
    """The organisation with this code and the one above it. Raises NotFound."""
    query = listing(acting).where(Organisation.code == code).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound("organisation.not_found", "没有找到这个单位。")
    return found


def listing(
    acting: Actor,
    *,
    kind: OrganisationKind | None = None,
    parent_id: uuid.UUID | None = None,
    words: str | None = None,
) -> Select[Organisation]:
    """Organisations in the order of their codes, with those above them; `words` stand in name or code."""
    query = select(Organisation).where(access.visible_organisations(acting))
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if parent_id is not None:
        query = query.where(Organisation.parent_id == parent_id)
    if words:
        named = Organisation.name.contains(words, autoescape=True)
        query = query.where(or_(named, Organisation.code.contains(words.lower(), autoescape=True)))
    return query.options(joinedload(Organisation.parent)).order_by(Organisation.code)


def above(session: Session, organisation: Organisation) -> list[Organisation]:
    """The organisations above, nearest first."""
    found = session.scalars(select(Organisation).where(Organisation.id.in_(organisation.ancestry))).all()
    by_id = {item.id: item for item in found}
    return [by_id[key] for key in reversed(organisation.ancestry) if key != organisation.id]


def full_name(session: Session, village: Organisation) -> str:
    """A village's name with its town's: 益农镇东联村."""
    town = session.scalar(select(Organisation.name).where(Organisation.id == village.parent_id))
    return f"{town or ''}{village.name}"


def villages(session: Session, *, acting: Actor) -> list[tuple[Organisation, Organisation]]:
    """All villages with their towns, in the order of their codes."""
    towns = aliased(Organisation)
    rows = session.execute(
        select(Organisation, towns)
        .join(towns, Organisation.parent_id == towns.id)
        .where(Organisation.kind == OrganisationKind.VILLAGE, access.visible_organisations(acting))
        .order_by(towns.code, Organisation.code)
    ).all()
    return [(village, town) for village, town in rows]


def county(session: Session) -> Organisation | None:
    """The county of this installation, if it was made already."""
    return session.scalar(
        select(Organisation)
        .where(Organisation.kind == OrganisationKind.COUNTY)
        .order_by(Organisation.created_at)
        .limit(1)
    )


def by_ids(session: Session, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, Organisation]:
    """The places with these keys: for naming what the caller was allowed to see."""
    rows = session.scalars(select(Organisation).where(Organisation.id.in_(set(keys))))
    return {row.id: row for row in rows}

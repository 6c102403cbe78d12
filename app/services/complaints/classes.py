"""Classes of complaints with their deadlines, and the categories that people choose from (分级分类), as the
county sets them. What is changed holds for what is filed, reopened, extended or reclassed from then on, and
where another calendar makes open complaints be counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, NotFound
from app.models import ComplaintCategory, ComplaintClass
from app.models.organisations import Line
from app.services import access, setting_history
from app.services.actors import Actor
from app.services.complaints import settings_history
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY

CADRES = "cadre_conduct"
DISCLOSURE = "disclosure"
DISCLOSURE_MOST = 20  # calendar days: 浙江省实施《村民委员会组织法》办法第四十三条
LONGEST_NAME = 20


@dataclass(frozen=True)
class Terms:
    """All that the county sets of a class, see `ComplaintClass`."""

    name: str
    accept_days: int
    reply_hours: int
    target_hours: int
    finish_days: int
    finish_in_calendar_days: bool
    extensions_most: int
    extension_days: int
    skips_village: bool
    anonymise_days: int | None
    delete_days: int | None
    source: str


@dataclass(frozen=True)
class CategoryTerms:
    """All that the county sets of a category, see `ComplaintCategory`."""

    name: str
    position: int
    class_code: str
    line: Line | None
    skips_village: bool
    active: bool


def classes(session: Session, *, acting: Actor) -> Sequence[ComplaintClass]:
    """All classes in their order. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    return session.scalars(select(ComplaintClass).order_by(ComplaintClass.position)).all()


def categories(session: Session, *, acting: Actor) -> Sequence[ComplaintCategory]:
    """All categories in their order, those no longer offered too. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    order = ComplaintCategory.position, ComplaintCategory.code
    return session.scalars(select(ComplaintCategory).order_by(*order)).all()


def change(session: Session, *, acting: Actor, code: str, terms: Terms, reason: str) -> ComplaintClass:
    """Set a class's deadlines and what else it says. The county's inspectors and administrators only.

    Raises NotFound for an unknown class, BadInput for terms that contradict each other or the law, or a
    missing reason, Conflict when nothing would change."""
    settings_history.require_county(acting)
    setting_history.lock(session, settings_history.CLASS, code)
    row = session.get(ComplaintClass, code, populate_existing=True)
    if row is None:
        raise NotFound("complaint_class.not_found", "没有这个诉求等级。", grade=code)
    _check(code, terms)
    _set(session, row, terms, acting=acting, noun=settings_history.CLASS, key=code, reason=reason)
    return row


def _check(code: str, terms: Terms) -> None:
    if not text.clean(terms.source):
        raise BadInput("complaint_class.source_missing", "请写明期限依据的文件或做法。", field="source")
    if terms.target_hours > terms.reply_hours:
        raise BadInput(
            "complaint_class.target_beyond", "首次回复的目标不能比时限还长。", field="target_hours"
        )
    if terms.accept_days > terms.finish_days:
        raise BadInput("complaint_class.finish_before_accept", "办结不能早于受理。", field="finish_days")
    if terms.anonymise_days and terms.delete_days and terms.anonymise_days > terms.delete_days:
        raise BadInput("complaint_class.deleted_first", "去标识要在删除之前。", field="anonymise_days")
    if code == CADRES and not terms.skips_village:
        raise BadInput("complaint_class.cadres_skip", "反映干部的诉求不得交村里办理。", field="skips_village")
    if code == DISCLOSURE and not (terms.finish_in_calendar_days and terms.finish_days <= DISCLOSURE_MOST):
        raise BadInput(
            "complaint_class.beyond_law",
            f"公开事项要在 {DISCLOSURE_MOST} 天（自然日）内核实答复，这是地方性法规的规定。",
            field="finish_days",
        )


def put_category(
    session: Session, *, acting: Actor, code: str, terms: CategoryTerms, reason: str
) -> ComplaintCategory:
    """Add a category, or change one; one that is not `active` is no longer offered.

    The county's inspectors and administrators only. Raises BadInput for an unknown class, a missing reason,
    or when the category of last resort or the one about cadres would lose what they are for; Conflict when
    nothing would change."""
    settings_history.require_county(acting)
    setting_history.lock(session, settings_history.CATEGORY, code)
    row = session.get(ComplaintCategory, code, populate_existing=True)
    grade = session.get(ComplaintClass, terms.class_code)
    if grade is None:
        raise BadInput("complaint.class_unknown", "没有这个诉求等级。", field="class_code")
    if code == DEFAULT_COMPLAINT_CATEGORY and not (terms.active and not terms.skips_village):
        raise BadInput("complaint_category.last_resort", "「意见投诉」是兜底类别，不能停用。", field="active")
    if code == CADRES and not (terms.skips_village and terms.class_code == CADRES and terms.active):
        raise BadInput(
            "complaint_category.cadres_skip",
            "「反映干部」类别要保留，并且不得交村里办理。",
            field="skips_village",
        )
    if row is None:
        row = ComplaintCategory(code=code)
    _set(session, row, terms, acting=acting, noun=settings_history.CATEGORY, key=code, reason=reason)
    return row


def _set(
    session: Session,
    row: ComplaintClass | ComplaintCategory,
    terms: Terms | CategoryTerms,
    *,
    acting: Actor,
    noun: str,
    key: str,
    reason: str,
) -> None:
    after = asdict(terms) | {"name": text.one_line(terms.name)}
    if not after["name"] or len(after["name"]) > LONGEST_NAME:
        raise BadInput(
            "complaint_setting.name_wrong", f"名称要填写，最多 {LONGEST_NAME} 个字。", field="name"
        )
    fresh = row.code is None or row not in session
    before: dict[str, Any] = {} if fresh else {name: getattr(row, name) for name in after}
    for name, value in after.items():
        setattr(row, name, value)
    session.add(row)
    settings_history.record(
        session, acting=acting, noun=noun, key=key, reason=reason, before=before, after=after
    )

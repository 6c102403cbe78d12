"""The 10+X list (10+X 公开清单): what is on it, what is in force, and how county and villages change it.

Common entries belong to the county, an entry with a village to that village (X). Every change needs a reason
and leaves the values before and after it in the history."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, Conflict, NotFound
from app.core.workdays import Calendar
from app.models import DisclosureCategory, Organisation, SettingHistory
from app.models.categories import Cadence, DayUnit
from app.services import audit, setting_history
from app.services.access_catalogue import require_catalogue_editor
from app.services.actors import Actor
from app.services.category_rules import check_changes

NOUN = "disclosure_category"
MOST_OWN = 20
OWN_POSITION = 500
LONGEST_REASON = 500


def listing(
    session: Session, village_id: uuid.UUID | None = None, on: date | None = None
) -> list[DisclosureCategory]:
    """The common entries and, when a village is named, its own: each top entry followed by those below it.

    With `on` only what is in force on that day, otherwise all."""
    common = DisclosureCategory.village_id.is_(None)
    rows = session.scalars(
        select(DisclosureCategory)
        .where(common if village_id is None else or_(common, DisclosureCategory.village_id == village_id))
        .order_by(DisclosureCategory.position, DisclosureCategory.code)
    ).all()
    wanted = [row for row in rows if on is None or in_force(row, on)]
    tops = [row for row in wanted if row.parent_code is None]
    below = {top.code: [row for row in wanted if row.parent_code == top.code] for top in tops}
    return [row for top in tops for row in (top, *below[top.code])]


def tops(
    session: Session, village_id: uuid.UUID | None = None, on: date | None = None
) -> dict[DisclosureCategory, tuple[str, ...]]:
    """The tiles of a village in their order, each with all codes shown under it, its own first."""
    found: dict[DisclosureCategory, tuple[str, ...]] = {}
    top: DisclosureCategory | None = None
    for row in listing(session, village_id, on):
        top = row if row.parent_code is None or top is None else top
        found[top] = (*found.get(top, ()), row.code)
    return found


def with_children(session: Session, code: str) -> tuple[str, ...]:
    """This code and those of the entries below it: what a category page lists."""
    below = session.scalars(
        select(DisclosureCategory.code)
        .where(DisclosureCategory.parent_code == code)
        .order_by(DisclosureCategory.position)
    )
    return (code, *below)


def find(session: Session, code: str, village_id: uuid.UUID | None = None) -> DisclosureCategory:
    """One entry. Raises NotFound, also for another village's own when `village_id` is given."""
    found = session.get(DisclosureCategory, code)
    if found is None or (village_id is not None and found.village_id not in (None, village_id)):
        raise NotFound("category.not_found", "公开清单里没有这一项，可能链接有误或已经取消。", category=code)
    return found


def in_force(category: DisclosureCategory, day: date) -> bool:
    """Whether the entry is switched on, and its law in force on `day`."""
    return (
        category.active
        and (category.in_force_from is None or category.in_force_from <= day)
        and (category.in_force_until is None or day <= category.in_force_until)
    )


def notice_until(
    category: DisclosureCategory, start: date, days: int | None, calendar: Calendar
) -> date | None:
    """The last day of a notice (公示) that begins on `start`, which itself does not count (开始当日不计入):
    `days`, or the category's own, in its unit. None when there is no notice."""
    length = category.notice_days if days is None else days
    if length <= 0:
        return None
    if category.notice_unit == DayUnit.WORK:
        return calendar.add_work_days(start, length).day
    return start + timedelta(days=length)


def notice_words(category: DisclosureCategory) -> str:
    """The notice period in words: 7 个工作日, 15 天, or "" without one."""
    unit = "个工作日" if category.notice_unit == DayUnit.WORK else "天"
    return f"{category.notice_days} {unit}" if category.notice_days else ""


def cadence_words(category: DisclosureCategory) -> str:
    """How often and by when, in words: 每月，月后 15 天内; 村民会议作出决定后 5 天内."""
    unit = "个工作日" if category.due_unit == DayUnit.WORK else "天"
    within = f"{category.due_days} {unit}内"
    if category.cadence == Cadence.EVENT:
        return f"{category.event or '事情办完'}后 {within}"
    if category.cadence == Cadence.ON_CHANGE:
        return f"有变动就公开，{within}" if category.due_days else "有变动就公开"
    name = {Cadence.MONTH: "月", Cadence.QUARTER: "季度", Cadence.YEAR: "年"}[category.cadence]
    return f"每{name}一次，{name}后 {within}" if name != "年" else f"每年一次，年后 {within}"


# --- changes --------------------------------------------------------------------------------------


def edit(
    session: Session,
    *,
    acting: Actor,
    code: str,
    changes: Mapping[str, Any],
    reason: str,
    version: int | None = None,
) -> DisclosureCategory:
    """Change an entry; `changes` are column → value, see `category_rules.EDITABLE`.

    Raises Forbidden, BadInput for a value against the rules or without a reason, and Conflict when `version`
    is not the present one. Nothing is written when nothing changes."""
    category = _locked(session, code)
    require_catalogue_editor(session, acting, category.village_id)
    because = _reason(reason)
    if version is not None and version != category.revision:
        raise Conflict(
            "category.changed", "刚才有人改过这一项，请刷新页面看清楚再改。", version=category.revision
        )
    checked = check_changes(changes, category)
    before = {key: getattr(category, key) for key in checked}
    changed = {key: value for key, value in checked.items() if value != before[key]}
    if not changed:
        return category
    for key, value in changed.items():
        setattr(category, key, value)
    session.flush()
    _remember(session, acting, category, because, {key: before[key] for key in changed}, changed)
    audit.record(
        session,
        acting=acting,
        action="edited",
        noun=NOUN,
        noun_id=code,
        village_id=category.village_id,
        columns=sorted(changed),
    )
    return category


def switch(
    session: Session, *, acting: Actor, code: str, active: bool, reason: str, version: int | None = None
) -> DisclosureCategory:
    """Switch an entry off or on again. Raises BadInput for one of the ten that every village must publish."""
    return edit(session, acting=acting, code=code, changes={"active": active}, reason=reason, version=version)


@dataclass(frozen=True)
class Own:
    """A new entry (X): its name, and whatever of `category_rules.EDITABLE` differs from the defaults."""

    name: str
    explanation: str
    more: Mapping[str, Any]


def add_own(
    session: Session, *, acting: Actor, village: Organisation | None, own: Own, reason: str
) -> DisclosureCategory:
    """Add an X of one village, or with `village` None of the whole county.

    Raises Forbidden, BadInput, and Conflict for a name that is there already or too many of them."""
    village_id = village.id if village else None
    require_catalogue_editor(session, acting, village_id)
    because = _reason(reason)
    name = text.one_line(own.name)
    values = check_changes({**own.more, "name": name, "explanation": own.explanation}, None)
    listed = listing(session, village_id)
    if any(row.name == name for row in listed):
        raise Conflict("category.name_taken", f"公开清单里已经有「{name}」了。", field="name")
    own_ones = [row for row in listed if row.village_id == village_id and _is_extra(row)]
    if len(own_ones) >= MOST_OWN:
        raise Conflict("category.too_many", f"自设的事项最多 {MOST_OWN} 个，请先停用不用的。")
    last = session.scalar(
        select(func.max(DisclosureCategory.position)).where(DisclosureCategory.parent_code.is_(None))
    )
    category = DisclosureCategory(
        code=_new_code(),
        position=max(last or 0, OWN_POSITION) + 1,
        fixed=False,
        village_id=village_id,
        **values,
    )
    session.add(category)
    session.flush()
    _remember(session, acting, category, because, {}, {"name": name, "explanation": category.explanation})
    audit.record(
        session, acting=acting, action="added", noun=NOUN, noun_id=category.code, village_id=village_id
    )
    return category


def changes(code: str) -> Select[SettingHistory]:
    """The query of what was changed on an entry, the newest first. Who changed it, officers may read."""
    return setting_history.changes(NOUN, code)


def history(session: Session, code: str, limit: int = 100) -> Sequence[SettingHistory]:
    """The newest changes of an entry, see `changes`."""
    return session.scalars(changes(code).limit(limit)).all()


def _is_extra(category: DisclosureCategory) -> bool:
    return category.active and not category.fixed and category.parent_code is None


def _new_code() -> str:
    """A code nobody reads; letters alone, as all codes are."""
    return "x_" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))


def _locked(session: Session, code: str) -> DisclosureCategory:
    category = find(session, code)
    session.refresh(category, with_for_update=True)
    return category


def _reason(given: str) -> str:
    reason = text.clean(given)
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(
            "category.reason_missing", f"请写明修改的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    return reason


def _remember(
    session: Session,
    acting: Actor,
    category: DisclosureCategory,
    reason: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    setting_history.remember(
        session,
        acting=acting,
        noun=NOUN,
        key=category.code,
        reason=reason,
        before={key: _plain(value) for key, value in before.items()},
        after={key: _plain(value) for key, value in after.items()},
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value

"""Reference data that every installation starts with; loaded after each migration.

The 10+X list (10+X 公开清单) stands in `app/assets/reference/categories.toml`; beside it the tender limits
(招标限额) and the benefits that exclude each other (互斥补助). Rows that the county has changed are left
alone: missing ones are added, and those filled that an older schema left empty (revision 0).
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import ComplaintCategory, ComplaintClass, DisclosureCategory
from app.services import benefit_exclusions, tender_limits
from app.services.category_rules import EDITABLE, check_changes

REFERENCE = Path(__file__).resolve().parents[1] / "assets" / "reference"
CATEGORIES = REFERENCE / "categories.toml"
COMPLAINTS = REFERENCE / "complaints.toml"

DEFAULT_COMPLAINT_CATEGORY = "complaint"
CLASS_DEFAULTS: dict[str, Any] = {
    "accept_days": 1,
    "reply_hours": 8,
    "target_hours": 1,
    "finish_in_calendar_days": False,
    "extensions_most": 2,
    "skips_village": False,
    "anonymise_days": None,
    "delete_days": None,
}


@cache
def categories() -> tuple[dict[str, Any], ...]:
    """The entries of the seed file as columns of the table, checked as an edit is. Raises BadInput for an
    entry that the county could not have entered either."""
    with CATEGORIES.open("rb") as file:
        entries = tomllib.load(file)["category"]
    return tuple(_row(position, entry) for position, entry in enumerate(entries, start=1))


def _row(position: int, entry: dict[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in entry.items() if key in EDITABLE}
    return {
        "code": entry["code"],
        "fixed": entry.get("fixed", False),
        "parent_code": entry.get("parent"),
        **check_changes({**values, "position": position}, None),
    }


def load(session: Session) -> None:
    """Add the entries that are missing, fill those that nobody has filled yet. Idempotent."""
    done = set(session.scalars(select(DisclosureCategory.code).where(DisclosureCategory.revision > 0)))
    for row in categories():
        if row["code"] in done:
            continue
        filled = {"revision": 1, **{key: value for key, value in row.items() if key != "code"}}
        statement = insert(DisclosureCategory).values(code=row["code"], **filled)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[DisclosureCategory.code],
                set_=filled,
                where=DisclosureCategory.revision == 0,
            )
        )
    _load_complaints(session)
    tender_limits.load(session)
    benefit_exclusions.load(session)


def _load_complaints(session: Session) -> None:
    """Classes and categories of complaints that are missing; classes that an older schema left without a
    source are filled."""
    with COMPLAINTS.open("rb") as file:
        entries = tomllib.load(file)
    classes = insert(ComplaintClass).values(
        [
            CLASS_DEFAULTS | entry | {"position": position}
            for position, entry in enumerate(entries["class"], start=1)
        ]
    )
    filled = {name: classes.excluded[name] for name in (*CLASS_DEFAULTS, "finish_days", "extension_days")}
    session.execute(
        classes.on_conflict_do_update(
            index_elements=[ComplaintClass.code],
            set_={**filled, "name": classes.excluded.name, "source": classes.excluded.source},
            where=ComplaintClass.source == "",
        )
    )
    categories = [
        {
            "code": entry["code"],
            "name": entry["name"],
            "position": position,
            "class_code": entry["class"],
            "line": entry.get("line"),
            "skips_village": entry.get("skips_village", False),
            "active": True,
        }
        for position, entry in enumerate(entries["category"], start=1)
    ]
    session.execute(insert(ComplaintCategory).values(categories).on_conflict_do_nothing())

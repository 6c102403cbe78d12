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

from app.models import ComplaintCategory, DisclosureCategory
from app.services import benefit_exclusions, tender_limits
from app.services.category_rules import EDITABLE, check_changes

CATEGORIES = Path(__file__).resolve().parents[1] / "assets" / "reference" / "categories.toml"

# code, name, days to accept, days to finish (work days), skips the village.
# Accepting within one work day and finishing within 3, 5, 10 or 15 follow published county rules;
# 20 calendar days for disclosure matters is the provincial implementing rule, taken here as work days
# minus weekends: 14, the stricter reading.
COMPLAINT_CATEGORIES = (
    ("consultation", "咨询了解", 1, 3, False),
    ("request", "求助办事", 1, 5, False),
    ("public_works", "设施维修", 1, 5, False),
    ("finance", "村级财务", 1, 10, False),
    ("leasing", "土地与发包", 1, 10, False),
    ("house_building", "农村建房", 1, 10, False),
    ("complaint", "意见投诉", 1, 10, False),
    ("disclosure", "公开不及时不真实", 1, 14, False),
    ("cadre_conduct", "反映干部作风", 1, 15, True),
)
DEFAULT_COMPLAINT_CATEGORY = "complaint"


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
    session.execute(
        insert(ComplaintCategory)
        .values(
            [
                {
                    "code": code,
                    "name": name,
                    "position": position,
                    "accept_days": accept,
                    "finish_days": finish,
                    "skips_village": skips,
                    "active": True,
                }
                for position, (code, name, accept, finish, skips) in enumerate(COMPLAINT_CATEGORIES, start=1)
            ]
        )
        .on_conflict_do_nothing()
    )
    tender_limits.load(session)
    benefit_exclusions.load(session)

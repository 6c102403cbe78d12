"""The type of a field is fixed once the field is there."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.core.errors import BadInput
from app.models import DisclosureCategory
from app.services import categories
from tests.factories import ROOT


def test_a_field_keeps_its_type(session: Session) -> None:
    """What is stored is read by its type, and persons are found by theirs."""
    columns = [dict(one) for one in session.get_one(DisclosureCategory, "hardship_aid").columns]
    for one in columns:
        one["type"] = "text" if one["type"] == "person" else one["type"]
    with pytest.raises(BadInput, match="不能换类型"):
        categories.edit(
            session, acting=ROOT, code="hardship_aid", changes={"columns": columns}, reason="改表"
        )

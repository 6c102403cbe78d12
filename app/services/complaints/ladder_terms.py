"""The county's setting of the ladder that late complaints climb (督办阶梯)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.services.setting_types import SettingType

Days = Annotated[int, Field(strict=True, ge=1, le=60)]


class ComplaintLadder(SettingType):
    """`remind_before`: calendar days before the promised day when the handler is reminded; then work days:
    `accept`: after the day by which it should have been accepted, it goes one level up, and again; `town`
    and `county`: after the promised day it goes to the town and to the county; `again`: the county is
    reminded of what is still open."""

    remind_before: Days
    accept: Days
    town: Days
    county: Days
    again: Days


DEFAULT = ComplaintLadder(remind_before=3, accept=1, town=1, county=5, again=1)

"""The county's setting of the escalation ladder (督办阶梯): by when what has to happen, else who is told."""

from __future__ import annotations

import enum
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.services.setting_types import SettingType

WorkDays = Annotated[int, Field(strict=True, ge=1, le=120)]


class Level(enum.StrEnum):
    """town 镇街, county 区级: whose inspectors are told."""

    TOWN = "town"
    COUNTY = "county"


class Deadlines(SettingType):
    """Work days after firing: by `acknowledge` it is taken in hand, or the town is told; by `mend` it is
    mended or explained, or the county is told."""

    acknowledge: WorkDays
    mend: WorkDays

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.mend < self.acknowledge:
            raise ValueError("整改期限不能早于签收期限")
        return self


class Ladder(SettingType):
    """The ladder of each colour; `review`: work days in which a second person reviews, or the county is told;
    `again`: how often the county is reminded of what is still not closed."""

    yellow: Deadlines
    red: Deadlines
    review: WorkDays
    again: WorkDays


DEFAULT = Ladder(
    yellow=Deadlines(acknowledge=3, mend=15),
    red=Deadlines(acknowledge=1, mend=10),
    review=5,
    again=5,
)

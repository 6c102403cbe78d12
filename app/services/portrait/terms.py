"""The county's settings of portraits: how much each indicator weighs, and how points are made."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from app.services.portrait.indicators import KEYS
from app.services.setting_types import SettingType

Points = Annotated[StrictInt, Field(ge=0, le=100)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]
FULL = 100

DEFAULT_WEIGHTS: dict[str, int] = {
    "disclosure.on_time": 15,
    "disclosure.published": 10,
    "money.cashless": 9,
    "money.purpose": 3,
    "money.budget": 7,
    "money.single": 6,
    "contracts.current": 7,
    "contracts.rent": 8,
    "people.first_reply": 5,
    "people.on_time": 8,
    "people.satisfied": 7,
    "alerts.left_open": 15,
}


class Weights(SettingType):
    """Points of each indicator, 100 together; all are named, 0 leaves one out."""

    points: dict[str, Points]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.points) != set(KEYS):
            raise ValueError("每一项指标都要有分值，不能多也不能少")
        if sum(self.points.values()) != FULL:
            raise ValueError("各项分值加起来要等于 100")
        return self


class Method(SettingType):
    """How points are made.

    `months`: how far rows count back. `pull` (k): a village with n rows weighs n/(n+k) on its own figure, the
    rest on its peers' median. `green`, `yellow`: bands from so many points. `least_confidence`: below it
    there is no band. `rules_percent`: how much of the confidence rests on rules that could be computed. An
    open warning past its deadline (`grace_days` after firing, where it has no ladder) takes more of the
    component every day, up to `red_percent` or `yellow_percent` after `full_days`."""

    months: Annotated[StrictInt, Field(ge=1, le=36)] = 12
    pull: Annotated[StrictInt, Field(ge=0, le=1000)] = 10
    green: Points = 85
    yellow: Points = 70
    least_confidence: Percent = 60
    rules_percent: Percent = 30
    red_percent: Percent = 40
    yellow_percent: Percent = 15
    grace_days: Annotated[StrictInt, Field(ge=1, le=366)] = 21
    full_days: Annotated[StrictInt, Field(ge=1, le=366)] = 60

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.yellow >= self.green:
            raise ValueError("黄色的起点要低于绿色的起点")
        if self.yellow_percent > self.red_percent:
            raise ValueError("黄色预警扣的不能比红色多")
        return self


WEIGHTS = Weights(points=DEFAULT_WEIGHTS)
METHOD = Method()

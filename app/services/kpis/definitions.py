"""The definitions of key figures: data in `app/assets/reference/kpis.toml`, checked against what `sources`
allows before anything is computed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.core.errors import NotFound
from app.services.kpis.sources import ATTRIBUTES, SOURCES

FILE = Path(__file__).resolve().parents[2] / "assets" / "reference" / "kpis.toml"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Value = bool | int | str | list[str]
Operator = Literal["=", "!=", "in", ">=", "<=", "null", "filled"]
Condition = tuple[Name, Operator] | tuple[Name, Operator, Value]
UNITS = {
    "share": "比例",
    "change": "增减比例",
    "number": "数",
    "minutes": "分钟（工作时间）",
    "days": "天",
    "fen": "分",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Strict):
    """What stands above or below the line: a measure over rows of a source, or a number of the village."""

    source: Name | None = None
    measure: Literal["count", "sum", "median", "p90"] | None = None
    field: Name | None = None
    day: Name | None = None
    where: tuple[Condition, ...] = ()
    window: Literal["period", "until"] = "period"
    attribute: Name | None = None

    @property
    def ranked(self) -> bool:
        """Whether it is a median or the like, which cannot be added up."""
        return self.measure in ("median", "p90")

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if self.attribute is not None:
            if self.attribute not in ATTRIBUTES or self.source is not None:
                raise ValueError(f"no such number of a village: {self.attribute}")
            return self
        source = SOURCES.get(self.source or "")
        if source is None or self.measure is None or self.day is None:
            raise ValueError("a part needs a known source, a measure and a day")
        kinds = {name: one.kind for name, one in source.fields.items()}
        if kinds.get(self.day) != "day":
            raise ValueError(f"no day field of {self.source}: {self.day}")
        if (self.measure == "count") != (self.field is None):
            raise ValueError("count has no field, every other measure has one")
        if self.field is not None and kinds.get(self.field) != "number":
            raise ValueError(f"no number of {self.source}: {self.field}")
        for condition in self.where:
            self._check(condition, kinds)
        return self

    def _check(self, condition: Condition, kinds: Mapping[str, str]) -> None:
        name, operator, *value = condition
        if name not in kinds:
            raise ValueError(f"no field of {self.source}: {name}")
        if bool(value) == (operator in ("null", "filled")):
            raise ValueError(f"{operator} with or without a value")
        if value and isinstance(value[0], list) != (operator == "in"):
            raise ValueError("a list goes with in, and only with it")
        truth = kinds[name] == "truth"
        if value and isinstance(value[0], bool) != truth:
            raise ValueError(f"{name} is compared with another kind of value")


class Kpi(_Strict):
    """One key figure. `by`: also told apart by this field of both parts' source.
    `empty`: what it means that no row stands above the line: nothing happened, or nothing is known."""

    key: Name
    title: str
    words: str
    source: str
    goal: str
    unit: Literal["share", "change", "number", "minutes", "days", "fen"]
    numerator: Part
    denominator: Part | None = None
    scale: int = 1
    annual: bool = False
    compare: Literal["year_before"] | None = None
    by: Name | None = None
    empty: Literal["zero", "unknown"] = "zero"
    ripe_days: int = Field(default=0, ge=0, le=366)
    minimum_cell: int = Field(default=0, ge=0, le=50)
    protects: Literal["numerator", "denominator"] = "denominator"

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        parts = [part for part in (self.numerator, self.denominator) if part is not None]
        if self.by is not None and any(
            part.source is None or self.by not in SOURCES[part.source].fields for part in parts
        ):
            raise ValueError(f"not a field of both parts: {self.by}")
        if self.denominator is not None and (self.denominator.ranked or self.numerator.ranked):
            raise ValueError("a median has nothing below the line")
        if self.compare and (self.denominator is not None or self.numerator.ranked):
            raise ValueError("only a sum or a count is compared with the year before")
        if self.numerator.attribute is not None:
            raise ValueError("what stands above the line is counted")
        return self


@cache
def definitions() -> dict[str, Kpi]:
    """All definitions by key, in the order of the file. Raises pydantic's ValidationError for one that names
    what is not allowed."""
    with FILE.open("rb") as file:
        found = [Kpi.model_validate(entry) for entry in tomllib.load(file)["kpi"]]
    return {kpi.key: kpi for kpi in found}


def find(key: str) -> Kpi:
    """The definition with this key. Raises NotFound."""
    kpi = definitions().get(key)
    if kpi is None:
        raise NotFound("kpi.not_found", f"没有名为「{key[:60]}」的指标。", key=key[:60])
    return kpi

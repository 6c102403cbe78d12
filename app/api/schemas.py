"""Types that the nouns of the REST face share: texts that the database can hold, dates, amounts, problems.

Every text has a length and refuses NUL, which PostgreSQL cannot store; every number fits its column."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.core.money import LIMIT_FEN
from app.models import Officer, Organisation
from app.models.organisations import OrganisationKind

NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2199, 12, 31)
LARGEST_INT = 2**31 - 1
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """What callers send. Unknown fields are refused, so that a slip of the pen is not silently lost."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What callers get, built from rows."""

    model_config = ConfigDict(from_attributes=True)


def _text(limit: int, pattern: str) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=limit, pattern=pattern)


Word = Annotated[str, _text(60, NOT_BLANK)]
Line = Annotated[str, _text(200, NOT_BLANK)]
OptionalLine = Annotated[str, _text(200, NO_NUL)]
Paragraph = Annotated[str, _text(2000, NOT_BLANK)]
OptionalParagraph = Annotated[str, _text(2000, NO_NUL)]
Essay = Annotated[str, _text(20_000, NO_NUL)]
Answer = Annotated[str, _text(5000, NOT_BLANK)]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,15}$"),
    Field(description="单位代码：小写字母、数字和连字符，最多 16 位", examples=["donglian"]),
]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
RuleKey = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_.]{1,60}$"),
    Field(description="规则代码", examples=["contract.expiring"]),
]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+][0-9 -]{4,19}$"), Field(examples=["13800000000"])]
Password = Annotated[
    str,
    StringConstraints(min_length=8, max_length=256, pattern=NO_NUL),
    Field(description="至少 8 位", examples=["zhaoxia-2026-wanan"]),
]
UploadToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,80}$")]
Version = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=LARGEST_INT)] | None,
    Field(description="您看到的版本号；与现在的不同则返回 409，不填则不核对"),
]
Fen = Annotated[
    int, Field(strict=True, ge=0, le=LIMIT_FEN, description="金额，单位：分", examples=[3_600_000])
]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


def _day(value: object) -> object:
    """Only whole dates as 2026-03-05, in the years that village ledgers can be about."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        raise ValueError("日期请写成 2026-03-05 这样的形式")
    day = date.fromisoformat(value)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"日期应在 {FIRST_DAY} 到 {LAST_DAY} 之间")
    return day


Day = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"}, mode="validation")
]


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/docs/errors#complaint.changed"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(description="稳定的错误代码", examples=["complaint.changed"])
    detail: str = Field(
        description="给人看的说明", examples=["刚才有人处理过这件诉求，请刷新页面看清楚再办。"]
    )


class OrganisationRef(Out):
    """An organisation as other things name it."""

    code: str = Field(examples=["donglian"])
    name: str = Field(examples=["东联村"])
    kind: OrganisationKind


class OfficerRef(Out):
    """An officer as other things name him."""

    id: uuid.UUID
    name: str = Field(examples=["李联络"])


def place(organisation: Organisation) -> OrganisationRef:
    """The short form of an organisation."""
    return OrganisationRef.model_validate(organisation)


def person(officer: Officer | None) -> OfficerRef | None:
    """The short form of an officer, if there is one."""
    return OfficerRef.model_validate(officer) if officer else None


Cell = Annotated[str, _text(200, NO_NUL)] | Annotated[int, Field(strict=True, ge=-LIMIT_FEN, le=LIMIT_FEN)]
Figures = Annotated[dict[Word, Cell], Field(max_length=20)]


class Table(Body):
    """A small table of a disclosure: every row has as many cells as there are columns."""

    columns: list[Word] = Field(min_length=1, max_length=12, examples=[["日期", "用途", "金额（元）"]])
    rows: list[list[Cell]] = Field(max_length=500, examples=[[["2026-03-12", "河道保洁", "1200.00"]]])

    @model_validator(mode="after")
    def _same_width(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("每一行的格数要和列数相同")
        return self


class TableOut(Out):
    """A table as it is stored."""

    columns: list[str]
    rows: list[list[JsonValue]]

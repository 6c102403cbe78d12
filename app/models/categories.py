"""码上知: the 10+X list (10+X 公开清单) as data: what is owed, how often, by whom, with which fields."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, str_enum
from app.models.people import Role


class Cadence(enum.StrEnum):
    """month 每月, quarter 每季度, year 每年; on_change 有变动就公开; event 某件事发生后几天内公开."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ON_CHANGE = "on_change"
    EVENT = "event"


class DayUnit(enum.StrEnum):
    """calendar 自然日, work 工作日."""

    CALENDAR = "calendar"
    WORK = "work"


class Layout(enum.StrEnum):
    """How the records of an item are shown: table 明细表, timeline 时间线, flow 流程图, text 正文."""

    TABLE = "table"
    TIMELINE = "timeline"
    FLOW = "flow"
    TEXT = "text"


class FieldType(enum.StrEnum):
    """text 一行字, long_text 一段话, money 金额, number 数, date 日期, month 月份, person 姓名,
    group 村民小组, birth 出生日期, id_card 身份证号, phone 电话, bank 银行账号, illness 病因, choice 选项,
    yes_no 是否."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    MONTH = "month"
    PERSON = "person"
    GROUP = "group"
    BIRTH = "birth"
    ID_CARD = "id_card"
    PHONE = "phone"
    BANK = "bank"
    ILLNESS = "illness"
    CHOICE = "choice"
    YES_NO = "yes_no"


# Shown to nobody outside, whatever a definition says.
SECRET = frozenset({FieldType.BIRTH, FieldType.ID_CARD, FieldType.BANK, FieldType.ILLNESS})
PERSONAL = SECRET | {FieldType.PERSON, FieldType.GROUP}
# A phone among an item's own fields is the office's; one in a record is somebody's.
PERSONAL_IN_RECORDS = PERSONAL | {FieldType.PHONE}
NUMERIC = frozenset({FieldType.MONEY, FieldType.NUMBER})


class DisclosureCategory(Base):
    """One entry of the 10+X list. `fixed` ones every village must publish; one with a `village_id` is a
    village's own X. `parent_code` names the entry under whose tile it is shown.

    `due_days`: it is due so many days (`due_unit`) after the period ends, or after the event that `event`
    describes. `notice_days` of `notice_unit` it must stay open to objections (公示期); 0 asks for no notice.
    `review_days` work days the reviewer has. `fields` are the item's own fields and `columns` those of its
    records, see `services.disclosures.fields`. `person_days`: person-level data leave so many days after the
    notice ended, null keeps them. `excusable` names kinds of personal data (`core.pii.Kind`) that may stay
    with a written reason. `source` is the legal source; outside `in_force_from`…`in_force_until`, and when
    not `active`, nothing is owed. `revision` 0 is a row that the seed file has not filled yet."""

    __tablename__ = "disclosure_category"
    __table_args__ = (Index("ix_disclosure_category_village_id", "village_id"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    fixed: Mapped[bool]
    explanation: Mapped[str] = mapped_column(default="")
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("disclosure_category.code"))
    village_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    cadence: Mapped[Cadence] = mapped_column(
        str_enum(Cadence), default=Cadence.ON_CHANGE, server_default=Cadence.ON_CHANGE.value
    )
    due_days: Mapped[int] = mapped_column(default=0, server_default="0")
    due_unit: Mapped[DayUnit] = mapped_column(
        str_enum(DayUnit), default=DayUnit.CALENDAR, server_default=DayUnit.CALENDAR.value
    )
    event: Mapped[str] = mapped_column(default="", server_default="")
    notice_days: Mapped[int] = mapped_column(default=0, server_default="0")
    notice_unit: Mapped[DayUnit] = mapped_column(
        str_enum(DayUnit), default=DayUnit.CALENDAR, server_default=DayUnit.CALENDAR.value
    )
    drafted_by: Mapped[Role] = mapped_column(
        str_enum(Role), default=Role.INFORMATION_OFFICER, server_default=Role.INFORMATION_OFFICER.value
    )
    reviewed_by: Mapped[Role] = mapped_column(
        str_enum(Role), default=Role.LIAISON_OFFICER, server_default=Role.LIAISON_OFFICER.value
    )
    review_days: Mapped[int] = mapped_column(default=2, server_default="2")
    layout: Mapped[Layout] = mapped_column(
        str_enum(Layout), default=Layout.TABLE, server_default=Layout.TABLE.value
    )
    fields: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    columns: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    person_days: Mapped[int | None]
    excusable: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default="{}")
    source: Mapped[str] = mapped_column(default="", server_default="")
    in_force_from: Mapped[date | None]
    in_force_until: Mapped[date | None]
    revision: Mapped[int] = mapped_column(default=1, server_default="0")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012

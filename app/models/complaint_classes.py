"""码上办: how complaints are classed: classes with their deadlines, categories, routes, reply templates."""

from __future__ import annotations

import enum
import uuid

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.organisations import Line


class Level(enum.StrEnum):
    """Which level handles it."""

    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"


class ComplaintClass(Base):
    """A class of complaints (分级): consultation 咨询, request 求助, complaint 投诉, hard 疑难, disclosure
    公开事项, cadre_conduct 反映干部, with its deadlines, all settings of the county. Accepting and finishing
    count work days, the first reply working hours (`target_hours`: what good offices reach);
    `finish_in_calendar_days` where the law counts those for finishing. `extension_days`: work days that one
    extension adds. `skips_village`: goes past the village, and never stands in a public list.
    `anonymise_days` and `delete_days` after closing; null keeps. `source`: where the numbers come from."""

    __tablename__ = "complaint_class"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    accept_days: Mapped[int]
    reply_hours: Mapped[int]
    target_hours: Mapped[int]
    finish_days: Mapped[int]
    finish_in_calendar_days: Mapped[bool] = mapped_column(default=False)
    extensions_most: Mapped[int]
    extension_days: Mapped[int]
    skips_village: Mapped[bool] = mapped_column(default=False)
    anonymise_days: Mapped[int | None]
    delete_days: Mapped[int | None]
    source: Mapped[str]


class ComplaintCategory(Base):
    """What a complaint is about (诉求类别). `class_code`: the class it begins in; `line`: the department
    whose matter it is. `skips_village` sends it past the village, for matters about the village's own
    cadres."""

    __tablename__ = "complaint_category"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    class_code: Mapped[str] = mapped_column(
        ForeignKey("complaint_class.code"), default="complaint", server_default="complaint"
    )
    line: Mapped[Line | None] = mapped_column(str_enum(Line))
    skips_village: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    grade: Mapped[ComplaintClass] = relationship(lazy="raise")


class ComplaintRoute(RandomKey, Created, Base):
    """Where complaints of a category, class and area go first (分办规则): to a `level`, or to the department
    of a `line`. Null fits all; the route that says most wins (area before category before class). Without
    one: the village, or the town for what skips the village."""

    __tablename__ = "complaint_route"
    __table_args__ = (
        UniqueConstraint("area_id", "category_code", "class_code", postgresql_nulls_not_distinct=True),
    )

    area_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str | None] = mapped_column(ForeignKey("complaint_category.code"))
    class_code: Mapped[str | None] = mapped_column(ForeignKey("complaint_class.code"))
    level: Mapped[Level] = mapped_column(str_enum(Level))
    line: Mapped[Line | None] = mapped_column(str_enum(Line))


class ReplyTemplate(RandomKey, Created, Base):
    """Words that an office answers with often (常用答复), its own and those of the offices above it."""

    __tablename__ = "reply_template"
    __table_args__ = (UniqueConstraint("organisation_id", "title"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str | None] = mapped_column(ForeignKey("complaint_category.code"))
    title: Mapped[str]
    text: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)

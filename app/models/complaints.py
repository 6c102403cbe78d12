"""码上办: complaints with their events, assignments, exclusions and ratings.

All keys are random. The times of an anonymous complaint are whole days everywhere."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Json, RandomKey, str_enum
from app.models.complaint_classes import ComplaintCategory, ComplaintClass, Level
from app.models.organisations import Organisation
from app.models.people import Officer


class ComplaintState(enum.StrEnum):
    """filed 待受理 → accepted 办理中 → answered 已答复 → closed 已办结; answered → filed when reopened."""

    FILED = "filed"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    CLOSED = "closed"


class ComplaintChannel(enum.StrEnum):
    """Where it came in: chat 公众号对话, page 网页, miniprogram 小程序, proxy 代为登记."""

    CHAT = "chat"
    PAGE = "page"
    MINIPROGRAM = "miniprogram"
    PROXY = "proxy"


class Outcome(enum.StrEnum):
    """How the last answer dealt with it: answered 已答复, returned 不属受理范围 (with the right address),
    merged 并案 (answered together with another), withdrawn 村民撤回."""

    ANSWERED = "answered"
    RETURNED = "returned"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


class Complaint(RandomKey, Base):
    """A complaint or request (诉求). `villager_id` is null and `receipt_digest` set when anonymous; one that
    was filed by an officer for somebody (代为登记) has a receipt too, and `filed_by`.

    `hidden`: named to the offices above, hidden from the village (对村保密). `accept_at`, `reply_at`,
    `finish_at`: the moments (UTC) after which accepting, the first reply and the answer are late; they are
    counted in work days and working hours from `clock_from` and `extended_days`, under the calendar whose
    digest is `counted_under`, and nothing that anybody writes moves them. `first_replied_at`: when the office
    first wrote something to the complainant (asked back or answered). `step` and `step_at`: which step of
    the escalation ladder comes next and when; null when none. `unsatisfied`: how often an answer was rated
    so. `merged_into_id`: the complaint with which it
    is handled (并案). `held_until`: legal hold (暂停清理). `erased_at`: its contents are gone, the row is a
    tombstone."""

    __tablename__ = "complaint"
    __table_args__ = (
        Index("ix_complaint_village_id_state_filed_at", "village_id", "state", "filed_at"),
        Index("ix_complaint_filed_at_id", "filed_at", "id"),
        Index("ix_complaint_open_finish_at", "finish_at", postgresql_where=text("state <> 'closed'")),
        Index("ix_complaint_step_at", "step_at", postgresql_where=text("step_at IS NOT NULL")),
        Index("ix_complaint_answered_at", "answered_at", postgresql_where=text("state = 'answered'")),
        Index("ix_complaint_tokens", "tokens", postgresql_using="gin"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("complaint_category.code"))
    class_code: Mapped[str] = mapped_column(
        ForeignKey("complaint_class.code"), default="complaint", server_default="complaint"
    )
    channel: Mapped[ComplaintChannel] = mapped_column(str_enum(ComplaintChannel))
    state: Mapped[ComplaintState] = mapped_column(str_enum(ComplaintState), default=ComplaintState.FILED)
    outcome: Mapped[Outcome | None] = mapped_column(str_enum(Outcome))
    level: Mapped[Level] = mapped_column(str_enum(Level), default=Level.VILLAGE)
    anonymous: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False, server_default="false")
    villager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("villager.id"), index=True)
    filed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    receipt_digest: Mapped[str | None] = mapped_column(unique=True)
    content: Mapped[str]
    place: Mapped[str] = mapped_column(default="", server_default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    tokens: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)
    filed_at: Mapped[datetime]
    clock_from: Mapped[datetime | None]
    accept_at: Mapped[datetime]
    reply_at: Mapped[datetime | None]
    finish_at: Mapped[datetime]
    promised_on: Mapped[date]
    provisional: Mapped[bool] = mapped_column(default=False)
    counted_under: Mapped[str] = mapped_column(default="", server_default="")
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")
    extended_days: Mapped[int] = mapped_column(default=0, server_default="0")
    accepted_at: Mapped[datetime | None]
    first_replied_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    step_at: Mapped[datetime | None]
    escalations: Mapped[int] = mapped_column(default=0, server_default="0")
    reopened: Mapped[int] = mapped_column(default=0)
    unsatisfied: Mapped[int] = mapped_column(default=0, server_default="0")
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("complaint.id"), index=True)
    publishable: Mapped[bool] = mapped_column(default=False, server_default="false")
    held_until: Mapped[date | None]
    anonymised_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    category: Mapped[ComplaintCategory] = relationship(lazy="raise")
    grade: Mapped[ComplaintClass] = relationship(lazy="raise")
    events: Mapped[list[ComplaintEvent]] = relationship(lazy="raise", order_by="ComplaintEvent.position")
    assignments: Mapped[list[Assignment]] = relationship(lazy="raise", order_by="Assignment.since")
    subjects: Mapped[list[ComplaintSubject]] = relationship(lazy="raise")
    rating: Mapped[list[Rating]] = relationship(lazy="raise", order_by="Rating.round")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class EventKind(enum.StrEnum):
    """The steps of a complaint's timeline."""

    FILED = "filed"
    ADDED = "added"
    ASSIGNED = "assigned"
    JOINED = "joined"
    NOTIFIED = "notified"
    ACCEPTED = "accepted"
    ASKED = "asked"
    TRANSFERRED = "transferred"
    REGRADED = "regraded"
    EXTENDED = "extended"
    ANSWERED = "answered"
    RETURNED = "returned"
    MERGED = "merged"
    RATED = "rated"
    REOPENED = "reopened"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    UNSEALED = "unsealed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    RECUSED = "recused"
    CLOSED = "closed"
    ERASED = "erased"
    NOTE = "note"


class ComplaintEvent(RandomKey, Base):
    """One step of a complaint, in order of `position`. `visible` ones the complainant sees."""

    __tablename__ = "complaint_event"
    __table_args__ = (UniqueConstraint("complaint_id", "position"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"))
    position: Mapped[int]
    kind: Mapped[EventKind] = mapped_column(str_enum(EventKind))
    at: Mapped[datetime]
    visible: Mapped[bool] = mapped_column(default=True)
    who: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(default="")
    data: Mapped[Json] = mapped_column(default=dict)


class AssignmentKind(enum.StrEnum):
    """lead 主办, joint 协办 (asked to join by the one who handles it), watch 督办 (the next level up was told
    that it is late)."""

    LEAD = "lead"
    JOINT = "joint"
    WATCH = "watch"


class Assignment(RandomKey, Base):
    """Whose desk a complaint lies on: an organisation and, when one was found, an officer. At most one
    running `lead`."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_officer_id", "officer_id", postgresql_where=text("until IS NULL")),
    )

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), index=True)
    kind: Mapped[AssignmentKind] = mapped_column(
        str_enum(AssignmentKind), default=AssignmentKind.LEAD, server_default="lead"
    )
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    level: Mapped[Level] = mapped_column(str_enum(Level))
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    officer: Mapped[Officer | None] = relationship(lazy="raise")


class SubjectSource(enum.StrEnum):
    """chosen 村民选定, named 文字中点名, added 办理人补充, recused 自行回避."""

    CHOSEN = "chosen"
    NAMED = "named"
    ADDED = "added"
    RECUSED = "recused"


class ComplaintSubject(Base):
    """An officer whom a complaint is about (被反映人). He, his subordinates in that village, whoever shares
    his phone and his declared kin are excluded from everything that concerns it (回避); who that is now,
    `services.access_complaints` works out at every reading."""

    __tablename__ = "complaint_subject"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"), primary_key=True, index=True)
    source: Mapped[SubjectSource] = mapped_column(
        str_enum(SubjectSource), default=SubjectSource.NAMED, server_default="named"
    )


class ComplaintCadre(Base):
    """A village cadre without an account here whom a complaint is about, known by name from the declarations
    of the village (干部亲属申报). `leads`: he heads the village, so that all its officers are his
    subordinates and the village does not get the complaint."""

    __tablename__ = "complaint_cadre"
    __table_args__ = (Index("ix_complaint_cadre_village_id_name_key", "village_id", "name_key"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    name_key: Mapped[str] = mapped_column(primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    leads: Mapped[bool] = mapped_column(default=False)
    source: Mapped[SubjectSource] = mapped_column(str_enum(SubjectSource), default=SubjectSource.NAMED)


class Satisfaction(enum.StrEnum):
    """satisfied 满意, partly 基本满意, unsatisfied 不满意. No answer is "not rated", never satisfied."""

    SATISFIED = "satisfied"
    PARTLY = "partly"
    UNSATISFIED = "unsatisfied"


class Rating(RandomKey, Base):
    """What the complainant thinks of the answer; one per round of answering."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("complaint_id", "round"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"))
    round: Mapped[int]
    satisfaction: Mapped[Satisfaction] = mapped_column(str_enum(Satisfaction))
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

"""What callers send and get about disclosures."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, JsonValue
from sqlalchemy.orm import Session

from app.api.schemas import (
    Body,
    CategoryCode,
    Code,
    Essay,
    Figures,
    OfficerRef,
    OptionalLine,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Paragraph,
    Table,
    TableOut,
    UploadToken,
    Word,
    person,
    place,
)
from app.api.uploads import FileOut, file_out
from app.models import DisclosureVersion, Officer
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import access
from app.services import disclosures as service
from app.services.actors import Actor

Period = Annotated[OptionalLine, Field(max_length=10)]
Filled = Annotated[dict[str, JsonValue], Field(max_length=40)]
NoticeDays = Annotated[int, Field(strict=True, ge=1, le=366)]
Seen = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=100_000)] | None,
    Field(description="您看到的是第几稿；与现在的不同则返回 409，不填则不核对"),
]


class CategoryRef(Out):
    """An entry of the 10+X list, as other things name it."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    fixed: bool = Field(description="十项必须公开的之一")
    explanation: str


class VersionOut(Out):
    """One text of a disclosure; never changed once published."""

    number: int
    title: str
    summary: str = Field(description="一句话说明")
    body: str
    figures: dict[str, JsonValue] = Field(description="数字：名称 → 值")
    table: TableOut | None
    reason: str = Field(description="更正原因，会公开；第一版为空")
    created_at: datetime
    published_at: datetime | None = Field(description="什么时候公开；没有公开过为空")
    filled: dict[str, JsonValue] | None = Field(description="按类别栏目填的内容，只有本村人员和上级能看到")
    records: list[dict[str, JsonValue]] | None = Field(description="按类别明细栏目填的各行，同上")


class DisclosureOut(Out):
    """A disclosure as lists show it."""

    id: uuid.UUID
    village: OrganisationRef
    category: CategoryRef
    kind: DisclosureKind
    state: DisclosureState
    title: str
    summary: str
    period: str | None = Field(description="所属期间", examples=["2026-03"])
    contract_id: uuid.UUID | None = Field(description="重新招租公告所对应的合同")
    project_id: uuid.UUID | None = Field(description="所属工程")
    created_at: datetime
    submitted_at: datetime | None
    review_due_at: datetime | None = Field(description="审核期限；不在审核中为空")
    publish_at: datetime | None = Field(description="定时公开的时间")
    published_at: datetime | None
    notice_days: int | None = Field(description="公示几天，按类别算自然日或工作日")
    notice_until: date | None = Field(description="公示到这一天")
    expires_at: datetime | None = Field(description="紧急通知的失效时间")
    pinned: bool = Field(description="紧急通知，置顶中")
    review_remark: str = Field(description="退回意见，只有本村人员和上级能看到")
    withdrawn_at: datetime | None
    withdrawn_because: str = Field(description="撤回原因，公开")
    current_version: int
    proposed_version: int | None = Field(description="正在写或等审核的更正是第几稿")
    proposed_state: DisclosureState | None
    version: int


class DisclosureDetail(DisclosureOut):
    """A disclosure with its texts and files."""

    author: OfficerRef | None
    reviewer: OfficerRef | None
    versions: list[VersionOut]
    files: list[FileOut]


class Text(Body):
    """What an information officer writes, new or as a correction.

    With `filled` and `records` (the category's own fields and columns) figures and table come from them."""

    title: Word = Field(examples=["三月份收支公开"])
    summary: Annotated[OptionalLine, Field(max_length=service.LONGEST_SUMMARY)] = Field(
        default="",
        description="一句话说明，最多 40 字；不填则按内容自动写",
        examples=["三月收入 12 万元，支出 8 万元。"],
    )
    body: Essay = ""
    figures: Figures = Field(default_factory=dict, examples=[{"收入": "12 万元", "支出": "8 万元"}])
    table: Table | None = None
    filled: Filled = Field(default_factory=dict, description="类别自己的栏目：栏目代码 → 值")
    records: list[Filled] = Field(default_factory=list, max_length=500, description="类别的明细行")
    uploads: list[UploadToken] = Field(default_factory=list, max_length=9, description="上传文件得到的 token")
    dropped: list[uuid.UUID] = Field(default_factory=list, max_length=50, description="不再要的附件")

    def values(self) -> dict[str, Any]:
        """As `service.Draft` takes it."""
        table = self.table.model_dump() if self.table else {}
        skipped = {"village", "category", "table", "reason", "seen", "instead_of"}
        return {**self.model_dump(exclude=skipped), "table": table}


class NewText(Text):
    """A draft's text with what it is about. A re-tender notice names its contract, an urgent one its end."""

    category: CategoryCode = Field(description="公开类别", examples=["finance"])
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None
    period: Period | None = Field(default=None, examples=["2026-03"])
    notice_days: NoticeDays | None = Field(default=None, description="公示几天；不填按类别的规定")
    publish_at: AwareDatetime | None = Field(default=None, description="希望什么时候公开")
    expires_at: AwareDatetime | None = Field(default=None, description="紧急通知的失效时间，最长 30 天")


class Revision(NewText):
    """A draft written anew."""

    seen: Seen = None


class NewDraft(NewText):
    """A draft of a village."""

    village: Code


class Correction(Text):
    """A corrected text and why. Category, kind, contract, project and period stay what they are."""

    reason: Paragraph = Field(description="更正原因，会公开", examples=["第 3 行金额多写了一个零。"])
    instead_of: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = Field(
        default=None, description="重写已有的更正：它是第几稿（proposed_version）；新写则不填"
    )


class Remark(Body):
    """Why it goes back or comes down; a reason for withdrawal becomes public."""

    remark: OptionalParagraph = Field(examples=["请补充每笔支出的说明。"])
    seen: Seen = None


class Decision(Body):
    """Which text was judged."""

    seen: Seen = None


class Approval(Decision):
    """When it is to come out."""

    publish_at: AwareDatetime = Field(
        description="什么时候公开，90 天之内", examples=["2026-10-01T09:00:00+08:00"]
    )


def short(item: service.Item, *, inside: bool) -> DisclosureOut:
    """A disclosure in a list; `inside` for those who may see the village's drafts."""
    row = item.disclosure
    tombstone = row.state == DisclosureState.WITHDRAWN and not inside
    return DisclosureOut(
        id=row.id,
        village=place(row.village),
        category=CategoryRef.model_validate(item.category),
        kind=row.kind,
        state=row.state,
        title=item.version.title,
        summary="" if tombstone else item.version.summary,
        period=row.period,
        contract_id=row.contract_id,
        project_id=row.project_id,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        review_due_at=row.review_due_at if inside else None,
        publish_at=row.publish_at,
        published_at=row.published_at,
        notice_days=row.notice_days,
        notice_until=row.notice_until,
        expires_at=row.expires_at,
        pinned=item.pinned,
        review_remark=row.review_remark if inside else "",
        withdrawn_at=row.withdrawn_at,
        withdrawn_because=row.withdrawn_because,
        current_version=row.current_version,
        proposed_version=row.proposed_version if inside else None,
        proposed_state=row.proposed_state if inside else None,
        version=row.lock_version,
    )


def detail(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> DisclosureDetail:
    """One disclosure as this actor may see it. Raises NotFound."""
    item = service.item(session, acting=acting, disclosure_id=disclosure_id)
    row = item.disclosure
    session.refresh(row, ["village"])
    inside = access.sees_drafts(session, acting, row.village_id)
    shown = row.proposed_version if inside else None
    return DisclosureDetail(
        **short(item, inside=inside).model_dump(),
        author=person(_officer(session, item.version.author_id)) if inside else None,
        reviewer=person(_officer(session, row.reviewer_id)) if inside else None,
        versions=[_version(one, inside) for one in service.versions(session, row, acting=acting)],
        files=[file_out(one) for one in service.files(session, acting=acting, disclosure=row, number=shown)],
    )


def rows(session: Session, acting: Actor, found: list[service.Item]) -> list[DisclosureOut]:
    """A page of a list."""
    inside: dict[uuid.UUID, bool] = {}
    for item in found:
        village = item.disclosure.village_id
        if village not in inside:
            inside[village] = access.sees_drafts(session, acting, village)
    return [short(item, inside=inside[item.disclosure.village_id]) for item in found]


def _officer(session: Session, key: uuid.UUID | None) -> Officer | None:
    return session.get(Officer, key) if key else None


def _version(row: DisclosureVersion, inside: bool) -> VersionOut:
    return VersionOut(
        number=row.number,
        title=row.title,
        summary=row.summary,
        body=row.body,
        figures=row.figures,
        table=TableOut.model_validate(row.table) if row.table else None,
        reason=row.reason,
        created_at=row.created_at,
        published_at=row.published_at,
        filled=(row.filled or {}) if inside else None,
        records=row.records if inside else None,
    )

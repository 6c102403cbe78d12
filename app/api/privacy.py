"""The privacy gate of a disclosure: what it found, masking, reasons, ticks."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import Signed, problems, router
from app.api.schemas import Body, OptionalParagraph, Out
from app.core.keys import Keys
from app.services import privacy as service
from app.services.actors import Actor
from app.services.privacy import Finding
from app.web.context import InContext, ReadSession, WriteSession

api = router("公开")

FindingKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="`findings` 里的 `id`")]


class FindingOut(Out):
    """Personal data in one place. `text` is the original: only the village's offices get this list."""

    id: str
    place: str = Field(description="位置，程序用", examples=["table/rows/2/3"])
    words: str = Field(description="位置，人看的", examples=["表格第3行“备注”列"])
    kind: str = Field(description="种类；unreadable 是程序读不出的页面或图片", examples=["phone"])
    before: str
    text: str
    after: str
    masked: str = Field(description="遮盖后的样子；空的表示只能移除文件")
    certain: bool = Field(description="校验位等确认无疑")
    excusable: bool = Field(description="这个类别允许写明理由后保留")
    file_id: uuid.UUID | None
    verdict: str | None = Field(description="justified 有理由保留，confirmed 已人工核对；没有则仍拦着")
    reason: str


class GateOut(Out):
    """What the gate finds in the version that is being written or reviewed."""

    disclosure_id: uuid.UUID
    version: int
    open: int = Field(description="还拦着几处；0 才能提交和公开")
    may_mask: bool
    may_decide: bool
    findings: list[FindingOut]


class Masking(Body):
    """Which findings to mask; without a list all that are open."""

    findings: list[FindingKey] | None = Field(default=None, max_length=500)


class Justification(Body):
    """Why a finding may stay."""

    finding: FindingKey
    reason: OptionalParagraph = Field(examples=["招标公告要写联系电话"])


class Decided(Body):
    """The finding whose decision is taken back."""

    finding: FindingKey


class Looked(Body):
    """The file that somebody looked at page by page, or that is to be removed."""

    file_id: uuid.UUID


@api.get("/disclosures/{disclosure_id}/privacy", responses=problems(404, 422))
def get_privacy_gate(
    disclosure_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext
) -> GateOut:
    """隐私检查：标题、正文、表格、附件里发现的个人信息。只给本村和上级办公人员。"""
    return _show(session, acting, disclosure_id, here.keys)


@api.post("/disclosures/{disclosure_id}/privacy/mask", responses=problems(400, 403, 404, 409, 422))
def mask_personal_data(
    disclosure_id: uuid.UUID, body: Masking, acting: Signed, session: WriteSession, here: InContext
) -> GateOut:
    """遮盖：写出新的一稿，文字、表格、记录和附件名里的都遮住。"""
    service.mask(session, acting=acting, disclosure_id=disclosure_id, findings=body.findings, keys=here.keys)
    return _show(session, acting, disclosure_id, here.keys)


@api.post("/disclosures/{disclosure_id}/privacy/justify", responses=problems(400, 403, 404, 409, 422))
def justify_personal_data(
    disclosure_id: uuid.UUID, body: Justification, acting: Signed, session: WriteSession, here: InContext
) -> GateOut:
    """写明理由后保留，只限类别允许的种类；身份证号、未成年人姓名和病情不行。"""
    service.justify(
        session,
        acting=acting,
        disclosure_id=disclosure_id,
        finding=body.finding,
        reason=body.reason,
        keys=here.keys,
    )
    return _show(session, acting, disclosure_id, here.keys)


@api.post("/disclosures/{disclosure_id}/privacy/confirm", responses=problems(400, 403, 404, 409, 422))
def confirm_unreadable_file(
    disclosure_id: uuid.UUID, body: Looked, acting: Signed, session: WriteSession, here: InContext
) -> GateOut:
    """记下人工核对：程序读不出的页面或图片，已逐页看过，没有要遮盖的。"""
    service.confirm(
        session, acting=acting, disclosure_id=disclosure_id, attachment_id=body.file_id, keys=here.keys
    )
    return _show(session, acting, disclosure_id, here.keys)


@api.post("/disclosures/{disclosure_id}/privacy/revoke", responses=problems(400, 403, 404, 409, 422))
def revoke_privacy_decision(
    disclosure_id: uuid.UUID, body: Decided, acting: Signed, session: WriteSession, here: InContext
) -> GateOut:
    """撤回保留或核对的决定：这一处重新拦住。"""
    service.revoke(session, acting=acting, disclosure_id=disclosure_id, finding=body.finding, keys=here.keys)
    return _show(session, acting, disclosure_id, here.keys)


@api.post("/disclosures/{disclosure_id}/privacy/remove-file", responses=problems(400, 403, 404, 409, 422))
def remove_disclosure_file(
    disclosure_id: uuid.UUID, body: Looked, acting: Signed, session: WriteSession, here: InContext
) -> GateOut:
    """从草稿里移除一个附件。"""
    service.remove_file(session, acting=acting, disclosure_id=disclosure_id, attachment_id=body.file_id)
    return _show(session, acting, disclosure_id, here.keys)


def _show(session: Session, acting: Actor, disclosure_id: uuid.UUID, keys: Keys) -> GateOut:
    report = service.report(session, acting=acting, disclosure_id=disclosure_id, keys=keys)
    return GateOut(
        disclosure_id=disclosure_id,
        version=report.version.number,
        open=len(report.open),
        may_mask=report.may_mask,
        may_decide=report.may_decide,
        findings=[_finding(one) for one in report.findings],
    )


def _finding(one: Finding) -> FindingOut:
    return FindingOut(
        id=one.id,
        place=one.place,
        words=one.words,
        kind=one.kind,
        before=one.before,
        text=one.text,
        after=one.after,
        masked=one.masked,
        certain=one.certain,
        excusable=one.excusable,
        file_id=one.file,
        verdict=one.decision.verdict.value if one.decision else None,
        reason=one.decision.reason if one.decision else "",
    )

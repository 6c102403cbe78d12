"""Unsealing who filed a complaint (调阅身份): asked by one, decided by another, seen by the complainant."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.complaint_steps import ContactOut
from app.api.schemas import Body, OptionalLine, Out, Paragraph
from app.models.complaint_trust import UnsealState
from app.services.complaints import unsealing
from app.web.context import InContext, ReadSession, WriteSession

api = router("诉求")


class UnsealRequestOut(Out):
    """A request to see who filed a complaint. Whether there is a name is told by nothing here."""

    id: uuid.UUID
    complaint_id: uuid.UUID
    requested_by: uuid.UUID
    reason: str
    requested_at: datetime
    state: UnsealState
    decided_by: uuid.UUID | None
    decided_at: datetime | None
    remark: str
    open_until: datetime | None
    opened: int = Field(description="已查看几次")


class NewUnsealRequest(Body):
    """Why the office has to know."""

    reason: Paragraph = Field(examples=["需要上门核实危房情况，电话里说不清。"])


class UnsealDecision(Body):
    """The second person's word."""

    approve: bool
    remark: OptionalLine = ""


@api.get("/unseal-requests", responses=problems(422))
def list_unseal_requests(
    acting: Signed,
    session: ReadSession,
    waiting: Annotated[bool, Query(description="只看等待审批的")] = True,
) -> list[UnsealRequestOut]:
    """调阅身份的申请，新的在前，最多 200 份。"""
    rows = unsealing.listing(session, acting=acting, waiting=waiting)
    return [UnsealRequestOut.model_validate(row) for row in rows]


@api.post(
    "/complaints/{complaint_id}/unseal-requests",
    status_code=201,
    responses=problems(400, 403, 404, 409, 422),
)
def request_unsealing(
    complaint_id: uuid.UUID, body: NewUnsealRequest, acting: Signed, session: WriteSession
) -> UnsealRequestOut:
    """申请查看反映人身份；反映人马上看到有人申请。"""
    row = unsealing.request(session, acting=acting, complaint_id=complaint_id, reason=body.reason)
    return UnsealRequestOut.model_validate(row)


@api.post("/unseal-requests/{request_id}/decision", responses=problems(400, 403, 404, 409, 422))
def decide_unsealing(
    request_id: uuid.UUID, body: UnsealDecision, acting: Signed, session: WriteSession
) -> UnsealRequestOut:
    """由第二个人批准或不批准。"""
    row = unsealing.decide(
        session, acting=acting, request_id=request_id, approve=body.approve, remark=body.remark
    )
    return UnsealRequestOut.model_validate(row)


@api.post("/unseal-requests/{request_id}/open", responses=problems(403, 404, 409, 422))
def open_identity(
    request_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext
) -> ContactOut:
    """查看已批准的身份；每次都记录。两项都为空表示反映人没有留下。"""
    told = unsealing.read(session, acting=acting, request_id=request_id, keys=here.keys)
    return ContactOut(name=told.name, phone=told.phone)

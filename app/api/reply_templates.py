"""Words that offices answer with often (常用答复)."""

from __future__ import annotations

import uuid

from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.schemas import Body, CategoryCode, Code, Out, Paragraph, Word
from app.services import organisations
from app.services.complaints import reply_templates
from app.web.context import ReadSession, WriteSession

api = router("诉求")


class ReplyTemplateOut(Out):
    """Words to begin an answer with."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    category_code: str | None
    title: str
    text: str


class NewReplyTemplate(Body):
    """Words of one's own office."""

    organisation: Code = Field(examples=["donglian"])
    title: Word = Field(examples=["路灯已修"])
    text: Paragraph = Field(examples=["您反映的路灯已修好，如果还有不亮的请告诉我们杆号。"])
    category: CategoryCode | None = None


@api.get("/reply-templates", responses=problems(403, 422))
def list_reply_templates(
    acting: Signed, session: ReadSession, category: CategoryCode | None = None
) -> list[ReplyTemplateOut]:
    """本单位和上级单位的常用答复。"""
    rows = reply_templates.listing(session, acting=acting, category_code=category)
    return [ReplyTemplateOut.model_validate(row) for row in rows]


@api.post("/reply-templates", status_code=201, responses=problems(400, 403, 404, 409, 422))
def add_reply_template(body: NewReplyTemplate, acting: Signed, session: WriteSession) -> ReplyTemplateOut:
    """添加本单位的常用答复。"""
    row = reply_templates.add(
        session,
        acting=acting,
        organisation_id=organisations.by_code(session, acting=acting, code=body.organisation).id,
        title=body.title,
        text=body.text,
        category_code=body.category,
    )
    return ReplyTemplateOut.model_validate(row)


@api.delete("/reply-templates/{template_id}", status_code=204, responses=problems(403, 404, 422))
def remove_reply_template(template_id: uuid.UUID, acting: Signed, session: WriteSession) -> None:
    """删除本单位的常用答复。"""
    reply_templates.remove(session, acting=acting, template_id=template_id)

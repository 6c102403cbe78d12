"""Words that an office answers with often (常用答复): its own and those of the offices above it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, NotFound
from app.models import ComplaintCategory, Organisation, ReplyTemplate
from app.services import access, access_complaints, audit
from app.services.actors import Actor, Officer

LONGEST_TITLE = 40
LONGEST_TEXT = 2000


def listing(session: Session, *, acting: Actor, category_code: str | None = None) -> Sequence[ReplyTemplate]:
    """The templates of the officer's offices and of those above them, for a category or for any."""
    officer = access.require_officer(acting)
    places = set(access_complaints.desks(officer))
    line = session.scalars(select(Organisation.ancestry).where(Organisation.id.in_(places)))
    above = {key for ancestry in line for key in ancestry} | places
    query = select(ReplyTemplate).where(ReplyTemplate.active, ReplyTemplate.organisation_id.in_(above))
    if category_code is not None:
        fits = or_(ReplyTemplate.category_code.is_(None), ReplyTemplate.category_code == category_code)
        query = query.where(fits)
    return session.scalars(query.order_by(ReplyTemplate.title, ReplyTemplate.id)).all()


def add(
    session: Session,
    *,
    acting: Actor,
    organisation_id: uuid.UUID,
    title: str,
    text: str,
    category_code: str | None = None,
) -> ReplyTemplate:
    """Keep words of the officer's own office. Raises Forbidden for another office, NotFound for an unknown
    one, BadInput for an empty or overlong text or an unknown category, Conflict for a title in use."""
    _require(acting, organisation_id)
    title, text = title.strip(), text.strip()
    if not title or len(title) > LONGEST_TITLE or not text or len(text) > LONGEST_TEXT:
        raise BadInput(
            "reply_template.incomplete",
            f"名称（最多 {LONGEST_TITLE} 字）和内容（最多 {LONGEST_TEXT} 字）都要填写。",
        )
    if session.get(Organisation, organisation_id) is None:
        raise NotFound("organisation.not_found", "没有找到这个单位，请检查代码。")
    if category_code is not None and session.get(ComplaintCategory, category_code) is None:
        raise BadInput("complaint.category_unknown", "请选择一个诉求类别。", field="category")
    row = ReplyTemplate(
        id=uuid.uuid4(),
        organisation_id=organisation_id,
        category_code=category_code,
        title=title,
        text=text,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as taken:
        raise Conflict("reply_template.title_taken", "已经有同名的常用答复，请换一个名称。") from taken
    audit.record(session, acting=acting, action="created", noun="reply_template", noun_id=row.id)
    return row


def remove(session: Session, *, acting: Actor, template_id: uuid.UUID) -> None:
    """Offer it no more. Raises NotFound, Forbidden for another office's."""
    row = session.get(ReplyTemplate, template_id)
    if row is None or not row.active:
        raise NotFound("reply_template.not_found", "没有找到这条常用答复。")
    _require(acting, row.organisation_id)
    session.delete(row)
    audit.record(session, acting=acting, action="removed", noun="reply_template", noun_id=row.id)


def _require(acting: Actor, organisation_id: uuid.UUID) -> None:
    own = access_complaints.desks(acting) if isinstance(acting, Officer) else ()
    if organisation_id not in own and not access.is_administrator(acting):
        raise access.refused()

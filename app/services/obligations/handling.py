"""What people do with due items: enter an event, waive with a public reason, name the item that meets one."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, pii
from app.core.errors import BadInput, Conflict
from app.core.text import one_line
from app.models import Disclosure, DisclosureVersion, Obligation, Organisation
from app.models.disclosures import DisclosureState
from app.models.obligations import ObligationSource, ObligationState
from app.services import access, access_obligations, calendar, categories
from app.services.actors import Actor
from app.services.obligations import periods, planning, settling

LONGEST_TITLE = 60
LONGEST_REASON = 200
OLDEST_EVENT = timedelta(days=366)
MOST_CANDIDATES = 100


def owe(
    session: Session,
    *,
    acting: Actor,
    village: Organisation,
    category_code: str,
    title: str,
    happened_on: date,
) -> Obligation:
    """Enter that something happened that must be published (登记应公开事项), for example that the government
    approved an application: due as many days after `happened_on` as its category says.

    By an officer of the village or an inspector above it. Raises Forbidden, NotFound for an unknown
    category, BadInput, and Conflict when the same event stands there already."""
    access_obligations.require_obligation_keeper(session, acting, village.id)
    category = categories.find(session, category_code, village.id)
    if not categories.in_force(category, happened_on):
        raise BadInput("obligation.not_in_force", f"「{category.name}」那时没有启用。", field="category")
    words = _public_words(title, "obligation.title_wrong", "title", "事项名称", LONGEST_TITLE)
    today = clock.today()
    if not today - OLDEST_EVENT <= happened_on <= today:
        raise BadInput("obligation.day_wrong", "发生日期要在最近一年内，不能晚于今天。", field="happened_on")
    digest = hashlib.sha256(words.encode()).hexdigest()[:16]
    key = f"event:{category.code}:{happened_on.isoformat()}:{digest}"
    known = select(Obligation.id).where(Obligation.village_id == village.id, Obligation.key == key)
    if session.scalar(known):
        raise Conflict("obligation.exists", "这件事已经登记过了。")
    deadline = planning.due(category, happened_on, calendar.load(session))
    row = Obligation(
        id=uuid.uuid4(),
        village_id=village.id,
        category_code=category.code,
        key=key,
        title=words,
        source=ObligationSource.EVENT,
        due_on=deadline.day,
        provisional=deadline.provisional,
    )
    session.add(row)
    session.flush()
    settling.record(session, acting, "entered", row)
    return row


def waive(session: Session, *, acting: Actor, obligation_id: uuid.UUID, reason: str) -> Obligation:
    """Town or county say that it need not be published (免于公开): open → waived. The reason is public.

    Raises Forbidden for anybody else, BadInput without a reason, Conflict when it is not open."""
    row = _locked(session, acting, obligation_id)
    access_obligations.require_waiver(session, acting, row.village_id)
    row.waived_because = _public_words(reason, "obligation.reason_wrong", "reason", "原因", LONGEST_REASON)
    row.state = ObligationState.WAIVED
    session.flush()
    settling.record(session, acting, "waived", row)
    return row


def link(
    session: Session, *, acting: Actor, obligation_id: uuid.UUID, disclosure_id: uuid.UUID
) -> Obligation:
    """Name the published item that meets it (关联已公开的内容), where the system could not tell by itself:
    open → met on the day of that item's publication.

    By the supervisor of the village's publication, not by its author. Raises Forbidden, NotFound, Conflict
    when it is not open, BadInput for an item of another village or category, not published, of before its
    period, or that meets another one already."""
    row = _locked(session, acting, obligation_id)
    access.require_reviewer(session, acting, row.village_id)
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    if disclosure.village_id != row.village_id or disclosure.state != DisclosureState.PUBLISHED:
        raise BadInput("obligation.item_wrong", "请选择本村已经公开的内容。", field="disclosure")
    if (
        row.period
        and disclosure.published_at
        and clock.local(disclosure.published_at).date() < periods.read(row.period).first
    ):
        raise BadInput("obligation.item_wrong", "这条内容在这一期开始之前就公开了。", field="disclosure")
    taken = select(Obligation.id).where(Obligation.disclosure_id == disclosure.id, Obligation.id != row.id)
    codes = {row.category_code, disclosure.category_code}
    tops = {categories.find(session, code).parent_code or code for code in codes}
    if len(tops) > 1 or session.scalar(taken.limit(1)):
        raise BadInput(
            "obligation.item_wrong", "这条内容属于别的类别，或已经对应另一件事项。", field="disclosure"
        )
    settling.meet(session, row, acting=acting, disclosure=disclosure)
    return row


def candidates(session: Session, *, village_id: uuid.UUID) -> dict[str, list[tuple[uuid.UUID, str]]]:
    """Published items of a village that meet nothing yet, by category: what `link` may choose from. Key and
    title, newest first, of the last year."""
    year = clock.now() - OLDEST_EVENT
    rows = session.execute(
        select(Disclosure.category_code, Disclosure.id, DisclosureVersion.title)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(
            Disclosure.village_id == village_id,
            Disclosure.state == DisclosureState.PUBLISHED,
            Disclosure.published_at >= year,
            ~select(Obligation.id).where(Obligation.disclosure_id == Disclosure.id).exists(),
        )
        .order_by(Disclosure.published_at.desc())
        .limit(MOST_CANDIDATES)
    )
    found: dict[str, list[tuple[uuid.UUID, str]]] = {}
    for code, key, title in rows:
        found.setdefault(code, []).append((key, title))
    return found


def _locked(session: Session, acting: Actor, obligation_id: uuid.UUID) -> Obligation:
    row = access_obligations.access_obligation(session, acting, obligation_id)
    session.refresh(row, with_for_update=True)
    if row.state != ObligationState.OPEN:
        raise Conflict(
            "obligation.state_wrong", "这一项已经公开或免于公开，不用再办；请刷新页面看看。", state=row.state
        )
    return row


def _public_words(given: str, code: str, field: str, name: str, longest: int) -> str:
    """One line that everybody will read. Raises BadInput when it is empty, too long or has personal data."""
    words = one_line(given)
    if not words or len(words) > longest:
        raise BadInput(code, f"{name}要填写，最多 {longest} 个字。", field=field)
    if pii.find(words):
        raise BadInput(code, f"{name}会公开，不要写身份证号、电话、银行账号或住址。", field=field)
    return words

"""Published items with links on their village's chain, written as rows."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Attachment, Disclosure, DisclosureVersion, Organisation
from app.models.base import WorkState
from app.models.chain import ChainEvent
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import chain
from app.services.chain import FaultKind


def make(
    session: Session, village: Organisation, title: str = "十月份收支公开", **text: Any
) -> tuple[Disclosure, DisclosureVersion]:
    """A published item that is not on the chain yet."""
    item = Disclosure(
        id=uuid.uuid4(),
        village_id=village.id,
        category_code="finance",
        state=DisclosureState.PUBLISHED,
        published_at=clock.now(),
        notice_until=date(2026, 12, 1),
    )
    session.add(item)
    session.flush()
    return item, add_version(session, item, 1, title=title, **text)


def add_version(session: Session, item: Disclosure, number: int, **values: Any) -> DisclosureVersion:
    shown = {"title": "十月份收支公开", "summary": "收入 12 万元。", "published_at": clock.now()} | values
    version = DisclosureVersion(id=uuid.uuid4(), disclosure_id=item.id, number=number, **shown)
    session.add(version)
    item.current_version = number
    session.flush()
    return version


def publish(session: Session, village: Organisation, title: str = "收支公开", **text: Any) -> Disclosure:
    item, version = make(session, village, title, **text)
    chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)
    return item


def withdraw(session: Session, item: Disclosure, reason: str = "数字有误") -> None:
    item.state, item.withdrawn_because, item.withdrawn_at = DisclosureState.WITHDRAWN, reason, clock.now()
    chain.extend(session, disclosure=item, version=version_of(session, item), event=ChainEvent.WITHDRAWN)


def version_of(session: Session, item: Disclosure, number: int | None = None) -> DisclosureVersion:
    query = select(DisclosureVersion).where(
        DisclosureVersion.disclosure_id == item.id,
        DisclosureVersion.number == (number or item.current_version),
    )
    return session.scalars(query).one()


def attach(session: Session, item: Disclosure, digest: str, **values: Any) -> None:
    given: dict[str, Any] = {"name": "票据.jpg", "owner_kind": AttachmentOwner.DISCLOSURE} | values
    session.add(Attachment(id=uuid.uuid4(), state=WorkState.DONE, owner_id=item.id, viewing=digest, **given))
    session.flush()


def found(session: Session, village: Organisation, **options: Any) -> list[FaultKind]:
    session.expire_all()
    return [one.kind for one in chain.verify(session, village_id=village.id, **options).faults]


def long_chain(session: Session, village: Organisation) -> list[Disclosure]:
    """Three items: one corrected, one withdrawn, one with figures, a table and a file."""
    first = publish(session, village, "第一条")
    second = publish(session, village, "第二条")
    third, version = make(
        session,
        village,
        "第三条",
        figures={"收入": "12 万元", "支出": 8},
        table={"columns": ["日期", "金额"], "rows": [["2026-10-01", 1200.5]]},
    )
    attach(session, third, "a" * 64)
    chain.extend(session, disclosure=third, version=version, event=ChainEvent.PUBLISHED)
    better = add_version(session, first, 2, title="第一条（更正）", reason="金额写错")
    chain.extend(session, disclosure=first, version=better, event=ChainEvent.CORRECTED)
    withdraw(session, second)
    return [first, second, third]

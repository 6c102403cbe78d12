"""The part of `access` about imports (导入): for which villages somebody may hand in a workbook, and who may
see what became of it. A workbook may hold what no page shows, so nobody opens another one's."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import false, select, true
from sqlalchemy.orm import Session, joinedload

from app.core.errors import Forbidden, NotFound
from app.models import DisclosureCategory, ImportBatch, Organisation
from app.models.organisations import OrganisationKind
from app.services import access_ledgers
from app.services.access import DRAFTERS, Condition, is_administrator, within
from app.services.actors import Actor, Officer


def drafted_villages(session: Session, actor: Actor, category: DisclosureCategory) -> Sequence[Organisation]:
    """The villages for which the officer drafts items of this category, with their towns. Raises Forbidden
    when there is none."""
    places = actor.organisations(category.drafted_by) if isinstance(actor, Officer) else ()
    query = (
        select(Organisation)
        .where(
            within(Organisation.id, places),
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
        )
        .options(joinedload(Organisation.parent))
        .order_by(Organisation.code)
    )
    if category.village_id is not None:
        query = query.where(Organisation.id == category.village_id)
    found = session.scalars(query).all() if places else []
    if not found:
        who = DRAFTERS.get(category.drafted_by, "本村信息员")
        raise Forbidden(
            "disclosure.not_author", f"只有{who}可以起草和提交这类公开信息。", role=category.drafted_by
        )
    return found


def drafts_for(session: Session, actor: Officer, category: DisclosureCategory) -> bool:
    """Whether the officer drafts items of this category for some village."""
    places = actor.organisations(category.drafted_by)
    if category.village_id is None or not places:
        return bool(places)
    query = select(Organisation.id).where(
        Organisation.id == category.village_id, within(Organisation.id, places)
    )
    return session.scalar(query) is not None


def visible_imports(actor: Actor) -> Condition:
    """An officer's own; all of them for the administrator."""
    if is_administrator(actor):
        return true()
    return ImportBatch.officer_id == actor.officer_id if isinstance(actor, Officer) else false()


def access_import(session: Session, actor: Actor, batch_id: uuid.UUID, kind: str) -> ImportBatch:
    """The batch of this kind (also `ledger:`, of any ledger), if he may know of it. Raises NotFound."""
    found = session.scalar(
        select(ImportBatch).where(
            ImportBatch.id == batch_id,
            ImportBatch.kind.startswith(kind, autoescape=True),
            visible_imports(actor),
        )
    )
    if found is None:
        raise NotFound("import.not_found", "没有找到这次导入，可能链接有误，或不是您上传的。")
    return found


def require_importer(actor: Actor, batch: ImportBatch) -> Officer:
    """The officer who uploaded it: he alone opens the file or applies it. Raises Forbidden otherwise."""
    if not isinstance(actor, Officer) or actor.officer_id != batch.officer_id:
        raise _not_yours()
    return actor


def require_uploader(actor: Actor, batch: ImportBatch) -> None:
    """Raise Forbidden unless the actor uploaded it, be he an officer or the administrator."""
    if batch.requested_by != f"{actor.kind}:{actor.id}":
        raise _not_yours()


def _not_yours() -> Forbidden:
    return Forbidden("import.not_yours", "只有上传的人可以打开或导入这个文件。")


def kept_villages(session: Session, actor: Actor, *models: type[Any]) -> Sequence[Organisation]:
    """The villages for which the actor keeps any of these ledgers, with their towns: the list form of
    `access_ledgers.require_keeper`. Raises Forbidden when there is none."""
    found = session.scalars(
        access_ledgers.kept_villages(actor, *models).options(joinedload(Organisation.parent))
    ).all()
    if not found:
        raise Forbidden("ledger.not_keeper", "您没有可以录入的台账；录入台账的是村信息员和镇街。")
    return found

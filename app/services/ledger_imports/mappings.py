"""Which header of a sort of file stands for which field, as somebody said it (列对应), for his next one.

Found again by the kind of sheet and the signature of its headers, whatever their order."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.models import ImportMapping
from app.models.base import Json
from app.services import audit
from app.services.actors import Actor


def signature(names: Iterable[str]) -> str:
    """The digest of a header's names, whatever their order."""
    plain = sorted(unicodedata.normalize("NFKC", name) for name in names)
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()


def owner_of(acting: Actor) -> str:
    """How a mapping names whose it is."""
    return f"{acting.kind}:{acting.id}"


def known(session: Session, acting: Actor) -> dict[tuple[str, str], Json]:
    """What the actor said, by kind and signature."""
    rows = session.scalars(select(ImportMapping).where(ImportMapping.owner == owner_of(acting)))
    return {(row.kind, row.signature): row.mapping for row in rows}


def remember(
    session: Session, *, acting: Actor, kind: str, signature: str, columns: Mapping[str, str]
) -> None:
    """Keep which header stands for which field, for the next file with the same headers."""
    values = {"owner": owner_of(acting), "kind": kind, "signature": signature}
    written = insert(ImportMapping).values(**values, mapping=dict(columns))
    session.execute(
        written.on_conflict_do_update(
            index_elements=list(values), set_={"mapping": written.excluded.mapping, "created_at": clock.now()}
        )
    )


def listing(session: Session, acting: Actor) -> Sequence[ImportMapping]:
    """What the actor said of his files, newest first."""
    return session.scalars(
        select(ImportMapping)
        .where(ImportMapping.owner == owner_of(acting))
        .order_by(ImportMapping.created_at.desc(), ImportMapping.id)
    ).all()


def forget(session: Session, *, acting: Actor, mapping_id: uuid.UUID) -> None:
    """A file with these headers is recognised by names again. Raises NotFound."""
    found = session.scalar(
        select(ImportMapping).where(ImportMapping.id == mapping_id, ImportMapping.owner == owner_of(acting))
    )
    if found is None:
        raise NotFound("import.mapping_not_found", "没有找到这条列的对应，可能已经删掉。")
    session.delete(found)
    audit.record(session, acting=acting, action="forgotten", noun="import_mapping", noun_id=mapping_id)

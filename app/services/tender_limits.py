"""From which amount a purchase needs a vote, a tender at the town, the procedure of the law (招标限额). Fen.

What holds everywhere stands in `app/assets/reference/tender_limits.toml`; a county enters its own lines, each
with the day from which they hold. Earlier lines stay: payments are measured by the lines of their day."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.core.money import FEN_PER_YUAN
from app.models import Organisation, SettingHistory
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.models.rules import TenderKind, TenderLimit
from app.services import access, audit, setting_history
from app.services.actors import Actor

LIMITS = Path(__file__).resolve().parents[1] / "assets" / "reference" / "tender_limits.toml"
NOUN = "tender_limit"
LONGEST_REASON = 500


@dataclass(frozen=True)
class Lines:
    """The lines that a county enters: fen from which a vote, a town tender, the law's procedure is needed.
    `source` names the document that sets them."""

    tender_fen: int
    source: str
    vote_fen: int | None = None
    law_fen: int | None = None


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    with LIMITS.open("rb") as file:
        entries = tomllib.load(file)["limit"]
    return tuple(
        {
            "id": uuid.uuid5(uuid.NAMESPACE_OID, f"{entry['kind']}:{entry['valid_from']}"),
            "county_id": None,
            "kind": TenderKind(entry["kind"]),
            "valid_from": entry["valid_from"],
            "vote_fen": entry["vote"] * FEN_PER_YUAN,
            "tender_fen": entry["tender"] * FEN_PER_YUAN,
            "law_fen": entry["law"] * FEN_PER_YUAN,
            "source": entry["source"],
        }
        for entry in entries
    )


def load(session: Session) -> None:
    """Add the lines of the seed file that are missing; what is there stays. Idempotent."""
    session.execute(insert(TenderLimit).values(list(_shipped())).on_conflict_do_nothing())


def listing(session: Session, *, acting: Actor, county: str) -> Sequence[TenderLimit]:
    """The lines that hold in a county, past and coming ones too: its own and those that hold everywhere, by
    kind, the newest first. For officers and administrators. Raises NotFound for an unknown county."""
    access.require_officer_or_administrator(acting)
    place = _county(session, county)
    query = select(TenderLimit).where(or_(TenderLimit.county_id == place.id, TenderLimit.county_id.is_(None)))
    order = TenderLimit.kind, TenderLimit.county_id.is_(None), TenderLimit.valid_from.desc()
    return session.scalars(query.order_by(*order)).all()


def in_force(
    session: Session, *, county_id: uuid.UUID | None, kind: TenderKind, day: date
) -> TenderLimit | None:
    """The lines that hold in a county on a day: its own newest, else the newest of those that hold
    everywhere."""
    query = select(TenderLimit).where(
        TenderLimit.kind == kind,
        TenderLimit.valid_from <= day,
        or_(TenderLimit.county_id == county_id, TenderLimit.county_id.is_(None)),
    )
    first = query.order_by(TenderLimit.county_id.is_(None), TenderLimit.valid_from.desc()).limit(1)
    return session.scalars(first).first()


def put(
    session: Session,
    *,
    acting: Actor,
    county: str,
    kind: TenderKind,
    valid_from: date,
    lines: Lines,
    reason: str,
) -> TenderLimit:
    """Enter a county's lines for a kind from a day on, or correct those of that day.

    The county's inspectors and administrators only. Raises Forbidden, NotFound for an unknown county,
    BadInput for lines that do not rise or a missing reason or source, Conflict when nothing would change."""
    place = _county(session, county)
    if not access.is_administrator(acting) and not access.covers(
        session, acting, place.id, Role.COUNTY_INSPECTOR
    ):
        raise Forbidden("tender_limit.not_county", "招标限额由本区县的区纪委或平台管理员修改。")
    told, because = _checked(lines), _reason(reason)
    setting_history.lock(session, NOUN, f"{place.id}:{kind.value}")
    own = select(TenderLimit).where(
        TenderLimit.county_id == place.id, TenderLimit.kind == kind, TenderLimit.valid_from == valid_from
    )
    row = session.scalars(own).first()
    before = _plain(row) if row is not None else {}
    if row is None:
        row = TenderLimit(county_id=place.id, kind=kind, valid_from=valid_from)
        session.add(row)
    row.vote_fen, row.tender_fen, row.law_fen = told.vote_fen, told.tender_fen, told.law_fen
    row.source = told.source
    if before == _plain(row):
        raise Conflict("tender_limit.unchanged", "这些限额已经是这样，没有需要修改的。")
    setting_history.remember(
        session,
        acting=acting,
        noun=NOUN,
        key=f"{place.code}:{kind.value}",
        reason=because,
        before=before,
        after=_plain(row),
    )
    audit.record(session, acting=acting, action="changed", noun=NOUN, noun_id=f"{place.code}:{kind.value}")
    session.flush()
    return row


def changes(session: Session, *, acting: Actor, county: str, kind: TenderKind) -> Select[SettingHistory]:
    """The query of a county's changes of a kind, the newest first. Raises NotFound for an unknown county."""
    access.require_officer_or_administrator(acting)
    place = _county(session, county)
    return setting_history.changes(NOUN, f"{place.code}:{kind.value}")


def _county(session: Session, code: str) -> Organisation:
    wanted = Organisation.code == code, Organisation.kind == OrganisationKind.COUNTY, Organisation.active
    found = session.scalar(select(Organisation).where(*wanted))
    if found is None:
        raise NotFound("tender_limit.county_not_found", "没有这个区县，请核对代码。", county=code)
    return found


def _checked(lines: Lines) -> Lines:
    """The lines with a clean source; each higher than the one before it."""
    source = text.clean(lines.source)
    if not source or len(source) > LONGEST_REASON:
        raise BadInput("tender_limit.source_missing", "请写明限额依据的文件和条款。", field="source")
    rising = [fen for fen in (lines.vote_fen, lines.tender_fen, lines.law_fen) if fen is not None]
    if rising[0] <= 0 or rising != sorted(rising):
        raise BadInput(
            "tender_limit.not_rising",
            "限额应当从低到高：村级表决线、镇街招标线、法定招标线，都要大于零。",
            field="tender_fen",
        )
    return Lines(**{**asdict(lines), "source": source})


def _reason(given: str) -> str:
    reason = text.clean(given)
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(
            "tender_limit.reason_missing", f"请写明修改的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    return reason


def _plain(row: TenderLimit) -> dict[str, Any]:
    return {
        "valid_from": row.valid_from.isoformat(),
        "vote_fen": row.vote_fen,
        "tender_fen": row.tender_fen,
        "law_fen": row.law_fen,
        "source": row.source,
    }

"""Which kinds of aid nobody may draw for the same time (互斥补助): the county's list.

Examples from national documents stand in `app/assets/reference/benefit_exclusions.toml`; the county checks
them, ends those that do not hold and adds its own. No pair is deleted: earlier months are judged by it."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import BenefitExclusion
from app.services import access, audit, setting_history
from app.services.actors import Actor

EXCLUSIONS = Path(__file__).resolve().parents[1] / "assets" / "reference" / "benefit_exclusions.toml"
NOUN = "benefit_exclusion"
LONGEST = 500
MARK = "、"


@dataclass(frozen=True)
class Pair:
    """Two kinds of aid; each may list several names of the same aid, parted by 「、」. `source` names the
    document that rules it."""

    kind_a: str
    kind_b: str
    source: str
    valid_from: date
    valid_until: date | None = None


@cache
def _shipped() -> tuple[dict[str, Any], ...]:
    with EXCLUSIONS.open("rb") as file:
        entries = tomllib.load(file)["exclusion"]
    return tuple(
        {"id": uuid.uuid5(uuid.NAMESPACE_OID, f"{NOUN}:{entry['key']}")}
        | {key: value for key, value in entry.items() if key != "key"}
        for entry in entries
    )


def load(session: Session) -> None:
    """Add the examples of the seed file that are missing; what is there stays. Idempotent."""
    session.execute(insert(BenefitExclusion).values(list(_shipped())).on_conflict_do_nothing())


def listing(session: Session, *, acting: Actor) -> Sequence[BenefitExclusion]:
    """All pairs, past ones too. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    order = BenefitExclusion.kind_a, BenefitExclusion.kind_b, BenefitExclusion.valid_from
    return session.scalars(select(BenefitExclusion).order_by(*order)).all()


def add(session: Session, *, acting: Actor, pair: Pair, reason: str) -> BenefitExclusion:
    """Enter a pair. The county's inspectors and administrators only. Raises Forbidden, BadInput for kinds
    that overlap or missing words, Conflict for a pair that is there from the same day."""
    _require_county(acting)
    told, because = _checked(pair), _words(reason, "reason", "修改的原因")
    made = {"id": uuid.uuid4(), **vars(told)}
    done = session.scalar(
        insert(BenefitExclusion).values(made).on_conflict_do_nothing().returning(BenefitExclusion.id)
    )
    if done is None:
        raise Conflict("benefit_exclusion.exists", "这一对补助从同一天起已经在清单里。")
    row = session.get_one(BenefitExclusion, done)
    _record(session, acting, row, because, before={})
    return row


def end(
    session: Session, *, acting: Actor, exclusion_id: uuid.UUID, last_day: date, reason: str
) -> BenefitExclusion:
    """Say until when a pair holds; months after it are judged no more. The county's inspectors and
    administrators only. Raises Forbidden, NotFound, BadInput for a day before its first,
    Conflict when nothing changes."""
    _require_county(acting)
    because = _words(reason, "reason", "修改的原因")
    row = session.get(BenefitExclusion, exclusion_id, with_for_update=True)
    if row is None:
        raise NotFound("benefit_exclusion.not_found", "没有找到这条互斥规定，可能链接有误。")
    if last_day < row.valid_from:
        raise BadInput("benefit_exclusion.ends_early", "失效日期不能早于生效日期，请核对。", field="last_day")
    if last_day == row.valid_until:
        raise Conflict("benefit_exclusion.unchanged", "失效日期已经是这一天，没有需要修改的。")
    before = _plain(row)
    row.valid_until = last_day
    _record(session, acting, row, because, before)
    return row


def _require_county(acting: Actor) -> None:
    if not access.acts_for_county(acting):
        raise Forbidden("benefit_exclusion.not_county", "互斥补助清单由区纪委或平台管理员修改。")


def _checked(pair: Pair) -> Pair:
    """Clean names and source; no name on both sides."""
    sides = [[text.clean(name) for name in kind.split(MARK)] for kind in (pair.kind_a, pair.kind_b)]
    first, second = ([name for name in names if name] for names in sides)
    if not first or not second or set(first) & set(second):
        raise BadInput(
            "benefit_exclusion.kinds_wrong",
            "请分别写明两种不同的补助，同一种的几个名称用「、」隔开。",
            field="kind_b",
        )
    if pair.valid_until is not None and pair.valid_until < pair.valid_from:
        raise BadInput(
            "benefit_exclusion.ends_early", "失效日期不能早于生效日期，请核对。", field="valid_until"
        )
    source = _words(pair.source, "source", "依据的文件和条款")
    return Pair(MARK.join(first), MARK.join(second), source, pair.valid_from, pair.valid_until)


def _words(given: str, field: str, what: str) -> str:
    told = text.clean(given)
    if not told or len(told) > LONGEST:
        raise BadInput("benefit_exclusion.words_missing", f"请写明{what}，最多 {LONGEST} 个字。", field=field)
    return told


def _plain(row: BenefitExclusion) -> dict[str, Any]:
    return {
        "kind_a": row.kind_a,
        "kind_b": row.kind_b,
        "source": row.source,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
    }


def _record(
    session: Session, acting: Actor, row: BenefitExclusion, reason: str, before: dict[str, Any]
) -> None:
    session.flush()
    setting_history.remember(
        session,
        acting=acting,
        noun=NOUN,
        key=str(row.id),
        reason=reason,
        before=before,
        after=_plain(row),
    )
    audit.record(session, acting=acting, action="changed", noun=NOUN, noun_id=str(row.id))
    session.flush()

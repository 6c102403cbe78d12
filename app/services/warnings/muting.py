"""What keeps open warnings quiet: a silence, a red warning about the same subject, a village that reports no
data, a rule or a village that the county switched off. The reason is kept and shown; what is to be told waits
and goes out when the reason is gone."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from sqlalchemy import BindParameter, Table, bindparam, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.core import clock
from app.models import EarlyWarning
from app.rules import ALL_RULES
from app.services.actors import System
from app.services.warnings import events

SILENT_VILLAGE = "village.silent"
ACTING = System("warnings.mute")
TABLE = cast("Table", EarlyWarning.__table__)


class Mute(enum.StrEnum):
    """off: its rule or its village is switched off, or the rule is on trial again; no_data: the village
    reports nothing; red: a red warning about the same subject is open; silence: an office keeps it quiet;
    village_silence: the village does, and the ladder climbs on."""

    OFF = "off"
    NO_DATA = "no_data"
    RED = "red"
    SILENCE = "silence"
    VILLAGE_SILENCE = "village_silence"


# One row for each live warning whose reason is no longer the one that it carries.
_CHANGED = text(
    """
    WITH live AS MATERIALIZED (
        SELECT w.id, w.rule, w.village_id, w.subject_kind, w.subject_id, w.colour, w.line, w.title,
               w.first_seen_on, w.muted_by, w.muted_because, v.ancestry, CASE
                   WHEN NOT v.active THEN '这个村社已停用'
                   WHEN r.mode = 'off' THEN '这条规则已停用'
                   WHEN r.mode = 'shadow' THEN '这条规则已改为试运行' END AS off
        FROM warning w JOIN organisation v ON v.id = w.village_id
        LEFT JOIN rule_setting r ON r.rule = w.rule
        WHERE w.mode = 'active' AND w.state IN ('open', 'acknowledged', 'proposed')
    ), red AS MATERIALIZED (
        SELECT DISTINCT ON (village_id, subject_kind, subject_id) village_id, subject_kind, subject_id, line,
               title
        FROM live WHERE colour = 'red'
        ORDER BY village_id, subject_kind, subject_id, first_seen_on, id
    ), no_data AS MATERIALIZED (
        SELECT village_id, NULL::text AS rule, '村里没有上报数据，见预警「' || min(title) || '」' AS why
        FROM live WHERE rule = :silent_village GROUP BY village_id
        UNION ALL
        SELECT village_id, rule, '这条规则目前缺少数据，无法判断' FROM rule_verdict
        WHERE verdict = 'not_computable' AND rule = ANY(CAST(:absence AS text[]))
    ), quiet AS MATERIALIZED (
        SELECT * FROM silence WHERE ended_at IS NULL AND :today BETWEEN starts_on AND ends_on
    ), judged AS (
        SELECT w.id, w.muted_by, w.muted_because, CASE
            WHEN w.off IS NOT NULL THEN ARRAY['off', w.off]
            WHEN absence.why IS NOT NULL THEN ARRAY['no_data', absence.why]
            WHEN red.line = w.line THEN ARRAY['red', '同一事项已有红色预警「' || red.title || '」']
            -- what it is about is no matter of this department's handlers
            WHEN red.line IS NOT NULL THEN ARRAY['red', '同一事项已有其他条线的红色预警']
            WHEN kept.reason IS NOT NULL THEN ARRAY[
                CASE WHEN kept.by_village THEN 'village_silence' ELSE 'silence' END,
                kept.set_by || '静默到 ' || to_char(kept.ends_on, 'YYYY-MM-DD') || '：' || kept.reason]
            ELSE ARRAY['', ''] END AS said
        FROM live w
        LEFT JOIN red ON w.colour = 'yellow' AND red.village_id = w.village_id
            AND red.subject_kind = w.subject_kind AND red.subject_id = w.subject_id
        LEFT JOIN LATERAL (
            SELECT n.why FROM no_data n
            WHERE n.village_id = w.village_id AND coalesce(n.rule, w.rule) = w.rule
            ORDER BY n.why LIMIT 1
        ) absence ON w.rule = ANY(CAST(:absence AS text[])) AND w.rule <> :silent_village
        LEFT JOIN LATERAL (
            SELECT s.reason, s.by_village, s.set_by, s.ends_on FROM quiet s
            WHERE s.organisation_id = ANY(w.ancestry)
              AND coalesce(s.rule, w.rule) = w.rule
              AND coalesce(s.subject_kind, w.subject_kind) = w.subject_kind
              AND coalesce(s.subject_id, w.subject_id) = w.subject_id
              AND (s.includes_red OR w.colour = 'yellow')
            ORDER BY s.by_village, s.ends_on DESC, s.id LIMIT 1
        ) kept ON true
    )
    SELECT id, said[1], said[2] FROM judged WHERE (muted_by, muted_because) <> (said[1], said[2])
    """
)


def refresh(session: Session) -> int:
    """Judge all live warnings anew; how many were muted, unmuted, or are muted for another reason. Warnings
    that somebody has in hand at this moment are left for the next time."""
    values = {
        "today": clock.today(),
        "silent_village": SILENT_VILLAGE,
        "absence": [rule.key for rule in ALL_RULES if rule.absence],
    }
    session.flush()
    changed = {key: (by, because) for key, by, because in session.execute(_CHANGED, values)}
    if not changed:
        return 0
    found = _lock(session, changed)
    steps = []
    for warning in found:
        by, because = changed[warning.id]
        if by:
            steps.append(events.Step(warning, "muted", because, {"by": by}))
        elif warning.muted_by:
            steps.append(events.Step(warning, "unmuted", f"不再静默：{warning.muted_because}"))
    _write(session, found, changed)
    events.add_many(session, steps, acting=ACTING)
    return len(found)


def _write(
    session: Session, found: Sequence[EarlyWarning], changed: Mapping[uuid.UUID, tuple[str, str]]
) -> None:
    """Not through the mapper: who looks at a warning need not begin again because it became quiet."""
    if not found:
        return
    rows = [{"key": one.id, "by": changed[one.id][0], "because": changed[one.id][1]} for one in found]
    values: dict[str, BindParameter[str]] = {
        "muted_by": bindparam("by"),
        "muted_because": bindparam("because"),
    }
    session.connection().execute(TABLE.update().where(TABLE.c.id == bindparam("key")).values(values), rows)
    for one in found:
        set_committed_value(one, "muted_by", changed[one.id][0])
        set_committed_value(one, "muted_because", changed[one.id][1])


def _lock(session: Session, keys: Iterable[uuid.UUID]) -> Sequence[EarlyWarning]:
    return session.scalars(
        select(EarlyWarning)
        .where(EarlyWarning.id.in_(list(keys)))
        .order_by(EarlyWarning.id)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()

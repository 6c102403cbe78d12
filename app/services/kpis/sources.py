"""What a definition may name: sources, their fields as SQL, and nothing else. All SQL of key figures that is
not put together by the interpreter stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.core.workdays import OFFICE_HOURS
from app.services.access_complaints import COUNTABLE_SQL

FieldKind = Literal["text", "number", "truth", "day"]
_LOCAL = "AT TIME ZONE 'Asia/Shanghai'"


@dataclass(frozen=True)
class Field:
    """A field: its SQL, and what may be done with it."""

    sql: str
    kind: FieldKind


@dataclass(frozen=True)
class Source:
    """Rows that figures are made of. `table` stands behind FROM, `village` is its village, `base` always
    holds. `calendar`: binds the work days."""

    table: str
    village: str
    fields: Mapping[str, Field]
    base: str = "true"
    calendar: bool = False


def _text(**sql: str) -> dict[str, Field]:
    return {name: Field(given, "text") for name, given in sql.items()}


def _number(**sql: str) -> dict[str, Field]:
    return {name: Field(given, "number") for name, given in sql.items()}


def _truth(**sql: str) -> dict[str, Field]:
    return {name: Field(given, "truth") for name, given in sql.items()}


def _day(**sql: str) -> dict[str, Field]:
    return {name: Field(given, "day") for name, given in sql.items()}


# The days of a row's approvals as the ledger has them; what is no day counts for nothing.
_APPROVALS = """
    (SELECT {which}(CAST(a ->> 'on' AS date)) FROM jsonb_array_elements(p.approvals) a
     WHERE a ->> 'on' ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' AND pg_input_is_valid(a ->> 'on', 'date'))
"""
_FIRST, _LAST = _APPROVALS.format(which="min"), _APPROVALS.format(which="max")

# What was due when a warning of overdue rent fired, and whether it was all there 30 days later. Null when the
# warning is about no rent that the ledger knows.
_PAID = """
    (SELECT sum(r.amount_fen) <= coalesce(sum(paid.fen), 0)
     FROM receivable r
     LEFT JOIN LATERAL (
         SELECT sum(c.amount_fen) AS fen FROM receipt c
         WHERE c.receivable_id = r.id AND c.voided_at IS NULL AND c.received_on <= w.first_seen_on + 30
     ) paid ON true
     WHERE r.village_id = w.village_id AND r.voided_at IS NULL
       AND ((w.subject_kind = 'receivable' AND r.id::text = w.subject_id)
            OR (w.subject_kind = 'contract' AND r.contract_id::text = w.subject_id
                AND r.due_on <= w.first_seen_on)))
"""


def _minutes(moment: str, day: str) -> str:
    """Working minutes from the beginning of the calendar to a moment; `day` is its row of work days."""
    local = f"({moment} {_LOCAL})::time"
    spans = " + ".join(
        f"(least(greatest({local}, '{begin:%H:%M}'::time), '{end:%H:%M}'::time) - '{begin:%H:%M}'::time)"
        for begin, end in OFFICE_HOURS.spans
    )
    return f"({day}.before + CASE WHEN {day}.works THEN extract(epoch FROM {spans}) / 60 ELSE 0 END)"


_COMPLAINTS = f"""complaint k
    LEFT JOIN LATERAL (
        SELECT satisfaction FROM rating WHERE rating.complaint_id = k.id ORDER BY round DESC LIMIT 1
    ) rated ON true
    LEFT JOIN LATERAL (
        SELECT min(at) AS at FROM complaint_event e WHERE e.complaint_id = k.id AND e.kind = 'answered'
    ) reply ON true
    LEFT JOIN workday asked ON asked.day = (k.filed_at {_LOCAL})::date
    LEFT JOIN workday told ON told.day = (reply.at {_LOCAL})::date
"""  # noqa: S608  (put together from constants of ours)

SOURCES: dict[str, Source] = {
    "payments": Source(
        table="payment p",
        village="p.village_id",
        base="p.voided_at IS NULL",
        fields=_day(paid_on="p.paid_on")
        | _text(method="p.method", expense="p.expense", purpose="p.purpose_key", category="p.category")
        | _number(
            amount_fen="p.amount_fen",
            approval_days=f"coalesce(p.town_approved_on, {_LAST}) - {_FIRST}",
        ),
    ),
    "warnings": Source(
        table="warning w",
        village="w.village_id",
        fields=_day(first_seen_on="w.first_seen_on", closed_on=f"(w.closed_at {_LOCAL})::date")
        | _text(
            rule="w.rule",
            mode="w.mode",
            colour="w.colour",
            state="w.state",
            close_reason="w.close_reason",
        )
        | _truth(
            false_alarm="(w.state = 'closed' AND w.close_reason = 'false_alarm')", paid_in_30_days=_PAID
        ),
    ),
    "complaints": Source(
        table=_COMPLAINTS,
        village="k.village_id",
        base=COUNTABLE_SQL,
        calendar=True,
        fields=_day(filed_on=f"(k.filed_at {_LOCAL})::date", promised_on="k.promised_on")
        | _text(satisfaction="rated.satisfaction", state="k.state", category="k.category_code")
        | _truth(
            anonymous="k.anonymous",
            answered="(reply.at IS NOT NULL)",
            on_time="(coalesce(k.answered_at, k.closed_at, 'infinity') <= k.finish_at)",
        )
        | _number(first_reply_minutes=f"{_minutes('reply.at', 'told')} - {_minutes('k.filed_at', 'asked')}"),
    ),
    "views": Source(
        table="page_view s",
        village="s.village_id",
        fields=_day(day="s.day") | _number(count="s.count"),
    ),
    "follows": Source(
        table="village_follow f",
        village="f.village_id",
        fields=_day(since=f"(f.created_at {_LOCAL})::date"),
    ),
    "linked": Source(
        table="(SELECT village_id, villager_id, min(created_at) AS since FROM wechat_identity"
        " WHERE village_id IS NOT NULL GROUP BY village_id, villager_id) i",
        village="i.village_id",
        fields=_day(since=f"(i.since {_LOCAL})::date"),
    ),
    "labour_slips": Source(
        table="labour_slip l",
        village="l.village_id",
        base="l.voided_at IS NULL",
        fields=_day(worked_on="l.worked_on")
        | _text(unit="l.unit")
        | _number(
            days="CASE l.unit WHEN 'day' THEN l.quantity WHEN 'hour' THEN l.quantity / 8 END",
            amount_fen="l.amount_fen",
        ),
    ),
    "benefits": Source(
        table="benefit b",
        village="b.village_id",
        base="b.voided_at IS NULL",
        fields=_day(paid_on="b.paid_on") | _text(kind="b.kind") | _number(amount_fen="b.amount_fen"),
    ),
}

ATTRIBUTES: dict[str, str] = {"households": "v.households", "adults": "v.adults"}
"""Numbers of a village itself that may stand below the line."""

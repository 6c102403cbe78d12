"""What a back-test says in figures, and its subjects as a workbook."""

from __future__ import annotations

import statistics
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import sheets
from app.core.sheets import Column, Table, Type
from app.models.rules import Colour, Verdict
from app.services import organisations
from app.services.access_complaints import COUNTABLE_SQL
from app.services.backtests.replay import Episode, Replay

NEAR_DAYS = 90
MOST_VILLAGES = 500
COLOURS = {Colour.YELLOW: "黄色", Colour.RED: "红色"}

# Reports about cadres are nobody's statistics; everything else only counts, by village and day.
_NEAR = text(
    f"""
    SELECT s.position, count(k.id),
           min((k.filed_at AT TIME ZONE 'Asia/Shanghai')::date - s.first_on) FILTER (
               WHERE (k.filed_at AT TIME ZONE 'Asia/Shanghai')::date >= s.first_on)
    FROM unnest(CAST(:villages AS uuid[]), CAST(:days AS date[])) WITH ORDINALITY
         AS s(village_id, first_on, position)
    LEFT JOIN complaint k ON k.village_id = s.village_id AND {COUNTABLE_SQL}
        AND (k.filed_at AT TIME ZONE 'Asia/Shanghai')::date
            BETWEEN s.first_on - :near AND s.first_on + :near
    GROUP BY s.position ORDER BY s.position
    """  # noqa: S608  (put together from constants of ours)
)


def summary(session: Session, done: Replay) -> dict[str, Any]:
    """The figures of a replay, ready for JSON. Days are calendar days.

    `lead`: days from yellow to red of those that turned red; `complaints`: of how many subjects complaints of
    the village were filed within 90 days before or after, and how many days the first one came later."""
    episodes = list(done.episodes.values())
    by_village = Counter(episode.finding.village_id for episode in episodes)
    places = organisations.by_ids(session, by_village)
    waits = [(one.red_on - one.first_on).days for one in episodes if one.red_on]
    turned = [days for days in waits if days]
    return {
        "days": len(done.days),
        "subjects": len(episodes),
        "red": sum(one.red_on is not None for one in episodes),
        "villages": len(by_village),
        "pushes": sum(one.pushes for one in episodes),
        "still_firing": sum(one.ended_on is None for one in episodes),
        "most": max(done.fired_on.values(), default=0),
        "lead": {"turned_red": len(turned), "median_days": _median(turned)},
        "complaints": _complaints(session, episodes),
        "by_village": [
            {"code": places[key].code, "name": places[key].name, "subjects": number}
            for key, number in by_village.most_common(MOST_VILLAGES)
        ],
        "by_month": dict(sorted(Counter(f"{one.first_on:%Y-%m}" for one in episodes).items())),
        "not_computable": _missing(done),
    }


def _missing(done: Replay) -> dict[str, Any]:
    """How many villages could not be judged on the last day, and for want of what."""
    lacking: Counter[str] = Counter()
    for judged in done.villages.values():
        lacking.update(judged.missing.keys())
    verdicts = Counter(judged.verdict for judged in done.villages.values())
    return {
        "villages": verdicts[Verdict.NOT_COMPUTABLE],
        "of": len(done.villages),
        "missing": dict(lacking.most_common(20)),
    }


def _complaints(session: Session, episodes: Sequence[Episode]) -> dict[str, Any]:
    rows = _near(session, ((one.finding.village_id, one.first_on) for one in episodes))
    later = [days for _, days in rows if days is not None]
    return {
        "within_days": NEAR_DAYS,
        "subjects": sum(number > 0 for number, _ in rows),
        "earlier_than_complaint": len(later),
        "median_days_earlier": _median(later),
    }


def _near(session: Session, subjects: Iterable[tuple[uuid.UUID, date]]) -> list[tuple[int, int | None]]:
    pairs = list(subjects)
    values = {
        "villages": [village_id for village_id, _ in pairs],
        "days": [first_on for _, first_on in pairs],
        "near": NEAR_DAYS,
    }
    return [(number, days) for _, number, days in session.execute(_NEAR, values)]


def _median(days: Sequence[int]) -> float | None:
    return float(statistics.median(days)) if days else None


def workbook(session: Session, done: Replay) -> bytes:
    """Every subject that would have fired, one row each, as XLSX."""
    episodes = sorted(done.episodes.values(), key=lambda one: (one.first_on, one.finding.title))
    places = organisations.by_ids(session, {one.finding.village_id for one in episodes})
    columns = [
        Column("village", "村社"),
        Column("title", "事项"),
        Column("colour", "最后颜色"),
        Column("first_on", "首次预警", Type.DATE),
        Column("red_on", "转为红色", Type.DATE),
        Column("ended_on", "不再预警", Type.DATE),
        Column("pushes", "推送次数", Type.NUMBER),
        Column("basis", "依据", longest=2000),
    ]
    rows = (
        {
            "village": places[one.finding.village_id].name,
            "title": one.finding.title,
            "colour": COLOURS[one.finding.colour],
            "first_on": one.first_on,
            "red_on": one.red_on,
            "ended_on": one.ended_on,
            "pushes": one.pushes,
            "basis": one.finding.basis,
        }
        for one in episodes
    )
    return sheets.workbook([Table(f"{done.rule.code} {done.rule.title}"[:31], columns, rows)])

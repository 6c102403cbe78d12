"""R28 村民代表会议缺开: the representatives did not meet in a quarter."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day


class MeetingMissingThresholds(Thresholds):
    """The law asks for a meeting every quarter; the days to write it down are a proposal."""

    grace_days: int = Field(default=10, ge=0, le=90, description="季度结束后留多少天登记会议（天）")
    red_quarters: int = Field(default=2, ge=2, le=8, description="连续多少个季度没有开会红色预警（个季度）")


class MeetingMissing(Rule[MeetingMissingThresholds]):
    """Quarters are looked at from the one after the village's first recorded meeting of any kind, once they
    are over with grace. The subject is the first quarter of an unbroken run without a meeting, so that a
    second missed quarter makes the same warning worse; the quarters after it belong to it. A
    meeting after the run ends it."""

    key = "meeting.missing"
    code = "R28"
    title = "村民代表会议缺开"
    meaning = "一个季度过去了，村里没有召开村民代表会议；连续两个季度没开更严重。"
    source = (
        "《村民委员会组织法》第二十六条、《浙江省实施〈中华人民共和国村民委员会组织法〉办法》第二十三条："
        "村民代表会议每季度召开一次。登记宽限天数为本系统建议值，各县自定。"
    )
    clears_by = "补登该季度已召开的会议，或召开村民代表会议并登记。"
    line = Line.CIVIL_AFFAIRS
    needs = (Need("meeting", "会议台账", "t.voided_at IS NULL", recent="held_on"),)
    exclusions = ("会议台账启用当季及以前的季度", "召开了村民会议的季度", "已作废的会议")
    absence = True
    subject = "quarter"
    thresholds = MeetingMissingThresholds
    SELECT = """
    WITH kept AS (
        SELECT village_id, CAST(date_trunc('quarter', min(held_on)) + interval '3 months' AS date) AS since,
               max(held_on) FILTER (WHERE kind IN ('representatives', 'villagers')) AS last_held_on
        FROM meeting WHERE voided_at IS NULL AND held_on <= :as_of
        GROUP BY village_id
    ), held AS (
        SELECT village_id, CAST(date_trunc('quarter', held_on) AS date) AS quarter, max(held_on) AS held_on
        FROM meeting
        WHERE voided_at IS NULL AND held_on <= :as_of AND kind IN ('representatives', 'villagers')
        GROUP BY 1, 2
    ), calendar AS (
        SELECT k.village_id, k.last_held_on, CAST(q AS date) AS quarter,
               CAST(q + interval '3 months' AS date) - 1 AS last_day, h.held_on
        FROM kept k
        CROSS JOIN LATERAL generate_series(
            CAST(k.since AS timestamp), CAST(:as_of - :grace_days AS timestamp), interval '3 months') AS q
        LEFT JOIN held h ON h.village_id = k.village_id AND h.quarter = CAST(q AS date)
        WHERE CAST(q + interval '3 months' AS date) - 1 < :as_of - :grace_days
    ), runs AS (
        SELECT calendar.*,
               count(held_on) OVER by_quarter AS run,
               held_on IS NULL AND lag(held_on IS NULL, 1, false) OVER by_quarter AS continued
        FROM calendar
        WINDOW by_quarter AS (PARTITION BY village_id ORDER BY quarter)
    ), measured AS (
        SELECT runs.*,
               count(*) FILTER (WHERE held_on IS NULL) OVER (PARTITION BY village_id, run) AS quarters,
               min(quarter) FILTER (WHERE held_on IS NULL) OVER (PARTITION BY village_id, run)
                   AS run_starts_on,
               max(last_day) OVER (PARTITION BY village_id, run) AS run_ends_on
        FROM runs
    )
    SELECT village_id, to_char(quarter, 'YYYY-"Q"Q') AS subject_id,
           CASE WHEN held_on IS NOT NULL OR last_held_on > run_ends_on OR continued THEN NULL
                WHEN quarters >= :red_quarters THEN 'red' ELSE 'yellow' END AS colour,
           NULL::text AS missing,
           to_char(quarter, 'YYYY"年第"Q"季度"') AS quarter, quarters, held_on, last_held_on, run_ends_on,
           to_char(run_starts_on, 'YYYY"年第"Q"季度"') AS run_starts
    FROM measured
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: MeetingMissingThresholds) -> Words:
        """「2026年第1季度没有召开村民代表会议」, how many quarters by now, and the last meeting."""
        many = row["quarters"]
        span = f"{row['quarter']}没有" if many == 1 else f"从{row['quarter']}起连续 {many} 个季度没有"
        last = row["last_held_on"]
        since = f"最近一次在{day(last)}" if last else "台账中从未有过"
        return Words(
            title=f"{span}召开村民代表会议",
            basis=(
                f"{village}{span}召开村民代表会议（截至{day(row['run_ends_on'])}），{since}。"
                f"依据：村民代表会议每季度召开一次，季度结束 {thresholds.grace_days} 天后仍无登记黄色预警，"
                f"连续 {thresholds.red_quarters} 个季度红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: MeetingMissingThresholds) -> str:
        """By the meeting of that quarter, or the next one held."""
        if row["held_on"] is not None:
            return f"台账已登记{day(row['held_on'])}召开的会议。"
        if row["last_held_on"] is None or row["last_held_on"] <= row["run_ends_on"]:
            return f"已并入从{row['run_starts']}起的同一预警。"
        return f"已于{day(row['last_held_on'])}召开村民代表会议。"

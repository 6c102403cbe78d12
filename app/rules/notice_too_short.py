"""R23 公示期不足: a notice that was given too few days, or taken down before they were over."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day


class NoticeTooShortThresholds(Thresholds):
    """What a category asks for stands in the 10+X list with its source. Three days for winning candidates is
    the law's least for what must be tendered by law, and the usual least in villages."""

    award_days: int = Field(default=3, ge=0, le=30, description="中标公示最少公示多少天（天）")
    window_days: int = Field(default=366, ge=30, le=1100, description="只看最近多少天内公开的公示（天）")


class NoticeTooShort(Rule[NoticeTooShortThresholds]):
    """What counts is the days that the category asked for when the item came out. The first day does not
    count, the last does: taken down on the last day is too early. A new notice of the same matter that
    stayed its days mends it."""

    key = "notice.too_short"
    code = "R23"
    title = "公示期不足"
    meaning = "公示的天数少于规定，或者没到期就撤下了。"
    source = (
        "《招标投标法实施条例》第五十四条（中标候选人公示不得少于三日）；"
        "最低生活保障、决策结果等各类公示的天数及出处见「10+X」公开清单。"
    )
    clears_by = "同一事项重新公示，并公示满规定天数。"
    line = Line.DISCIPLINE
    needs = (Need("disclosure", "公开记录", "t.state IN ('published', 'withdrawn')"),)
    exclusions = ("没有规定公示期的公开", "公示期规定施行以前公开的", "紧急通知", "超出检查期的公示")
    subject = "disclosure"
    rows_of = "disclosures"
    thresholds = NoticeTooShortThresholds
    SELECT = """
    WITH shown AS (
        SELECT d.id, d.village_id, d.category_code, d.kind, d.period, d.contract_id, d.project_id,
               d.notice_days, d.notice_until, c.name AS category, ver.title,
               (d.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_on,
               (coalesce(ver.published_at, d.published_at) AT TIME ZONE 'Asia/Shanghai')::date AS released_on,
               CASE WHEN d.state = 'withdrawn'
                    AND (d.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date <= :as_of
                    THEN (d.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date END AS withdrawn_on,
               d.state = 'withdrawn' AND d.withdrawn_at IS NULL AS undated,
               greatest(coalesce(past.days, c.notice_days),
                        CASE WHEN d.kind = 'award_notice' THEN :award_days ELSE 0 END) AS asked_days
        FROM disclosure d
        JOIN disclosure_category c ON c.code = d.category_code
        LEFT JOIN disclosure_version ver ON ver.disclosure_id = d.id AND ver.number = d.current_version
        LEFT JOIN LATERAL (
            SELECT CAST(h.before ->> 'notice_days' AS int) AS days FROM setting_history h
            WHERE h.noun = 'disclosure_category' AND h.noun_id = d.category_code AND h.at > d.published_at
              AND h.before ->> 'notice_days' IS NOT NULL
            ORDER BY h.at LIMIT 1
        ) past ON true
        WHERE d.state IN ('published', 'withdrawn') AND d.kind <> 'urgent_notice'
          AND (d.published_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :as_of - :window_days AND :as_of
          AND coalesce((d.published_at AT TIME ZONE 'Asia/Shanghai')::date >= c.in_force_from, true)
    ), noticed AS MATERIALIZED (
        SELECT shown.*, notice_days < asked_days OR notice_until - released_on < asked_days AS given_short,
               coalesce(withdrawn_on <= notice_until, false) AS cut_short
        FROM shown WHERE asked_days > 0 OR notice_days > 0
    ), again AS (
        SELECT b.id, min(n.notice_until) AS again_until
        FROM noticed b
        JOIN noticed n ON n.village_id = b.village_id AND n.category_code = b.category_code
            AND n.kind = b.kind AND n.id <> b.id
        WHERE (b.given_short OR b.withdrawn_on IS NOT NULL)
          AND n.published_on >= coalesce(b.withdrawn_on, b.published_on)
          AND n.period IS NOT DISTINCT FROM b.period AND n.contract_id IS NOT DISTINCT FROM b.contract_id
          AND n.project_id IS NOT DISTINCT FROM b.project_id
          AND n.notice_days >= b.asked_days AND n.notice_until - n.released_on >= b.asked_days
          AND n.notice_until < :as_of AND coalesce(n.withdrawn_on > n.notice_until, true)
        GROUP BY b.id
    ), judged AS (
        SELECT noticed.*, again.again_until FROM noticed LEFT JOIN again ON again.id = noticed.id
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN again_until IS NULL AND (given_short OR cut_short) THEN 'red' END AS colour,
           CASE WHEN again_until IS NOT NULL OR coalesce(given_short OR cut_short, false) THEN NULL
                WHEN notice_days IS NULL OR notice_until IS NULL THEN '公示天数'
                WHEN undated THEN '撤回日期' END AS missing,
           title, category, category_code, published_on, released_on, notice_days, notice_until, asked_days,
           withdrawn_on, coalesce(given_short, false) AS given_short, cut_short, again_until,
           ARRAY[id] AS rows
    FROM judged
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: NoticeTooShortThresholds) -> Words:
        """「低保公示提前 3 天撤下」 or 「公示期少于规定」, with the days given and asked for."""
        if row["cut_short"]:
            what = "没到期就撤下"
            told = (
                f"应公示到{day(row['notice_until'])}，{day(row['withdrawn_on'])}就撤下了。"
                "依据：公示期的最后一天结束以前不得撤下"
            )
        else:
            given = row["notice_days"]
            until = f"，只公示到{day(row['notice_until'])}" if row["notice_until"] else ""
            what = "的公示期少于规定"
            told = f"公示 {given} 天{until}。依据：规定至少公示 {row['asked_days']} 天"
        return Words(
            title=f"{row['title'] or row['category']}{what}",
            basis=(
                f"{village}{day(row['released_on'])}公示的「{row['title'] or row['category']}」"
                f"（{row['category']}），{told}，红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: NoticeTooShortThresholds) -> str:
        """By a new notice that stayed its days."""
        if row["again_until"] is not None:
            return f"同一事项已重新公示，{day(row['again_until'])}公示期满。"
        return "公示期符合规定。"

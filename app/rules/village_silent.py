"""R27 村级平台沉寂: nothing is published, nobody complains, nobody looks."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Row, Rule, Thresholds, Words
from app.rules.wording import day


class VillageSilentThresholds(Thresholds):
    """Both are proposals."""

    yellow_days: int = Field(default=30, ge=7, le=366, description="连续多少天没有任何动静黄色预警（天）")
    red_days: int = Field(default=60, ge=7, le=732, description="连续多少天没有任何动静红色预警（天）")


class VillageSilent(Rule[VillageSilentThresholds]):
    """A sign of life is a publication, a complaint or a view. A village counts from its first sign, or from
    when it was set up here, so that a new one has its time. Where no village at all was viewed for the
    window, views are not being counted, and nobody can be called silent."""

    key = "village.silent"
    code = "R27"
    title = "村级平台沉寂"
    meaning = "这个村很久没有公开任何内容，没有人反映问题，也没有人来看，二维码可能已经没人用了。"
    source = "新华社对「僵尸」政务平台的调查所指的问题；天数为本系统建议值，各县自定。"
    clears_by = "公开新的内容，或有人浏览、反映问题。"
    line = Line.DISCIPLINE
    mode = RuleMode.SHADOW
    exclusions = ("启用不满一个检查期的村",)
    subject = "village"
    thresholds = VillageSilentThresholds
    SELECT = """
    WITH sign AS (
        SELECT v.id AS village_id, (v.created_at AT TIME ZONE 'Asia/Shanghai')::date AS created_on,
               p.last_on AS published_on, p.first_on AS first_published_on,
               c.last_on AS complained_on, c.first_on AS first_complained_on,
               seen.day AS viewed_on, first_seen.day AS first_viewed_on
        FROM live_village v0 JOIN organisation v ON v.id = v0.id
        LEFT JOIN (
            SELECT village_id, (max(published_at) AT TIME ZONE 'Asia/Shanghai')::date AS last_on,
                   (min(published_at) AT TIME ZONE 'Asia/Shanghai')::date AS first_on
            FROM disclosure
            WHERE state IN ('published', 'withdrawn')
              AND (published_at AT TIME ZONE 'Asia/Shanghai')::date <= :as_of
            GROUP BY village_id
        ) p ON p.village_id = v.id
        LEFT JOIN (
            SELECT village_id, (max(filed_at) AT TIME ZONE 'Asia/Shanghai')::date AS last_on,
                   (min(filed_at) AT TIME ZONE 'Asia/Shanghai')::date AS first_on
            FROM complaint WHERE (filed_at AT TIME ZONE 'Asia/Shanghai')::date <= :as_of
            GROUP BY village_id
        ) c ON c.village_id = v.id
        LEFT JOIN LATERAL (
            SELECT w.day FROM page_view w WHERE w.village_id = v.id AND w.day <= :as_of AND w.count > 0
            ORDER BY w.day DESC LIMIT 1
        ) seen ON true
        LEFT JOIN LATERAL (
            SELECT w.day FROM page_view w WHERE w.village_id = v.id AND w.day <= :as_of AND w.count > 0
            ORDER BY w.day LIMIT 1
        ) first_seen ON true
    ), judged AS (
        SELECT sign.*,
               least(created_on, first_published_on, first_complained_on, first_viewed_on) AS since,
               coalesce(greatest(published_on, complained_on, viewed_on), created_on) AS last_on,
               EXISTS (SELECT 1 FROM sign s WHERE s.viewed_on > :as_of - greatest(:yellow_days, :red_days))
                   AS views_counted
        FROM sign
    )
    SELECT village_id, village_id::text AS subject_id,
           CASE WHEN :as_of - last_on >= :red_days THEN 'red'
                WHEN :as_of - last_on >= :yellow_days THEN 'yellow' END AS colour,
           CASE WHEN :as_of - last_on >= least(:yellow_days, :red_days) AND NOT views_counted
                THEN '浏览量统计' END AS missing,
           published_on, complained_on, viewed_on, since, last_on, :as_of - last_on AS silent_days
    FROM judged
    WHERE since <= :as_of
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: VillageSilentThresholds) -> Words:
        """「某村已 45 天没有动静」, with the last day of each sign."""
        signs = (("公开", "published_on"), ("收到诉求", "complained_on"), ("有人浏览", "viewed_on"))
        told = "，".join(
            f"最近一次{what}在{day(row[name])}" if row[name] else f"从未{what}" for what, name in signs
        )
        return Words(
            title=f"{village}已 {row['silent_days']} 天没有动静",
            basis=(
                f"{village}到{day(as_of)}已连续 {row['silent_days']} 天没有公开、没有诉求、没有浏览：{told}。"
                f"依据：连续满 {thresholds.yellow_days} 天黄色预警，满 {thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: VillageSilentThresholds) -> str:
        """By the newest sign of life."""
        return f"{day(row['last_on'])}已有公开、诉求或浏览。"

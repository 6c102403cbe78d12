"""R22 公开逾期: something that the village owes to publish is past its due day."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day


class DisclosureOverdueThresholds(Thresholds):
    """The law sets the intervals; yellow on the first day late and red on the fifteenth are proposals."""

    yellow_days: int = Field(default=1, ge=1, le=366, description="超过公开期限多少天黄色预警（天）")
    red_days: int = Field(default=15, ge=1, le=366, description="超过公开期限多少天红色预警（天）")
    kept_days: int = Field(
        default=400, ge=1, le=1100, description="已公开的事项继续列入检查多少天（天），便于销号"
    )


class DisclosureOverdue(Rule[DisclosureOverdueThresholds]):
    """One subject for each obligation that is open or was met lately. What was met later than the day looked
    at was still open on it."""

    key = "disclosure.overdue"
    code = "R22"
    title = "村务公开逾期"
    meaning = "应当公开的事项过了公开期限还没有公开。"
    source = (
        "《村民委员会组织法》第三十条、《浙江省实施〈中华人民共和国村民委员会组织法〉办法》第二十九条："
        "一般事项至少每季度公布一次，集体财务往来较多的每月公布一次。宽限天数为本系统建议值，各县自定。"
    )
    clears_by = "公开该事项；确实不需要公开的，由有权限的人登记不需要公开及原因。"
    line = Line.DISCIPLINE
    needs = (Need("obligation", "应公开事项清单"),)
    exclusions = ("已登记不需要公开的事项",)
    subject = "obligation"
    rows_of = "obligations"
    thresholds = DisclosureOverdueThresholds
    SELECT = """
    WITH owed AS (
        SELECT o.id, o.village_id, o.title, o.period, o.category_code, o.due_on, o.state, o.provisional,
               CASE WHEN o.state = 'met' AND o.met_on <= :as_of THEN o.met_on END AS met_on,
               CASE WHEN o.state = 'met' AND o.met_on <= :as_of THEN o.disclosure_id END AS disclosure_id,
               o.state = 'met' AND o.met_on IS NULL AS undated, :as_of - o.due_on AS days_late
        FROM obligation o
        WHERE o.state <> 'met' OR coalesce(o.met_on > :as_of - :kept_days, true)
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN state = 'waived' OR met_on IS NOT NULL THEN NULL
                WHEN days_late >= :red_days THEN 'red'
                WHEN days_late >= :yellow_days THEN 'yellow' END AS colour,
           CASE WHEN undated AND days_late >= least(:yellow_days, :red_days) THEN '公开日期' END AS missing,
           title, period, category_code, due_on, days_late, state = 'waived' AS waived, provisional, met_on,
           disclosure_id, ARRAY[id] AS rows
    FROM owed
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: DisclosureOverdueThresholds) -> Words:
        """「财务公开逾期 3 天未公开」, with the due day."""
        return Words(
            title=f"{row['title']}逾期 {row['days_late']} 天未公开",
            basis=(
                f"{village}的「{row['title']}」应于{day(row['due_on'])}前公开，到{day(as_of)}已逾期 "
                f"{row['days_late']} 天，仍未公开。依据：逾期满 {thresholds.yellow_days} 天黄色预警，"
                f"满 {thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: DisclosureOverdueThresholds) -> str:
        """By the publication, or because it is not owed."""
        if row["waived"]:
            return "已登记为不需要公开。"
        if row["met_on"] is not None:
            return f"已于{day(row['met_on'])}公开。"
        return f"公开期限为{day(row['due_on'])}，未达到预警天数。"

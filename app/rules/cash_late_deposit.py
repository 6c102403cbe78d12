"""R15 现金迟存: cash that was taken for the village and did not reach its account in time."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day, yuan


class LateDepositThresholds(Thresholds):
    """Calendar days. Time to bank it and the colours follow the published cashless programme."""

    cashier_days: int = Field(
        default=0, ge=0, le=31, description="报账员收到现金后几天内存入账户（天，0 为当天）"
    )
    other_days: int = Field(default=2, ge=0, le=31, description="其他经手人收到现金后几天内交存（天）")
    yellow_days: int = Field(default=1, ge=1, le=366, description="超过期限几天黄色预警（天）")
    red_days: int = Field(default=3, ge=1, le=366, description="超过期限几天红色预警（天）")
    window_days: int = Field(default=92, ge=1, le=1100, description="只看最近多少天的收款（天）")


class LateDeposit(Rule[LateDepositThresholds]):
    """Cash is due in the account on the day when the cashier takes it, two days later when somebody else
    does. Who took it is not always written down: then the longer time holds. Cash without a day of banking
    counts as not banked, once the village writes that day down at all."""

    key = "cash.late_deposit"
    code = "R15"
    title = "现金迟存"
    meaning = "收到的现金没有在规定时间内存入村集体账户。"
    source = "杭州市萧山区村级「无现金」管理公开做法：收到现金当天存入银行，其他经手人两天内交存。"
    clears_by = "在收款台账中登记到账日期且未超过期限，或更正登记有误的收款日期、收款人。"
    line = Line.FINANCE
    needs = (Need("receipt", "收款台账", condition="t.voided_at IS NULL", recent="received_on", days=366),)
    exclusions = ("转账和村务卡收款", "已作废的收款", "期限落在休息日的，顺延到下一个工作日")
    subject = "receipt"
    rows_of = "receipts"
    thresholds = LateDepositThresholds
    SELECT = """
    WITH cash AS (
        SELECT r.id, r.village_id, r.voucher, r.received_on, r.amount_fen, r.collector, r.handled_by,
               CASE WHEN r.banked_on <= :as_of THEN r.banked_on END AS banked_on,
               (SELECT min(CAST(d AS date)) FROM generate_series(
                    r.received_on + CASE WHEN r.collector = 'cashier' THEN :cashier_days ELSE :other_days END,
                    r.received_on + 45, INTERVAL '1 day') AS d
                WHERE CAST(d AS date) <> ALL(CAST(:rest_days AS date[]))) AS due_on,
               coalesce(bool_or(r.banked_on <= :as_of) OVER (PARTITION BY r.village_id), false) AS recorded
        FROM receipt r
        WHERE r.method = 'cash' AND r.voided_at IS NULL
          AND r.received_on > :as_of - :window_days AND r.received_on <= :as_of
    ), timed AS (
        SELECT cash.*, coalesce(banked_on, :as_of) - due_on AS days_late,
               banked_on < received_on OR (banked_on IS NULL AND NOT recorded) AS unsure
        FROM cash
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN days_late >= :red_days THEN 'red' WHEN days_late >= :yellow_days THEN 'yellow' END
               AS colour,
           CASE WHEN unsure AND (banked_on IS NOT NULL OR days_late > 0) THEN '到账日期' END AS missing,
           voucher, received_on, due_on, banked_on, days_late, amount_fen, collector, handled_by,
           ARRAY[id] AS rows
    FROM timed
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: LateDepositThresholds) -> Words:
        """「现金 1,200.00 元超过期限 4 天还没存入账户」."""
        late, amount = row["days_late"], yuan(row["amount_fen"])
        if row["banked_on"] is None:
            what, then = f"超过期限 {late} 天还没存入账户", f"到{day(as_of)}还没有登记到账。"
        else:
            what, then = f"迟存 {late} 天", f"{day(row['banked_on'])}才到账。"
        who = {"cashier": "报账员", "other": "其他经手人"}.get(row["collector"], "经手人（台账没有写明是谁）")
        return Words(
            title=f"现金 {amount}{what}",
            basis=(
                f"{village}{day(row['received_on'])}收到现金 {amount}（凭证 {row['voucher']}），"
                f"由{who}收取，应在{day(row['due_on'])}前存入账户，{then}"
                f"依据：报账员{_within(thresholds.cashier_days)}、"
                f"其他经手人{_within(thresholds.other_days)}存入；"
                f"超过 {thresholds.yellow_days} 天黄色预警，超过 {thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: LateDepositThresholds) -> str:
        """By the day of banking."""
        if row["banked_on"] is not None:
            return f"台账登记的到账日期为{day(row['banked_on'])}，没有超过期限。"
        return f"存入期限为{day(row['due_on'])}，还没有超过。"


def _within(days: int) -> str:
    return f" {days} 天内" if days else "当天"

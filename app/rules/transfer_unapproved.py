"""R16 大额转账未报批: a large transfer without the town's approval, or approved only afterwards."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day, yuan


class TransferUnapprovedThresholds(Thresholds):
    """50,000 yuan is the line of the published cashless programme."""

    limit_fen: int = Field(default=50_000_00, gt=0, description="单笔转账达到多少须报镇街审批（分）")
    window_days: int = Field(default=366, ge=1, le=1100, description="只看最近多少天的付款（天）")


class TransferUnapproved(Rule[TransferUnapprovedThresholds]):
    """A transfer is what one voucher pays one payee on one day, so that several lines do not hide it. An
    approval is the town's number or its day; without the day nobody can tell whether it came in time."""

    key = "transfer.unapproved"
    code = "R16"
    title = "大额转账未经镇街审批"
    meaning = "单笔转账达到规定金额，没有镇街审批记录，或者先付款、后补批。"
    source = "杭州市萧山区村级「无现金」管理公开做法：单笔转账 5 万元及以上须经镇街审批。"
    clears_by = "在付款台账中补登付款之前的镇街审批文号和日期。先付后批的，说明原因后由第二人复核销号。"
    line = Line.FINANCE
    needs = (Need("payment", "付款台账", condition="t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "村集体自有账户之间的往来",
        "缴纳税款、社会保险费、住房公积金",
        "现金和村务卡付款",
        "已作废的付款",
    )
    subject = "payment"
    rows_of = "payments"
    thresholds = TransferUnapprovedThresholds
    SELECT = """
    WITH grouped AS (
        SELECT village_id, voucher, paid_on, min(id) AS first_id, min(payee) AS payee,
               min(category) AS category, sum(amount_fen)::bigint AS amount_fen, array_agg(id) AS rows,
               max(nullif(btrim(town_approval), '')) AS approval, max(town_approved_on) AS approved_on
        FROM payment
        WHERE method = 'transfer' AND voided_at IS NULL AND expense IS DISTINCT FROM 'transfer'
          AND paid_on > :as_of - :window_days AND paid_on <= :as_of
        GROUP BY village_id, voucher, paid_on, payee_key
        HAVING sum(amount_fen) >= :limit_fen
    ), large AS MATERIALIZED (
        SELECT * FROM grouped WHERE category !~ '税|社会保险|社保|养老保险|医疗保险|公积金'
    ), recording AS (
        SELECT v.village_id FROM (SELECT DISTINCT village_id FROM large) v
        WHERE EXISTS (
            SELECT 1 FROM payment p
            WHERE p.village_id = v.village_id AND p.voided_at IS NULL
              AND p.paid_on > :as_of - :window_days AND p.paid_on <= :as_of
              AND (btrim(p.town_approval) <> '' OR p.town_approved_on <= :as_of))
    ), judged AS (
        SELECT l.*, CASE WHEN l.approved_on <= :as_of THEN l.approved_on END AS known_on,
               r.village_id IS NOT NULL AS recorded
        FROM large l LEFT JOIN recording r ON r.village_id = l.village_id
    )
    SELECT village_id, first_id::text AS subject_id,
           CASE WHEN known_on <= paid_on THEN NULL
                WHEN known_on IS NULL AND approval IS NOT NULL AND approved_on IS NULL THEN NULL
                WHEN recorded THEN 'red' END AS colour,
           CASE WHEN approved_on IS NULL AND approval IS NOT NULL THEN '审批日期'
                WHEN known_on IS NULL AND NOT recorded THEN '审批记录' END AS missing,
           voucher, paid_on, payee, category, amount_fen, approval, known_on AS approved_on, rows
    FROM judged
    """

    def words(
        self, row: Row, *, village: str, as_of: date, thresholds: TransferUnapprovedThresholds
    ) -> Words:
        """「转账 68,000.00 元没有镇街审批」, or approved only after it was paid."""
        amount, approved = yuan(row["amount_fen"]), row["approved_on"]
        if approved is None:
            what, then = "没有镇街审批", "台账中没有镇街审批文号和日期。"
        else:
            number = f"（{row['approval']}）" if row["approval"] else ""
            what, then = "先付款后审批", f"镇街审批日期为{day(approved)}{number}，晚于付款。"
        return Words(
            title=f"转账 {amount}{what}",
            basis=(
                f"{village}{day(row['paid_on'])}向{row['payee']}转账 {amount}（凭证 {row['voucher']}，"
                f"{row['category']}），{then}"
                f"依据：单笔转账达到 {yuan(thresholds.limit_fen)}须先经镇街审批，否则红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: TransferUnapprovedThresholds) -> str:
        """By an approval that came before the payment."""
        return f"台账登记的镇街审批日期为{day(row['approved_on'])}，不晚于付款日期。"

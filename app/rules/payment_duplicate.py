"""R12 疑似重复付款: one invoice or one debt paid twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models.organisations import Line
from app.rules import vocabulary
from app.rules.base import Clearing, Need, Row, Rule, Thresholds, Words
from app.rules.wording import day, yuan


class PaymentDuplicateThresholds(Thresholds):
    """The same invoice needs no threshold. The days and amounts of the second form are this system's
    proposal; the county sets its own."""

    near_days: int = Field(default=7, ge=0, le=31, description="同一收款方同一金额间隔几天以内预警（天）")
    least_fen: int = Field(default=50_000, ge=1, description="同一收款方同一金额：低于多少不看（分）")
    recurring_months: int = Field(
        default=3, ge=2, le=12, description="一年内有几个月付过同样的金额就当作按期付款（个月）"
    )
    window_days: int = Field(default=365, ge=31, le=1098, description="后一笔付款在多少天以内才看（天）")
    lookback_days: int = Field(default=730, ge=31, le=3660, description="再往前多少天的发票也拿来比对（天）")


class PaymentDuplicate(Rule[PaymentDuplicateThresholds]):
    """Red where one invoice number stands at several vouchers; yellow where a payee gets the same amount
    twice within a week and nothing in the books tells the two apart."""

    key = "payment.duplicate"
    code = "R12"
    title = "疑似重复付款"
    meaning = "同一张发票付了两次，或短时间内向同一收款方付了两笔相同的钱，而台账上看不出是两件事。"
    source = (
        "财政部、国家档案局《关于规范电子会计凭证报销入账归档的通知》（财会〔2020〕6号）：防止电子会计凭证重复入账；"
        "发票查重是各地村级财务监管的通行做法。7 天、500 元是本系统建议值，各县自定。"
    )
    clears_by = "作废重复的付款（退回的款项另行入账），或补全发票号码、用途，说明是两笔不同的付款。"
    line = Line.FINANCE
    needs = (Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "同一凭证的多行",
        "同一合同下金额不同的分期付款共用一张发票",
        "工资、误工、补助补贴、往来款",
        "发票号码不同，或用途不同的两笔付款",
        "按月按期支付的相同金额，合同约定的等额分期",
    )
    subject = "payment"
    rows_of = "payments"
    thresholds = PaymentDuplicateThresholds
    SELECT = """
    WITH invoice_twice AS (
        SELECT upper(btrim(p.invoice_number)) AS invoice FROM payment p
        WHERE btrim(p.invoice_number) <> '' AND p.voided_at IS NULL AND p.amount_fen > 0
          AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days - :lookback_days
        GROUP BY 1 HAVING count(*) > 1
    ), invoiced AS (
        SELECT p.id, p.village_id, p.voucher, p.paid_on, p.payee, p.payee_key, p.amount_fen, p.contract_id,
               t.invoice
        FROM payment p JOIN invoice_twice t ON t.invoice = upper(btrim(p.invoice_number))
        WHERE p.voided_at IS NULL AND p.amount_fen > 0
          AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days - :lookback_days
    ), same_invoice AS (
        SELECT a.village_id, 'invoice:' || a.invoice AS subject_id, 'red' AS colour, 'invoice' AS form,
               a.invoice, min(a.payee) AS payee, max(a.amount_fen) AS amount_fen,
               min(least(a.paid_on, b.paid_on)) AS first_on, max(greatest(a.paid_on, b.paid_on)) AS last_on,
               count(DISTINCT b.village_id) FILTER (WHERE b.village_id <> a.village_id) AS elsewhere,
               array_agg(DISTINCT a.id) || coalesce(array_agg(DISTINCT b.id)
                   FILTER (WHERE b.village_id = a.village_id), '{}') AS ids
        FROM invoiced a
        JOIN invoiced b ON b.invoice = a.invoice AND b.id <> a.id
         AND (b.village_id <> a.village_id OR b.voucher <> a.voucher OR b.paid_on <> a.paid_on)
         AND (b.payee_key = a.payee_key
              OR b.village_id = a.village_id AND (b.amount_fen = a.amount_fen OR length(a.invoice) >= 12))
         AND NOT (a.contract_id IS NOT DISTINCT FROM b.contract_id AND a.contract_id IS NOT NULL
                  AND a.amount_fen <> b.amount_fen)
        GROUP BY a.village_id, a.invoice
        HAVING max(greatest(a.paid_on, b.paid_on)) > CAST(:as_of AS date) - :window_days
    ), near AS (
        SELECT p.id, p.village_id, p.paid_on, p.voucher, p.payee, p.payee_key, p.amount_fen, p.contract_id,
               p.category, p.purpose, upper(btrim(p.invoice_number)) AS invoice,
               lag(p.id) OVER w AS other_id, lag(p.paid_on) OVER w AS other_on,
               lag(p.voucher) OVER w AS other_voucher, lag(p.purpose) OVER w AS other_purpose,
               lag(p.contract_id) OVER w AS other_contract,
               lag(upper(btrim(p.invoice_number))) OVER w AS other_invoice
        FROM payment p
        WHERE p.voided_at IS NULL AND p.amount_fen >= :least_fen AND p.payee_key <> ''
          AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days - :near_days
          AND coalesce(p.expense, '') NOT IN ('welfare', 'transfer')
          AND NOT (coalesce(p.expense, '') = 'labour' AND coalesce(p.payee_kind, '') = 'person')
        WINDOW w AS (PARTITION BY p.village_id, p.payee_key, p.amount_fen ORDER BY p.paid_on, p.id)
    ), hit AS (
        SELECT * FROM near n
        WHERE n.paid_on - n.other_on <= :near_days AND n.paid_on > CAST(:as_of AS date) - :window_days
          AND (n.voucher <> n.other_voucher OR n.paid_on <> n.other_on)
          AND (n.invoice = '' OR n.other_invoice = '' OR n.invoice = n.other_invoice) IS NOT FALSE
          AND (btrim(n.purpose) = btrim(n.other_purpose) OR btrim(n.purpose) = ''
               OR btrim(n.other_purpose) = '') IS NOT FALSE
          AND NOT n.category || coalesce(n.purpose, '') ~ :left_out
    ), recurring AS (
        SELECT p.village_id, p.payee_key, p.amount_fen
        FROM payment p
        JOIN (SELECT DISTINCT village_id, payee_key, amount_fen FROM hit) h
          USING (village_id, payee_key, amount_fen)
        WHERE p.voided_at IS NULL AND p.paid_on <= :as_of
          AND p.paid_on > CAST(:as_of AS date) - :window_days - 31
        GROUP BY p.village_id, p.payee_key, p.amount_fen
        HAVING count(DISTINCT date_trunc('month', p.paid_on)) >= :recurring_months
    ), same_amount AS (
        SELECT h.village_id, 'payment:' || h.other_id AS subject_id, 'yellow' AS colour, 'amount' AS form,
               NULL::text AS invoice, h.payee, h.amount_fen, h.other_on AS first_on, h.paid_on AS last_on,
               0::bigint AS elsewhere, ARRAY[h.other_id, h.id] AS ids
        FROM hit h
        WHERE NOT EXISTS (SELECT 1 FROM recurring r WHERE r.village_id = h.village_id
                            AND r.payee_key = h.payee_key AND r.amount_fen = h.amount_fen)
          AND NOT EXISTS (SELECT 1 FROM same_invoice s
                          WHERE s.village_id = h.village_id AND h.id = ANY(s.ids) AND h.other_id = ANY(s.ids))
          AND NOT EXISTS (
              SELECT 1 FROM contract c
              WHERE c.id = h.contract_id AND c.id = h.other_contract
                AND (SELECT count(*) FROM jsonb_array_elements(c.schedule) AS due(entry)
                     WHERE CAST(due.entry ->> 'amount_fen' AS numeric) = h.amount_fen) > 1)
    ), kept AS (
        SELECT p.village_id, bool_or(btrim(coalesce(p.invoice_number, '')) <> '') AS invoices
        FROM payment p
        WHERE p.voided_at IS NULL AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days
          AND p.expense IN ('goods', 'service', 'works', 'material')
        GROUP BY p.village_id
    )
    SELECT village_id, subject_id, colour, NULL::text AS missing, form, invoice, payee, amount_fen,
           first_on, last_on, elsewhere, ids AS rows
    FROM (SELECT * FROM same_invoice UNION ALL SELECT * FROM same_amount) found
    UNION ALL
    SELECT village_id, 'invoices', NULL, CASE WHEN NOT invoices THEN '发票号码' END,
           'invoices', NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM kept
    """

    def parameters(self, thresholds: PaymentDuplicateThresholds) -> dict[str, Any]:
        """With the words of wages and subsidies."""
        left_out = f"{vocabulary.wages()}|{vocabulary.subsidies()}"
        return {**super().parameters(thresholds), "left_out": left_out}

    def words(self, row: Row, *, village: str, as_of: date, thresholds: PaymentDuplicateThresholds) -> Words:
        """「发票 0123… 付款两次以上」 or 「7 天内两次向某某付款 8,500.00 元」."""
        if row["form"] == "invoice":
            elsewhere = f"，另有 {row['elsewhere']} 个村也用了这张发票" if row["elsewhere"] else ""
            return Words(
                title=f"发票 {row['invoice']} 重复付款",
                basis=(
                    f"{village}的发票 {row['invoice']}（{row['payee']}）出现在 "
                    f"{len(set(row['rows']))} 笔付款中，"
                    f"从{day(row['first_on'])}到{day(row['last_on'])}，最大一笔 {yuan(row['amount_fen'])}"
                    f"{elsewhere}。依据：同一发票号码对应多张凭证，红色预警。"
                ),
            )
        return Words(
            title=f"两次向{row['payee']}付款 {yuan(row['amount_fen'])}",
            basis=(
                f"{village}于{day(row['first_on'])}和{day(row['last_on'])}两次向{row['payee']}付款 "
                f"{yuan(row['amount_fen'])}，用途、发票上看不出是两件事。"
                f"依据：同一收款方、同一金额、间隔不超过 {thresholds.near_days} 天，黄色预警。"
            ),
        )

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """Clear where one of the two payments was voided, or purposes and invoices now tell them apart."""
        found = session.execute(text(_LEFT), {"as_of": as_of, "subjects": list(subjects)}).mappings()
        return {
            row["key"]: Clearing(
                "重复的付款已作废，或已补全发票、用途，是两笔不同的付款。", {"left": row["valid"]}
            )
            for row in found
            if row["valid"] < 2 or row["told_apart"]
        }


# Of a subject that is gone: how many of its payments are still valid, and whether they differ now.
_LEFT = """
WITH wanted AS (
    SELECT key, CAST(split_part(key, ':', 1) AS uuid) AS village_id, split_part(key, ':', 2) AS form,
           substr(key, length(split_part(key, ':', 1)) + length(split_part(key, ':', 2)) + 3) AS name
    FROM unnest(CAST(:subjects AS text[])) AS key
)
SELECT w.key, count(DISTINCT p.id) AS valid, false AS told_apart
FROM wanted w
LEFT JOIN payment own ON own.village_id = w.village_id AND upper(btrim(own.invoice_number)) = w.name
  AND own.voided_at IS NULL AND own.paid_on <= :as_of
LEFT JOIN payment p ON upper(btrim(p.invoice_number)) = w.name AND p.voided_at IS NULL
  AND p.paid_on <= :as_of AND (p.village_id = own.village_id OR p.payee_key = own.payee_key)
WHERE w.form = 'invoice' GROUP BY w.key
UNION ALL
SELECT w.key, count(p.id),
       count(DISTINCT upper(btrim(p.invoice_number))) > 1 OR count(DISTINCT btrim(p.purpose)) > 1
FROM wanted w
JOIN payment one ON one.village_id = w.village_id AND one.id::text = w.name
LEFT JOIN payment p ON p.village_id = one.village_id AND p.payee_key = one.payee_key
  AND p.amount_fen = one.amount_fen AND p.voided_at IS NULL AND one.voided_at IS NULL
  AND p.paid_on BETWEEN one.paid_on AND one.paid_on + 31 AND p.paid_on <= :as_of
WHERE w.form = 'payment' GROUP BY w.key
"""

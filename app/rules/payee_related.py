"""R13 向干部亲属付款: much of a village's money goes to the kin of its cadres."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.limits import TENDERED
from app.rules.wording import percent, yuan


class PayeeRelatedThresholds(Thresholds):
    """All numbers are this system's proposal; the county sets its own."""

    yellow_percent: int = Field(default=10, ge=1, le=100, description="占全村支出多少黄色预警（%）")
    red_percent: int = Field(default=30, ge=1, le=100, description="占全村支出多少红色预警（%）")
    yellow_fen: int = Field(default=5_000_000, ge=1, description="不论占比，收款达到多少黄色预警（分）")
    least_total_fen: int = Field(default=10_000_000, ge=1, description="全村支出低于多少不比较（分）")
    least_payments: int = Field(default=20, ge=1, le=10_000, description="全村付款少于多少笔不比较（笔）")
    window_days: int = Field(default=365, ge=31, le=1098, description="看多少天以内的付款和合同（天）")


class PayeeRelated(Rule[PayeeRelatedThresholds]):
    """Yellow where payees whom a cadre declared as his kin or firms get more than a tenth of what the village
    spends in a year; red above three tenths, or where one of them won a tender of the village."""

    key = "payee.related"
    code = "R13"
    title = "向干部亲属付款"
    meaning = "村干部本人申报的亲属或亲属的企业，从村里收的钱占了不小的比例，或中了村里的标。"
    source = (
        "村干部亲属、亲属企业承揽本村业务应当申报、回避是各地村级廉洁规定的通行要求；"
        "10%、30% 是本系统建议值，各县自定。"
    )
    clears_by = "更正误录的收款方或申报，或由镇街核实说明（姓名相同的人要核实是否同一人）。"
    line = Line.DISCIPLINE
    mode = RuleMode.SHADOW
    needs = (
        Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),
        Need("relation", "干部亲属申报", "t.voided_at IS NULL"),
    )
    exclusions = (
        "干部本人的报酬",
        "补助补贴、往来款",
        "已终止的亲属关系",
        "全村支出或付款笔数太少，比例说明不了问题的",
    )
    subject = "cadre"
    rows_of = "payments"
    thresholds = PayeeRelatedThresholds
    SELECT = f"""
    WITH {TENDERED}, kin AS MATERIALIZED (
        SELECT DISTINCT r.village_id, r.cadre_key, r.cadre, r.post, r.party_key, r.party, r.kind,
               r.declared_on, r.ended_on
        FROM relation r
        WHERE r.voided_at IS NULL AND r.kind <> 'self' AND r.party_key <> r.cadre_key AND r.party_key <> ''
          AND coalesce(r.declared_on, :as_of) <= :as_of
          AND coalesce(r.ended_on, :as_of) > CAST(:as_of AS date) - :window_days
    ), spent AS (
        SELECT p.village_id, sum(p.amount_fen) AS total_fen, count(*) AS payments
        FROM payment p
        WHERE p.voided_at IS NULL AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days
          AND p.expense IS DISTINCT FROM 'transfer'
        GROUP BY p.village_id
    ), related AS (
        SELECT k.village_id, k.cadre_key, sum(p.amount_fen) AS related_fen, count(*) AS related_payments,
               array_agg(p.id) AS ids, array_agg(DISTINCT p.payee_key) AS keys
        FROM (SELECT DISTINCT village_id, cadre_key, party_key, ended_on FROM kin) k
        JOIN payment p ON p.village_id = k.village_id AND p.payee_key = k.party_key
        WHERE p.voided_at IS NULL AND p.paid_on <= least(coalesce(k.ended_on, :as_of), :as_of)
          AND p.paid_on > CAST(:as_of AS date) - :window_days
          AND coalesce(p.expense, '') NOT IN ('welfare', 'transfer')
        GROUP BY k.village_id, k.cadre_key
    ), won AS (
        SELECT k.village_id, k.cadre_key, jsonb_agg(DISTINCT jsonb_build_object(
                   'contract', c.number, 'title', c.title, 'winner', c.counterparty)) AS tenders,
               count(DISTINCT c.id) AS won, array_agg(DISTINCT c.counterparty_key) AS keys
        FROM kin k
        JOIN contract c ON c.village_id = k.village_id AND c.counterparty_key = k.party_key
        JOIN tendered_contract t ON t.id = c.id
        WHERE coalesce(c.signed_on, c.starts_on) <= least(coalesce(k.ended_on, :as_of), :as_of)
          AND coalesce(c.signed_on, c.starts_on) > CAST(:as_of AS date) - :window_days
        GROUP BY k.village_id, k.cadre_key
    ), cadre AS (
        SELECT village_id, cadre_key, min(cadre) AS cadre, max(post) AS post
        FROM kin GROUP BY village_id, cadre_key
    ), weighed AS (
        SELECT c.*, met.parties, met.firms, coalesce(r.related_fen, 0) AS related_fen,
               coalesce(r.related_payments, 0) AS related_payments, s.total_fen, s.payments,
               coalesce(w.won, 0) AS won, coalesce(w.tenders, '[]') AS tenders, r.ids,
               s.total_fen >= :least_total_fen AND s.payments >= :least_payments AS comparable
        FROM cadre c
        JOIN spent s USING (village_id)
        LEFT JOIN related r USING (village_id, cadre_key)
        LEFT JOIN won w USING (village_id, cadre_key)
        -- a declaration is read by few: only those are named who got something
        CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('party', k.party, 'kind', k.kind)), '[]')
                       AS parties,
                   coalesce(bool_or(k.kind = 'firm'), false) AS firms
            FROM kin k
            WHERE k.village_id = c.village_id AND k.cadre_key = c.cadre_key
              AND (k.party_key = ANY(r.keys) OR k.party_key = ANY(w.keys))
        ) met
    )
    SELECT village_id, 'cadre:' || left(md5(cadre_key), 16) AS subject_id,
           CASE WHEN won > 0 THEN 'red'
                WHEN comparable AND related_fen * 100 > total_fen * :red_percent THEN 'red'
                WHEN comparable AND related_fen * 100 > total_fen * :yellow_percent THEN 'yellow'
                WHEN related_fen >= :yellow_fen THEN 'yellow' END
               AS colour,
           NULL::text AS missing, cadre, post, parties, firms, related_fen, related_payments, total_fen,
           payments, won, tenders, coalesce(ids, '{{}}') AS rows
    FROM weighed
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: PayeeRelatedThresholds) -> Words:
        """「某某申报的亲属收款占全村支出 34%」, with the sums and the tenders that were won."""
        share = row["related_fen"] / row["total_fen"] if row["total_fen"] else 0
        won = (
            f"中标 {row['won']} 个（{'、'.join(one['title'] for one in row['tenders'])}）。"
            if row["won"]
            else ""
        )
        title = (
            f"{row['cadre']}申报的亲属方中标 {row['won']} 个"
            if row["won"]
            else f"{row['cadre']}申报的亲属方收款占全村支出 {percent(share)}"
        )
        return Words(
            title=title,
            basis=(
                f"{village}近 {thresholds.window_days} 天付给{row['cadre']}申报的亲属及其企业 "
                f"{row['related_payments']} 笔 {yuan(row['related_fen'])}，"
                f"占全村支出 {yuan(row['total_fen'])}的 {percent(share)}。"
                f"{won}收款方按名称比对，个人请核实是否同一人。"
                f"依据：超过 {thresholds.yellow_percent}% 或达到 {yuan(thresholds.yellow_fen)}黄色预警，"
                f"超过 {thresholds.red_percent}% 或中标红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: PayeeRelatedThresholds) -> str:
        """The share has fallen below the line, or the declaration was corrected."""
        return "亲属方收款的比例已低于预警线，也没有中标。"

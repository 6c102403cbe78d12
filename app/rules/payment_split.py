"""R10 疑似拆分付款: one purchase in pieces, each just below the line."""

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
from app.rules.limits import LIMIT_SPANS, TENDERED, in_force
from app.rules.wording import day, percent, yuan


class PaymentSplitThresholds(Thresholds):
    """The lines are the county's tender limits. Days, number of pieces and how close to the line they come
    are this system's proposal; the county sets its own."""

    days: int = Field(default=30, ge=2, le=92, description="多少天以内的付款合并看（天）")
    near_percent: int = Field(default=90, ge=50, le=99, description="达到限额的百分之几算贴近限额（%）")
    near_pieces: int = Field(default=3, ge=2, le=20, description="几笔贴近限额红色预警（笔）")
    least_piece_percent: int = Field(
        default=10, ge=1, le=50, description="低于限额百分之几的零星付款不算（%）"
    )
    recurring_months: int = Field(
        default=3, ge=2, le=12, description="有几个月付过同样的金额就当作按期付款（个月）"
    )
    window_days: int = Field(default=180, ge=31, le=1098, description="最后一笔在多少天以内才看（天）")


class PaymentSplit(Rule[PaymentSplitThresholds]):
    """Yellow where a payee's payments within 30 days reach a line that each of them stays below; red where
    three or more of them lie just below it."""

    key = "payment.split"
    code = "R10"
    title = "疑似拆分付款"
    meaning = "短时间内向同一收款方付了几笔钱，每笔都低于限额，合起来达到限额，像是把一件事拆开来付。"
    source = (
        "《招标投标法》第四条：不得将依法必须进行招标的项目化整为零或者以其他任何方式规避招标；"
        "各地小型工程管理规定：任何单位和个人不得将项目肢解或者化整为零。限额按各区县当日执行的标准；"
        "30 天、90% 和 3 笔是本系统建议值，各县自定。"
    )
    clears_by = "关联经过招标的合同或项目，补登会议表决，或作废误录的付款。"
    line = Line.CONSTRUCTION
    needs = (Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "工资、误工、补助补贴、水电燃气等公用事业费、往来款",
        "经过招标的合同或项目下的付款；已经会议表决的，不看表决限额",
        "每月按期支付的相同金额",
        "低于限额一成的零星付款",
        "用途明确是不同事项、合计只达到表决限额的付款",
    )
    subject = "payment"
    rows_of = "payments"
    thresholds = PaymentSplitThresholds
    SELECT = f"""
    WITH {LIMIT_SPANS}, {TENDERED}, voted AS (
        SELECT c.id AS contract_id FROM contract c WHERE c.meeting_id IS NOT NULL
    ), voted_project AS (
        SELECT DISTINCT s.project_id FROM project_stage s
        WHERE s.kind IN ('vote', 'decision') AND s.day <= :as_of
    ), piece AS (
        SELECT p.id, p.village_id, p.payee_key, p.paid_on, p.amount_fen,
               coalesce(p.contract_id IN (SELECT contract_id FROM voted), false)
               OR coalesce(p.project_id IN (SELECT project_id FROM voted_project), false) AS voted,
               CASE WHEN p.expense IN ('goods', 'office', 'hospitality', 'other') THEN 'goods'
                    WHEN p.expense = 'service' THEN 'services' ELSE 'works' END AS kind
        FROM payment p
        WHERE p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - :window_days - 184
          AND p.amount_fen * 100 >= (SELECT min(least(t.vote_fen, t.tender_fen)) FROM tender_limit t)
                                    * :least_piece_percent
          AND p.voided_at IS NULL AND p.payee_key <> ''
          AND coalesce(p.expense, '') NOT IN ('welfare', 'transfer')
          -- hashed, where NOT EXISTS would walk through the CTE for every payment
          AND (p.contract_id IN (SELECT id FROM tendered_contract)) IS NOT TRUE
          AND (p.project_id IN (SELECT id FROM tendered_project)) IS NOT TRUE
    ), measured AS (
        SELECT piece.*, line.name, line.fen AS line_fen
        FROM piece
        JOIN limit_span ON {in_force("piece.village_id", "piece.kind", "piece.paid_on")}
        CROSS JOIN LATERAL (
            VALUES ('vote', CASE WHEN NOT piece.voted THEN limit_span.vote_fen END),
                   ('tender', limit_span.tender_fen)
        ) AS line(name, fen)
        WHERE piece.amount_fen < line.fen AND piece.amount_fen * 100 >= line.fen * :least_piece_percent
    ), loose AS (
        SELECT *, sum(amount_fen) OVER (
            PARTITION BY village_id, payee_key, kind, name, line_fen ORDER BY paid_on
            RANGE BETWEEN make_interval(days => :days - 1) PRECEDING AND CURRENT ROW) AS sum_fen
        FROM measured
    ), suspected AS MATERIALIZED (
        SELECT * FROM (SELECT loose.*, bool_or(sum_fen >= line_fen) OVER (
            PARTITION BY village_id, payee_key, kind) AS suspect FROM loose) every
        WHERE suspect
    ), recurring AS MATERIALIZED (
        SELECT village_id, payee_key, amount_fen FROM suspected
        GROUP BY village_id, payee_key, amount_fen
        HAVING count(DISTINCT date_trunc('month', paid_on)) >= :recurring_months
    ), counted AS MATERIALIZED (
        SELECT m.village_id, m.payee_key, m.kind, m.name, m.line_fen, m.id, m.paid_on, m.amount_fen,
               p.payee, p.purpose, p.purpose_key
        FROM suspected m
        JOIN payment p ON p.id = m.id
        WHERE (m.village_id, m.payee_key, m.amount_fen) NOT IN (SELECT * FROM recurring)
          AND NOT p.category || coalesce(p.purpose, '') ~ :utilities
          AND (NOT p.category || coalesce(p.purpose, '') ~ :left_out
               OR coalesce(p.purpose_key ~ :works AND NOT p.purpose_key ~ :upkeep, false))
    ), rolling AS (
        SELECT village_id, payee_key, kind, name, line_fen, paid_on, min(paid_on) OVER w AS since,
               sum(amount_fen) OVER w AS sum_fen, count(*) OVER w AS pieces,
               count(*) FILTER (WHERE amount_fen * 100 >= line_fen * :near_percent) OVER w AS near,
               min(purpose_key) OVER w IS NOT DISTINCT FROM max(purpose_key) OVER w AS one_object
        FROM counted
        WINDOW w AS (PARTITION BY village_id, payee_key, kind, name, line_fen ORDER BY paid_on
                     RANGE BETWEEN make_interval(days => :days - 1) PRECEDING AND CURRENT ROW)
    ), hit AS (
        SELECT *, max(paid_on) OVER (PARTITION BY village_id, payee_key, kind ORDER BY since, paid_on
                                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_before
        FROM rolling
        WHERE sum_fen >= line_fen AND pieces >= 2
          AND (name = 'tender' OR near >= :near_pieces OR one_object)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE until_before IS NULL OR since > until_before)
                  OVER (PARTITION BY village_id, payee_key, kind ORDER BY since, paid_on) AS island
        FROM hit
    ), cluster AS (
        SELECT village_id, payee_key, kind, island, min(since) AS first_on, max(paid_on) AS last_on,
               max(sum_fen) AS most_fen, max(line_fen) AS line_fen, max(near) AS near,
               (array_agg(name ORDER BY line_fen DESC))[1] AS crossed,
               max(near) FILTER (WHERE near >= :near_pieces) IS NOT NULL AS bunched,
               min(line_fen) FILTER (WHERE near >= :near_pieces) AS near_line_fen
        FROM numbered GROUP BY village_id, payee_key, kind, island
        HAVING max(paid_on) > CAST(:as_of AS date) - :window_days
    ), told AS (
        SELECT c.village_id, c.payee_key, c.kind, c.first_on, c.last_on, c.most_fen, c.line_fen, c.near,
               c.crossed, c.bunched, c.near_line_fen, min(p.payee) AS payee, count(*) AS pieces,
               sum(p.amount_fen) AS total_fen, array_agg(p.id ORDER BY p.paid_on, p.id) AS ids,
               jsonb_agg(jsonb_build_object('day', p.paid_on, 'amount_fen', p.amount_fen,
                                            'purpose', p.purpose) ORDER BY p.paid_on, p.id) AS payments
        FROM cluster c
        JOIN (SELECT DISTINCT id, village_id, payee_key, kind, payee, paid_on, amount_fen, purpose
              FROM counted) p
          ON p.village_id = c.village_id AND p.payee_key = c.payee_key AND p.kind = c.kind
         AND p.paid_on BETWEEN c.first_on AND c.last_on
        GROUP BY c.village_id, c.payee_key, c.kind, c.first_on, c.last_on, c.most_fen, c.line_fen, c.near,
                 c.crossed, c.bunched, c.near_line_fen
    )
    SELECT village_id, 'payment:' || ids[1] AS subject_id,
           CASE WHEN bunched THEN 'red' ELSE 'yellow' END AS colour, NULL::text AS missing, payee, kind,
           first_on, last_on, pieces, total_fen, most_fen, crossed, line_fen, near, near_line_fen, payments,
           ids AS rows
    FROM told
    UNION ALL
    SELECT l.id, 'limits', NULL, CASE WHEN s.village_id IS NULL THEN '招标限额' END, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM live_village l
    LEFT JOIN limit_span s ON {in_force("l.id", "'works'", "CAST(:as_of AS date)", "s")}
    """

    def parameters(self, thresholds: PaymentSplitThresholds) -> dict[str, Any]:
        """With the words of wages, subsidies, utilities and works."""
        return {
            **super().parameters(thresholds),
            "utilities": vocabulary.utilities(),
            "left_out": f"{vocabulary.wages()}|{vocabulary.subsidies()}",
            "works": vocabulary.works(),
            "upkeep": vocabulary.upkeep(),
        }

    def words(self, row: Row, *, village: str, as_of: date, thresholds: PaymentSplitThresholds) -> Words:
        """「30 天内向某某付款 3 笔共 14.4 万元」, with the line and how close the pieces come to it."""
        line = "村级会议表决限额" if row["crossed"] == "vote" else "公开招标限额"
        near = (
            f"其中 {row['near']} 笔达到 {yuan(row['near_line_fen'])}限额的 "
            f"{percent(thresholds.near_percent / 100)}以上。"
            if row["near_line_fen"] is not None
            else ""
        )
        return Words(
            title=f"分 {row['pieces']} 笔向{row['payee']}付款共 {yuan(row['total_fen'])}",
            basis=(
                f"{village}从{day(row['first_on'])}到{day(row['last_on'])}向{row['payee']}付款 "
                f"{row['pieces']} 笔，每笔都低于{line} {yuan(row['line_fen'])}，"
                f"{thresholds.days} 天内合计最多 {yuan(row['most_fen'])}。{near}"
                f"依据：{thresholds.days} 天内合计达到限额黄色预警，"
                f"{thresholds.near_pieces} 笔以上贴近限额红色预警；限额按付款当日的标准。"
            ),
        )

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """Clear where the first payment was voided or now belongs to something that was tendered, or where
        what is left does not reach the lowest line any more."""
        found = session.execute(
            text(_LEFT), {"as_of": as_of, "subjects": list(subjects), "days": 31}
        ).mappings()
        return {
            row["key"]: Clearing(row["reason"], {"left_fen": row["left_fen"], "line_fen": row["line_fen"]})
            for row in found
            if row["reason"] is not None
        }


_LEFT = f"""
WITH live_village AS (
    SELECT id FROM organisation WHERE kind = 'village' AND active
), {LIMIT_SPANS}, {TENDERED}, wanted AS (
    SELECT key, CAST(split_part(key, ':', 1) AS uuid) AS village_id, split_part(key, ':', 3) AS name
    FROM unnest(CAST(:subjects AS text[])) AS key WHERE split_part(key, ':', 2) = 'payment'
), first AS (
    SELECT w.key, p.*,
           p.contract_id IN (SELECT id FROM tendered_contract)
           OR p.project_id IN (SELECT id FROM tendered_project) AS tendered,
           (SELECT min(least(s.vote_fen, s.tender_fen)) FROM limit_span s
            WHERE s.village_id = p.village_id AND s.valid_from <= p.paid_on AND s.valid_until > p.paid_on
           ) AS line_fen
    FROM wanted w JOIN payment p ON p.village_id = w.village_id AND p.id::text = w.name
), summed AS (
    SELECT f.key, f.voided_at, f.tendered, f.line_fen,
           coalesce(sum(p.amount_fen), 0) AS left_fen
    FROM first f
    LEFT JOIN payment p ON p.village_id = f.village_id AND p.payee_key = f.payee_key
      AND p.voided_at IS NULL AND p.paid_on BETWEEN f.paid_on AND f.paid_on + :days AND p.paid_on <= :as_of
      AND NOT EXISTS (SELECT 1 FROM tendered_contract t WHERE t.id = p.contract_id)
      AND NOT EXISTS (SELECT 1 FROM tendered_project t WHERE t.id = p.project_id)
    GROUP BY f.key, f.voided_at, f.tendered, f.line_fen
)
SELECT key, left_fen, line_fen,
       CASE WHEN voided_at IS NOT NULL THEN '首笔付款已作废，其余付款按新的情况重新判断。'
            WHEN tendered THEN '付款已关联经过招标的合同或项目。'
            WHEN left_fen < line_fen THEN '误录的付款已作废或更正，余下的合计未达到限额。' END AS reason
FROM summed
"""

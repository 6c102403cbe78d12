"""R09 个人用工异常: too many days, two jobs on one day, cadres and their kin on the pay-roll."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models.organisations import Line
from app.rules.base import Clearing, Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan

# Who worked: by the digest of the identity number; a slip without one counts for the only digest that the
# village has for that name, else for the name.
_PERSON = """
known AS (
    SELECT village_id, worker_key, min(worker_digest) AS digest
    FROM labour_slip
    WHERE worker_digest IS NOT NULL AND voided_at IS NULL AND worked_on <= :as_of
    GROUP BY village_id, worker_key HAVING count(DISTINCT worker_digest) = 1
), slip AS MATERIALIZED (
    SELECT s.id, s.village_id, s.worker, s.worker_key, s.worked_on, s.job, s.site, s.amount_fen, s.quantity,
           s.unit, s.worker_digest IS NOT NULL AS sure, coalesce(s.worker_digest, k.digest) AS digest,
           to_char(s.worked_on, 'YYYY-MM') AS month,
           coalesce('d' || left(coalesce(s.worker_digest, k.digest), 16), 'n' || left(md5(s.worker_key), 16))
               AS person
    FROM labour_slip s LEFT JOIN known k USING (village_id, worker_key)
    WHERE s.voided_at IS NULL AND s.worked_on <= :as_of
)
"""


class LabourPersonThresholds(Thresholds):
    """Days are this system's proposal (six days a week); that cadres may not draw labour pay and that one job
    is paid once are published rules of counties (如东县)."""

    most_days: int = Field(default=26, ge=1, le=31, description="一个月超过多少工预警（天）")
    most_day_percent: int = Field(
        default=150, ge=100, le=400, description="同一天在两处用工，合计超过一个工的百分之几预警（%）"
    )
    window_days: int = Field(default=92, ge=31, le=1098, description="往前看多少天（天）")


class LabourPerson(Rule[LabourPersonThresholds]):
    """Yellow for more than 26 days in a month, for a cadre's kin, or where only the name says that a worker
    is a cadre; red for two full jobs on one day and for a cadre himself, if the identity number is known."""

    key = "labour.person"
    code = "R09"
    title = "个人用工异常"
    meaning = "一个人一个月的工数过多，同一天在两处都记了工，或者领用工报酬的是村干部本人或其申报的亲属。"
    source = (
        "江苏省如东县村级用工规定：村干部不得另外领取用工报酬，没有派工单、手续不全的不得支付；"
        "26 天、一个半工是本系统建议值，各县自定。"
    )
    clears_by = "作废记错的用工单，补录身份证件分清同名的人，或由镇街核实说明。"
    line = Line.AGRICULTURE
    needs = (Need("labour_slip", "用工单", "t.voided_at IS NULL", recent="worked_on", days=366),)
    exclusions = (
        "计件用工不计入同一天两处",
        "同一天两处合计不超过一个半工（加班、半天工）",
        "亲属关系已经终止的",
        "只有姓名相同、没有证件号码的，最多黄色",
    )
    subject = "worker_month"
    rows_of = "labour_slips"
    thresholds = LabourPersonThresholds
    SELECT = f"""
    WITH {_PERSON}, recent AS MATERIALIZED (
        SELECT * FROM slip
        WHERE worked_on >= date_trunc('month', CAST(:as_of AS date) - :window_days)::date
    ), day AS (
        SELECT village_id, person, month, worked_on, bool_and(sure) AS sure, array_agg(id) AS ids,
               count(DISTINCT job || '/' || site) AS jobs,
               jsonb_build_object('day', worked_on, 'jobs', jsonb_agg(DISTINCT job)) AS told
        FROM recent WHERE unit <> 'piece'
        GROUP BY village_id, person, month, worked_on
        HAVING count(*) > 1 AND sum(CASE unit WHEN 'hour' THEN quantity / 8.0 ELSE quantity END) * 100
                                > :most_day_percent
    ), doubled AS (
        SELECT village_id, person, month, count(*) AS days, bool_or(sure) AS sure,
               jsonb_agg(told ORDER BY worked_on) AS told
        FROM day GROUP BY village_id, person, month
    ), worked AS (
        SELECT village_id, person, month, min(worker) AS worker, min(worker_key) AS worker_key,
               max(digest) AS digest, bool_and(sure) AS sure, count(*) AS slips,
               sum(amount_fen) AS paid_fen, min(worked_on) AS first_on, max(worked_on) AS last_on,
               greatest(count(DISTINCT worked_on) FILTER (WHERE unit <> 'piece'),
                        coalesce(sum(quantity) FILTER (WHERE unit = 'day'), 0)) AS days,
               array_agg(id) AS ids
        FROM recent GROUP BY village_id, person, month
    ), tie AS (
        SELECT w.village_id, w.person, w.month, r.cadre, r.post, r.kind,
               coalesce(r.party_digest = w.digest AND w.sure, false) AS sure,
               r.kind = 'self' OR w.worker_key = r.cadre_key AS cadre_himself
        FROM worked w
        JOIN relation r ON r.village_id = w.village_id
         AND (r.party_key = w.worker_key OR r.cadre_key = w.worker_key
              OR r.kind <> 'firm' AND r.party_digest = w.digest)
         AND (r.party_digest IS NULL OR w.digest IS NULL OR r.party_digest = w.digest
              OR r.cadre_key = w.worker_key AND r.kind <> 'self')
        WHERE r.voided_at IS NULL AND coalesce(r.declared_on, :as_of) <= :as_of
          AND coalesce(r.ended_on, w.first_on) >= w.first_on
          AND NOT EXISTS (SELECT 1 FROM relation o WHERE o.village_id = w.village_id AND o.kind = 'self'
                            AND o.voided_at IS NULL AND o.cadre_key = w.worker_key
                            AND o.party_digest <> w.digest)
    ), tied AS (
        SELECT village_id, person, month, bool_or(cadre_himself) AS cadre_himself,
               bool_or(cadre_himself AND sure) AS surely_cadre, min(cadre) AS cadre, max(post) AS post,
               jsonb_agg(DISTINCT jsonb_build_object('cadre', cadre, 'kind', kind)) AS relations
        FROM tie GROUP BY village_id, person, month
    )
    SELECT w.village_id, w.person || ':' || w.month AS subject_id,
           CASE WHEN d.sure OR t.surely_cadre THEN 'red'
                WHEN d.days > 0 OR t.village_id IS NOT NULL OR w.days > :most_days THEN 'yellow' END
               AS colour,
           NULL::text AS missing, w.worker, w.month, w.days::float8 AS days, w.slips, w.paid_fen, w.sure,
           coalesce(d.days, 0) AS double_days, coalesce(d.told, '[]') AS doubles,
           coalesce(t.cadre_himself, false) AS cadre_himself, t.cadre, t.post,
           coalesce(t.relations, '[]') AS relations, w.ids AS rows
    FROM worked w
    LEFT JOIN doubled d USING (village_id, person, month)
    LEFT JOIN tied t USING (village_id, person, month)
    UNION ALL
    SELECT v.id, 'relations', NULL, '干部亲属申报', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL
    FROM live_village v
    WHERE EXISTS (SELECT 1 FROM recent r WHERE r.village_id = v.id)
      AND NOT EXISTS (SELECT 1 FROM relation r WHERE r.village_id = v.id AND r.voided_at IS NULL)
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: LabourPersonThresholds) -> Words:
        """「某某 3 月记工 29 天」, with the double days and the relation to a cadre."""
        month = f"{row['month'][:4]}年{int(row['month'][5:])}月"
        found, title = [], ""
        if row["double_days"]:
            title = f"{row['worker']}{month}有 {row['double_days']} 天一天记了两份工"
            found.append(f"有 {row['double_days']} 天一天记了两份工")
        if row["relations"]:
            who = "是村干部本人" if row["cadre_himself"] else f"是{row['post']}{row['cadre']}申报的亲属"
            title = title or f"{row['worker']}领取用工报酬，{who}"
            found.append(who)
        if row["days"] > thresholds.most_days:
            title = title or f"{row['worker']}{month}记工 {row['days']:g} 天"
            found.append(f"超过每月 {thresholds.most_days} 天")
        sure = "" if row["sure"] else "部分用工单没有证件号码，按姓名比对，请核实是否同一人。"
        return Words(
            title=title,
            basis=(
                f"{village}{month}给{row['worker']}记工 {row['days']:g} 天、{row['slips']} 张用工单，"
                f"共 {yuan(row['paid_fen'])}；{'，'.join(found)}。{sure}"
                f"依据：每月超过 {thresholds.most_days} 天、亲属领取黄色预警，"
                f"同一天记两份工、村干部本人领取红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: LabourPersonThresholds) -> str:
        """The slips were corrected."""
        return "用工单已更正，工数和用工对象不再异常。"

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """Clear where no valid slip of that person and month is left."""
        statement = (
            f"WITH {_PERSON} SELECT DISTINCT village_id::text || ':' || person || ':' || month FROM slip "
            "WHERE village_id::text || ':' || person || ':' || month = ANY(CAST(:subjects AS text[]))"
        )
        left = set(session.execute(text(statement), {"as_of": as_of, "subjects": list(subjects)}).scalars())
        reason = "这个人当月的用工单已作废或更正。"
        return {key: Clearing(reason, {"slips": 0}) for key in subjects if key not in left}

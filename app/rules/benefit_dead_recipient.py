"""R20 向去世人员发放补助: aid paid to somebody after his death."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day, yuan


class DeadRecipientThresholds(Thresholds):
    """How far back payments are looked at. The colours follow from the months alone."""

    window_days: int = Field(default=366, ge=1, le=1100, description="只看最近多少天发放的补助（天）")


class DeadRecipient(Rule[DeadRecipientThresholds]):
    """What is paid after the death for the month of the death is yellow, for a later month red; what was
    still owed for his lifetime is in order. Where the period is a year, the day of payment stands for it.

    The same identity number is certain, in whatever village he drew. A name alone, within the village, may
    be a namesake's: never more than yellow."""

    key = "benefit.dead_recipient"
    code = "R20"
    title = "向去世人员发放补助"
    meaning = "补助名单里有人已经去世，去世之后的月份还在发放。"
    source = "四川眉山、湖南湘乡公开做法：补助名单与死亡登记比对，查出向已去世人员发放低保等补助。"
    clears_by = "更正死亡登记或补助发放记录；多发的追回后，由第二人复核销号。"
    line = Line.CIVIL_AFFAIRS
    needs = (
        Need("benefit", "补助发放台账", condition="t.voided_at IS NULL", recent="paid_on", days=366),
        Need("death_record", "死亡登记", condition="t.voided_at IS NULL", recent="died_on", days=731),
    )
    exclusions = (
        "丧葬费、抚恤金、遗属补助等发给家属的款项",
        "补发去世之前月份的补助",
        "只有姓名相同而证件号码不同的人",
        "已作废的记录",
    )
    subject = "death"
    rows_of = "benefits"
    thresholds = DeadRecipientThresholds
    SELECT = """
    WITH dead AS (
        SELECT id, village_id, name, name_key, person_digest, died_on
        FROM death_record
        WHERE voided_at IS NULL AND died_on <= :as_of AND coalesce(registered_on, died_on) <= :as_of
    ), paid AS NOT MATERIALIZED (
        SELECT id, village_id, kind, period, recipient_key, recipient_digest, paid_on, amount_fen
        FROM benefit
        WHERE voided_at IS NULL AND paid_on > :as_of - :window_days AND paid_on <= :as_of
    ), matched AS (
        SELECT p.*, d.id AS death_id, d.died_on, true AS sure
        FROM dead d JOIN paid p ON p.recipient_digest = d.person_digest
        WHERE p.paid_on > d.died_on
        UNION ALL
        SELECT p.*, d.id, d.died_on, false
        FROM dead d JOIN paid p ON p.village_id = d.village_id AND p.recipient_key = d.name_key
        WHERE (p.recipient_digest IS NULL OR d.person_digest IS NULL) AND d.name_key <> ''
          AND p.paid_on > d.died_on
    ), dated AS (
        SELECT matched.*,
               CASE WHEN period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN replace(period, '-', '')::int
                    WHEN period ~ '^[0-9]{4}$' AND period <> to_char(paid_on, 'YYYY')
                        THEN (period || '12')::int
                    ELSE to_char(paid_on, 'YYYYMM')::int END AS month
        FROM matched WHERE kind !~ '丧葬|抚恤|殡葬|遗属|遗孤'
    ), once AS (
        SELECT DISTINCT ON (id) *, month - to_char(died_on, 'YYYYMM')::int AS after
        FROM dated ORDER BY id, sure DESC, died_on, death_id
    ), drawn AS (
        SELECT village_id, death_id, bool_or(sure) AS sure, bool_or(sure AND after > 0) AS later,
               count(*) AS payments, sum(amount_fen)::bigint AS amount_fen, min(paid_on) AS first_paid_on,
               max(paid_on) AS last_paid_on, string_agg(DISTINCT kind, '、') AS kinds, array_agg(id) AS rows
        FROM once WHERE after >= 0 GROUP BY village_id, death_id
    ), concerned AS (
        SELECT village_id, death_id FROM drawn UNION SELECT village_id, id FROM dead
    )
    SELECT c.village_id, c.death_id::text AS subject_id,
           CASE WHEN drawn.later THEN 'red' WHEN drawn.death_id IS NOT NULL THEN 'yellow' END AS colour,
           NULL::text AS missing, d.name, d.died_on, drawn.sure, drawn.payments, drawn.amount_fen,
           drawn.kinds, drawn.first_paid_on, drawn.last_paid_on, drawn.rows
    FROM concerned c
    JOIN dead d ON d.id = c.death_id
    LEFT JOIN drawn ON drawn.village_id = c.village_id AND drawn.death_id = c.death_id
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: DeadRecipientThresholds) -> Words:
        """The name stands in the basis only: the title goes into messages."""
        count, kinds, amount = row["payments"], row["kinds"], yuan(row["amount_fen"])
        how = (
            "证件号码相同。"
            if row["sure"]
            else "仅按本村姓名比对，可能是同名的人，请先核对身份，因此最多黄色预警。"
        )
        return Words(
            title=f"去世后仍发放{kinds} {count} 笔",
            basis=(
                f"{village}的补助名单中，{row['name']}于{day(row['died_on'])}去世，"
                f"此后到{day(row['last_paid_on'])}仍发放{kinds} {count} 笔，共 {amount}。{how}"
                "依据：去世当月的补助在去世后发放黄色预警，以后月份的红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: DeadRecipientThresholds) -> str:
        """By a corrected payment or a corrected day of death."""
        return f"死亡登记为{day(row['died_on'])}，补助台账中没有去世后月份的发放。"

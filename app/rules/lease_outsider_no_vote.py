"""R06 外部承包未经表决报批: collective land let to an outsider without the vote or the town's approval."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.leases import ASSET, IN_FORCE, LAND, LAND_NAMES, OVER, gone
from app.rules.wording import day


class LeaseOutsiderThresholds(Thresholds):
    """The law asks for two thirds of the members, or of the representatives: of all of them."""

    share_over: int = Field(default=2, ge=1, le=100, description="同意的比例，分子（份）")
    share_under: int = Field(default=3, ge=1, le=100, description="同意的比例，分母（份）")
    count_present: bool = Field(
        default=False, description="代表会议是否按到会代表计算比例；法律条文按全体代表（是或否）"
    )
    signed_from_year: int = Field(
        default=2003, ge=1990, le=2100, description="只看哪一年起签的合同；法律自 2003 年施行（公历年份）"
    )


class LeaseOutsiderNoVote(Rule[LeaseOutsiderThresholds]):
    """Two things are asked, the vote and the approval: one that is certainly not there is red, whatever is
    known of the other; else what nobody recorded is missing. A village none of whose contracts names a
    meeting (or an approval) does not record them here, and no single contract is blamed for it."""

    key = "lease.outsider_no_vote"
    code = "R06"
    title = "土地对外承包未经表决或报批"
    meaning = "集体土地包给了本集体以外的单位或个人，却没有三分之二以上成员或代表同意，或没有报镇街批准。"
    source = (
        "《农村土地承包法》第五十二条：发包给本集体经济组织以外的单位或者个人，"
        "应事先经村民会议三分之二以上成员或者三分之二以上村民代表同意，并报乡镇人民政府批准。"
    )
    clears_by = "在合同台账中关联达到三分之二的表决会议，并登记镇街批准文号；或登记合同收回、解除。"
    line = Line.AGRICULTURE
    needs = (
        Need("contract", "合同台账", "t.voided_at IS NULL"),
        Need("meeting", "会议台账", "t.voided_at IS NULL"),
    )
    exclusions = (
        "房屋等不是农用地的资产",
        "承包方是本集体成员的",
        "法律施行以前签订的合同",
        "已到期、已收回、已续签、已解除的合同",
        "已作废的合同和会议",
    )
    subject = "contract"
    rows_of = "contracts"
    thresholds = LeaseOutsiderThresholds
    SELECT = f"""
    WITH recording AS (
        SELECT c.village_id, bool_or(c.meeting_id IS NOT NULL) AS votes,
               bool_or(btrim(c.town_approval) <> '' OR btrim(m.town_approval) <> '') AS approvals
        FROM contract c LEFT JOIN meeting m ON m.id = c.meeting_id AND m.voided_at IS NULL
        WHERE c.voided_at IS NULL
        GROUP BY c.village_id
    ), lease AS (
        SELECT c.id, c.village_id, c.number, c.title, c.counterparty, c.is_member, {LAND} AS land,
               coalesce(c.signed_on, c.starts_on) AS signed_on, {IN_FORCE} AS in_force,
               CASE WHEN {OVER} THEN c.state ELSE 'active' END AS state,
               m.id AS meeting_id, m.number AS meeting_number, m.held_on, m.kind AS meeting_kind,
               m.votes_for, m.present, m.entitled,
               CASE WHEN m.kind = 'representatives' AND :count_present THEN m.present
                    WHEN m.kind IN ('representatives', 'villagers', 'members') THEN m.entitled END AS base,
               coalesce(r.votes, false) AS records_votes, coalesce(r.approvals, false) AS records_approvals,
               coalesce(btrim(c.town_approval) <> '' AND coalesce(c.town_approved_on <= :as_of, true)
                        OR btrim(m.town_approval) <> '' AND coalesce(m.town_approved_on <= :as_of, true),
                        false) AS approved
        FROM contract c {ASSET}
        LEFT JOIN meeting m ON m.id = c.meeting_id AND m.voided_at IS NULL AND m.held_on <= :as_of
        LEFT JOIN recording r ON r.village_id = c.village_id
        WHERE c.kind = 'lease_out' AND c.voided_at IS NULL
          AND coalesce(c.signed_on, c.starts_on) <= :as_of
          AND coalesce(c.signed_on, c.starts_on) >= make_date(:signed_from_year, 1, 1)
    ), weighed AS (
        SELECT lease.*,
               CASE WHEN meeting_id IS NULL THEN CASE WHEN records_votes THEN false END
                    WHEN meeting_kind NOT IN ('representatives', 'villagers', 'members') THEN false
                    WHEN base > 0 THEN votes_for * :share_under >= base * :share_over
                    WHEN votes_for * :share_under < present * :share_over THEN false END AS voted,
               CASE WHEN approved THEN true WHEN records_approvals THEN false END AS allowed,
               in_force AND is_member IS NOT TRUE
               AND coalesce(land NOT IN ('building', 'other'), true) AS asked
        FROM lease
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN asked AND is_member IS FALSE AND land IS NOT NULL
                     AND (voted IS FALSE OR allowed IS FALSE) THEN 'red' END AS colour,
           CASE WHEN NOT asked OR (voted AND allowed) THEN NULL
                WHEN is_member IS NULL THEN '是否本集体成员'
                WHEN land IS NULL THEN '土地类别'
                WHEN voted IS FALSE OR allowed IS FALSE THEN NULL
                WHEN voted IS NULL AND meeting_id IS NULL THEN '合同的表决会议'
                WHEN voted IS NULL AND votes_for IS NULL THEN '会议表决票数'
                WHEN voted IS NULL THEN '会议应到人数'
                WHEN allowed IS NULL THEN '镇街批准文号' END AS missing,
           number, title, counterparty, land, is_member, signed_on, state AS contract_state, in_force,
           meeting_number, held_on, meeting_kind, votes_for, present, entitled, base, voted, allowed,
           ARRAY[id] AS rows
    FROM weighed
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: LeaseOutsiderThresholds) -> Words:
        """「荒山承包包给外人，未经三分之二表决」, with the votes and what is asked."""
        lacking = [
            name for name, there in (("表决", row["voted"]), ("镇街批准", row["allowed"])) if there is False
        ]
        over, under = thresholds.share_over, thresholds.share_under
        return Words(
            title=f"{row['title']}对外承包缺少{'和'.join(lacking)}",
            basis=(
                f"{village}的合同「{row['title']}」（编号 {row['number']}，{LAND_NAMES[row['land']]}）于"
                f"{day(row['signed_on'])}包给本集体以外的{row['counterparty']}，{self._vote(row)}，"
                f"{'已有' if row['allowed'] else '没有登记'}镇街批准文号。"
                f"依据：须有 {over}/{under} 以上成员或代表同意，并报镇街批准，缺一项即红色预警。"
            ),
        )

    @staticmethod
    def _vote(row: Row) -> str:
        if row["meeting_number"] is None:
            return "没有关联表决会议"
        held = f"{day(row['held_on'])}的会议（编号 {row['meeting_number']}）"
        if row["votes_for"] is None:
            return f"{held}没有登记票数"
        of = row["base"] if row["base"] is not None else row["present"]
        if of is None or row["meeting_kind"] in ("committee", "supervision"):
            return f"{held}不是村民会议或代表会议"
        return f"{held} {of} 人中 {row['votes_for']} 人同意"

    def cleared(self, row: Row, *, thresholds: LeaseOutsiderThresholds) -> str:
        """By vote and approval, or because the contract no longer binds."""
        told = gone(row["contract_state"])
        if told:
            return told
        if not row["in_force"]:
            return "合同已到期。"
        if row["is_member"]:
            return "台账登记承包方为本集体成员。"
        if row["voted"] and row["allowed"]:
            return f"表决达到比例（{row['votes_for']} 人同意），镇街批准文号已登记。"
        return "台账登记的资产不是农用地。"

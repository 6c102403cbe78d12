"""The ledgers of how a village decides and who belongs to it (会议, 成员, 亲属申报, 户数)."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import BadInput
from app.models import HouseholdCount, Meeting, Member, Relation
from app.models.governance import MeetingKind, RelationKind
from app.services.ledgers import readers
from app.services.ledgers.base import (
    Ledger,
    Values,
    choice,
    day,
    happened,
    in_order,
    person,
    positive,
    text,
    whole,
    year,
)
from app.services.ledgers.words import name_key

MEETING_KINDS = {
    MeetingKind.VILLAGERS: "村民会议|村民大会|户代表会议",
    MeetingKind.REPRESENTATIVES: "村民代表会议|村民代表大会|代表会议",
    MeetingKind.COMMITTEE: "村两委会议|两委会|村委会会议|村民委员会会议|两委会议|党员大会|支委会|三委会",
    MeetingKind.SUPERVISION: "监督委员会会议|村监委会议|村务监督委员会会议|监委会会议",
    MeetingKind.MEMBERS: "成员代表大会|成员大会|社员代表大会|股东代表大会|社员大会|成员（代表）大会|股东大会",
}
RELATION_KINDS = {
    RelationKind.SELF: "本人|自己",
    RelationKind.SPOUSE: "配偶|妻子|丈夫|夫妻",
    RelationKind.CHILD: "子女|儿子|女儿|子|女",
    RelationKind.PARENT: "父母|父亲|母亲|父|母",
    RelationKind.SIBLING: "兄弟姐妹|哥哥|弟弟|姐姐|妹妹|兄|弟|姐|妹|兄弟|姐妹",
    RelationKind.IN_LAW: "姻亲|岳父|岳母|女婿|儿媳|亲家|公公|婆婆|连襟|妻兄|妻弟|姐夫|妹夫|嫂子",
    RelationKind.FIRM: "本人或亲属的企业|企业|关联企业|经营企业|公司|个体户",
    RelationKind.OTHER: "其他|其它|堂兄弟|表兄弟|亲属",
}


def _check_meeting(values: Values) -> Iterable[BadInput]:
    yield from happened(values, "held_on", "noticed_on", "town_approved_on")
    yield from in_order(values, "noticed_on", "held_on", "通知日期晚于会议日期")
    yield from in_order(values, "present", "entitled", "到会人数比应到人数多")
    votes = [values.get(name) for name in ("votes_for", "votes_against", "votes_abstained")]
    cast, present = sum(vote or 0 for vote in votes), values.get("present")
    if present is not None and cast > present:
        yield BadInput("ledger.votes_wrong", "票数加起来比到会人数多，请核对。", field="votes_for")


MEETINGS = Ledger(
    "meetings",
    "会议与表决",
    Meeting,
    (
        text("number", "会议编号", "编号", "会议届次", "序号", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="HY-2026-03"),
        choice("kind", "会议类型", MEETING_KINDS, "类型", "会议类别", "会议种类", required=True,
               example=MeetingKind.REPRESENTATIVES),
        day("held_on", "会议日期", "召开日期", "日期", "召开时间", "会议时间", required=True,
            example="2026-03-05"),
        day("noticed_on", "通知日期", "会前通知日期"),
        text("title", "议题", "会议议题", "会议主题", "会议名称", "内容", "主题", required=True,
             example="村口鱼塘发包方案"),
        text("resolution", "决议", "会议决议", "表决结果", "会议结果", longest=2000),
        whole("entitled", "应到人数", "应到会人数", "代表总数", "应到"),
        whole("present", "实到人数", "到会人数", "实到", "参会人数", "出席人数"),
        whole("votes_for", "赞成票", "同意", "赞成", "同意票", "赞成票数"),
        whole("votes_against", "反对票", "反对", "不同意", "反对票数"),
        whole("votes_abstained", "弃权票", "弃权", "弃权票数"),
        text("town_approval", "镇街批准文号", "镇街审批编号", longest=60),
        day("town_approved_on", "镇街批准日期", "审批日期"),
    ),
    natural=("number",),
    searched=("number", "title", "resolution"),
    day="held_on",
    check=_check_meeting,
)  # fmt: skip


def _derive_member(values: Values) -> None:
    values["name_key"] = name_key(values["name"])


def _check_member(values: Values) -> Iterable[BadInput]:
    yield from in_order(values, "joined_on", "left_on", "退出日期早于加入日期")


MEMBERS = Ledger(
    "members",
    "成员名册",
    Member,
    (
        text("household", "户编号", "户号", "农户编号", "承包方编码", "户主编号", "股权证号", required=True,
             longest=60, reads=readers.number, example="0312"),
        text("name", "姓名", "成员姓名", "社员姓名", required=True, longest=60, example="王某某"),
        person("id_number", "身份证号", "person_digest", "身份证号码", "身份证", "证件号码"),
        text("group_name", "所在组", "组别", "村民小组", "小组", longest=60),
        day("joined_on", "加入日期", "取得日期", "确认日期"),
        day("left_on", "退出日期", "丧失日期", "注销日期"),
    ),
    natural=("household", "name_key"),
    searched=("name", "household"),
    derive=_derive_member,
    check=_check_member,
    derived=("name_key",),
)  # fmt: skip


def _derive_relation(values: Values) -> None:
    values["cadre_key"] = name_key(values["cadre"])
    values["party_key"] = name_key(values["party"])


def _check_relation(values: Values) -> Iterable[BadInput]:
    yield from in_order(values, "declared_on", "ended_on", "终止日期早于申报日期")
    yield from happened(values, "declared_on")


RELATIONS = Ledger(
    "relations",
    "干部亲属申报",
    Relation,
    (
        text("cadre", "干部姓名", "申报人", "村干部", "姓名", required=True, longest=60, example="李某某"),
        text("post", "职务", "担任职务", "现任职务", longest=60, example="村监委会主任"),
        choice("kind", "关系", RELATION_KINDS, "与干部关系", "与本人关系", "亲属关系", required=True,
               example=RelationKind.SIBLING),
        text("party", "亲属或企业名称", "亲属姓名", "企业名称", "关系人", "亲属", "单位名称", required=True,
             example="李某"),
        person("id_number", "亲属身份证号", "party_digest", "身份证号", "身份证号码", "证件号码"),
        day("declared_on", "申报日期", "填报日期", "日期"),
        day("ended_on", "终止日期", "关系终止日期"),
    ),
    natural=("cadre_key", "kind", "party_key"),
    searched=("cadre", "party"),
    derive=_derive_relation,
    check=_check_relation,
    derived=("cadre_key", "party_key"),
)  # fmt: skip


def _check_households(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "households")


HOUSEHOLDS = Ledger(
    "households",
    "户数人口",
    HouseholdCount,
    (
        year("year", "年度", "年份", "年", required=True, example=2026),
        whole("households", "户数", "总户数", "农户数", required=True, example=512),
        whole("adults", "成年人数", "十八周岁以上人数", "18周岁以上人数", "成年村民数"),
        whole("members", "成员人数", "社员人数", "集体经济组织成员数", "人口数", "总人口"),
    ),
    natural=("year",),
    searched=(),
    check=_check_households,
)  # fmt: skip

"""The ledgers of people who were paid for work, got aid, or died (用工, 补助, 死亡登记)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from app.core.errors import BadInput
from app.models import Benefit, DeathRecord, LabourSlip
from app.models.welfare import WorkUnit
from app.services.ledgers import readers
from app.services.ledgers.base import (
    Ledger,
    Values,
    choice,
    day,
    happened,
    in_order,
    link,
    money,
    number,
    person,
    positive,
    text,
    whole,
    yes_no,
)
from app.services.ledgers.words import name_key

WORK_UNITS = {
    WorkUnit.DAY: "按天|天|日|工日|按日|工",
    WorkUnit.HOUR: "按小时|小时|时|工时",
    WorkUnit.PIECE: "计件|件|按件",
}
_A_DAY = {WorkUnit.HOUR: Decimal(24), WorkUnit.DAY: Decimal(3)}


def _derive_slip(values: Values) -> None:
    values["worker_key"] = name_key(values["worker"])
    values["unit"] = values.get("unit") or WorkUnit.DAY
    if values.get("amount_fen") is None and values.get("rate_fen") is not None:
        whole_fen = (values["quantity"] * values["rate_fen"]).quantize(Decimal(1), ROUND_HALF_UP)
        values["amount_fen"] = int(whole_fen)


def _check_slip(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "quantity", "amount_fen")
    most = _A_DAY.get(values["unit"])
    if most is not None and values["quantity"] > most:
        yield BadInput(
            "ledger.quantity_absurd",
            "一张用工单只记一个人一天的工，数量太大，请按天分开填写。",
            field="quantity",
        )
    yield from happened(values, "worked_on", "paid_on")
    yield from in_order(values, "worked_on", "paid_on", "发放日期早于用工日期")


LABOUR_SLIPS = Ledger(
    "labour_slips",
    "用工单",
    LabourSlip,
    (
        text("number", "用工单号", "编号", "单号", "派工单号", "序号", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="YG-2026-0315-01"),
        text("worker", "姓名", "用工人员", "务工人员", "务工人", "人员姓名", "工人", required=True,
             longest=60, example="王某某"),
        person("id_number", "身份证号", "worker_digest", "身份证号码", "身份证", "证件号码"),
        day("worked_on", "用工日期", "日期", "务工日期", "工作日期", "出工日期", required=True,
            example="2026-03-15"),
        text("job", "工作内容", "用工事由", "务工内容", "工作项目", "用工内容", "事由", "用途",
             required=True, example="河道保洁"),
        text("site", "地点", "用工地点", "工作地点", "务工地点"),
        link("project_number", "工程编号", "project_id", "projects", "项目编号"),
        choice("unit", "计酬方式", WORK_UNITS, "单位", "计量单位", help="不填为按天"),
        number("quantity", "数量", "工数", "天数", "用工数", "工时", "工日数", "用工天数", required=True,
               example=1),
        money("rate_fen", "单价", "日工资", "工价", "标准", "单价(元/天)", "日工价", required=True,
              example=20_000),
        money("amount_fen", "金额", "应发金额", "报酬", "合计", "应付工资", "务工报酬", "工资",
              help="不填按数量乘单价", example=20_000),
        text("dispatched_by", "派工人", "派工", "安排人", "负责人", longest=60),
        text("confirmed_by", "确认人", "验收人", "证明人", "监督人", longest=60),
        yes_no("rostered", "是否在用工名册", "在册", "名册内", "是否在册"),
        day("paid_on", "发放日期", "支付日期", "付款日期"),
    ),
    natural=("number",),
    searched=("number", "worker", "job", "site"),
    day="worked_on",
    derive=_derive_slip,
    check=_check_slip,
    derived=("worker_key",),
)  # fmt: skip


def _derive_benefit(values: Values) -> None:
    values["recipient_key"] = name_key(values["recipient"])
    values["line"] = values.get("line") or 1


def _check_benefit(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "amount_fen", "line")
    yield from happened(values, "paid_on")


BENEFITS = Ledger(
    "benefits",
    "补助发放",
    Benefit,
    (
        text("kind", "补助名称", "补助类别", "补贴名称", "资金名称", "项目", "补贴项目", "发放项目",
             "补助项目", required=True, longest=60, example="残疾人两项补贴"),
        text("period", "发放期间", "期间", "所属月份", "月份", "年度", "发放月份", required=True,
             longest=20, reads=readers.period, help="写成 2026年3月 或 2026年", example="2026-03"),
        text("recipient", "姓名", "领取人", "享受人", "受助人", "户主", "补助对象", "发放对象",
             required=True, longest=60, example="王某某"),
        person("id_number", "身份证号", "recipient_digest", "身份证号码", "身份证", "证件号码"),
        text("recipient_group", "所在组", "组别", "村民小组", "小组", longest=60),
        day("paid_on", "发放日期", "日期", "支付日期", required=True, example="2026-03-20"),
        money("amount_fen", "金额", "补助金额", "发放金额", "实发金额", "补贴金额", "发放额", required=True,
              example=30_000),
        whole("line", "序次", "第几笔", help="同一人同一期有几笔时，分别填 1、2、3；不填按次序"),
        text("basis", "政策依据", "依据", "文件依据"),
    ),
    natural=("kind", "period", "recipient_key", "line"),
    searched=("kind", "recipient"),
    day="paid_on",
    fixed=("kind", "period", "recipient", "line", "paid_on", "amount_fen"),
    lines=True,
    derive=_derive_benefit,
    check=_check_benefit,
    derived=("recipient_key",),
)  # fmt: skip


def _derive_death(values: Values) -> None:
    values["name_key"] = name_key(values["name"])


def _check_death(values: Values) -> Iterable[BadInput]:
    yield from happened(values, "died_on", "registered_on")
    yield from in_order(values, "died_on", "registered_on", "登记日期早于死亡日期")


DEATHS = Ledger(
    "deaths",
    "死亡登记",
    DeathRecord,
    (
        text("name", "姓名", "死者姓名", "死亡人员", "人员姓名", required=True, longest=60,
             example="王某某"),
        person("id_number", "身份证号", "person_digest", "身份证号码", "身份证", "证件号码"),
        day("died_on", "死亡日期", "去世日期", "死亡时间", required=True, example="2026-02-11"),
        day("registered_on", "登记日期", "注销日期", "销户日期"),
    ),
    natural=("name_key", "died_on"),
    searched=("name",),
    day="died_on",
    derive=_derive_death,
    check=_check_death,
    derived=("name_key",),
)  # fmt: skip

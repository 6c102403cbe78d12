"""The ledgers of contracts and payments (合同, 支出)."""

from __future__ import annotations

from collections.abc import Iterable

from app.core import clock
from app.core.errors import BadInput, Conflict, NotFound
from app.models import Contract, Payment
from app.models.ledgers import (
    AreaUnit,
    ContractKind,
    ContractState,
    ExpenseClass,
    LandKind,
    PartyKind,
    PaymentMethod,
)
from app.services.ledgers import readers
from app.services.ledgers.base import (
    Field,
    Ledger,
    Values,
    choice,
    day,
    happened,
    link,
    link_unknown,
    money,
    number,
    positive,
    text,
    whole,
    yes_no,
)
from app.services.ledgers.purposes import purpose_key
from app.services.ledgers.words import expense_class, name_key, party_kind

CONTRACT_KINDS = {
    ContractKind.LEASE_OUT: "出租发包|出租|发包|租赁|承包|土地承包|资产出租|资源发包|房屋租赁|流转|收款合同",
    ContractKind.LEASE_IN: "承租|租入|租用|土地流转入",
    ContractKind.WORKS: "工程|工程合同|施工|建设工程|工程施工|小型工程",
    ContractKind.PURCHASE: "采购|采购合同|购买|买卖|服务|购销",
    ContractKind.LABOUR: "用工|劳务|劳务合同|用工合同",
}
CONTRACT_STATES = {
    ContractState.ACTIVE: "履行中|有效|执行中|生效|正常|在租|履约中",
    ContractState.ENDED: "已到期收回|到期|已到期|已收回|终止|已终止|已结束|履行完毕|已完结",
    ContractState.RENEWED: "已续签|续签|续租",
    ContractState.CANCELLED: "已解除|解除|作废|已作废|提前解除",
}
LAND_KINDS = {
    LandKind.HOUSEHOLD_LAND: "家庭承包地|承包地|家庭承包",
    LandKind.WASTE_LAND: "四荒地|四荒|荒地|荒山|荒沟|荒丘|荒滩",
    LandKind.GRASSLAND: "草地|草原",
    LandKind.FOREST: "林地|山林|林场|山地",
    LandKind.FARMLAND: "其他农用地|农用地|耕地|农田|水田|旱地|园地|流转土地|机动地|土地",
    LandKind.POND: "水面|鱼塘|池塘|水塘|水库|养殖水面|河道",
    LandKind.BUILDING: "房屋|厂房|店面|商铺|办公楼|仓库|门面房|房产|标准厂房|场地",
    LandKind.OTHER: "其他|其它|设备",
}
AREA_UNITS = {AreaUnit.MU: "亩", AreaUnit.SQUARE_METRE: "平方米|平方|平米|㎡|m2|m²"}
PARTY_KINDS = {
    PartyKind.FIRM: "单位|企业|公司|法人|对公|合作社|个体工商户",
    PartyKind.PERSON: "个人|自然人|农户|对私|村民",
}
METHODS = {
    PaymentMethod.TRANSFER: (
        "转账|银行转账|网银|网银转账|汇款|电汇|银行|代发|银农直联|银农直连|对公转账|支票|转账支票|微信|支付宝"
    ),
    PaymentMethod.CARD: "村务卡|刷卡|公务卡|卡|POS",
    PaymentMethod.CASH: "现金|现付|现金支付|现金支票|备用金",
}
EXPENSES = {
    ExpenseClass.LABOUR: "用工",
    ExpenseClass.MATERIAL: "材料",
    ExpenseClass.WORKS: "工程",
    ExpenseClass.GOODS: "采购",
    ExpenseClass.SERVICE: "服务",
    ExpenseClass.WELFARE: "福利补助",
    ExpenseClass.OFFICE: "办公",
    ExpenseClass.HOSPITALITY: "接待",
    ExpenseClass.UPKEEP: "日常维护",
    ExpenseClass.TRANSFER: "往来",
    ExpenseClass.OTHER: "其他",
}


# --- contracts ------------------------------------------------------------------------------------


def _derive_contract(values: Values) -> None:
    values["counterparty_key"] = name_key(values["counterparty"])
    values["counterparty_kind"] = values.get("counterparty_kind") or party_kind(values["counterparty"])
    values["state"] = values.get("state") or ContractState.ACTIVE
    if values.get("area") is not None and values.get("area_unit") is None:
        square = values.get("land_kind") == LandKind.BUILDING
        values["area_unit"] = AreaUnit.SQUARE_METRE if square else AreaUnit.MU
    if values.get("state_since") is None:
        today, ends = clock.today(), values.get("ends_on")
        over = min(ends, today) if ends else today
        values["state_since"] = values["starts_on"] if values["state"] == ContractState.ACTIVE else over


def _check_contract(values: Values) -> Iterable[BadInput]:
    starts, ends = values["starts_on"], values.get("ends_on")
    if ends is not None and ends < starts:
        yield BadInput("contract.term_reversed", "合同的结束日期早于开始日期，请核对。", field="ends_on")
    if values["amount_fen"] < 0:
        yield BadInput("contract.amount_negative", "合同金额不能是负数，请核对。", field="amount_fen")
    yield from positive(values, "area", "annual_rent_fen")
    yield from happened(values, "signed_on", "town_approved_on")


def _contract_taken(values: Values) -> Conflict:
    return Conflict(
        "contract.number_taken", f"本村已有编号为 {values['number']} 的合同。", number=values["number"]
    )


def _contract_missing() -> NotFound:
    return NotFound("contract.not_found", "没有找到这份合同，可能不属于您负责的村社。")


CONTRACTS = Ledger(
    "contracts",
    "合同",
    Contract,
    (
        text("number", "合同编号", "合同号", "编号", "合同序号", "合同代码", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="HT-2026-017"),
        choice("kind", "合同类型", CONTRACT_KINDS, "合同类别", "类型", "类别", "合同种类", required=True,
               example=ContractKind.LEASE_OUT),
        text("title", "合同名称", "名称", "项目名称", "合同标题", "标题", required=True,
             example="村口鱼塘承包"),
        text("counterparty", "对方", "承包人", "承租方", "承租人", "承包方", "乙方", "对方单位", "对方名称",
             "合同相对方", "签约方", "租户", "承包户", "施工单位", "供应商", required=True,
             example="某某水产专业合作社"),
        choice("counterparty_kind", "对方性质", PARTY_KINDS, "乙方性质", "对方类型", help="不填按名称判断"),
        text("counterparty_group", "对方所在组", "组别", "村民小组", "所在小组", longest=60),
        yes_no("is_member", "是否本集体成员", "是否本村", "本村村民", "是否成员", "是否本集体经济组织成员"),
        day("starts_on", "开始日期", "起始日期", "起租日期", "合同开始日期", "承包起始日期", "起始时间",
            "开始时间", "合同起始日", "租期起", "起", required=True, example="2024-04-16"),
        day("ends_on", "结束日期", "终止日期", "到期日期", "合同结束日期", "合同到期日", "截止日期",
            "结束时间", "终止时间", "到期时间", "租期止", "止", help="没有期限的不填",
            example="2027-04-15"),
        money("amount_fen", "合同金额", "合同总额", "总金额", "合同价款", "总价", "合同总价", "合同价",
              "金额", "合同总金额", required=True, example=3_600_000),
        money("annual_rent_fen", "年租金", "年承包款", "每年租金", "年租金额", "年承包费", "年收益",
              "年应收款", example=1_200_000),
        money("deposit_fen", "保证金", "押金", "履约保证金"),
        text("schedule", "付款计划", "收款计划", "付款安排", "分期付款", "付款方式及时间", longest=2000,
             reads=readers.schedule, help="写成：2026-03-01 12000；2027-03-01 12000"),
        text("subject", "标的", "资产名称", "标的物", "承包项目", "租赁物", "坐落", "地块名称",
             example="村口鱼塘 12 亩"),
        link("asset_number", "资产编号", "asset_id", "assets", "资产资源编号", "资源编号"),
        choice("land_kind", "土地类别", LAND_KINDS, "地类", "资源类型", "标的类型", "资产类型", "资源类别",
               help="法律对家庭承包地、四荒地、林地等另有期限规定"),
        number("area", "面积", "承包面积", "租赁面积", "合同面积", "数量", "面积(亩)"),
        choice("area_unit", "面积单位", AREA_UNITS, "单位", help="不填按亩（房屋按平方米）"),
        day("signed_on", "签订日期", "签约日期", "签订时间", "签约时间", "签署日期", example="2024-04-10"),
        choice("state", "状态", CONTRACT_STATES, "合同状态", "履行状态", "履约状态", help="不填为履行中"),
        day("state_since", "状态起始日", "状态日期", "终止时间(实际)", help="不填按合同期"),
        yes_no("still_used", "到期后仍在使用", "仍在使用"),
        link("meeting_number", "表决会议编号", "meeting_id", "meetings", "会议编号", "民主决策编号"),
        text("town_approval", "镇街批准文号", "镇街审批编号", "审批文号", longest=60),
        day("town_approved_on", "镇街批准日期", "审批日期"),
        text("tender_ref", "招标或交易编号", "交易编号", "招标编号", "产权交易编号", longest=60),
    ),
    natural=("number",),
    searched=("number", "title", "counterparty", "subject"),
    derive=_derive_contract,
    check=_check_contract,
    taken=_contract_taken,
    missing=_contract_missing,
    since=(("state", "state_since"),),
    derived=("counterparty_key",),
)  # fmt: skip


# --- payments -------------------------------------------------------------------------------------


def _derive_payment(values: Values) -> None:
    values["payee_key"] = name_key(values["payee"])
    values["payee_kind"] = values.get("payee_kind") or party_kind(values["payee"])
    values["expense"] = expense_class(values["category"])
    values["purpose_key"] = purpose_key(values.get("purpose"))
    values["line"] = values.get("line") or 1


def _check_payment(values: Values) -> Iterable[BadInput]:
    if values["amount_fen"] <= 0:
        yield BadInput("payment.amount_wrong", "付款金额要大于零，请核对。", field="amount_fen")
    yield from happened(values, "paid_on", "invoiced_on", "town_approved_on")
    yield from positive(values, "line")


def _voucher_taken(values: Values) -> Conflict:
    return Conflict(
        "payment.voucher_taken",
        f"本村当天已有凭证 {values['voucher']}；同一凭证的另一笔，请填写分录号。",
        voucher=values["voucher"],
    )


def _payment_link(one: Field) -> BadInput:
    if one.link == "contracts":
        return BadInput("payment.contract_unknown", "所选合同不是本村的，请重新选择。", field="contract_id")
    if one.link == "projects":
        return BadInput("payment.project_unknown", "所选工程不是本村的，请重新选择。", field="project_id")
    return link_unknown(one)


_VOUCHER = text("voucher", "凭证号", "凭证编号", "凭证字号", "记账凭证号", "单据号", "流水号", "凭证",
                required=True, longest=60, reads=readers.number, help="本村同一天内不重复",
                example="记-0312")  # fmt: skip
_PURPOSE = ("摘要", "附言", "用途说明", "事由", "支出事项", "备注", "内容", "资金用途")

PAYMENTS = Ledger(
    "payments",
    "支出",
    Payment,
    (
        _VOUCHER,
        day("paid_on", "付款日期", "支付日期", "交易日期", "日期", "记账日期", "支出日期", "凭证日期",
            "业务日期", required=True, example="2026-03-12"),
        text("payee", "收款人", "收款单位", "对方户名", "收款方", "收款人名称", "对方名称", "对方单位",
             "收款户名", "领款人", required=True, example="益农镇某某建材经营部"),
        choice("payee_kind", "收款方性质", PARTY_KINDS, "收款人类型", help="不填按名称判断"),
        money("amount_fen", "金额", "支出金额", "付款金额", "借方发生额", "支付金额", "交易金额", "发生额",
              "支出", "借方金额", "付款", required=True, example=120_000),
        choice("method", "付款方式", METHODS, "支付方式", "结算方式", "付款途径", "支付渠道", required=True,
               example=PaymentMethod.TRANSFER),
        text("category", "科目", "会计科目", "支出科目", "科目名称", "费用类别", "支出类别", "类别",
             required=True, longest=60, help="账上的科目，如：管理费用-办公费", example="劳务用工"),
        text("purpose", "用途", *_PURPOSE, example="三月份河道保洁"),
        whole("line", "分录号", "行号", "分录", "序号(凭证内)",
              help="一张凭证有几笔时，分别填 1、2、3；不填按次序"),
        link("contract_number", "合同编号", "contract_id", "contracts", "合同号"),
        link("project_number", "工程编号", "project_id", "projects", "项目编号", "工程项目编号"),
        link("fund_number", "资金编号", "fund_id", "funds", "资金来源编号"),
        text("invoice_number", "发票号码", "发票号", "票据号", "发票编号", longest=60,
             reads=readers.number),
        day("invoiced_on", "开票日期", "发票日期"),
        text("handled_by", "经办人", "经手人", "报账人", longest=60),
        text("approvals", "审批人", "审批", "审批情况", "签字人", "审核审批", longest=500,
             reads=readers.approvals, help="写成：书记 王某 2026-03-05；监委会主任 李某"),
        text("town_approval", "镇街批准文号", "镇街审批编号", "审批单号", "审批编号", longest=60),
        day("town_approved_on", "镇街批准日期", "审批日期"),
    ),
    natural=("voucher", "paid_on", "line"),
    searched=("voucher", "payee", "purpose", "category"),
    day="paid_on",
    fixed=("voucher", "paid_on", "line", "payee", "amount_fen"),
    lines=True,
    derive=_derive_payment,
    check=_check_payment,
    taken=_voucher_taken,
    unknown=_payment_link,
    derived=("payee_key", "expense", "purpose_key"),
)  # fmt: skip

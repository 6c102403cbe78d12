"""The ledgers of what is owed to a village and what came in (应收款, 收款)."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import BadInput
from app.models import Receipt, Receivable
from app.models.income import Collector, ReceivableKind
from app.models.ledgers import PaymentMethod
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
    positive,
    text,
    whole,
)
from app.services.ledgers.trade import METHODS, PARTY_KINDS
from app.services.ledgers.words import name_key, party_kind

RECEIVABLE_KINDS = {
    ReceivableKind.RENT: "租金承包款|租金|承包款|房租|租赁费|承包费|流转费",
    ReceivableKind.DEPOSIT: "保证金|押金|履约保证金",
    ReceivableKind.INSTALMENT: "分期款|分期",
    ReceivableKind.FEE: "费用|水电费|卫生费|管理费",
    ReceivableKind.OTHER: "其他|其它",
}
COLLECTORS = {
    Collector.CASHIER: "报账员|出纳|报帐员|会计",
    Collector.OTHER: "其他经手人|其他|经手人|村干部",
}


def _derive_receivable(values: Values) -> None:
    values["debtor_key"] = name_key(values["debtor"])
    values["debtor_kind"] = values.get("debtor_kind") or party_kind(values["debtor"])
    values["kind"] = values.get("kind") or ReceivableKind.RENT


def _check_receivable(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "amount_fen")
    yield from in_order(values, "period_from", "period_to", "所属期间的结束早于开始")


RECEIVABLES = Ledger(
    "receivables",
    "应收款",
    Receivable,
    (
        text("number", "应收编号", "编号", "应收款编号", "序号", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="YS-2026-003"),
        choice("kind", "类别", RECEIVABLE_KINDS, "应收类别", "款项类别", "款项性质",
               help="不填为租金承包款"),
        text("title", "款项", "名称", "应收项目", "款项名称", "收费项目", "事项", "摘要", required=True,
             example="村口鱼塘 2026 年租金"),
        link("contract_number", "合同编号", "contract_id", "contracts", "合同号"),
        text("debtor", "欠款人", "付款人", "承租人", "承租方", "承包人", "应付款人", "对方", "乙方",
             "债务人", "缴款人", "对方单位", required=True, example="某某水产专业合作社"),
        choice("debtor_kind", "对方性质", PARTY_KINDS, "欠款人性质", help="不填按名称判断"),
        text("debtor_group", "所在组", "组别", "村民小组", longest=60),
        day("period_from", "所属期起", "期间起", "计费起"),
        day("period_to", "所属期止", "期间止", "计费止"),
        day("due_on", "应收日期", "到期日", "应缴日期", "约定付款日", "应付日期", "付款期限", "缴款期限",
            "应收时间", required=True, example="2026-03-01"),
        money("amount_fen", "应收金额", "金额", "应缴金额", "应收款", "应收租金", required=True,
              example=1_200_000),
    ),
    natural=("number",),
    searched=("number", "title", "debtor"),
    day="due_on",
    derive=_derive_receivable,
    check=_check_receivable,
    derived=("debtor_key",),
)  # fmt: skip


def _derive_receipt(values: Values) -> None:
    values["payer_key"] = name_key(values["payer"])
    values["line"] = values.get("line") or 1
    if values.get("banked_on") is None and values["method"] != PaymentMethod.CASH:
        values["banked_on"] = values["received_on"]


def _check_receipt(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "amount_fen", "line")
    yield from happened(values, "received_on", "banked_on")
    yield from in_order(values, "received_on", "banked_on", "存入银行的日期早于收款日期")


RECEIPTS = Ledger(
    "receipts",
    "收款",
    Receipt,
    (
        text("voucher", "凭证号", "收据号", "票据号", "凭证编号", "收款收据号", "流水号", "交易流水号",
             required=True, longest=60, reads=readers.number, help="本村同一天内不重复", example="收-0021"),
        day("received_on", "收款日期", "到账日期", "交易日期", "日期", "入账日期", "收入日期",
            required=True, example="2026-03-02"),
        text("payer", "付款人", "缴款人", "付款单位", "对方户名", "交款人", "付款方", "对方名称",
             "缴款单位", "承租人", required=True, example="某某水产专业合作社"),
        money("amount_fen", "金额", "收款金额", "收入金额", "贷方发生额", "实收金额", "到账金额",
              "贷方金额", "交易金额", required=True, example=1_200_000),
        choice("method", "收款方式", METHODS, "付款方式", "结算方式", "缴款方式", required=True,
               example=PaymentMethod.TRANSFER),
        text("category", "科目", "会计科目", "收入科目", "收入类别", longest=60),
        text("purpose", "用途", "摘要", "附言", "款项", "款项名称", "事由", "备注", "收费项目",
             example="2026 年鱼塘租金"),
        whole("line", "分录号", "行号", "分录", help="一张凭证有几笔时，分别填 1、2、3；不填按次序"),
        link("contract_number", "合同编号", "contract_id", "contracts", "合同号"),
        link("receivable_number", "应收编号", "receivable_id", "receivables", "应收款编号",
             help="不填时按合同或付款人和金额对上应收款"),
        link("fund_number", "资金编号", "fund_id", "funds"),
        choice("collector", "收款人身份", COLLECTORS, "经手人身份", "收款人类别"),
        text("handled_by", "经手人", "收款人", "经办人", longest=60),
        day("banked_on", "存入银行日期", "解缴日期", "存款日期", "缴存日期", "进账日期",
            help="现金存进村账户的日期；转账不用填"),
    ),
    natural=("voucher", "received_on", "line"),
    searched=("voucher", "payer", "purpose"),
    day="received_on",
    fixed=("voucher", "received_on", "line", "payer", "amount_fen"),
    lines=True,
    derive=_derive_receipt,
    check=_check_receipt,
    derived=("payer_key",),
)  # fmt: skip

"""A bank's list of movements of a village's account (银行流水): money out becomes payments, money in
receipts.

In a bank's list 借 (debit) is what left the account and 贷 (credit) what came in: it is written from the
bank's side. What a bank does not know (the account title, who approved) is completed later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.core.sheets import Column, Type
from app.services.ledgers.doubles import UNCLASSED

KEY, TITLE = "bank", "银行流水"
DAY, NUMBER, OUT, IN, AMOUNT, SIDE, PARTY = "day", "number", "out", "in", "amount", "side", "party"
SUMMARY, PURPOSE, CATEGORY, BALANCE = "summary", "purpose", "category", "balance"
_CHARGES = re.compile(r"手续费|工本费|年费|管理费|服务费|短信费|利息|结息|汇划费|对账费")
_CASH = re.compile(r"现金|取现|现支|提现|现存|存现")
_CARD = re.compile(r"村务卡|公务卡|银行卡消费|POS", re.IGNORECASE)
_OUT_SIDE, _IN_SIDE = frozenset("借支出付"), frozenset("贷收入存")

COLUMNS = (
    Column(
        DAY, "交易日期", Type.DATE, required=True,
        synonyms=("记账日期", "入账日期", "交易时间", "日期", "发生日期", "交易日", "业务日期", "记帐日期"),
    ),
    Column(
        NUMBER, "交易流水号", required=True, longest=60,
        synonyms=("流水号", "凭证号", "凭证号码", "业务编号", "交易序号", "核心流水号", "柜员流水号",
                  "凭证编号", "交易编号", "回单编号", "账户明细编号-交易流水号", "流水编号", "业务流水号"),
        help="一笔一个号，重复导入靠它认出来",
    ),
    Column(
        OUT, "借方发生额", Type.MONEY,
        synonyms=("借方", "借方金额", "支出", "支出金额", "付款金额", "转出金额", "借方发生金额", "支取金额"),
        help="从账户付出的钱",
    ),
    Column(
        IN, "贷方发生额", Type.MONEY,
        synonyms=("贷方", "贷方金额", "收入", "收入金额", "收款金额", "存入金额", "转入金额", "贷方发生金额"),
        help="进到账户的钱",
    ),
    Column(
        AMOUNT, "交易金额", Type.MONEY, synonyms=("发生额", "金额"),
        help="借方、贷方合在一列时填，另填「借贷标志」",
    ),
    Column(
        SIDE, "借贷标志", longest=10,
        synonyms=("借贷", "借/贷", "收支", "收/支", "借贷方向", "交易方向", "收付标志"),
    ),
    Column(
        PARTY, "对方户名", longest=120,
        synonyms=("对方名称", "对方账户名称", "对方单位名称", "对方单位", "交易对手", "对手户名",
                  "对方帐户名称", "收/付方名称", "交易对方", "对方账户名", "收付款人名称"),
    ),
    Column(SUMMARY, "摘要", synonyms=("交易摘要", "交易类型", "业务摘要"), longest=200),
    Column(
        PURPOSE, "用途", longest=200,
        synonyms=("附言", "交易附言", "备注", "交易用途", "个性化信息", "款项用途"),
    ),
    Column(
        CATEGORY, "科目", longest=60, help="银行没有，可以自己加一列",
        synonyms=("会计科目", "科目名称", "收支科目"),
    ),
    Column(
        BALANCE, "余额", longest=60, help="只看不存",
        synonyms=("账户余额", "当前余额", "交易后余额", "本次余额"),
    ),
)  # fmt: skip
EITHER = ((OUT, IN), (AMOUNT, SIDE))
BACK = {
    "voucher": NUMBER,
    "paid_on": DAY,
    "received_on": DAY,
    "banked_on": DAY,
    "payee": PARTY,
    "payer": PARTY,
}


class Unclear(Exception):
    """A movement that cannot be entered: about which column, what is wrong, what to do."""

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.key, self.problem, self.remedy = key, problem, remedy


def split(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The payment or the receipt that one movement is. Raises Unclear."""
    out, came = _amounts(values)
    words = " ".join(str(values.get(key) or "") for key in (SUMMARY, PURPOSE)).strip()
    party = values.get(PARTY) or ("开户银行" if _CHARGES.search(words) else "")
    if not party:
        raise Unclear(PARTY, "没有对方户名", "请补填收款人或付款人")
    shared = {
        "voucher": values[NUMBER],
        "amount_fen": out or came,
        "method": _method(words),
        "purpose": values.get(PURPOSE) or values.get(SUMMARY) or None,
    }
    if out:
        category = values.get(CATEGORY) or UNCLASSED
        yield "payments", {**shared, "paid_on": values[DAY], "payee": party, "category": category}
    else:
        day, category = values[DAY], values.get(CATEGORY)
        yield (
            "receipts",
            {**shared, "received_on": day, "payer": party, "banked_on": day, "category": category},
        )


def _amounts(values: Mapping[str, Any]) -> tuple[int, int]:
    """What went out and what came in, one of them 0. A reversed entry (红字) is not the other side."""
    out, came = values.get(OUT) or 0, values.get(IN) or 0
    if not out and not came and values.get(AMOUNT):
        side = set(str(values.get(SIDE) or ""))
        if _OUT_SIDE & side:
            out = values[AMOUNT]
        elif _IN_SIDE & side:
            came = values[AMOUNT]
        else:
            raise Unclear(SIDE, "看不懂借贷标志", "请写 借 或 贷")
    if out and came:
        raise Unclear(OUT, "借方和贷方都有金额", "一行只能是付出或收入")
    if not out and not came:
        raise Unclear(OUT, "借方和贷方都没有金额", "请填写金额，或删掉这一行")
    if out < 0 or came < 0:
        key = OUT if OUT in values else AMOUNT
        raise Unclear(key, "是冲正的负数", "请和原来那一笔一起删掉，或在台账里作废原来那一笔")
    return out, came


def _method(words: str) -> str:
    if _CARD.search(words):
        return "村务卡"
    return "现金" if _CASH.search(words) else "转账"

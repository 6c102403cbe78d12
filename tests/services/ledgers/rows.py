"""Rows of ledgers as people would enter them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock
from app.models import Organisation
from app.services import ledgers
from tests.factories import KEYS, ROOT

ID_NUMBER = "11010519491231002X"
Values = dict[str, Any]


def ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def lease(**changes: Any) -> Values:
    return {
        "number": "HT-1",
        "kind": "出租发包",
        "title": "村口鱼塘",
        "counterparty": "某某水产专业合作社",
        "starts_on": ago(400),
        "ends_on": ago(-400),
        "amount_fen": 3_600_000,
    } | changes


def payment(**changes: Any) -> Values:
    return {
        "voucher": "记-1",
        "paid_on": ago(30),
        "payee": "某某建材经营部",
        "amount_fen": 120_000,
        "method": "转账",
        "category": "劳务用工",
        "purpose": "三月份河道保洁",
    } | changes


def receivable(**changes: Any) -> Values:
    return {
        "number": "YS-1",
        "title": "鱼塘租金",
        "debtor": "某某水产专业合作社",
        "due_on": ago(90),
        "amount_fen": 1_200_000,
    } | changes


def receipt(**changes: Any) -> Values:
    return {
        "voucher": "收-1",
        "received_on": ago(10),
        "payer": "某某水产专业合作社",
        "amount_fen": 1_200_000,
        "method": "转账",
    } | changes


ENTERED: dict[str, Values] = {
    "contracts": lease(),
    "payments": payment(),
    "receivables": receivable(),
    "receipts": receipt(),
    "assets": {"number": "ZC-1", "name": "村口鱼塘", "kind": "鱼塘", "status": "已出租", "area": "12.5"},
    "funds": {"number": "ZJ-1", "name": "区级补助", "source": "农业农村局"},
    "budgets": {"year": "2026", "category": "劳务用工", "amount_fen": 2_000_000},
    "labour_slips": {
        "number": "YG-1",
        "worker": "王某",
        "id_number": ID_NUMBER,
        "worked_on": ago(3),
        "job": "河道保洁",
        "quantity": "0.5",
        "rate_fen": 20_001,
    },
    "benefits": {
        "kind": "残疾人补贴",
        "period": "2026年3月",
        "recipient": "王某",
        "id_number": ID_NUMBER,
        "paid_on": ago(20),
        "amount_fen": 30_000,
    },
    "deaths": {"name": "王某", "id_number": ID_NUMBER, "died_on": ago(100)},
    "meetings": {
        "number": "HY-1",
        "kind": "村民代表会议",
        "held_on": ago(50),
        "title": "鱼塘发包方案",
        "present": 40,
        "votes_for": 38,
        "votes_against": 1,
    },
    "members": {"household": "0312", "name": "王某", "id_number": ID_NUMBER},
    "relations": {"cadre": "李某", "kind": "哥哥", "party": "李某某"},
    "households": {"year": "2026", "households": 512, "adults": 1300},
}
"""A row of each ledger that stands alone, as a sheet has it."""


def enter(session: Session, village: Organisation, key: str, **values: Any) -> Any:
    return ledgers.enter(
        session, acting=ROOT, village=village, ledger=ledgers.ledger(key), values=values, keys=KEYS
    )

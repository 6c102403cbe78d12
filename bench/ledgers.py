"""A county's books for the bench of the rules: as many payments as asked for, and what belongs to them
(receipts, contracts, projects, aid, slips, meetings), made inside the database by the
statements of `ledgers.sql`.

Believable in shape, random in content: nine tenths of the payments say what they were for, one in fifty large
transfers lacks its approval, one invoice in a thousand is used twice. Nothing is planted for a rule."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, text

from app.services.ledgers.purposes import purpose_key

AS_OF = date(2026, 6, 30)
STATEMENTS = Path(__file__).with_suffix(".sql")
AT_ONCE = 500_000  # payments of one statement
TITLES = {  # account title → what it means, how often of 100, from and to which amount (yuan)
    "管理费用-办公费": ("office", 10, 100, 5_000),
    "管理费用-水电费": ("office", 8, 100, 8_000),
    "管理费用-接待费": ("hospitality", 2, 100, 2_000),
    "公益支出-保洁用工": ("labour", 14, 100, 3_000),
    "公益支出-临时用工": ("labour", 10, 100, 6_000),
    "在建工程-工程款": ("works", 12, 5_000, 300_000),
    "在建工程-工程材料": ("material", 10, 1_000, 60_000),
    "库存物资-物资采购": ("goods", 10, 300, 40_000),
    "公益支出-服务费": ("service", 8, 500, 50_000),
    "公益支出-设施维修": ("upkeep", 6, 200, 20_000),
    "应付福利费-慰问金": ("welfare", 6, 200, 2_000),
    "应付福利费-福利费": ("welfare", 2, 10_000, 300_000),
    "内部往来": ("transfer", 2, 10_000, 500_000),
}
THINGS = [
    "路灯",
    "水渠",
    "机耕路",
    "文化礼堂",
    "公厕",
    "桥面",
    "泵站",
    "村道",
    "停车场",
    "凉亭",
    "围墙",
    "办公楼",
]
DEEDS = [
    "维修材料款",
    "改造木工工资",
    "工程款",
    "油漆工资",
    "保洁用工",
    "采购款",
    "设计费",
    "清淤人工",
    "绿化苗木",
    "水电费",
]


def load(connection: Connection, *, villages: int, payments: int, years: int) -> None:
    """Fill an empty database with reference data. One transaction; the same random numbers every time."""
    values: dict[str, object] = {
        "villages": villages,
        "payments": payments,
        "years": years,
        "as_of": f"'{AS_OF}'",
        "first_year": AS_OF.year - years,
        "last_year": AS_OF.year,
    }
    connection.execute(text("SELECT setseed(0.42)"))
    _lists(connection)
    for statement in STATEMENTS.read_text(encoding="utf-8").split(";"):
        if ":first " not in statement:
            _send(connection, statement, values)
            continue
        for first in range(1, payments + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, payments)
            _send(connection, statement, {**values, "first": first, "last": last})


def _send(connection: Connection, statement: str, values: dict[str, object]) -> None:
    """The values are this file's own numbers: written out, so that each has its type in the statement."""
    names = "|".join(values)
    plain = re.sub(rf":({names})\b", lambda found: str(values[found[1]]), statement)
    if plain.strip():
        connection.exec_driver_sql(plain.replace("%", "%%"))


def _lists(connection: Connection) -> None:
    """The account titles with their shares, and the purposes with the keys that the product gives them."""
    connection.execute(
        text(
            "CREATE TEMP TABLE title (category text, expense text, from_share int, to_share int, low int,"
            " high int, expected_fen float8)"
        )
    )
    share = 0
    for category, (expense, weight, low, high) in TITLES.items():
        row = {"category": category, "expense": expense, "a": share, "b": share + weight, "low": low}
        connection.execute(
            text("INSERT INTO title VALUES (:category, :expense, :a, :b, :low, :high, :expected)"),
            {**row, "high": high, "expected": (high - low) / math.log(high / low) * weight},
        )
        share += weight
    connection.execute(text("CREATE TEMP TABLE purpose (n int, purpose text, purpose_key text)"))
    purposes = [thing + deed for thing in THINGS for deed in DEEDS]
    connection.execute(
        text("INSERT INTO purpose VALUES (:n, :purpose, :key)"),
        [
            {"n": number, "purpose": told, "key": purpose_key(told)}
            for number, told in enumerate(purposes, start=1)
        ],
    )

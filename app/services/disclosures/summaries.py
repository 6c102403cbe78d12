"""One plain sentence for an item, made from what was filled in: at most 40 characters, no codes or ids.

A sentence is built of clauses, the weightiest first; clauses that do not fit or have no value fall away. It
is a proposal: the information officer may write a better one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.core import clock, money, pii, text
from app.models import DisclosureCategory, Organisation
from app.models.base import Json
from app.models.categories import NUMERIC, FieldType
from app.services.disclosures.fields import add_up, columns_of, fields_of, minors_in, without_names
from app.services.disclosures.values import Field, grouped, show

LONGEST = 40
LONGEST_WORDS = 14
BEYOND = 30  # a code must not be cut in two before it is seen
WAN, YI = 10_000, 100_000_000
QUARTERS = "一二三四"
# Codes, document numbers and long digit runs say nothing to a villager.
_CODE = re.compile(r"[A-Za-z_][-_/]?\d|\d{6,}|_|[A-Za-z]{4,}|[{}<>\[\]]")
_SILENT = frozenset({FieldType.PERSON, FieldType.GROUP, FieldType.LONG_TEXT, FieldType.YES_NO})
_YEAR, _QUARTER, _MONTH = (re.compile(one) for one in (r"(\d{4})", r"(\d{4})-Q([1-4])", r"(\d{4})-(\d\d)"))


def sentence(
    category: DisclosureCategory,
    *,
    village: Organisation | str,
    filled: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
    period: str | None,
) -> str:
    """The sentence that stands first on the item's page. `filled` and `records` are cleaned values (money in
    fen); without them the first `figures` speak."""
    said = _Said(category, filled, records)
    minors = minors_in(category, filled=filled, records=records, today=clock.today())
    clauses = list(_CLAUSES.get(category.code, _generic)(said)) if filled or records else []
    clauses = [clause for clause in clauses if clause] or _of_figures(figures)
    place = village if isinstance(village, str) else village.name
    clauses = [without_names(clause, minors) for clause in clauses]
    if not clauses:
        return _fit([f"公开了{category.name}情况"], spoken_period(period) or _plain(place, LONGEST_WORDS))
    return _fit(clauses, spoken_period(period))


def spoken_period(period: str | None) -> str:
    """2026-10 → 2026年10月, 2026-Q3 → 2026年第三季度, 2026 → 2026年; "" for none and for anything else."""
    if match := _MONTH.fullmatch(period or ""):
        return f"{match[1]}年{int(match[2])}月"
    if match := _QUARTER.fullmatch(period or ""):
        return f"{match[1]}年第{QUARTERS[int(match[2]) - 1]}季度"
    return f"{period}年" if _YEAR.fullmatch(period or "") else ""


def _fit(clauses: Sequence[str], opening: str) -> str:
    """As many clauses as 40 characters hold; the opening goes first when not even one fits with it."""
    for start in (opening, ""):
        taken: list[str] = []
        for clause in clauses:
            if len(_joined(start, [*taken, clause])) <= LONGEST:
                taken.append(clause)
        if taken:
            return _joined(start, taken)
    return f"{text.cut(clauses[0], LONGEST - 1)}。"


def _joined(opening: str, clauses: Sequence[str]) -> str:
    """A number does not run into the period before it: 2026年第三季度，9 人……"""
    pause = "，" if opening and clauses[0][:1].isdigit() else ""
    return f"{opening}{pause}{'，'.join(clauses)}。"


def _plain(value: object, limit: int = LONGEST_WORDS) -> str:
    """Words of an officer for a sentence: one line, short; "" when they hold a code or personal data."""
    words = text.one_line(str(value or "")).strip("。，；！？,.;!? ")
    near = words[: limit + BEYOND]
    if not words or _CODE.search(near) or pii.find(near):
        return ""
    return text.cut(words, limit)


def _number(value: object) -> str:
    """A number as people say it: 12, 1.5 万."""
    number = Decimal(str(value))
    for size, name in ((YI, " 亿"), (WAN, " 万")):
        if abs(number) >= size:
            return f"{round(number / size, 1).normalize():f}{name}"
    return grouped(round(number, 2))


# --- what was said, for the clauses ---------------------------------------------------------------


class _Said:
    """The values of an item as words; everything that is missing is ""."""

    def __init__(
        self,
        category: DisclosureCategory,
        filled: Mapping[str, Any],
        records: Sequence[Mapping[str, Any]],
    ) -> None:
        self.category = category
        self.fields = {field.key: field for field in fields_of(category) if field.public}
        self.columns = {field.key: field for field in columns_of(category) if field.public}
        self.filled, self.records = filled, records

    def put(self, pattern: str, *keys: str) -> str:
        """`pattern` with the values of these fields; "" when one of them is missing."""
        values = [self.of(self.fields.get(key), self.filled.get(key)) for key in keys]
        return pattern.format(*values) if all(values) else ""

    def sum(self, pattern: str, key: str) -> str:
        """`pattern` with the sum of a column."""
        column = self.columns.get(key)
        if column is None or column.type not in NUMERIC or not any(key in row for row in self.records):
            return ""
        return pattern.format(self.of(column, add_up(column, self.records)))

    def count(self, pattern: str, **wanted: str) -> str:
        """`pattern` with the number of records that have these values."""
        if not wanted.keys() <= self.columns.keys():
            return ""
        found = [row for row in self.records if all(row.get(key) == value for key, value in wanted.items())]
        return pattern.format(len(found)) if found else ""

    @staticmethod
    def of(field: Field | None, value: object) -> str:
        """One value as words."""
        if field is None or value is None or not field.public:
            return ""
        if field.type == FieldType.MONEY and isinstance(value, int):
            return money.spoken(value)
        if field.type == FieldType.NUMBER:
            return f"{_number(value)} {field.unit}".rstrip()
        if field.type == FieldType.DATE:
            day = date.fromisoformat(str(value))
            return f"{day.month}月{day.day}日"
        if field.type == FieldType.PHONE:
            return ""
        return _plain(show(field, value))


Clauses = Iterator[str]


def _power_workflow(said: _Said) -> Clauses:
    steps = said.count("分 {} 步")
    yield said.put("{}怎么办", "matter") + (f"：{steps}" if steps else "")
    yield said.put("一共 {}", "days")


def _small_works(said: _Said) -> Clauses:
    yield said.put("{}到了「{}」这一步", "project", "stage")
    yield said.put("金额 {}", "amount")
    yield said.put("{}施工", "contractor")
    yield said.put("同意 {}", "votes_for")


def _works_tender(said: _Said) -> Clauses:
    yield said.put("{}要招标", "project")
    yield said.put("{}前报名", "deadline")
    yield said.put("最高限价 {}", "ceiling")


def _works_award(said: _Said) -> Clauses:
    yield said.put("{}由{}中标", "project", "winner")
    yield said.put("中标价 {}", "amount")
    yield said.count("{} 家投标")


def _hardship_aid(said: _Said) -> Clauses:
    yield said.count("{} 人领到困难补助")
    yield said.sum("一共 {}", "amount")


def _minimum_living(said: _Said) -> Clauses:
    yield said.put("低保{}名单公示", "round")
    yield said.count("{} 户")
    yield said.sum("每月一共 {}", "amount")


def _destitute_support(said: _Said) -> Clauses:
    yield said.count("{} 人享受特困供养")
    yield said.sum("每月一共 {}", "amount")


def _received_and_used(said: _Said) -> Clauses:
    name = "征地补偿款" if said.category.code == "land_compensation" else "救助捐赠款"
    yield said.put(name + "收到 {}", "received") or said.put(name + "用去 {}", "used")
    yield said.put("用去 {}", "used") if "received" in said.filled else ""
    yield said.put("还剩 {}", "left")


def _labour(said: _Said) -> Clauses:
    yield said.count("请工 {} 人次")
    yield said.sum("干了 {}", "days")
    yield said.sum("付工钱 {}", "amount")


def _leasing(said: _Said) -> Clauses:
    yield said.count("{} 处集体资源出租")
    yield said.sum("每年租金 {}", "rent")


def _tender_notice(said: _Said) -> Clauses:
    yield said.put("{}要出租", "asset")
    yield said.put("{}前报名", "deadline")
    yield said.put("每年底价 {}", "floor")
    yield said.put("面积 {}", "area")


def _tender_winner(said: _Said) -> Clauses:
    yield said.put("{}租给{}", "asset", "winner")
    yield said.put("每年租金 {}", "rent")
    yield said.count("{} 家报价")


def _house_building(said: _Said) -> Clauses:
    yield said.count("{} 户申请建房")
    yield said.count("批准 {} 户", result="已批准")


def _homestead_review(said: _Said) -> Clauses:
    yield said.count("{} 户申请建房，现在公示")
    yield said.sum("一共占地 {}", "area")


def _homestead_approval(said: _Said) -> Clauses:
    yield said.count("镇街批准 {} 户建房", result="已批准")
    yield said.count("没有批准 {} 户", result="未批准")


def _assets(said: _Said) -> Clauses:
    yield said.put("集体资金 {}", "funds")
    yield said.put("固定资产 {}", "assets")
    yield said.put("土地等资源 {}", "land")
    yield said.put("欠款 {}", "debts")


def _assets_change(said: _Said) -> Clauses:
    yield said.count("{} 项资产有变动")
    yield said.sum("金额 {}", "amount")


def _party_dues(said: _Said) -> Clauses:
    yield said.put("收到党费 {}", "paid")
    yield said.put("{}已交", "paid_members") or said.put("应交 {}", "members")
    yield said.put("支出 {}", "spent")


def _meetings(said: _Said) -> Clauses:
    yield said.put("{}开了{}", "day", "meeting")
    yield said.count("议了 {} 件事")
    yield said.count("通过 {} 件", result="通过")
    yield said.put("到会 {}", "present")


def _decision_plan(said: _Said) -> Clauses:
    yield said.put("{}的方案请大家提意见", "matter")
    yield said.put("预计花 {}", "budget")
    yield said.put("{}表决", "vote_on")


def _decision_result(said: _Said) -> Clauses:
    yield said.put("{}表决{}", "matter", "result")
    yield said.put("同意 {}", "votes_for")
    yield said.put("反对 {}", "votes_against")


def _representatives(said: _Said) -> Clauses:
    yield said.count("{} 名村民代表有变动")
    yield said.count("新选 {} 名", change="新选")


def _finance(said: _Said) -> Clauses:
    yield said.put("收入 {}", "income")
    yield said.put("支出 {}", "expense")
    yield said.put("结余 {}", "balance")


def _approval_result(said: _Said) -> Clauses:
    yield said.put("{}{}", "matter", "result")
    yield said.put("{}由{}批", "day", "office")


def _distribution(said: _Said) -> Clauses:
    yield said.put("集体收益分 {}", "total")
    yield said.put("分给 {}", "people")
    yield said.put("每人 {}", "each")


def _family_planning(said: _Said) -> Clauses:
    yield "公开了生育政策的落实方案" if said.filled else ""


def _urgent(said: _Said) -> Clauses:
    yield said.put("紧急通知：{}", "what")
    yield said.put("到{}止", "until")


def _generic(said: _Said) -> Clauses:
    """For an X of a village or the county: how many records, then what its fields say."""
    if said.records:
        yield f"{_plain(said.category.name)}公开 {len(said.records)} 条"
    for key, column in said.columns.items():
        if column.total and (words := said.sum("{}", key)):
            yield f"{_plain(column.label)} {words}"
    for key, field in said.fields.items():
        if field.type not in _SILENT and (words := said.put("{}", key)):
            yield f"{_plain(field.label)} {words}"


_CLAUSES: dict[str, Callable[[_Said], Clauses]] = {
    "power_workflow": _power_workflow,
    "small_works": _small_works,
    "works_tender": _works_tender,
    "works_award": _works_award,
    "hardship_aid": _hardship_aid,
    "minimum_living": _minimum_living,
    "destitute_support": _destitute_support,
    "relief_funds": _received_and_used,
    "labour": _labour,
    "leasing": _leasing,
    "tender_notice": _tender_notice,
    "tender_winner": _tender_winner,
    "house_building": _house_building,
    "homestead_review": _homestead_review,
    "homestead_approval": _homestead_approval,
    "assets": _assets,
    "assets_change": _assets_change,
    "party_dues": _party_dues,
    "meetings": _meetings,
    "decision_plan": _decision_plan,
    "decision_result": _decision_result,
    "representatives": _representatives,
    "finance": _finance,
    "approval_result": _approval_result,
    "distribution": _distribution,
    "land_compensation": _received_and_used,
    "family_planning": _family_planning,
    "urgent": _urgent,
}


def _of_figures(figures: Json | Mapping[str, Any]) -> list[str]:
    found = ((_plain(label, 12), _plain(value, 12)) for label, value in figures.items())
    return [f"{label} {value}" for label, value in found if label and value]

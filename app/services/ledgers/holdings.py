"""The ledgers of what a village has and plans: assets, funds and their months, budgets (资产, 资金, 预算)."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import BadInput
from app.models import Asset, Budget, Fund, FundStatement
from app.models.holdings import AssetKind, AssetStatus
from app.models.ledgers import AreaUnit
from app.services.ledgers import readers
from app.services.ledgers.base import (
    Ledger,
    Values,
    choice,
    day,
    happened,
    link,
    money,
    month,
    number,
    positive,
    text,
    year,
)
from app.services.ledgers.trade import AREA_UNITS, LAND_KINDS
from app.services.ledgers.words import expense_class

ASSET_KINDS = {
    AssetKind.LAND: "土地|耕地|农田|土地资源|园地|场地|建设用地",
    AssetKind.WATER: "水面|鱼塘|池塘|水库|水域",
    AssetKind.FOREST: "林地|山林|林场",
    AssetKind.BUILDING: "房屋|房产|办公楼|建筑物|仓库|文化礼堂|房屋建筑物",
    AssetKind.SHOP: "店面|商铺|门面房|门面|店铺",
    AssetKind.FACTORY: "厂房|标准厂房|工业厂房",
    AssetKind.EQUIPMENT: "设备|机器设备|农机具|车辆|办公设备|健身器材",
    AssetKind.OTHER: "其他|其它|水利设施|道路|公益设施",
}
ASSET_STATUSES = {
    AssetStatus.IDLE: "闲置|未利用|空置|待出租|未出租",
    AssetStatus.LET: "出租|已出租|发包|出租中|承包|已发包|租赁|在租|流转",
    AssetStatus.OWN_USE: "自用|使用中|在用|自营|集体使用|公益使用",
    AssetStatus.DISPOSED: "已处置|处置|报废|已报废|出售|盘亏|征收|已征收",
}


def _derive_asset(values: Values) -> None:
    if values.get("area") is not None and values.get("area_unit") is None:
        natural = values["kind"] in (AssetKind.LAND, AssetKind.WATER, AssetKind.FOREST)
        values["area_unit"] = AreaUnit.MU if natural else AreaUnit.SQUARE_METRE


def _check_asset(values: Values) -> Iterable[BadInput]:
    yield from positive(values, "area")
    yield from happened(values, "status_since")


ASSETS = Ledger(
    "assets",
    "资产资源",
    Asset,
    (
        text("number", "资产编号", "编号", "资产资源编号", "资源编号", "卡片编号", "序号", required=True,
             longest=60, reads=readers.number, help="本村内不重复", example="ZC-0007"),
        text("name", "资产名称", "名称", "资源名称", "资产资源名称", "项目名称", required=True,
             example="村口鱼塘"),
        choice("kind", "类别", ASSET_KINDS, "资产类别", "资产类型", "资源类别", "资源类型", "类型",
               required=True, example=AssetKind.WATER),
        choice("land_kind", "土地类别", LAND_KINDS, "地类"),
        number("area", "面积", "数量", "占地面积", "建筑面积", "面积(亩)"),
        choice("area_unit", "面积单位", AREA_UNITS, "单位", "计量单位",
               help="不填按亩（房屋、店面、厂房按平方米）"),
        text("location", "坐落", "位置", "地址", "所在位置", "座落", "地点", "存放地点"),
        text("boundary", "四至", "四至界限", "界址", longest=500),
        choice("status", "使用状态", ASSET_STATUSES, "状态", "使用情况", "利用状态", "经营状态", "现状",
               "使用方式", required=True, example=AssetStatus.LET),
        day("status_since", "状态起始日", "起始日期", "启用日期"),
        money("value_fen", "价值", "原值", "资产原值", "账面价值", "评估价值", "账面原值"),
    ),
    natural=("number",),
    searched=("number", "name", "location"),
    derive=_derive_asset,
    check=_check_asset,
    since=(("status", "status_since"),),
)  # fmt: skip

FUNDS = Ledger(
    "funds",
    "资金",
    Fund,
    (
        text("number", "资金编号", "编号", "账户编号", "序号", "项目编号", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="ZJ-01"),
        text("name", "资金名称", "名称", "项目名称", "资金项目", "账户名称", required=True,
             example="村级集体资金"),
        text("source", "资金来源", "来源", "拨款单位", "来源渠道", example="区级补助"),
        text("purpose", "用途", "资金用途", "使用范围", example="河道保洁"),
    ),
    natural=("number",),
    searched=("number", "name", "source", "purpose"),
)  # fmt: skip


def _check_statement(values: Values) -> Iterable[BadInput]:
    for name in ("income_fen", "expense_fen"):
        if values[name] < 0:
            yield BadInput("ledger.amount_negative", "收入和支出不能是负数，请核对。", field=name)


FUND_STATEMENTS = Ledger(
    "fund_statements",
    "资金收支结存",
    FundStatement,
    (
        link("fund_number", "资金编号", "fund_id", "funds", "账户编号", "编号", required=True),
        month("period", "月份", "期间", "所属月份", "年月", "会计期间", "所属期间", required=True,
              example="2026-03"),
        money("opening_fen", "期初余额", "上期结存", "上月结余", "期初数", "上月余额", signed=True),
        money("income_fen", "本期收入", "收入", "本月收入", "收入合计", "本期增加", required=True,
              example=120_000),
        money("expense_fen", "本期支出", "支出", "本月支出", "支出合计", "本期减少", required=True,
              example=80_000),
        money("balance_fen", "期末余额", "结存", "本月结余", "余额", "期末数", "本期结存", "结余",
              required=True, signed=True, example=540_000),
    ),
    natural=("fund_id", "period"),
    searched=("period",),
    check=_check_statement,
)  # fmt: skip


def _derive_budget(values: Values) -> None:
    values["expense"] = expense_class(values["category"])


def _check_budget(values: Values) -> Iterable[BadInput]:
    if values["amount_fen"] < 0:
        yield BadInput("ledger.amount_negative", "预算不能是负数，请核对。", field="amount_fen")
    yield from happened(values, "adopted_on")


BUDGETS = Ledger(
    "budgets",
    "预算",
    Budget,
    (
        year("year", "年度", "预算年度", "年份", "年", required=True, example=2026),
        text("category", "科目", "会计科目", "预算科目", "项目", "支出项目", "预算项目", required=True,
             longest=60, example="劳务用工"),
        money("amount_fen", "预算金额", "金额", "预算数", "年初预算", "预算", "本年预算", required=True,
              example=2_000_000),
        day("adopted_on", "通过日期", "批准日期", "审议通过日期"),
        link("meeting_number", "表决会议编号", "meeting_id", "meetings", "会议编号"),
    ),
    natural=("year", "category"),
    searched=("category",),
    derive=_derive_budget,
    check=_check_budget,
    derived=("expense",),
)  # fmt: skip

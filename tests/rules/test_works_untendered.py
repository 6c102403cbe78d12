"""R11 应招标未招标. The line that holds everywhere: 100,000 yuan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.ledgers import ContractKind, ExpenseClass, Payment
from app.models.projects import Project, ProjectState, StageKind
from app.rules.works_untendered import WorksUntendered
from app.services.ledgers.purposes import purpose_key
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = WorksUntendered()
LINE = 10_000_000
LABOUR, MATERIAL, WORKS = ExpenseClass.LABOUR, ExpenseClass.MATERIAL, ExpenseClass.WORKS

Row = tuple[int, int, str | None, dict[str, Any]]  # days before AS_OF, fen, purpose, columns


def row(days: int, fen: int, purpose: str | None = "办公楼装修木工工资", **columns: Any) -> Row:
    return days, fen, purpose, columns


OBJECT = "purpose:办公楼装修:2026"
CASES: dict[str, tuple[str, str, list[Row]]] = {
    "刚到限额": (OBJECT, "yellow", [row(60, 6_000_000), row(50, 4_000_000)]),
    "差一分": (OBJECT, "clear", [row(60, 6_000_000), row(50, 3_999_999)]),
    "各种写法": (
        OBJECT,
        "yellow",
        [
            row(90, 2_500_000, "1月新办公楼装修木工工资"),
            row(80, 2_500_000, "办公楼装修油漆材料款（二期）", expense=MATERIAL),
            row(70, 2_500_000, "村委办公大楼二楼会议室装潢尾款", expense=WORKS),
            row(60, 2_500_000, "新办公楼吊顶人工"),
        ],
    ),
    "正好两倍": (OBJECT, "yellow", [row(60, LINE), row(50, LINE)]),
    "两倍多一分": (OBJECT, "red", [row(60, LINE), row(50, LINE + 1)]),
    "一百八十天": ("purpose:办公楼装修:2025", "yellow", [row(180, LINE)]),
    "一百八十一天": ("purpose:办公楼装修:2025", "red", [row(181, LINE)]),
    "隔了一年": (OBJECT, "clear", [row(500, 6_000_000), row(50, 4_000_000)]),
    "作废一笔": (OBJECT, "clear", [row(60, 6_000_000), row(50, 4_000_000, **support.VOIDED)]),
    "明天的": (OBJECT, "clear", [row(60, 6_000_000), row(-1, 4_000_000)]),
    "日常保洁": ("purpose:河道保洁:2026", "", [row(60, LINE, "河道保洁工资"), row(30, LINE, "3月河道保洁")]),
    "不是工程的用工": ("purpose:村民代表误工:2026", "", [row(60, LINE, "村民代表误工")]),
    "采购电脑": (OBJECT, "", [row(60, LINE, "办公楼电脑", expense=ExpenseClass.GOODS)]),
    "维修科目的装修": (OBJECT, "yellow", [row(60, LINE, "办公楼装修款", expense=ExpenseClass.UPKEEP)]),
    "工程科目": ("purpose:村口公园:2026", "yellow", [row(60, LINE, "村口公园", expense=WORKS)]),
    "不同组的道路": (
        "purpose:3组道路硬化:2026",
        "clear",
        [row(90 - days, 4_000_000, f"{group}道路硬化工程款", expense=WORKS)
         for days, group in enumerate(("三组", "5组", "村口", ""))],
    ),
    "同一条路": (
        "purpose:3组道路硬化:2026",
        "yellow",
        [
            row(60, 6_000_000, "三组道路硬化", expense=WORKS),
            row(50, 4_000_000, "第3组道路硬化侧石", expense=MATERIAL),
        ],
    ),
}  # fmt: skip


def pay(session: Session, village: Organisation, given: Row, payee: str | None = None) -> Payment:
    days, fen, purpose, columns = given
    fields: dict[str, Any] = {"expense": LABOUR, "category": "临时用工"} | columns
    return support.payment(
        session,
        village,
        paid_on=AS_OF - timedelta(days),
        amount_fen=fen,
        payee=payee or support.number("工匠"),
        purpose=purpose,
        purpose_key=purpose_key(purpose),
        **fields,
    )


@pytest.fixture(scope="module")
def named(shared: Session) -> dict[Any, str]:
    """The world; the names of its projects and contracts."""
    for name, (_, _, rows) in CASES.items():
        village = support.village(shared, name)
        pay(shared, village, row(1, 1, "办公用品", expense=ExpenseClass.OFFICE))
        for given in rows:
            pay(shared, village, given)
    unknown(shared)
    pay(shared, support.village(shared, "从不写用途"), row(1, 1, None))
    return {**projects(shared), **contracts(shared)}


@pytest.fixture(scope="module")
def said(shared: Session, named: dict[Any, str]) -> dict[tuple[str, str], str]:
    fit_out(shared)
    return support.verdicts(shared, RULE, AS_OF, named=named)


def unknown(session: Session) -> None:
    """Money for labour that names no purpose: enough of it to hide works, or not."""
    for name, fens in {
        "用途不明三成一": (3_100_000_000, 6_900_000_000),
        "用途不明三成": (3_000_000_000, 7_000_000_000),
        "用途不明但不到限额": (LINE - 1, 1),
    }.items():
        village = support.village(session, name)
        pay(session, village, row(30, fens[0], "3月工资"))
        pay(session, village, row(30, fens[1], "河道保洁"))


def projects(session: Session) -> dict[Any, str]:
    """Projects whose payments reach the line; one object each, so that they do not meet."""
    village = support.village(session, "项目")
    lately = AS_OF - timedelta(90)
    named: dict[Any, str] = {}

    def project(label: str, name: str, *rows: Row, **fields: Any) -> Project:
        made = support.project(session, village, name=name, **({"approved_on": lately} | fields))
        named[f"project:{made.id}"] = label
        for given in rows:
            pay(session, village, (*given[:3], given[3] | {"project_id": made.id}))
        return made

    project("未招标", "公厕改造", row(60, LINE, "第一期款"))
    project("决策超过半年", "围墙修建", row(60, LINE, None), approved_on=AS_OF - timedelta(181))
    project("有招标公告", "凉亭新建", row(60, LINE, None))
    support.stage(session, session.query(Project).filter_by(name="凉亭新建").one(), StageKind.TENDER, AS_OF)
    late = project("明天才招标", "广场铺装", row(60, LINE, None))
    support.stage(session, late, StageKind.AWARD, AS_OF + timedelta(1))
    project("免招标", "挡墙加固", row(60, LINE, None), exempt=["tender"], exempt_because="台风抢修")
    project("已取消", "水渠清淤", row(60, LINE, None), state=ProjectState.CANCELLED)
    project(
        "立项半年没有招标",
        "道路拓宽",
        state=ProjectState.APPROVED,
        estimate_fen=LINE,
        approved_on=AS_OF - timedelta(181),
    )
    project("刚立项", "管网改造", state=ProjectState.APPROVED, estimate_fen=LINE)
    project("没写项目的也算", "停车场建设", row(60, 6_000_000, None))
    pay(session, village, row(50, 4_000_000, "停车场建设泥工工资"))
    through = support.contract(session, village, kind=ContractKind.WORKS, tender_ref="招2026-3")
    project("合同已招标", "外立面改造", row(60, LINE, None), contract_id=through.id)
    plain = support.contract(session, village, kind=ContractKind.WORKS)
    project("合同的付款也算", "桥梁维修", row(60, 6_000_000, None), contract_id=plain.id)
    pay(session, village, row(50, 4_000_000, "进度款", contract_id=plain.id))
    return named


def contracts(session: Session) -> dict[Any, str]:
    """Contracts without a project, and what is paid for the same object beside a tendered one."""
    village = support.village(session, "合同")
    plain = support.contract(session, village, kind=ContractKind.WORKS, title="机埠翻建")
    pay(session, village, row(60, LINE, "进度款", contract_id=plain.id))
    through = support.contract(
        session, village, kind=ContractKind.WORKS, title="文化礼堂修缮工程", tender_ref="招2026-4",
        starts_on=AS_OF - timedelta(100),
    )  # fmt: skip
    pay(session, village, row(60, 5 * LINE, "文化礼堂修缮款", contract_id=through.id, expense=WORKS))
    pay(session, village, row(50, LINE, "文化礼堂修缮小工工资"))
    return {f"contract:{plain.id}": "没有招标", f"contract:{through.id}": "经过招标"}


def fit_out(session: Session) -> None:
    """The case of the programme: a year of labour above a million yuan, half of it told to be the fit-out of
    the new office building, the purpose missing in a tenth of the rows; and quiet villages."""
    village = support.village(session, "义桥型")
    words = [
        "{}月新办公楼装修木工工资",
        "办公楼装修油漆材料款（{}期）",
        "新办公楼装修泥工、水电工人工费{}月",
        "支付办公楼装潢小工{}工",
    ]
    for at in range(120):
        purpose = words[at % 4].format(at % 9 + 1) if at % 5 < 3 else f"{at % 12 + 1}月河道保洁工资"
        given = row(350 - 2 * at, 1_000_000, None if at % 10 == 0 else purpose)
        pay(session, village, given, payee=f"工匠{at % 15}")
    for name in ("平常村一", "平常村二"):
        quiet = support.village(session, name)
        for at in range(60):
            purposes = ["河道保洁", "绿化养护", "路灯维修", f"{at % 7 + 1}组水渠清淤", "垃圾清运"]
            given = row(
                350 - 5 * at, 300_000 + 1000 * at, None if at % 10 == 3 else purposes[at % 5] + "工资"
            )
            pay(session, quiet, given)


@pytest.mark.parametrize("name", CASES)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    subject, colour, _ = CASES[name]
    assert said.get((name, subject), "") == colour
    others = [key for key, told in said.items() if key[0] == name and told in ("red", "yellow")]
    assert others == ([(name, subject)] if colour in ("red", "yellow") else [])


PROJECTS = {
    "未招标": "yellow",
    "决策超过半年": "red",
    "有招标公告": "clear",
    "明天才招标": "yellow",
    "免招标": "clear",
    "立项半年没有招标": "red",
    "刚立项": "clear",
    "没写项目的也算": "yellow",
    "合同已招标": "clear",
    "合同的付款也算": "yellow",
}


def test_projects(said: dict[tuple[str, str], str]) -> None:
    told = {subject: colour for (name, subject), colour in said.items() if name == "项目"}
    told.pop("remainder")
    assert told == PROJECTS


def test_contracts_without_a_project(said: dict[tuple[str, str], str]) -> None:
    told = {subject: colour for (name, subject), colour in said.items() if name == "合同"}
    told.pop("remainder")
    assert told == {"没有招标": "yellow"}


def test_money_without_a_purpose_does_not_look_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["用途不明三成一", "remainder"] == "?用途"
    assert said["从不写用途", ""] == "?付款用途"
    assert said["用途不明三成", "remainder"] == "clear"
    assert said["用途不明但不到限额", "remainder"] == "clear"


def test_the_fit_out_is_found_and_quiet_villages_are_not(
    shared: Session, said: dict[tuple[str, str], str]
) -> None:
    fired = {key for key, colour in said.items() if key[0][0] in "义平" and colour in ("red", "yellow")}
    assert fired == {("义桥型", "purpose:办公楼装修:2025")}
    found = next(one for one in support.evaluate(shared, RULE, AS_OF).findings if "义桥型" in one.basis)
    assert found.colour == "red"
    assert found.evidence["paid_fen"] == 6 * LINE
    assert found.evidence["possible"] == 12  # rows without a purpose are told and not counted
    assert "没写用途的还有 12 笔 120,000.00 元，未计入" in found.basis
    assert found.title.startswith("办公楼装修共")
    assert said["义桥型", "remainder"] == "clear"


def test_a_tender_clears_a_project(shared: Session, said: object) -> None:
    findings = support.evaluate(shared, RULE, AS_OF).findings
    with shared.begin_nested() as savepoint:
        for found in findings:
            form, _, rest = found.subject_id.partition(":")
            if form == "project":
                support.stage(shared, shared.get_one(Project, rest), StageKind.AWARD, AS_OF)
            else:
                shared.execute(
                    update(Payment).where(Payment.id.in_(found.evidence["rows"])).values(**support.VOIDED)
                )
        told = support.evaluate(shared, RULE, AS_OF, watched=[one.key for one in findings])
        savepoint.rollback()
    assert findings
    assert {one.key for one in findings} == set(told.cleared)


def test_payments_that_grew_old_stay_open(shared: Session, said: object) -> None:
    findings = support.evaluate(shared, RULE, AS_OF).findings
    watched = [one.key for one in findings if one.subject_id.startswith("purpose:")]
    told = support.evaluate(shared, RULE, AS_OF + timedelta(800), watched=watched)
    assert not told.cleared

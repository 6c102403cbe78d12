"""What the demo's villages publish besides money: meetings, aid, house building, workflows, customs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.core import clock, money
from app.demo.articles import ASK, Article, Pen, amount, table
from app.demo.people import SURNAMES
from app.demo.world import texts

_WORDS = texts("articles")
BUILDING_KINDS = ("拆旧建新", "原地翻建", "新建", "加层改建")


def write(pen: Pen) -> list[Article]:
    """All articles of a year that are not about the books."""
    return [
        *party_dues(pen),
        *meetings(pen),
        *hardship_aid(pen),
        *house_building(pen),
        *workflows(pen),
        *customs(pen, "family_virtue", "virtues", (148, 33)),
        *customs(pen, "weddings_funerals", "weddings", (214, 71)),
    ]


def party_dues(pen: Pen) -> Iterator[Article]:
    """What the party's members paid in a quarter, by branch."""
    members = [max(9, pen.stage.place.adults // divisor) for divisor in (52, 66, 91)]
    each = pen.draw.random.randint(33, 54)
    for _, after, words, period in pen.quarters():
        paid = [number * each * 100 + pen.draw.random.randint(0, 90) * 100 for number in members]
        yield Article(
            category="party_dues",
            title=f"{words}党费收缴公开",
            summary=f"{sum(members)} 名党员交党费 {money.spoken(sum(paid))}，全部交齐。",
            on=pen.day(after + timedelta(days=pen.draw.random.randint(6, 12))),
            body="党费由党员本人通过手机交到专户，全额上交镇街，返还部分只用于党员活动和慰问老党员。",
            figures={"党员": f"{sum(members)} 名", "党费": money.spoken(sum(paid))},
            table=table(
                "党支部 党员人数 党费（元）",
                [
                    [f"第{numeral}支部", str(number), amount(fen)]
                    for numeral, number, fen in zip("一二三", members, paid, strict=True)
                ],
            ),
            period=period,
        )


def meetings(pen: Pen) -> Iterator[Article]:
    """What was decided in a quarter, and what became of it."""
    draw = pen.draw
    pool = draw.random.sample(_WORDS["decisions"], len(_WORDS["decisions"]))
    for first, after, words, period in pen.quarters():
        decisions = [pool.pop() for _ in range(draw.random.randint(3, 4))] if len(pool) > 3 else pool
        days = sorted(
            draw.work_day_from(first + timedelta(days=draw.random.randint(5, 80))) for _ in decisions
        )
        rows = [
            [
                clock.spoken_day(day),
                draw.random.choice(("村民代表会议", "村两委会", "党员大会")),
                decision["what"].format(place=draw.random.choice(_WORDS["spots"])),
                decision["done"],
            ]
            for day, decision in zip(days, decisions, strict=True)
        ]
        yield Article(
            category="meetings",
            title=f"{words}会议决策公开",
            summary=f"开会定了 {len(rows)} 件事，办到哪一步都在下面。",
            on=pen.day(after + timedelta(days=draw.random.randint(7, 14))),
            body=f"会议记录在村委会可以查。{ASK}",
            figures={"定下的事": f"{len(rows)} 件"},
            table=table("日期 会议 定了什么 办得怎样", rows),
            period=period,
        )


def hardship_aid(pen: Pen) -> Iterator[Article]:
    """Who receives aid, of what kind and by which standard: what the law wants public, and no more."""
    draw = pen.draw
    for back in (284, 166, 47):
        on = pen.day(draw.today - timedelta(days=back))
        rows = []
        for _ in range(draw.random.randint(4, 7)):
            aid = draw.random.choice(_WORDS["aid"])
            rows.append([pen.names.draw(), f"{draw.random.randint(1, 14)} 组", aid["kind"], aid["standard"]])
        yield Article(
            category="hardship_aid",
            title=f"困难补助名单公示（{on.year}年{on.month}月）",
            summary=f"本次 {len(rows)} 户享受补助，公示七个工作日。",
            on=on,
            body="名单经入户调查和村民代表评议。觉得谁该有没有、谁不该有却有，请在公示期内告诉我们。",
            figures={"享受补助": f"{len(rows)} 户"},
            table=table("姓名 村民小组 补助类别 标准", rows),
            notice_days=10,
        )


def house_building(pen: Pen) -> Iterator[Article]:
    """Who applied to build, and what was granted."""
    draw = pen.draw
    for back in (246, 131, 26):
        on = pen.day(draw.today - timedelta(days=back))
        rows = []
        for _ in range(draw.random.randint(3, 5)):
            granted = draw.random.random() < 0.85
            area = f"{draw.random.choice((90, 105, 110, 120, 125))} 平方米"
            kind = draw.random.choice(BUILDING_KINDS)
            group = f"{draw.random.randint(1, 14)} 组"
            rows.append([pen.names.draw(), group, kind, area, "已批准" if granted else "补材料后再审"])
        passed = sum(row[-1] == "已批准" for row in rows)
        yield Article(
            category="house_building",
            title=f"农村建房审批公示（{on.year}年{on.month}月）",
            summary=f"这批 {len(rows)} 户申请建房，批准 {passed} 户。",
            on=on,
            body="批准面积是占地面积。邻居对四至有不同意见的，请在公示期内提出，镇街会来现场看。",
            figures={"申请": f"{len(rows)} 户", "批准": f"{passed} 户"},
            table=table("户主 村民小组 建房类型 占地面积 结果", rows),
            notice_days=7,
        )


def workflows(pen: Pen) -> Iterator[Article]:
    """How two of the village's small powers are used, step by step."""
    for entry, back in zip(pen.draw.random.sample(_WORDS["workflows"], 2), (310, 93), strict=True):
        yield Article(
            category="power_workflow",
            title=entry["title"],
            summary=entry["summary"],
            on=pen.day(pen.draw.today - timedelta(days=back)),
            body=entry["body"],
            figures={"一共": f"{len(entry['steps'])} 步"},
            table=table("步骤 谁来办 要多久", entry["steps"]),
        )


def customs(pen: Pen, category: str, pool: str, days_ago: tuple[int, ...]) -> Iterator[Article]:
    """Stories of good families, and how weddings and funerals are kept simple."""
    entries: list[dict[str, Any]] = pen.draw.random.sample(_WORDS[pool], len(days_ago))
    for entry, back in zip(entries, days_ago, strict=True):
        words = {"surname": pen.draw.random.choice(SURNAMES), "count": pen.draw.random.randint(6, 18)}
        yield Article(
            category=category,
            title=entry["title"],
            summary=entry["summary"].format(**words),
            on=pen.day(pen.draw.today - timedelta(days=back)),
            body=entry["body"],
        )

"""What the demo's villages publish besides money and works: meetings, aid, houses, workflows, customs.

Names stand in full where the law wants recipients named, until their time has passed; a child shows as 王某.
All of them are invented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from app.core import money
from app.demo.articles import ASK, Article, Pen
from app.demo.people import SURNAMES
from app.demo.world import texts
from app.models.disclosures import DisclosureKind

_WORDS = texts("articles")
URGENT_VILLAGE = "qunwei"
APPROVED_SHARE = 0.85


def write(pen: Pen) -> list[Article]:
    """All articles of a year that are not about the books."""
    return [
        *meetings(pen),
        *hardship_aid(pen),
        *minimum_living(pen),
        *house_building(pen),
        *homesteads(pen),
        *workflows(pen),
        *urgent(pen),
        *customs(pen, "family_virtue", "virtues", (148, 33)),
        *customs(pen, "weddings_funerals", "weddings", (214, 71)),
    ]


def meetings(pen: Pen) -> Iterator[Article]:
    """What was decided in a quarter, and what became of it."""
    draw = pen.draw
    pool = draw.random.sample(_WORDS["decisions"], len(_WORDS["decisions"]))
    for back, first, after, words, period in pen.quarters():
        decisions = [pool.pop() for _ in range(draw.random.randint(3, 4))] if len(pool) > 3 else pool
        on = pen.for_period("meetings", back, after, (7, 11))
        if on is None:
            continue
        day = draw.work_day_from(first + timedelta(days=draw.random.randint(12, 70)))
        votes = [pen.votes() for _ in decisions]
        due = 31 + pen.stage.place.households // 40
        present = min(due, max(sum(vote) for vote in votes))
        yield Article(
            category="meetings",
            title=f"{words}会议决策公开",
            summary=f"村民代表会议定了 {len(decisions)} 件事，办得怎样都在下面。",
            on=on,
            body=f"会议记录在村委会可以查。{ASK}",
            filled={"meeting": "村民代表会议", "day": day.isoformat(), "due": due, "present": present},
            records=[
                {
                    "matter": decision["what"].format(place=draw.random.choice(_WORDS["spots"])),
                    "votes_for": present - vote[1] - vote[2],
                    "votes_against": vote[1],
                    "votes_abstained": vote[2],
                    "result": "通过",
                    "progress": decision["done"],
                }
                for decision, vote in zip(decisions, votes, strict=True)
            ],
            period=period,
        )


def hardship_aid(pen: Pen) -> Iterator[Article]:
    """Who received aid in a quarter, of what kind and how much: what the law wants public, and no more."""
    draw = pen.draw
    for back, first, after, words, period in pen.quarters():
        records: list[dict[str, Any]] = []
        for _ in range(draw.random.randint(5, 9)):
            aid = draw.random.choice(_WORDS["aid"])
            yuan = round(draw.random.randint(aid["low"], aid["high"]), -1)
            records.append(
                {**_somebody(pen), "kind": aid["kind"], "standard": aid["standard"], "amount": yuan * 100}
            )
        study = _WORDS["study"]
        child = {"kind": study["kind"], "standard": study["standard"], "amount": study["fen"]}
        records.append({**_somebody(pen), **child, "birth": f"{first.year - 13}-05"})
        given = sum(record["amount"] for record in records)
        on = pen.for_period("hardship_aid", back, after, (6, 10))
        if on is None:
            continue
        yield Article(
            category="hardship_aid",
            title=f"{words}困难补助公示",
            summary=f"{words}有 {len(records)} 人领到补助，一共 {money.spoken(given)}。",
            on=on,
            body="名单经入户调查和村民代表评议。觉得谁该有没有、谁不该有却有，请在公示期内告诉我们。",
            filled={"basis": "区困难家庭救助办法", "funds": "上级拨款和村集体公益金"},
            records=records,
            period=period,
        )


def minimum_living(pen: Pen) -> Iterator[Article]:
    """Who receives the minimum living allowance, after the review of a year and after new applications."""
    for days, round_, number in ((205, "复核", 9), (24, "审批", 4)):
        happened = pen.ago(days)
        records = []
        for _ in range(pen.draw.random.randint(number - 2, number + 1)):
            members = pen.draw.random.randint(1, 3)
            each = pen.draw.random.randint(38, 120) * 1_000
            records.append({**_somebody(pen), "members": members, "amount": members * each})
        yield Article(
            category="minimum_living",
            title=f"低保对象{round_}名单公示（{happened.year}年{happened.month}月）",
            on=pen.day(happened + timedelta(days=3)),
            body="名单经入户调查和民主评议，镇街审核。公示期内有意见，请点「我有异议」，三个工作日内核实答复。",
            filled={"round": round_, "standard": 124_000},
            records=records,
            happened_on=happened,
            key=f"minimum_living:{round_}",
        )


def house_building(pen: Pen) -> Iterator[Article]:
    """Who applied to build in half a year, and what was granted."""
    for days in (262, 128):
        on = pen.ago(days)
        records = []
        for _ in range(pen.draw.random.randint(3, 5)):
            granted = pen.draw.random.random() < APPROVED_SHARE
            records.append({**_house(pen), "result": "已批准" if granted else "补材料"})
        yield Article(
            category="house_building",
            title=f"农村建房情况公开（{on.year}年{on.month}月）",
            on=on,
            body=f"批准面积是占地面积。补材料的，村里会帮着办。{ASK}",
            records=records,
        )


def homesteads(pen: Pen) -> Iterator[Article]:
    """Applications that lie open for opinions, one of them today, and what the town approved."""
    for days in (75, 4):
        on = pen.ago(days)
        met = pen.draw.work_day_before(on, 2)
        records = []
        for _ in range(pen.draw.random.randint(2, 3)):
            house = {key: value for key, value in _house(pen).items() if key != "kind"}
            plot = pen.draw.random.choice(_WORDS["spots"]) + "原址"
            records.append({**house, "members": pen.draw.random.randint(2, 6), "plot": plot})
        yield Article(
            category="homestead_review",
            title=f"建房申请公示（{met.year}年{met.month}月）",
            on=on,
            body="邻居对四至有不同意见的，请在公示期内点「我有异议」，镇街会来现场看。",
            filled={"meeting": met.isoformat()},
            records=records,
            happened_on=met,
        )
    on = pen.ago(44)
    approved = pen.draw.work_day_before(on, 2)
    house = {key: value for key, value in _house(pen).items() if key not in ("kind", "floors")}
    yield Article(
        category="homestead_approval",
        title=f"宅基地审批结果公示（{approved.year}年{approved.month}月）",
        on=on,
        body="批准书已送到户主手里，开工前镇街会来放样。",
        filled={"approved": approved.isoformat()},
        records=[{**house, "plot": pen.draw.random.choice(_WORDS["spots"]) + "原址", "result": "已批准"}],
        happened_on=approved,
    )


def _somebody(pen: Pen) -> dict[str, Any]:
    return {"name": pen.names.draw(), "group": f"{pen.draw.random.randint(1, 14)}组"}


def _house(pen: Pen) -> dict[str, Any]:
    return {
        **_somebody(pen),
        "kind": pen.draw.random.choice(("翻建", "翻建", "新建", "扩建")),
        "area": pen.draw.random.choice((90, 105, 110, 120, 125)),
        "floors": pen.draw.random.choice((2, 3, 3)),
    }


def workflows(pen: Pen) -> Iterator[Article]:
    """How three of the village's small powers are used, step by step."""
    entries = pen.draw.random.sample(_WORDS["workflows"], 3)
    for entry, days in zip(entries, (345, 222, 93), strict=True):
        yield Article(
            category="power_workflow",
            title=entry["title"],
            summary=entry["summary"],
            on=pen.ago(days),
            body=entry["body"],
            filled={"matter": entry["matter"], "basis": entry["basis"], "days": entry["days"]},
            records=[
                dict(zip(("step", "who", "material", "days", "otherwise"), step, strict=True))
                for step in entry["steps"]
            ],
        )


def urgent(pen: Pen) -> Iterator[Article]:
    """In one village the water is cut off for repairs: pinned, and over by itself."""
    if pen.stage.place.code != URGENT_VILLAGE:
        return
    on, until = pen.draw.today - timedelta(days=1), pen.draw.today + timedelta(days=3)
    yield Article(
        category="urgent",
        title="自来水主管抢修，部分路段夜里停水",
        on=on,
        body="沿塘老街和 3、4、5 组受影响。老年食堂和卫生站有应急水车，行动不便的老人由网格员送水上门。",
        filled={
            "what": "夜里 10 点起停水",
            "until": until.isoformat(),
            "ask": "晚上 10 点到早上 5 点停水。请提前存好生活用水，来水后先放一分钟再用。",
        },
        kind=DisclosureKind.URGENT_NOTICE,
        urgent_days=4,
    )


def customs(pen: Pen, category: str, pool: str, days_ago: tuple[int, ...]) -> Iterator[Article]:
    """Stories of good families, and how weddings and funerals are kept simple."""
    entries: list[dict[str, Any]] = pen.draw.random.sample(_WORDS[pool], len(days_ago))
    for entry, days in zip(entries, days_ago, strict=True):
        words = {"surname": pen.draw.random.choice(SURNAMES), "count": pen.draw.random.randint(6, 18)}
        yield Article(
            category=category,
            title=entry["title"],
            summary=entry["summary"].format(**words),
            on=pen.ago(days),
            body=entry["body"],
        )

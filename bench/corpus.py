"""A million disclosures. One village is written by the product's own code, from word lists; the others get
copies of its rows inside the database, under keys of their own."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Disclosure, DisclosureSearch, DisclosureVersion, Organisation
from app.models.disclosures import DisclosureState
from app.models.organisations import OrganisationKind
from app.services import categories, obligations, organisations, search
from app.services.actors import Administrator

ACTING = Administrator("bench")
TOWN_SIZE = 40
DAYS = 8 * 365
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
    "仓库",
    "鱼塘",
    "山林",
    "老年食堂",
    "围墙",
    "晒场",
]
DEEDS = ["维修", "改造", "新建", "清淤", "硬化", "出租", "招标", "验收", "公示", "决算", "粉刷", "绿化"]
MATTERS = [
    "低保",
    "医疗救助",
    "临时救助",
    "党费",
    "误工补贴",
    "土地租金",
    "道路硬化",
    "危房",
    "征地补偿",
    "村务用工",
    "会议记录",
    "选举",
]
VERBS = ["已经完成", "正在公示", "通过表决", "发放到户", "按时缴清", "签订合同", "重新招租", "报镇备案"]


def load(session: Session, *, villages: int, each: int, seed: int) -> None:
    """Fill an empty database: `each` disclosures in each of `villages` villages, obligations, views."""
    draw = random.Random(seed)
    places = list(_villages(session, villages))
    first = places[0]
    shelves = [row.code for row in categories.listing(session)]
    for number in range(each):
        _publish(session, draw, first, shelves[number % len(shelves)])
    session.flush()
    _copy(session, first, places[1:])
    obligations.plan(session, today=clock.today())
    session.execute(
        text(
            "INSERT INTO page_view (village_id, disclosure_id, day, count)"
            " SELECT village_id, id, current_date - (random() * 40)::int, 1 + (random() * 9)::int"
            " FROM disclosure WHERE random() < 0.2"
        )
    )


def _villages(session: Session, count: int) -> Iterator[Organisation]:
    def create(kind: OrganisationKind, code: str, name: str, parent: Organisation | None) -> Organisation:
        return organisations.create(
            session,
            acting=ACTING,
            kind=kind,
            code=code,
            name=name,
            parent=parent,
            households=500,
            adults=1200,
        )

    county = create(OrganisationKind.COUNTY, "county", "某区", None)
    town = county
    for number in range(count):
        if number % TOWN_SIZE == 0:
            town = create(OrganisationKind.TOWN, f"town{number}", f"第{number // TOWN_SIZE + 1}镇", county)
        yield create(OrganisationKind.VILLAGE, f"village{number}", f"第{number + 1}村", town)


def _publish(session: Session, draw: random.Random, village: Organisation, shelf: str) -> None:
    at = clock.now() - timedelta(days=draw.randrange(DAYS), minutes=draw.randrange(1440))
    item = Disclosure(
        id=uuid.uuid4(),
        village_id=village.id,
        category_code=shelf,
        state=DisclosureState.PUBLISHED,
        published_at=at,
        created_at=at,
    )
    matter = draw.choice(MATTERS)
    lines = [
        f"{draw.choice(MATTERS)}{draw.choice(VERBS)}，涉及{draw.choice(THINGS)}{draw.choice(DEEDS)}。"
        for _ in range(draw.randint(3, 9))
    ]
    rows = [[draw.choice(THINGS) + draw.choice(DEEDS), f"{draw.randrange(100, 99999):,}"] for _ in range(8)]
    version = DisclosureVersion(
        id=uuid.uuid4(),
        disclosure_id=item.id,
        number=1,
        title=f"{draw.choice(THINGS)}{draw.choice(DEEDS)}和{matter}情况公开",
        summary=f"{matter}{draw.choice(VERBS)}。",
        body="\n".join(lines),
        figures={"金额": f"{draw.randrange(100, 99999):,} 元"},
        table={"columns": ["事项", "金额（元）"], "rows": rows},
        published_at=at,
    )
    session.add_all([item, version])
    session.flush()
    search.index(session, disclosure=item, version=version)


def _copy(session: Session, first: Organisation, others: list[Organisation]) -> None:
    """The rows of the first village for all others; a search row gets its own village's token."""
    session.execute(
        text(
            "CREATE TEMP TABLE twin ON COMMIT DROP AS SELECT d.id AS old, gen_random_uuid() AS new,"
            " v.id AS village FROM disclosure d, unnest(CAST(:villages AS uuid[])) AS v(id)"
        ),
        {"villages": [village.id for village in others]},
    )
    session.execute(text("ANALYZE twin"))
    _insert(session, Disclosure, {"id": "twin.new", "village_id": "twin.village"}, "id")
    _insert(
        session, DisclosureVersion, {"id": "gen_random_uuid()", "disclosure_id": "twin.new"}, "disclosure_id"
    )
    own = (
        f"ts_delete(source.tokens, 'v:{first.id.hex}')"
        " || CAST('''v:' || replace(CAST(twin.village AS text), '-', '') || '''' AS tsvector)"
    )
    _insert(
        session,
        DisclosureSearch,
        {"disclosure_id": "twin.new", "village_id": "twin.village", "tokens": own},
        "disclosure_id",
    )


def _insert(session: Session, table: type, changed: dict[str, str], key: str) -> None:
    mapped = inspect(table).local_table
    names = [column.name for column in mapped.columns]
    shown = ", ".join(changed.get(name, f'source."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    session.execute(
        text(
            f"INSERT INTO {mapped.name} ({listed}) SELECT {shown}"
            f" FROM {mapped.name} source JOIN twin ON twin.old = source.{key}"
        )
    )

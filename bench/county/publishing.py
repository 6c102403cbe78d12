"""What a village publishes: the due items of the year with what met them, notices, and how often people
look."""

from __future__ import annotations

import random
import uuid
from datetime import date, timedelta
from typing import Any

from app.core import clock
from app.models import Disclosure, DisclosureVersion, Obligation, PageView
from app.models.categories import Cadence
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.obligations import ObligationSource, ObligationState
from app.services.categories import in_force, notice_until
from app.services.obligations import periods, planning
from bench.county.bulk import Row
from bench.county.village import CALENDAR, Village


def publish(
    village: Village,
    code: str,
    day: date,
    heading: str,
    *,
    kind: DisclosureKind = DisclosureKind.PLAIN,
    notice_days: int | None = None,
    until: date | None = None,
    **more: Any,
) -> Row:
    """A published item with its notice: as long as its entry of the 10+X list asks for, unless told."""
    category = next(one for one in village.world.categories if one.code == code)
    days = category.notice_days if notice_days is None else notice_days
    at = clock.at(day, 9 + village.plan.ordinal % 8)
    made = village.batch.add(
        Disclosure,
        village_id=village.id,
        category_code=code,
        kind=kind,
        state=DisclosureState.WITHDRAWN if "withdrawn_at" in more else DisclosureState.PUBLISHED,
        submitted_at=at,
        published_at=at,
        notice_days=days or None,
        notice_until=until or notice_until(category, day, days, CALENDAR),
        created_at=at,
        **more,
    )
    village.batch.add(
        DisclosureVersion,
        disclosure_id=made["id"],
        number=1,
        title=heading,
        summary=f"{heading}。",
        published_at=at,
        created_at=at,
    )
    return made


def calendar_items(village: Village) -> None:
    """What was due in the year by the calendar, and was published: most in time, some a few days late."""
    draw = village.draw("obligations")
    late = village.draw("disclosure_late")
    forgotten = late.randrange(4, 10)
    for category in village.world.categories:
        if (
            category.cadence not in periods.MONTHS
            or category.village_id
            or not in_force(category, village.world.last)
        ):
            continue
        for period in _periods(category.cadence, village.year):
            due = planning.due(category, period.last, CALENDAR)
            if due.day.year != village.year:
                continue
            skip = village.planted("disclosure_late") and category.code == "finance"
            skip = skip and int(period.text[-2:]) == forgotten
            _item(village, draw, category, period, due.day, skip)


def _periods(cadence: Cadence, year: int) -> list[periods.Period]:
    first = periods.of(cadence, date(year - 1, 10, 1))
    assert first is not None
    found = [first]
    while found[-1].last < date(year, 12, 31):
        found.append(periods.after(found[-1]))
    return found


def _item(
    village: Village, draw: random.Random, category: Any, period: periods.Period, due: date, skip: bool
) -> None:
    """One due item; `skip`: it comes out months late, or never."""
    name = f"{period.label}{category.name}"
    room = max(1, (due - period.last).days)
    met: date | None = due - timedelta(days=draw.randrange(min(room, 12)))
    slow = draw.random() < 0.02
    if slow:
        met = due + timedelta(days=draw.randint(1, 6))
    if skip:
        met = None
    if met is not None and met > village.world.last:
        met = None
    item = None if met is None else publish(village, category.code, met, name, period=period.text)
    row = village.batch.add(
        Obligation,
        village_id=village.id,
        category_code=category.code,
        key=f"{category.code}:{period.text}",
        title=name,
        period=period.text,
        source=ObligationSource.CALENDAR,
        due_on=due,
        state=ObligationState.MET if item else ObligationState.OPEN,
        disclosure_id=item["id"] if item else None,
        met_on=met,
        created_at=clock.at(period.first, 2),
    )
    if skip:
        village.plant("disclosure_late", f"{name}一直没有公开", [row], due + timedelta(days=1))
    elif slow and item:
        village.lapse("few_days_late", f"{name}晚了几天公开", [row, item], due + timedelta(days=1))


def notices(village: Village) -> None:
    """Notices for villagers in need; in some places one that is taken down too early."""
    draw = village.draw("notices")
    for month in draw.sample(range(2, 12), 2):
        publish(
            village, "minimum_living", village.day(draw, month), f"{month}月低保初审名单公示", persons=True
        )
    publish(village, "decision_plan", village.day(draw, 3), "年度项目计划公示")
    if village.planted("short_notice"):
        day = village.day(draw, 5)
        if village.plan.ordinal % 2:
            item = publish(village, "minimum_living", day, "5月低保审批名单公示", notice_days=3)
            village.plant("short_notice", "低保名单只公示3天", [item], day)
        else:
            gone = day + timedelta(days=2)
            more: dict[str, Any] = {"withdrawn_at": clock.at(gone, 17), "withdrawn_because": "公示结束"}
            item = publish(village, "tender_notice", day, "店面招租公告", **more)
            village.plant("short_notice", "招租公告两天后就撤下", [item], gone)


def views(village: Village) -> None:
    """How often the village's page was looked at, week by week."""
    draw = village.draw("views")
    weekly = village.plan.households * draw.lognormvariate(0.2, 0.6)
    for week in range(52):
        day = date(village.year, 1, 3) + timedelta(days=7 * week)
        count = max(1, round(weekly * draw.uniform(0.5, 1.5)))
        village.batch.add(PageView, village_id=village.id, day=day, count=count)


def retender(village: Village, contract_id: uuid.UUID, day: date, heading: str) -> Row:
    """The notice that a lease's end asks for."""
    return publish(
        village,
        "tender_notice",
        day,
        f"「{heading}」重新招租公告",
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract_id,
    )

"""Where the demo plays: a county with its towns, villages and departments, and where the codes hang.

Place names are those of the published programme; everything that happens there is invented.
"""

from __future__ import annotations

import tomllib
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from app.core import clock
from app.core.workdays import Calendar
from app.models import Organisation, QrPlacement
from app.models.organisations import Line, OrganisationKind, ScanChannel
from app.services import placements

SEED = "mashang"
COUNTY_CODE = "xiaoshan"
COUNTY_NAME = "萧山区"
HISTORY_DAYS = 400  # everybody is in office, and every code hangs, from so many days ago


def texts(name: str) -> dict[str, Any]:
    """The words and numbers of `texts/{name}.toml`."""
    return tomllib.loads((Path(__file__).parent / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Place:
    """A village of the demo. `places` are where its codes hang besides the village's own one."""

    town: str
    code: str
    name: str
    households: int
    adults: int
    introduction: str
    places: tuple[str, ...]
    scans: int
    area_mu: int


TOWNS = (("yinong", "益农镇"), ("yiqiao", "义桥镇"), ("wenyan", "闻堰街道"), ("ningwei", "宁围街道"))
DEPARTMENTS = (
    ("nongye", "农业农村局", Line.AGRICULTURE),
    ("minzheng", "民政局", Line.CIVIL_AFFAIRS),
    ("zhujian", "住建局", Line.CONSTRUCTION),
    ("caizheng", "财政局", Line.FINANCE),
)
VILLAGES = tuple(
    Place(**{**entry, "places": tuple(entry["places"])}) for entry in texts("places")["villages"]
)


class Draw:
    """One source of chance, and the dates that everything is relative to.

    Each part of the data has its own, so that a change in one part leaves the others as they were."""

    def __init__(self, part: str, today: date, calendar: Calendar) -> None:
        self.random = Random(f"{SEED}:{part}")
        self.today = today
        self.calendar = calendar
        self.horizon = clock.at(today)  # nothing in the data is later: the demo day itself is the visitor's

    def key(self) -> uuid.UUID:
        """A random key, the same in every run."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def salt(self) -> str:
        """A salt for a text in the village's chain, the same in every run."""
        return f"{self.random.getrandbits(128):032x}"

    def day_ago(self, earliest: int, latest: int) -> date:
        """A day between `earliest` and `latest` days before today."""
        return self.today - timedelta(days=self.random.randint(latest, earliest))

    def moment(self, day: date, first_hour: int = 9, last_hour: int = 16) -> datetime:
        """Some minute of a day, by default in office hours."""
        return clock.at(day, self.random.randint(first_hour, last_hour), self.random.randint(0, 59))

    def work_day_before(self, day: date, number: int = 1) -> date:
        """The `number`th work day before `day`, itself not counted."""
        while number:
            day -= timedelta(days=1)
            number -= self.calendar.is_work_day(day)
        return day

    def work_day_from(self, day: date) -> date:
        """`day`, or the next work day."""
        return self.calendar.add_work_days(day, 0).day


@dataclass(frozen=True)
class VillageStage:
    """A village with the town and county above it, as rows."""

    place: Place
    village: Organisation
    town: Organisation
    county: Organisation
    number: int  # its position in VILLAGES: what happens only in some villages is told by it

    @property
    def full_name(self) -> str:
        """益农镇东联村."""
        return f"{self.town.name}{self.village.name}"


@dataclass(frozen=True)
class World:
    """All places, as rows that are not yet stored."""

    county: Organisation
    towns: dict[str, Organisation]
    departments: dict[str, Organisation]
    villages: list[VillageStage]

    def organisations(self) -> list[Organisation]:
        """All rows, parents first."""
        villages = [stage.village for stage in self.villages]
        return [self.county, *self.towns.values(), *self.departments.values(), *villages]


def build(draw: Draw) -> World:
    """The county and everything in it."""
    county = _organisation(draw, OrganisationKind.COUNTY, COUNTY_CODE, COUNTY_NAME, None)
    towns = {code: _organisation(draw, OrganisationKind.TOWN, code, name, county) for code, name in TOWNS}
    departments = {
        code: _organisation(draw, OrganisationKind.DEPARTMENT, code, name, county)
        for code, name, _ in DEPARTMENTS
    }
    for code, _, line in DEPARTMENTS:
        departments[code].line = line
    stages = []
    for number, place in enumerate(VILLAGES):
        town = towns[place.town]
        village = _organisation(draw, OrganisationKind.VILLAGE, place.code, place.name, town)
        village.households, village.adults = place.households, place.adults
        village.introduction = place.introduction
        stages.append(VillageStage(place, village, town, county, number))
    return World(county, towns, departments, stages)


def _organisation(
    draw: Draw, kind: OrganisationKind, code: str, name: str, parent: Organisation | None
) -> Organisation:
    key = draw.key()
    return Organisation(
        id=key,
        kind=kind,
        code=code,
        name=name,
        parent_id=parent.id if parent else None,
        ancestry=[*(parent.ancestry if parent else []), key],
        created_at=draw.horizon - timedelta(days=HISTORY_DAYS),
    )


def hang_codes(draw: Draw, stage: VillageStage) -> list[QrPlacement]:
    """The village's own code and those at the places where it hangs; the platform's part is still missing."""
    return [
        QrPlacement(
            id=draw.key(),
            village_id=stage.village.id,
            place=place,
            label=placements.PLACE_LABELS[place],
            scene=placements.scene_of(stage.place.code, place),
            miniprogram_scene=placements.scene_of(stage.place.code, place),
            created_at=draw.horizon - timedelta(days=HISTORY_DAYS - 20),
        )
        for place in ("", *stage.place.places)
    ]


def scans(draw: Draw, stage: VillageStage) -> list[dict[str, Any]]:
    """A year of scans as rows to insert: more every month, in waking hours, most of them by WeChat."""
    places = ("", *stage.place.places)
    channels = (ScanChannel.OFFICIAL_ACCOUNT, ScanChannel.PAGE, ScanChannel.MINIPROGRAM)
    rows = []
    for _ in range(stage.place.scans):
        day = draw.today - timedelta(days=1 + int(365 * draw.random.random() ** 1.4))
        rows.append(
            {
                "village_id": stage.village.id,
                "place": draw.random.choice(places),
                "channel": draw.random.choices(channels, (60, 25, 15))[0],
                "at": draw.moment(day, 6, 22),
            }
        )
    return rows

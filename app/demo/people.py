"""Who plays in the demo: officers for every role, with logins, and villagers. All names are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypedDict

from app.demo import world
from app.demo.world import Draw, VillageStage, World
from app.models import Appointment, Officer, Organisation, Villager
from app.models.people import Duty, Role

DEMO_PASSWORD = "mashang-demo"  # noqa: S105  (printed on the terminal: everybody may know it)
_WORDS = world.texts("names")
SURNAMES: str = _WORDS["surnames"]
YOUNGER, MIDDLE, OLDER = (tuple(_WORDS[part].split()) for part in ("younger", "middle", "older"))
NICKNAMES = tuple(_WORDS["nicknames"].split())
FIRMS = tuple(_WORDS["firms"].split())
VILLAGERS_EACH = 8
# In these villages one person supervises publication and answers complaints.
ONE_LIAISON_OFFICER = frozenset({"zhuantangtou", "luomu", "laohudong", "xiangshu", "xinhua"})
TITLES = {
    Role.INFORMATION_OFFICER: "信息员",
    Role.LIAISON_OFFICER: "联络员",
    Role.TOWN_INSPECTOR: "镇街监察办",
    Role.COUNTY_INSPECTOR: "区纪委",
    Role.DEPARTMENT_HANDLER: "职能部门",
    Role.ADMINISTRATOR: "平台管理员",
}
DUTY_TITLES = {Duty.PUBLICATION: "监督公开", Duty.COMPLAINTS: "答复诉求"}


class Login(TypedDict):
    """How to log in as somebody. `role` and `duties` are the stable codes, `title` and `place` are for
    people, `code` is the organisation's."""

    login: str
    password: str
    name: str
    role: str
    duties: list[str]
    title: str
    place: str
    code: str


@dataclass(frozen=True)
class Part:
    """One officer of the cast."""

    login: str
    name: str
    role: Role
    code: str
    place: str
    duties: tuple[Duty, ...] = (Duty.GENERAL,)


class Names:
    """Hands out full names, each once."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()

    def draw(self, *given: tuple[str, ...], surname: str = "") -> str:
        """A name that nobody has; `given` are the generations to choose from (default: all)."""
        firsts = [first for generation in given or (YOUNGER, MIDDLE, OLDER) for first in generation]
        while True:
            name = (surname or self._random.choice(SURNAMES)) + self._random.choice(firsts)
            if name not in self._given:
                self._given.add(name)
                return name


def cast(names: Names | None = None) -> list[Part]:
    """All officers, the same in every run; `names` goes on handing out names that none of them has."""
    names = names or new_names()
    parts = [
        Part("admin", names.draw(MIDDLE), Role.ADMINISTRATOR, world.COUNTY_CODE, world.COUNTY_NAME),
        *(
            Part(login, names.draw(MIDDLE), Role.COUNTY_INSPECTOR, world.COUNTY_CODE, world.COUNTY_NAME)
            for login in ("county", "county2")
        ),
    ]
    parts += [
        Part(code, names.draw(MIDDLE), Role.DEPARTMENT_HANDLER, code, name)
        for code, name, _ in world.DEPARTMENTS
    ]
    for code, name in world.TOWNS:
        parts += [
            Part(f"{code}.{suffix}", names.draw(MIDDLE), Role.TOWN_INSPECTOR, code, name)
            for suffix in ("town", "town2")
        ]
    towns = dict(world.TOWNS)
    for place in world.VILLAGES:
        parts += _village_cast(names, place.code, towns[place.town] + place.name)
    return parts


def new_names() -> Names:
    """A fresh source of names."""
    return Names(Random(f"{world.SEED}:names"))


def _village_cast(names: Names, code: str, place: str) -> list[Part]:
    both = (Duty.PUBLICATION, Duty.COMPLAINTS)
    duties: list[tuple[str, tuple[Duty, ...]]] = [("review", both[:1]), ("liaison", both[1:])]
    if code in ONE_LIAISON_OFFICER:
        duties = [("liaison", both)]
    return [
        Part(f"{code}.info", names.draw(YOUNGER), Role.INFORMATION_OFFICER, code, place),
        *(
            Part(f"{code}.{suffix}", names.draw(OLDER), Role.LIAISON_OFFICER, code, place, held)
            for suffix, held in duties
        ),
    ]


def logins() -> list[Login]:
    """Every demo login with its password and what it is for."""
    return [
        Login(
            login=part.login,
            password=DEMO_PASSWORD,
            name=part.name,
            role=part.role.value,
            duties=[duty.value for duty in part.duties],
            title=_title(part),
            place=part.place,
            code=part.code,
        )
        for part in cast()
    ]


def _title(part: Part) -> str:
    duties = "、".join(DUTY_TITLES[duty] for duty in part.duties if duty in DUTY_TITLES)
    return TITLES[part.role] + (f"（{duties}）" if duties else "")


@dataclass(frozen=True)
class Staff:
    """Who acts in a village's data, and above it."""

    author: Officer
    reviewer: Officer
    liaison: Officer
    town: Officer
    county: Officer


def hire(draw: Draw, parts: list[Part], places: World, password_hash: str) -> dict[str, Officer]:
    """The officers by login, each with his running appointments. Of two in one office the first serves
    longer: new complaints go to him."""
    codes: dict[str, Organisation] = {place.code: place for place in places.organisations()}
    staff: dict[str, Officer] = {}
    for part in parts:
        second = part.login.endswith("2")
        since = draw.horizon - timedelta(days=world.HISTORY_DAYS - (30 if second else 5))
        officer = Officer(
            id=draw.key(), name=part.name, login=part.login, password_hash=password_hash, created_at=since
        )
        officer.appointments = [
            Appointment(
                id=draw.key(),
                officer_id=officer.id,
                organisation_id=codes[part.code].id,
                role=part.role,
                duty=duty,
                since=since,
            )
            for duty in part.duties
        ]
        staff[part.login] = officer
    return staff


def staff_of(staff: dict[str, Officer], stage: VillageStage) -> Staff:
    """The people of one village."""
    code = stage.place.code
    liaison = staff[f"{code}.liaison"]
    return Staff(
        author=staff[f"{code}.info"],
        reviewer=staff.get(f"{code}.review", liaison),
        liaison=liaison,
        town=staff[f"{stage.town.code}.town"],
        county=staff["county"],
    )


def villagers(draw: Draw) -> list[Villager]:
    """People who wrote in over the year; half of them call themselves something."""
    return [
        Villager(
            id=draw.key(),
            display_name=draw.random.choice(NICKNAMES) if draw.random.random() < 0.5 else None,
            created_at=draw.horizon - timedelta(days=372, minutes=draw.random.randint(0, 9000)),
        )
        for _ in range(VILLAGERS_EACH)
    ]

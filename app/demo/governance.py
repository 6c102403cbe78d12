"""How the demo's villages decide and who belongs to them: meetings, members, relations, households."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.articles import NUMERALS, Article, Pen
from app.demo.contracts import firm
from app.demo.months import add_months, quarter_of
from app.demo.people import MIDDLE, OLDER, Names, Staff
from app.demo.rows import Row, completed
from app.demo.world import Draw
from app.models import Contract
from app.models.governance import MeetingKind, RelationKind
from app.models.ledgers import ContractKind, ContractState, LandKind

MEMBERS = (34, 52)  # how many of each village's register the demo shows
FARM_LAND = frozenset({LandKind.FARMLAND, LandKind.POND})
MEMBER_SHARE = 0.8


@dataclass(frozen=True)
class Cadres:
    """Who leads a village: full names."""

    secretary: str
    director: str
    supervisor: str
    cashier: str


def cadres(names: Names) -> Cadres:
    """The cadres of a village who are no officers of this system."""
    return Cadres(names.draw(MIDDLE), names.draw(MIDDLE), names.draw(OLDER), names.draw(MIDDLE))


def meetings(pen: Pen, draw: Draw, articles: Sequence[Article]) -> list[Row]:
    """One meeting of the representatives in a quarter, from the oldest lease of land on: those of the last
    year as they are public, the earlier ones from the old minutes."""
    known: dict[str, Article] = {}
    for one in articles:
        if one.category == "meetings" and one.period:
            known.setdefault(one.period, one)
    land = [one.signed_on for one in pen.books.contracts if one.land_kind in FARM_LAND and one.signed_on]
    year_ago = add_months(quarter_of(draw.today), -12)
    quarter = min([add_months(quarter_of(min(land)), -3), year_ago] if land else [year_ago])
    rows = []
    while quarter < quarter_of(draw.today):
        number = (quarter.month - 1) // 3
        article = known.get(f"{quarter.year}-Q{number + 1}")
        if article is not None:
            rows.append(_published(draw, article))
        elif quarter < year_ago:
            rows.append(_minuted(pen, draw, quarter))
        quarter = add_months(quarter, 3)
    for place, row in enumerate(rows, start=1):
        row |= {"number": f"HY{row['held_on'].year}-{place:03}", "village_id": pen.stage.village.id}
    return rows


def _published(draw: Draw, article: Article) -> Row:
    matters = [record["matter"] for record in article.records]
    first = article.records[0]
    held_on = date.fromisoformat(article.filled["day"])
    return {
        "id": draw.key(),
        "kind": MeetingKind.REPRESENTATIVES,
        "held_on": held_on,
        "noticed_on": held_on - timedelta(days=5),
        "title": "、".join(matters),
        "resolution": f"{len(matters)} 项议题全部通过。",
        "entitled": article.filled["due"],
        "present": article.filled["present"],
        "votes_for": first["votes_for"],
        "votes_against": first["votes_against"],
        "votes_abstained": first["votes_abstained"],
    }


def _minuted(pen: Pen, draw: Draw, quarter: date) -> Row:
    held_on = draw.work_day_from(quarter + timedelta(days=draw.random.randint(12, 70)))
    entitled = 31 + pen.stage.place.households // 40
    present = entitled - draw.random.randint(0, 4)
    against, abstained = draw.random.choice(((0, 0), (0, 1), (1, 1), (2, 1)))
    number = NUMERALS[(quarter.month - 1) // 3]
    return {
        "id": draw.key(),
        "kind": MeetingKind.REPRESENTATIVES,
        "held_on": held_on,
        "noticed_on": held_on - timedelta(days=5),
        "title": f"{quarter.year}年第{number}季度村务、财务和资源发包事项",
        "resolution": "按会议记录，议题通过。",
        "entitled": entitled,
        "present": present,
        "votes_for": present - against - abstained,
        "votes_against": against,
        "votes_abstained": abstained,
    }


def decide(
    draw: Draw, contracts: Sequence[Contract], meetings: Sequence[Row], town: str, *, untendered: bool
) -> None:
    """Tie each lease to the meeting that voted on it and, of land, to the town's approval; say who is a
    member of the collective; and give what was tendered its number (`untendered`: not the works that are
    under way)."""
    for contract in contracts:
        outsider = contract.counterparty.endswith("公司") or draw.random.random() > MEMBER_SHARE
        assert contract.signed_on is not None
        year = contract.signed_on.year
        if contract.kind == ContractKind.LEASE_OUT and contract.is_member is None:
            contract.is_member = not outsider
            if not contract.counterparty.endswith("公司"):
                contract.counterparty_group = f"{draw.random.randint(1, 9)}组"
            before = [row for row in meetings if row["held_on"] < contract.signed_on]
            contract.meeting_id = before[-1]["id"] if before else None
            if contract.land_kind in FARM_LAND:
                contract.town_approval = f"{town[0]}政农〔{year}〕{draw.random.randint(3, 88):02}号"
                contract.town_approved_on = contract.signed_on - timedelta(days=2)
            contract.deposit_fen = (contract.annual_rent_fen or 0) // 100_000 * 10_000 or None
            contract.tender_ref = f"{town[:2]}产交{year}{draw.random.randint(11, 980):04}"
        elif contract.kind == ContractKind.PURCHASE or (
            contract.kind == ContractKind.WORKS
            and not (untendered and contract.state == ContractState.ACTIVE)
        ):
            contract.tender_ref = f"{town[:2]}招{year}{draw.random.randint(11, 980):04}"


def members(draw: Draw, names: Names, village_id: object) -> Iterator[Row]:
    """Part of the register of members, by household."""
    number, household = draw.random.randint(*MEMBERS), 0
    while number > 0:
        household += draw.random.randint(1, 12)
        group = f"{1 + household // 40}组"
        size = min(number, draw.random.randint(1, 4))
        first = names.draw()
        for place in range(size):
            row = {
                "village_id": village_id,
                "household": f"{household:04}",
                "name": first if place == 0 else names.draw(),
                "person_digest": digest(draw),
                "group_name": group,
                "joined_on": date(2017, 9, 30),
            }
            yield completed("members", row)
        number -= size


def digest(draw: Draw) -> str:
    """What the product would keep of an identity number; nobody in the demo has one."""
    return f"{draw.random.getrandbits(256):064x}"


def relations(draw: Draw, names: Names, staff: Staff, led_by: Cadres, village_id: object) -> Iterator[Row]:
    """What the cadres declared: themselves, the nearest kin, in some villages a firm."""
    officers = {staff.author.name: staff.author.id, staff.liaison.name: staff.liaison.id}
    posts = [
        (led_by.secretary, "村党总支书记"),
        (led_by.director, "村主任"),
        (led_by.supervisor, "监委会主任"),
        (staff.author.name, "信息员"),
        (staff.liaison.name, "联络员"),
    ]
    for cadre, post in posts:
        kin = draw.random.choice((RelationKind.CHILD, RelationKind.SIBLING, RelationKind.PARENT))
        parties = [(RelationKind.SELF, cadre), (RelationKind.SPOUSE, names.draw())]
        parties.append((kin, names.draw(surname=cadre[0])))
        if draw.random.random() < 0.2:
            parties.append((RelationKind.FIRM, firm(draw, "茶业")))
        for kind, party in parties:
            row = {
                "village_id": village_id,
                "cadre": cadre,
                "post": post,
                "officer_id": officers.get(cadre),
                "kind": kind,
                "party": party,
                "party_digest": None if kind == RelationKind.FIRM else digest(draw),
                "declared_on": draw.today - timedelta(days=310),
            }
            yield completed("relations", row)


def households(pen: Pen) -> Iterator[Row]:
    """How many live in the village, last year and this."""
    place = pen.stage.place
    for back in (1, 0):
        yield {
            "village_id": pen.stage.village.id,
            "year": pen.draw.today.year - back,
            "households": place.households - 3 * back,
            "adults": place.adults - 11 * back,
            "members": round(place.adults * 1.18),
        }

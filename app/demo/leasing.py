"""What the demo's villages let: the register, tender notices with sign-ups, and who won.

The lease of 东联村 that ends is not invited for yet: that is the visitor's to do. 兴裕村 and 顺坝村 have
invitations open today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from app.core import clock, money
from app.demo.articles import ASK, Article, Invitation, Pen
from app.demo.contracts import firm, person, yearly_rent
from app.demo.money import area_mu
from app.models import Contract
from app.models.disclosures import DisclosureKind
from app.models.ledgers import ContractKind

SHOP_VILLAGE = "shunba"
CONDITIONS = (
    "本村村民和在本区登记的单位都可以报名，同价时本村村民优先。保证金没租到的三天内退还，租到的转作押金。"
)
WANTED = ("打算做什么", "租用年限")


def write(pen: Pen) -> list[Article]:
    """All articles about leases."""
    return [*registers(pen), *rounds(pen), *results(pen), *open_ones(pen)]


def registers(pen: Pen) -> Iterator[Article]:
    """What is let to whom, twice a year."""
    for days in (196, 19):
        on = pen.ago(days)
        let = [one for one in pen.books.contracts if _runs(one, on)]
        yield Article(
            category="leasing",
            title=f"集体土地房屋出租一览（{on.year}年{on.month}月）",
            on=on,
            body=f"合同到期前一个月公开新一轮招租，本村村民同等条件下优先。\n{ASK}",
            records=[
                {
                    "asset": asset(one),
                    "area": area_mu(one.subject),
                    "tenant": one.counterparty,
                    "from": one.starts_on.isoformat(),
                    "to": one.ends_on.isoformat() if one.ends_on else "",
                    "rent": yearly_rent(one),
                    "way": pen.draw.random.choice(("公开招标", "公开竞价")),
                }
                for one in let
            ],
        )


def rounds(pen: Pen) -> Iterator[Article]:
    """A lease that ended this year and was invited for anew: the notice with its sign-ups, and the result."""
    for former, latter in pen.books.renewed:
        assert former.ends_on is not None
        on = pen.day(former.ends_on - timedelta(days=38))
        closes = on + timedelta(days=10)
        opened = pen.day(closes + timedelta(days=2))
        rent, floor = yearly_rent(latter), floor_of(former)
        bids = _bids(pen, latter.counterparty, rent, floor)
        key = f"lease:{former.number}"
        yield _notice(
            pen,
            former,
            on,
            key=key,
            invitation=Invitation(
                closes_on=closes,
                floor_fen=floor,
                sign_ups=len(bids),
                requirements=WANTED,
                winner=latter.counterparty,
                award_fen=rent,
                awarded_on=opened,
            ),
        )
        yield _result(pen, former, latter, opened, bids, key=key)


def results(pen: Pen) -> Iterator[Article]:
    """Who won the other leases that began within the year."""
    for contract in pen.books.contracts:
        recent = pen.draw.today - timedelta(days=330) < contract.starts_on
        known = any(contract is latter for _, latter in pen.books.renewed)
        if contract.kind != ContractKind.LEASE_OUT or not recent or known or contract.signed_on is None:
            continue
        opened = pen.day(contract.signed_on - timedelta(days=11))
        rent = yearly_rent(contract)
        bids = _bids(pen, contract.counterparty, rent, round(rent * 0.92 / 10_000) * 10_000)
        yield _result(pen, contract, contract, opened, bids, key="")


def open_ones(pen: Pen) -> Iterator[Article]:
    """Invitations that take sign-ups today."""
    on = pen.draw.work_day_before(pen.draw.today, 4)
    closes = pen.draw.today + timedelta(days=9)
    ending = pen.books.ending()
    if ending is not None:
        yield _notice(
            pen,
            ending,
            on,
            key="open",
            invitation=Invitation(closes, floor_of(ending), sign_ups=4, requirements=WANTED),
            papers=("terms",),
        )
    if pen.stage.place.code == SHOP_VILLAGE:
        yield Article(
            category="tender_notice",
            title="老年食堂旁便民小店招租公告",
            on=on,
            body=f"店里要卖老年人常用的东西，晚上八点前不关门。\n{ASK}",
            filled={
                "asset": "便民小店",
                "place": "老年食堂东边第一间",
                "years": 3,
                "floor": 1_800_000,
                "deposit": 200_000,
                "deadline": closes.isoformat(),
                "opening": (closes + timedelta(days=2)).isoformat(),
                "conditions": CONDITIONS,
            },
            kind=DisclosureKind.TENDER_NOTICE,
            invitation=Invitation(closes, 1_800_000, sign_ups=5, requirements=WANTED),
            key="shop",
        )


def asset(contract: Contract) -> str:
    """What is let, without the word for letting: 南畈农田."""
    return re.sub(r"(出租|承包|流转)(（新一轮）)?$", "", contract.title)


def floor_of(contract: Contract) -> int:
    """The floor price of a new round: five per cent more than now, in whole hundreds of yuan."""
    return round(yearly_rent(contract) * 1.05 / 10_000) * 10_000


def _runs(contract: Contract, day: date) -> bool:
    return (
        contract.kind == ContractKind.LEASE_OUT
        and contract.starts_on <= day
        and (contract.ends_on is None or day <= contract.ends_on)
    )


def _notice(
    pen: Pen,
    contract: Contract,
    on: date,
    *,
    key: str,
    invitation: Invitation,
    papers: tuple[str, ...] = (),
) -> Article:
    assert contract.ends_on is not None
    return Article(
        category="tender_notice",
        title=f"{asset(contract)}重新招租公告",
        on=on,
        body=f"原合同 {clock.spoken_day(contract.ends_on)}到期，现公开招租。手机上就能报名。\n{ASK}",
        filled={
            "asset": asset(contract),
            "area": area_mu(contract.subject),
            "place": contract.subject,
            "years": 3,
            "floor": invitation.floor_fen,
            "deposit": 500_000,
            "deadline": invitation.closes_on.isoformat(),
            "opening": pen.day(invitation.closes_on + timedelta(days=2)).isoformat(),
            "conditions": CONDITIONS,
        },
        kind=DisclosureKind.RETENDER_NOTICE,
        contract=contract,
        invitation=invitation,
        key=key,
        papers=papers,
    )


def _bids(pen: Pen, winner: str, rent: int, floor: int) -> list[tuple[str, int]]:
    """Who offered what, the winner first; nobody twice."""
    others: dict[str, None] = {}
    for _ in range(pen.draw.random.randint(2, 4)):
        others[pen.draw.random.choice((person(pen.draw), firm(pen.draw, "农业")))] = None
    others.pop(winner, None)
    low = min(floor, rent) // 10_000
    offers = [(name, pen.draw.random.randint(low, rent // 10_000 - 1) * 10_000) for name in others]
    return [(winner, rent), *sorted(offers, key=lambda offer: -offer[1])]


def _result(
    pen: Pen, former: Contract, latter: Contract, opened: date, bids: list[tuple[str, int]], *, key: str
) -> Article:
    assert latter.ends_on is not None
    rent = bids[0][1]
    return Article(
        category="tender_winner",
        title=f"{asset(latter)}招租结果公示",
        on=pen.day(opened + timedelta(days=1)),
        body=(
            "开标时监督委员会和村民代表在场。公示期内有意见，请点「我有异议」。\n"
            f"合同总价 {money.yuan(latter.amount_fen)}，签好的合同会在出租一览里更新。"
        ),
        filled={
            "asset": asset(latter),
            "winner": bids[0][0],
            "rent": rent,
            "years": latter.ends_on.year - latter.starts_on.year,
            "opened": opened.isoformat(),
        },
        records=[
            {"bidder": name, "bid": bid, "result": "中标" if number == 0 else "未中标"}
            for number, (name, bid) in enumerate(bids)
        ],
        kind=DisclosureKind.AWARD_NOTICE,
        contract=former,
        happened_on=opened,
        key=key,
    )

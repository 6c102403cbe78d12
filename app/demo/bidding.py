"""The demo's tenders: what the notices invite for, who signed up, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from app.core import clock
from app.core.keys import Keys
from app.demo.contracts import firm
from app.demo.people import Names
from app.demo.publications import Output, Published
from app.demo.world import Draw
from app.models import Tender, TenderSignUp, Villager
from app.models.disclosures import DisclosureKind
from app.models.interaction import TenderState

CLOSING_HOUR = 17
PLANS = ("种稻麦", "搞大棚蔬菜", "做仓储", "开便民超市", "养鱼养虾", "办来料加工点")


def tenders(
    draw: Draw, output: Output, names: Names, villagers: Sequence[Villager], keys: Keys | None
) -> Iterator[tuple[Tender, list[TenderSignUp]]]:
    """Each tender of a village with its sign-ups; without `keys` nobody can seal what they state, and there
    are none."""
    awards = {
        one.article.key: one
        for one in output.published
        if one.article.kind == DisclosureKind.AWARD_NOTICE and one.article.key
    }
    for one in output.published:
        invitation = one.article.invitation
        if invitation is None:
            continue
        people = draw.random.sample(list(villagers), min(invitation.sign_ups, len(villagers)))
        tender = _tender(draw, one, awards.get(one.article.key))
        rows = []
        if keys is not None:
            rows = [_sign_up(draw, tender, number, who, names, keys) for number, who in enumerate(people, 1)]
        tender.sign_ups = len(rows)
        yield tender, rows


def _tender(draw: Draw, one: Published, award: Published | None) -> Tender:
    invitation = one.article.invitation
    assert invitation is not None
    over = invitation.closes_on < draw.today
    tender = Tender(
        id=draw.key(),
        village_id=one.row.village_id,
        disclosure_id=one.row.id,
        contract_id=one.row.contract_id,
        state=TenderState.CLOSED if over else TenderState.OPEN,
        title=one.article.title,
        floor_price_fen=invitation.floor_fen,
        opens_at=one.row.published_at,
        closes_at=clock.at(invitation.closes_on, CLOSING_HOUR),
        requirements=[
            {"key": f"f{number}", "label": label, "required": number == 1}
            for number, label in enumerate(invitation.requirements, start=1)
        ],
        winner="",
        remark="",
        created_at=one.row.created_at,
    )
    if award is not None:
        tender.state, tender.award_disclosure_id = TenderState.AWARDED, award.row.id
        tender.winner, tender.award_fen = invitation.winner, invitation.award_fen
        tender.awarded_on = invitation.awarded_on
    return tender


def _sign_up(
    draw: Draw, tender: Tender, number: int, who: Villager, names: Names, keys: Keys
) -> TenderSignUp:
    row = TenderSignUp(
        id=draw.key(),
        tender_id=tender.id,
        villager_id=who.id,
        number=number,
        created_at=_moment(draw, tender, number),
    )
    name = names.draw() if draw.random.random() < 0.7 else firm(draw, "农业")
    stated = {
        "name": name,
        "phone": f"1395712{draw.random.randint(0, 9999):04}",
        "f1": draw.random.choice(PLANS),
        "f2": f"{draw.random.choice((3, 3, 5))} 年",
    }
    context = f"tender_sign_up:{row.id}"
    row.answers_sealed = keys.sealer.seal(json.dumps(stated, ensure_ascii=False), context=context)
    return row


def _moment(draw: Draw, tender: Tender, number: int) -> datetime:
    """Some time between the opening and the deadline, never after the demo's last day."""
    assert tender.opens_at is not None
    last = min(tender.closes_at, draw.horizon) - timedelta(minutes=5)
    share = min(0.95, number / 7 + draw.random.random() / 10)
    return tender.opens_at + (last - tender.opens_at) * share

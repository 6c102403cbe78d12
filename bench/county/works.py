"""Works of a village: large ones from vote to final account, middling ones by vote, framework contracts of
services, and the contracts of earlier years. All of it honest; what is planted stands in `cases_works`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.models import Contract, Project, ProjectStage
from app.models.ledgers import ContractKind, ContractState
from app.models.projects import ProjectState, StageKind
from app.services.ledgers import words
from bench.county import people
from bench.county.bulk import Row
from bench.county.publishing import publish
from bench.county.texts import WORKS
from bench.county.village import Village, entered

TENDER_YUAN = 100_000  # the line of the county for a tender at the town; from 50,000 on the village votes


@dataclass
class Work:
    """A project with its contract, and the days that matter."""

    project: Row
    contract: Row
    starts: date
    ends: date
    yuan: float
    paid: list[Row]


def framework(village: Village, draw: random.Random, firm: str, what: str, yuan: float) -> Row:
    """A contract for supplies or services over the year, chosen in the open when it is large."""
    day = date(village.year - 1, 12, draw.randint(5, 28))
    return contract(
        village,
        ContractKind.PURCHASE,
        firm,
        f"{village.year}年{what}合同",
        yuan,
        day,
        date(village.year, 12, 31),
        meeting_id=village.vote(day)["id"],
        tender_ref=_reference(village, "资采", day) if yuan >= TENDER_YUAN else None,
    )


def contract(
    village: Village,
    kind: ContractKind,
    firm: str,
    heading: str,
    yuan: float,
    signed: date,
    ends: date,
    **more: Any,
) -> Row:
    """A contract for works, purchases or services."""
    return village.batch.add(
        Contract,
        **{
            "village_id": village.id,
            "number": f"HT{signed.year}-{village.count('contract'):03}",
            "kind": kind,
            "state": ContractState.ENDED if ends < village.world.last else ContractState.ACTIVE,
            "state_since": ends if ends < village.world.last else signed,
            "title": heading,
            "counterparty": firm,
            "counterparty_key": words.name_key(firm),
            "counterparty_kind": words.party_kind(firm),
            "signed_on": signed,
            "starts_on": signed,
            "ends_on": ends,
            "amount_fen": round(yuan * 100),
            "created_at": entered(signed),
            **more,
        },
    )


def _reference(village: Village, what: str, day: date) -> str:
    return f"{village.naming.town(village.plan.town)}{what}〔{day.year}〕{village.town_number()}号"


def works(village: Village) -> None:
    """The projects of the year, large ones more in large villages; contracts of the two years before."""
    draw = village.draw("works")
    few = village.planted("labour_fit_out") or village.plan.gap == "silent"
    count = 0 if few else max(1, round(draw.gauss(2.4, 1.0) * min(1.6, 0.6 + village.size * 0.5)))
    names = draw.sample(WORKS, count)
    for phrase, weight in names:
        yuan = min(12e6, max(55_000, draw.lognormvariate(12.55, 0.85) * weight * village.world.share))
        begins = date(village.year - 1, 10, 10) + timedelta(days=draw.randrange(320))
        name = people.fill(village, draw, phrase, begins.month)
        if yuan < TENDER_YUAN:
            middling(village, draw, name, yuan, begins)
        else:
            build(village, draw, name, yuan, begins)
    _earlier(village, draw)
    if few:
        return
    if village.plan.ordinal % 45 == 17:
        _by_labour(village)
    if village.plan.ordinal % 45 == 31:
        _emergency(village)


def build(
    village: Village,
    draw: random.Random,
    name: str,
    yuan: float,
    begins: date,
    *,
    firm: str | None = None,
    tendered: bool = True,
    finished: bool = True,
    days: int | None = None,
) -> Work:
    """Works as they should be: vote, decision, tender, award, contract, payments by stage, acceptance,
    account."""
    firm = firm or village.firm("works", draw.randrange(5))
    meeting = village.vote(begins)
    award, signed = begins + timedelta(days=28), begins + timedelta(days=36)
    starts = signed + timedelta(days=draw.randint(4, 12))
    ends = starts + timedelta(days=days or draw.randint(45, 150))
    price = round(yuan * draw.uniform(0.88, 0.99), -2)
    reference = _reference(village, "招", award) if tendered else None
    deal = contract(
        village,
        ContractKind.WORKS,
        firm,
        f"{name}施工合同",
        price,
        signed,
        ends,
        meeting_id=meeting["id"],
        tender_ref=reference,
    )
    project = _project(village, name, yuan, meeting["held_on"], starts, ends, deal)
    _stage(village, project, StageKind.VOTE, meeting["held_on"], row=meeting)
    _stage(village, project, StageKind.DECISION, begins)
    if tendered:
        notice = publish(
            village, "works_tender", begins + timedelta(days=6), f"{name}招标公告", project_id=project["id"]
        )
        _stage(
            village,
            project,
            StageKind.TENDER,
            begins + timedelta(days=6),
            round(yuan),
            disclosure_id=notice["id"],
        )
        notice = publish(village, "works_award", award, f"{name}中标公示", project_id=project["id"])
        _stage(village, project, StageKind.AWARD, award, price, disclosure_id=notice["id"])
    _stage(village, project, StageKind.CONTRACT, signed, price)
    work = Work(project, deal, starts, ends, price, [])
    _carry_out(village, draw, work, finished)
    return work


def _carry_out(village: Village, draw: random.Random, work: Work, finished: bool) -> None:
    """Payments by stage; acceptance about the planned day, now and then some weeks late."""
    name, last = work.project["name"], village.world.last
    late = draw.randint(4, 26) if draw.random() < 0.15 else -draw.randint(0, 10)
    accepted = work.ends + timedelta(days=late)
    half = work.starts + (work.ends - work.starts) / 2
    if draw.random() < 0.3:
        change = work.yuan * draw.uniform(0.01, 0.05)
        _stage(village, work.project, StageKind.CHANGE, half, change, text="现场签证增加工程量")
    plan = [(work.starts + timedelta(days=8), 0.3, "预付款"), (half, 0.4, "进度款")]
    if finished:
        plan.append((accepted + timedelta(days=15), 0.27, "验收款"))
    for day, part, words_ in plan:
        on = village.work_day(day)
        if on <= last:
            told = village.invoice(draw, on) | {
                "contract_id": work.contract["id"],
                "project_id": work.project["id"],
            }
            payee = work.contract["counterparty"]
            work.paid.append(
                village.pay(on, payee, round(work.yuan * part), "works", f"{name}{words_}", **told)
            )
    if not finished:
        return
    if accepted <= last:
        _stage(village, work.project, StageKind.ACCEPTANCE, accepted, work.yuan)
        work.project["state"] = ProjectState.ACCEPTED
        account = accepted + timedelta(days=25)
        if account <= last:
            _stage(village, work.project, StageKind.FINAL_ACCOUNT, account, work.yuan)
            work.project["state"], work.project["final_fen"] = ProjectState.SETTLED, round(work.yuan * 100)
    if late > 0:
        village.lapse("works_weeks_late", f"{name}晚了几周验收", [work.project], work.ends)


def middling(village: Village, draw: random.Random, name: str, yuan: float, begins: date) -> Work:
    """Works below the line of the tender: decided by the representatives, given to a firm of the town."""
    meeting = village.vote(begins)
    ends = begins + timedelta(days=draw.randint(30, 70))
    firm = village.firm("works", draw.randrange(3))
    deal = contract(
        village, ContractKind.WORKS, firm, f"{name}合同", yuan, begins, ends, meeting_id=meeting["id"]
    )
    project = _project(village, name, yuan, meeting["held_on"], begins, ends, deal)
    project["exempt"], project["exempt_because"] = ["tender", "award"], "未达到招标限额，经村民代表会议表决"
    _stage(village, project, StageKind.VOTE, meeting["held_on"], row=meeting)
    _stage(village, project, StageKind.CONTRACT, begins, yuan)
    work = Work(project, deal, begins, ends, yuan, [])
    _carry_out(village, draw, work, finished=True)
    return work


def _project(
    village: Village, name: str, yuan: float, approved: date, starts: date, ends: date, deal: Row | None
) -> Row:
    return village.batch.add(
        Project,
        village_id=village.id,
        number=f"XM{approved.year}-{village.count('project'):02}",
        name=name,
        state=ProjectState.UNDER_WAY,
        estimate_fen=round(yuan) * 100,
        approved_on=approved,
        planned_start_on=starts,
        planned_end_on=ends,
        contract_id=deal["id"] if deal else None,
        created_at=entered(approved),
    )


def _stage(
    village: Village,
    project: Row,
    kind: StageKind,
    day: date,
    yuan: float | None = None,
    row: Row | None = None,
    **more: Any,
) -> Row:
    votes = {name: row[name] for name in ("votes_for", "votes_against", "votes_abstained")} if row else {}
    return village.batch.add(
        ProjectStage,
        project_id=project["id"],
        kind=kind,
        day=day,
        amount_fen=None if yuan is None else round(yuan * 100),
        created_at=entered(day),
        **votes,
        **more,
    )


def change(village: Village, work: Work, day: date, yuan: float, text: str) -> Row:
    """A change order."""
    return _stage(village, work.project, StageKind.CHANGE, day, yuan, text=text)


def vote_only(village: Village, name: str, yuan: float, begins: date, deal: Row, ends: date) -> Row:
    """A project that was decided and contracted, and never tendered."""
    meeting = village.vote(begins)
    project = _project(village, name, yuan, meeting["held_on"], begins, ends, deal)
    _stage(village, project, StageKind.VOTE, meeting["held_on"], row=meeting)
    _stage(village, project, StageKind.CONTRACT, deal["signed_on"], deal["amount_fen"] / 100)
    return project


def _earlier(village: Village, draw: random.Random) -> None:
    """Works of the two years before, tendered and done: their contracts alone."""
    for _ in range(draw.randint(1, 4)):
        signed = date(village.year - draw.choice((1, 2)), draw.randint(1, 9), draw.randint(1, 28))
        phrase, weight = draw.choice(WORKS)
        name = people.fill(village, draw, phrase, signed.month)
        yuan = max(TENDER_YUAN, draw.lognormvariate(12.3, 0.7) * weight)
        firm = village.firm("works", draw.randrange(5))
        tender = _reference(village, "招", signed)
        ends = signed + timedelta(days=draw.randint(60, 200))
        contract(village, ContractKind.WORKS, firm, f"{name}施工合同", yuan, signed, ends, tender_ref=tender)


def _by_labour(village: Village) -> None:
    """Works by the villagers' own hands (以工代赈): much labour, decided and registered; no tender is
    asked."""
    draw = village.draw("by_labour")
    begins = date(village.year, 4, 10)
    meeting = village.vote(begins)
    project = _project(
        village, "灌溉渠系以工代赈项目", 380_000, meeting["held_on"], begins, date(village.year, 9, 30), None
    )
    project["exempt"] = ["tender", "award", "contract"]
    project["exempt_because"] = "以工代赈项目，由村民投工，县发改局批复"
    _stage(village, project, StageKind.VOTE, meeting["held_on"], row=meeting)
    for month in range(5, 9):
        for worker in draw.sample(village.ordinary, 9):
            days = draw.randint(12, 24)
            yuan, day = days * 180, village.day(draw, month, 22, 28)
            purpose = f"以工代赈渠系项目{month}月劳务报酬"
            village.pay(day, worker.name, yuan, "day_labour", purpose, project_id=project["id"], told=True)
    accepted = date(village.year, 9, 20)
    _stage(village, project, StageKind.ACCEPTANCE, accepted, 380_000)
    project["state"] = ProjectState.ACCEPTED


def _emergency(village: Village) -> None:
    """Repairs after a typhoon that could not wait for a tender: the town agreed, the reason is on record."""
    draw = village.draw("emergency")
    begins = date(village.year, 8, 2)
    firm, yuan = village.firm("works", 1), 165_000
    deal = contract(
        village,
        ContractKind.WORKS,
        firm,
        "溃堤应急抢险合同",
        yuan,
        begins,
        date(village.year, 8, 31),
        meeting_id=village.vote(begins)["id"],
        town_approval=_reference(village, "应急", begins),
        town_approved_on=begins,
    )
    project = vote_only(village, "溃堤应急抢险", yuan, begins, deal, date(village.year, 8, 31))
    project["exempt"], project["exempt_because"] = ["tender", "award"], "防汛应急抢险，镇政府批准不招标"
    _carry_out(village, draw, Work(project, deal, begins, date(village.year, 8, 31), yuan, []), finished=True)

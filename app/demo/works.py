"""The demo's small works: a project for each works contract, with its stages as they were published.

Each village has one finished project and one under way. In 群围村 the second was begun without a tender:
the gap shows in red. 东联村 proposes a third that is not decided yet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.core import money
from app.demo.articles import ASK, Article, Pen, Stage
from app.demo.contracts import firm
from app.demo.payments import WORKS_CATEGORY
from app.demo.world import Draw
from app.models import Contract, Payment, Project, ProjectStage
from app.models.disclosures import DisclosureKind
from app.models.ledgers import ContractKind
from app.models.projects import ProjectState, StageKind

K = StageKind
REPAIRS = "设施维修"
SHOWN_REPAIRS = 12
UNTENDERED_VILLAGE = "qunwei"
UNSETTLED_VILLAGE = "huangshan"
PROPOSING_VILLAGE = "donglian"
NAMES = {
    K.DECISION: "立项决策公示",
    K.TENDER: "招标公告",
    K.AWARD: "中标公示",
    K.CONTRACT: "合同公开",
    K.CHANGE: "变更公开",
    K.ACCEPTANCE: "验收结果公开",
    K.FINAL_ACCOUNT: "决算公开",
}
WORDS = {
    K.CONTRACT: "合同留 3% 质保金，工期和付款办法照招标文件写。",
    K.CHANGE: "施工中多出来的量，监督委员会和镇街到现场量过，同意增加。",
    K.ACCEPTANCE: "镇街、村里和三名村民代表一起验收，合格。",
    K.FINAL_ACCOUNT: "镇街审价，按审定价付到 97%，质保金一年后付。",
}


@dataclass
class Work:
    """One project with what is known of it: its contract, the articles of its stages, and those stages that
    nothing was published for."""

    project: Project
    contract: Contract | None
    articles: list[Article] = field(default_factory=list)
    quiet: list[ProjectStage] = field(default_factory=list)


def plan(pen: Pen) -> list[Work]:
    """All projects of a village; the payments of each are marked as its own."""
    works: list[Work] = []
    for contract in pen.books.contracts:
        if contract.kind == ContractKind.WORKS:
            work = _begin(pen, contract, len(works) + 1)
            work.articles = list(_stages(pen, work, contract))
            works.append(work)
    if pen.stage.place.code == PROPOSING_VILLAGE:
        works.append(_proposal(pen, len(works) + 1))
    return works


def repairs(pen: Pen) -> Iterator[Article]:
    """The small repairs of half a year, the dearest first."""
    on = pen.draw.work_day_before(pen.draw.today, 7)
    since = on - timedelta(days=182)
    found = [p for p in pen.books.payments if p.category == REPAIRS and since <= p.paid_on < on]
    shown = sorted(found, key=lambda payment: -payment.amount_fen)[:SHOWN_REPAIRS]
    spent = sum(payment.amount_fen for payment in found)
    yield Article(
        category="legal_other",
        title="近半年零星维修清单",
        on=on,
        summary=f"半年修了 {len(found)} 处，共花 {money.spoken(spent)}。",
        body="两万元以下的小修小补，由村两委会定，监督委员会验收。下面列出花钱最多的几处。",
        records=[
            {"item": p.purpose or REPAIRS, "words": f"付给{p.payee}", "amount": p.amount_fen} for p in shown
        ],
    )


def evidence(draw: Draw, stage: Stage, disclosure_id: uuid.UUID) -> ProjectStage:
    """The stage that a published item shows."""
    return ProjectStage(
        id=draw.key(),
        project_id=stage.project.id,
        kind=stage.kind,
        day=stage.day,
        text=WORDS.get(stage.kind, ""),
        amount_fen=stage.amount_fen,
        disclosure_id=disclosure_id,
    )


def _begin(pen: Pen, contract: Contract, number: int) -> Work:
    finished = contract.ends_on is not None and contract.ends_on < pen.draw.today
    estimate = round(contract.amount_fen * 1.07 / 100_000) * 100_000
    project = Project(
        id=pen.draw.key(),
        village_id=pen.stage.village.id,
        number=f"GC{contract.starts_on.year}-{number:02}",
        name=contract.title,
        description=f"{contract.subject}，村民提议、代表会议表决后立项。",
        state=ProjectState.UNDER_WAY,
        estimate_fen=estimate,
        approved_on=contract.starts_on - timedelta(days=62),
        planned_start_on=contract.starts_on,
        planned_end_on=contract.ends_on,
        contract_id=contract.id,
        created_at=pen.draw.moment(contract.starts_on - timedelta(days=75)),
    )
    if finished:
        project.state = ProjectState.ACCEPTED
    for payment in pen.books.payments:
        if payment.category == WORKS_CATEGORY and payment.contract_id == contract.id:
            payment.project_id = project.id
    work = Work(project, contract)
    assert project.approved_on is not None
    work.quiet = [
        ProjectStage(
            id=pen.draw.key(),
            project_id=project.id,
            kind=kind,
            day=day,
            text=text,
            amount_fen=fen,
            votes_for=votes[0],
            votes_against=votes[1],
            votes_abstained=votes[2],
        )
        for kind, day, text, fen, votes in (
            (
                K.PROPOSAL,
                project.approved_on - timedelta(days=13),
                "十三名村民联名提议。",
                estimate,
                (None, None, None),
            ),
            (K.VOTE, project.approved_on, "村民代表会议表决通过。", None, pen.votes()),
        )
    ]
    return work


def _stages(pen: Pen, work: Work, contract: Contract) -> Iterator[Article]:
    """The public stages as far as the works have come; a stage is published a day or two after its day."""
    start, end = contract.starts_on, contract.ends_on
    assert end is not None
    assert contract.signed_on is not None
    changed = round(contract.amount_fen * 0.04 / 10_000) * 10_000 if pen.stage.number % 4 == 1 else 0
    yield from _decided(pen, work)
    if not (pen.stage.place.code == UNTENDERED_VILLAGE and work.project.state == ProjectState.UNDER_WAY):
        yield _tender(pen, work, contract, start - timedelta(days=50))
        yield _award(pen, work, contract, start - timedelta(days=30))
    yield _plain(pen, work, K.CONTRACT, contract.signed_on, contract.amount_fen)
    if changed:
        yield _plain(pen, work, K.CHANGE, start + timedelta(days=24), changed)
    if end + timedelta(days=2) >= pen.draw.today:
        return
    yield _plain(pen, work, K.ACCEPTANCE, end, None)
    settled = end + timedelta(days=18)
    if pen.stage.place.code == UNSETTLED_VILLAGE or settled + timedelta(days=5) >= pen.draw.today:
        return
    work.project.final_fen = contract.amount_fen + changed
    work.project.state = ProjectState.SETTLED
    yield _plain(pen, work, K.FINAL_ACCOUNT, settled, work.project.final_fen)


def _decided(pen: Pen, work: Work) -> Iterator[Article]:
    vote = work.quiet[-1]
    assert vote.votes_for is not None
    assert vote.votes_against is not None
    assert vote.votes_abstained is not None
    votes = (vote.votes_for, vote.votes_against, vote.votes_abstained)
    yield Article(
        category="decision_result",
        title=f"{work.project.name}{NAMES[K.DECISION]}",
        on=pen.day(vote.day + timedelta(days=1)),
        body=f"会议记录和表决票在村委会可以查。{ASK}",
        filled={
            "matter": work.project.name,
            "day": vote.day.isoformat(),
            "votes_for": votes[0],
            "votes_against": votes[1],
            "votes_abstained": votes[2],
            "result": "通过",
            "next": f"估算 {money.spoken(work.project.estimate_fen or 0)}，下一步公开招标。",
        },
        stage=Stage(work.project, K.DECISION, pen.day(vote.day + timedelta(days=1))),
    )


def _tender(pen: Pen, work: Work, contract: Contract, day: date) -> Article:
    on = pen.day(day)
    return Article(
        category="works_tender",
        title=f"{work.project.name}{NAMES[K.TENDER]}",
        on=on,
        body=f"招标文件在村委会和镇街招投标中心可以拿，不收费。{ASK}",
        filled={
            "project": work.project.name,
            "scope": contract.subject,
            "ceiling": work.project.estimate_fen,
            "deadline": (on + timedelta(days=10)).isoformat(),
            "opening": (on + timedelta(days=14)).isoformat(),
            "conditions": "有相应资质的施工单位，近三年没有被列入失信名单。",
            "deposit": round((work.project.estimate_fen or 0) * 0.02 / 10_000) * 10_000,
        },
        kind=DisclosureKind.TENDER_NOTICE,
        stage=Stage(work.project, K.TENDER, on),
    )


def _award(pen: Pen, work: Work, contract: Contract, opened: date) -> Article:
    others = dict.fromkeys(firm(pen.draw, contract.counterparty[4:-4]) for _ in range(3))
    others.pop(contract.counterparty, None)
    rival = contract.amount_fen
    records: list[dict[str, Any]] = [
        {"bidder": contract.counterparty, "bid": contract.amount_fen, "result": "中标"}
    ]
    for name in others:
        rival += pen.draw.random.randint(8, 34) * 10_000
        records.append({"bidder": name, "bid": rival, "result": "未中标"})
    return Article(
        category="works_award",
        title=f"{work.project.name}{NAMES[K.AWARD]}",
        on=pen.day(opened + timedelta(days=1)),
        body="开标在镇街招投标中心进行，监督委员会成员在场。公示期内有意见，请点「我有异议」。",
        filled={
            "project": work.project.name,
            "winner": contract.counterparty,
            "amount": contract.amount_fen,
            "ceiling": work.project.estimate_fen,
            "opened": opened.isoformat(),
        },
        records=records,
        kind=DisclosureKind.AWARD_NOTICE,
        stage=Stage(work.project, K.AWARD, opened, contract.amount_fen),
    )


def _plain(pen: Pen, work: Work, kind: StageKind, day: date, fen: int | None) -> Article:
    """A stage of the entry 小型工程 itself; the final account lists what was paid."""
    filled: dict[str, Any] = {
        "stage": kind.value,
        "project": work.project.name,
        "day": day.isoformat(),
        "words": WORDS[kind],
    }
    if fen is not None:
        filled["amount"] = fen
    if work.contract is not None and kind in (K.CONTRACT, K.ACCEPTANCE):
        filled["contractor"] = work.contract.counterparty
    on = pen.day(day + timedelta(days=2))
    paid = [p for p in _payments(pen, work) if p.paid_on <= on] if kind == K.FINAL_ACCOUNT else []
    return Article(
        category="small_works",
        title=f"{work.project.name}{NAMES[kind]}",
        summary=_sentence(work, kind, fen, sum(payment.amount_fen for payment in paid)),
        on=on,
        body=ASK,
        filled=filled,
        records=[
            {"day": p.paid_on.isoformat(), "item": "付款", "party": p.payee, "amount": p.amount_fen}
            for p in paid
        ],
        stage=Stage(work.project, kind, day, fen),
        papers=("site",) if kind == K.ACCEPTANCE and pen.stage.number in (0, 1) else (),
    )


def _sentence(work: Work, kind: StageKind, fen: int | None, paid: int) -> str:
    name, price = work.project.name, money.spoken(fen or 0)
    return {
        K.CONTRACT: f"{name}签了合同，合同价 {price}。",
        K.CHANGE: f"{name}比合同增加 {price}。",
        K.ACCEPTANCE: f"{name}验收合格，可以用了。",
        K.FINAL_ACCOUNT: f"{name}决算 {price}，已付 {money.spoken(paid)}。",
    }[kind]


def _payments(pen: Pen, work: Work) -> list[Payment]:
    return [payment for payment in pen.books.payments if payment.project_id == work.project.id]


def _proposal(pen: Pen, number: int) -> Work:
    """What is proposed and lies open for opinions; the meeting has not voted yet."""
    day = pen.draw.work_day_before(pen.draw.today, 6)
    project = Project(
        id=pen.draw.key(),
        village_id=pen.stage.village.id,
        number=f"GC{day.year}-{number:02}",
        name="东河边休闲步道工程",
        description="沿河 620 米步道，加装护栏和矮路灯。",
        state=ProjectState.PROPOSED,
        estimate_fen=38_600_000,
        created_at=pen.draw.moment(day),
    )
    article = Article(
        category="decision_plan",
        title="东河边休闲步道方案公示",
        on=day,
        body=f"村民小组长会议提议。图纸贴在村委会门口，方案公示十五天，有意见请点「我有异议」。{ASK}",
        filled={
            "matter": "东河边休闲步道",
            "plan": "沿东河边老路修 620 米步道，加装护栏和 31 盏矮路灯，不占耕地，预计三个月完工。",
            "budget": project.estimate_fen,
            "vote_on": pen.day(day + timedelta(days=22)).isoformat(),
        },
        stage=Stage(project, K.PROPOSAL, day, project.estimate_fen),
        papers=("plan",),
        key="plan",
    )
    return Work(project, None, articles=[article])

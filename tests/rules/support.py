"""Worlds for the tests of rules: ledger rows with the fewest fields said, and what a rule says of them.

Rows are written directly, without the services, so that a test can hold what nobody could enter any more
(a voided row, an old gap). Every function takes further columns by name."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.base import Base
from app.models.disclosures import Disclosure, DisclosureKind, DisclosureState
from app.models.governance import HouseholdCount, Meeting, MeetingKind, Member, Relation, RelationKind
from app.models.holdings import Asset, AssetKind, AssetStatus, Budget, Fund, FundStatement
from app.models.income import Receipt, Receivable
from app.models.ledgers import Contract, ContractKind, Payment, PaymentMethod
from app.models.obligations import Obligation, ObligationSource
from app.models.organisations import OrganisationKind
from app.models.projects import Project, ProjectStage, StageKind
from app.models.welfare import Benefit, DeathRecord, LabourSlip
from app.rules.base import Evaluation, Rule, rest_days

ModelT = TypeVar("ModelT", bound=Base)
_numbers = itertools.count(1)


def number(prefix: str) -> str:
    """A number that no other row has."""
    return f"{prefix}{next(_numbers):05}"


def add(session: Session, model: type[ModelT], **fields: Any) -> ModelT:
    """One row of a model, written at once."""
    row = model(**fields)
    session.add(row)
    session.flush()
    return row


def bulk(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Many rows of a model in one statement; every row gives the same columns."""
    session.execute(insert(model), rows)


def at(day: date, hour: int = 4) -> datetime:
    """A moment of a day: `hour` is UTC, so 4 is noon in Shanghai and 16 is its midnight, the next day."""
    return datetime.combine(day, time(hour), UTC)


VOIDED: dict[str, Any] = {"voided_at": at(date(2024, 1, 1)), "voided_because": "录入错误"}


# Places


def county(session: Session, name: str = "某县") -> Organisation:
    return _place(session, OrganisationKind.COUNTY, name, None)


def town(session: Session, name: str = "某镇", above: Organisation | None = None) -> Organisation:
    return _place(session, OrganisationKind.TOWN, name, above or _usual(session, "county"))


def village(
    session: Session,
    name: str,
    *,
    above: Organisation | None = None,
    since: date = date(2019, 1, 1),
    households: int | None = 500,
    **fields: Any,
) -> Organisation:
    """A village of a town (the same one unless `above` says another), known since a day."""
    return _place(
        session,
        OrganisationKind.VILLAGE,
        name,
        above or _usual(session, "town"),
        households=households,
        created_at=at(since),
        **fields,
    )


def _usual(session: Session, kind: str) -> Organisation:
    if kind not in session.info:
        session.info[kind] = county(session) if kind == "county" else town(session)
    found: Organisation = session.info[kind]
    return found


def _place(
    session: Session, kind: OrganisationKind, name: str, above: Organisation | None, **fields: Any
) -> Organisation:
    key = uuid.uuid4()
    ancestry = [*(above.ancestry if above else []), key]
    return add(
        session,
        Organisation,
        id=key,
        kind=kind,
        code=number("p"),
        name=name,
        parent_id=above.id if above else None,
        ancestry=ancestry,
        **fields,
    )


# Ledgers


def contract(session: Session, village: Organisation, **fields: Any) -> Contract:
    """A lease from 2023 to 2026 for 12,000 yuan a year."""
    usual: dict[str, Any] = {
        "number": number("HT"),
        "kind": ContractKind.LEASE_OUT,
        "title": "鱼塘承包",
        "counterparty": "某水产合作社",
        "starts_on": date(2023, 1, 1),
        "ends_on": date(2026, 12, 31),
        "amount_fen": 4_800_000,
        "annual_rent_fen": 1_200_000,
    }
    return add(session, Contract, village_id=village.id, **(usual | fields))


def payment(session: Session, village: Organisation, **fields: Any) -> Payment:
    """A transfer of 1,000 yuan for office needs."""
    usual: dict[str, Any] = {
        "voucher": number("FK"),
        "paid_on": date(2026, 3, 5),
        "payee": "某商店",
        "amount_fen": 100_000,
        "method": PaymentMethod.TRANSFER,
        "category": "办公费",
    }
    values = usual | fields
    values.setdefault("payee_key", values["payee"])
    return add(session, Payment, village_id=village.id, **values)


def receivable(session: Session, village: Organisation, **fields: Any) -> Receivable:
    """A year's rent of 12,000 yuan, due on 1 January 2026."""
    usual: dict[str, Any] = {
        "number": number("YS"),
        "title": "鱼塘租金",
        "debtor": "某水产合作社",
        "due_on": date(2026, 1, 1),
        "amount_fen": 1_200_000,
    }
    values = usual | fields
    values.setdefault("debtor_key", values["debtor"])
    return add(session, Receivable, village_id=village.id, **values)


def receipt(session: Session, village: Organisation, **fields: Any) -> Receipt:
    """12,000 yuan by transfer on 1 January 2026."""
    usual: dict[str, Any] = {
        "voucher": number("SK"),
        "received_on": date(2026, 1, 1),
        "payer": "某水产合作社",
        "amount_fen": 1_200_000,
        "method": PaymentMethod.TRANSFER,
    }
    values = usual | fields
    values.setdefault("payer_key", values["payer"])
    return add(session, Receipt, village_id=village.id, **values)


def asset(session: Session, village: Organisation, **fields: Any) -> Asset:
    """A shop that is let since 2023."""
    usual: dict[str, Any] = {
        "number": number("ZC"),
        "name": "村口店面",
        "kind": AssetKind.SHOP,
        "status": AssetStatus.LET,
        "status_since": date(2023, 1, 1),
    }
    return add(session, Asset, village_id=village.id, **(usual | fields))


def fund(session: Session, village: Organisation, **fields: Any) -> Fund:
    usual: dict[str, Any] = {"number": number("ZJ"), "name": "村集体资金"}
    return add(session, Fund, village_id=village.id, **(usual | fields))


def fund_statement(session: Session, village: Organisation, fund: Fund, **fields: Any) -> FundStatement:
    """March 2026: 1,000 yuan from before, 500 in, 300 out, 1,200 left."""
    usual: dict[str, Any] = {
        "period": "2026-03",
        "opening_fen": 100_000,
        "income_fen": 50_000,
        "expense_fen": 30_000,
        "balance_fen": 120_000,
    }
    return add(session, FundStatement, village_id=village.id, fund_id=fund.id, **(usual | fields))


def budget(session: Session, village: Organisation, **fields: Any) -> Budget:
    """10,000 yuan for office needs in 2026."""
    usual: dict[str, Any] = {"year": 2026, "category": "办公费", "amount_fen": 1_000_000}
    return add(session, Budget, village_id=village.id, **(usual | fields))


def labour_slip(session: Session, village: Organisation, **fields: Any) -> LabourSlip:
    """A day's work for 150 yuan."""
    usual: dict[str, Any] = {
        "number": number("YG"),
        "worker": "张三",
        "worked_on": date(2026, 3, 5),
        "job": "保洁",
        "quantity": 1,
        "rate_fen": 15_000,
        "amount_fen": 15_000,
    }
    values = usual | fields
    values.setdefault("worker_key", values["worker"])
    return add(session, LabourSlip, village_id=village.id, **values)


def benefit(session: Session, village: Organisation, **fields: Any) -> Benefit:
    """800 yuan of 低保金 in March 2026."""
    usual: dict[str, Any] = {
        "kind": "低保金",
        "period": "2026-03",
        "recipient": "李四",
        "paid_on": date(2026, 3, 20),
        "amount_fen": 80_000,
    }
    values = usual | fields
    values.setdefault("recipient_key", values["recipient"])
    return add(session, Benefit, village_id=village.id, **values)


def death(session: Session, village: Organisation, **fields: Any) -> DeathRecord:
    usual: dict[str, Any] = {"name": "李四", "died_on": date(2026, 2, 10)}
    values = usual | fields
    values.setdefault("name_key", values["name"])
    return add(session, DeathRecord, village_id=village.id, **values)


def meeting(session: Session, village: Organisation, **fields: Any) -> Meeting:
    """A meeting of the representatives: 40 entitled, 36 present, 30 for it."""
    usual: dict[str, Any] = {
        "number": number("HY"),
        "kind": MeetingKind.REPRESENTATIVES,
        "held_on": date(2026, 2, 10),
        "title": "村民代表会议",
        "entitled": 40,
        "present": 36,
        "votes_for": 30,
        "votes_against": 4,
        "votes_abstained": 2,
    }
    return add(session, Meeting, village_id=village.id, **(usual | fields))


def member(session: Session, village: Organisation, name: str, **fields: Any) -> Member:
    usual: dict[str, Any] = {"household": number("H"), "name_key": name}
    return add(session, Member, village_id=village.id, name=name, **(usual | fields))


def relation(session: Session, village: Organisation, cadre: str, party: str, **fields: Any) -> Relation:
    """A relative of a cadre, declared."""
    usual: dict[str, Any] = {"kind": RelationKind.SIBLING, "cadre_key": cadre, "party_key": party}
    return add(session, Relation, village_id=village.id, cadre=cadre, party=party, **(usual | fields))


def households(session: Session, village: Organisation, **fields: Any) -> HouseholdCount:
    usual: dict[str, Any] = {"year": 2026, "households": 500, "adults": 1200, "members": 1500}
    return add(session, HouseholdCount, village_id=village.id, **(usual | fields))


def project(session: Session, village: Organisation, **fields: Any) -> Project:
    usual: dict[str, Any] = {"number": number("XM"), "name": "村道硬化"}
    return add(session, Project, village_id=village.id, **(usual | fields))


def stage(session: Session, project: Project, kind: StageKind, day: date, **fields: Any) -> ProjectStage:
    return add(session, ProjectStage, project_id=project.id, kind=kind, day=day, **fields)


def disclosure(
    session: Session, village: Organisation, published: date | datetime | None, **fields: Any
) -> Disclosure:
    """An item of the finance category that came out on a day (a draft without one)."""
    if published is not None and not isinstance(published, datetime):
        published = at(published)
    usual: dict[str, Any] = {
        "category_code": "finance",
        "kind": DisclosureKind.PLAIN,
        "state": DisclosureState.PUBLISHED if published else DisclosureState.DRAFT,
        "published_at": published,
    }
    return add(session, Disclosure, village_id=village.id, **(usual | fields))


def obligation(session: Session, village: Organisation, due_on: date, **fields: Any) -> Obligation:
    usual: dict[str, Any] = {
        "category_code": "finance",
        "key": number("finance:"),
        "title": "财务公开",
        "source": ObligationSource.CALENDAR,
        "due_on": due_on,
    }
    return add(session, Obligation, village_id=village.id, **(usual | fields))


# What a rule says


def evaluate(
    session: Session, rule: Rule[Any], as_of: date, *, watched: list[str] | None = None, **thresholds: Any
) -> Evaluation:
    """The rule's own evaluation; without `watched` every subject is watched."""
    session.flush()
    told = rule.thresholds(**thresholds)
    keys = subjects(session, rule, as_of, **thresholds) if watched is None else watched
    found: Evaluation = rule.evaluate(session, as_of=as_of, thresholds=told, watched=keys)
    return found


def subjects(session: Session, rule: Rule[Any], as_of: date, **thresholds: Any) -> list[str]:
    """`village:subject` of everything that the rule's SELECT looks at; it must name each but once."""
    bound = text(
        "WITH live_village AS (SELECT id, name FROM organisation WHERE kind = 'village' AND active) "
        f"SELECT looked_at.village_id::text || ':' || looked_at.subject_id FROM ({rule.SELECT}) AS looked_at"
    )
    told = rule.thresholds(**thresholds)
    values = {**rule.parameters(told), "as_of": as_of, "rest_days": rest_days(session, as_of)}
    names = bound.compile().params.keys()
    found = list(session.execute(bound, {name: values[name] for name in names}).scalars())
    assert len(found) == len(set(found)), "a subject twice in the rule's SELECT"
    return found


def verdicts(
    session: Session,
    rule: Rule[Any],
    as_of: date,
    *,
    named: Mapping[Any, str] | None = None,
    **thresholds: Any,
) -> dict[tuple[str, str], str]:
    """(village, subject) → "red", "yellow", "clear", or "?" with the missing field.

    `named` maps subject ids to shorter names. A village whose ledger is not there stands under ("village",
    "") as "?" with the ledger's name, its subjects likewise."""
    said = evaluate(session, rule, as_of, **thresholds)
    places = {row.id: row.name for row in session.query(Organisation).all()}
    short = {str(key): label for key, label in (named or {}).items()}

    def key(subject: str) -> tuple[str, str]:
        place, _, rest = subject.partition(":")
        return places[uuid.UUID(place)], short.get(rest, rest)

    told = {key(found.key): found.colour.value for found in said.findings}
    told |= {key(subject): "clear" for subject in said.cleared}
    told |= {key(subject): f"?{label}" for subject, label in said.unknown.items()}
    ledgers = {need.label for need in rule.needs}
    for place, judged in said.villages.items():
        for label in judged.missing.keys() & ledgers:
            told[places[place], ""] = f"?{label}"
    return told

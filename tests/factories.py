"""Factories: plain functions with the fewest required arguments, through the services."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlalchemy.orm import Session

from app.core import clock, security
from app.core.keys import Keys
from app.models import Contract, Disclosure, Officer, Organisation, WechatIdentity
from app.models.complaints import ComplaintChannel
from app.models.ledgers import ContractKind
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role, SessionKind
from app.services import (
    actors,
    contracts,
    disclosures,
    identities,
    officers,
    organisations,
    sessions,
)
from app.services.complaints import filing

ROOT = actors.Administrator("test")
KEYS = Keys.of(b"a master secret for tests only, 40 bytes")
PASSWORD = "correct horse"


def _name(prefix: str) -> str:
    return prefix + secrets.token_hex(3)


@dataclass
class Places:
    """A county with one town and one village."""

    county: Organisation
    town: Organisation
    village: Organisation


def places(session: Session, village_name: str = "东联村") -> Places:
    county = organisations.create(
        session, acting=ROOT, kind=OrganisationKind.COUNTY, code=_name("c"), name="萧山区"
    )
    town = organisations.create(
        session, acting=ROOT, kind=OrganisationKind.TOWN, code=_name("t"), name="益农镇", parent=county
    )
    return Places(county, town, village(session, town, village_name))


def village(session: Session, town: Organisation, name: str = "兴裕村") -> Organisation:
    return organisations.create(
        session,
        acting=ROOT,
        kind=OrganisationKind.VILLAGE,
        code=_name("v"),
        name=name,
        parent=town,
        households=500,
        adults=1200,
    )


def officer(
    session: Session,
    role: Role | None = None,
    place: Organisation | None = None,
    duty: Duty | None = None,
    name: str = "",
) -> Officer:
    """An officer, appointed when role and place are given; a liaison officer answers complaints unless
    told otherwise. His password is PASSWORD."""
    made = officers.create(session, acting=ROOT, name=name or _name("干部"), login=_name("u"))
    made.password_hash = _password_hash()
    session.flush()
    if role and place:
        fallback = Duty.COMPLAINTS if role == Role.LIAISON_OFFICER else Duty.GENERAL
        officers.appoint(
            session,
            acting=ROOT,
            officer_id=made.id,
            organisation=place,
            role=role,
            duty=duty or fallback,
        )
    return made


@cache
def _password_hash() -> str:
    """Hashed once per process: a hash costs a tenth of a second by design, and hundreds of tests need one."""
    return security.hash_password(PASSWORD)


def acting(session: Session, person: Officer) -> actors.Officer:
    found = officers.acting_officer(session, person.id)
    assert found is not None
    return found


def identity(session: Session, *, app_id: str = "wxofficial", subscribed: bool = True) -> WechatIdentity:
    made = identities.identify(session, app_id=app_id, openid="o" + secrets.token_urlsafe(16))
    if subscribed:
        identities.followed(session, made)
    return made


def villager(session: Session) -> actors.Villager:
    return actors.Villager(identity(session).villager_id)


def complaint(
    session: Session,
    village: Organisation,
    *,
    by: actors.Villager | actors.Visitor | None = None,
    content: str = "村口的路灯坏了三天，晚上看不见路。",
    category: str = "public_works",
    about: list[uuid.UUID] | None = None,
    channel: ComplaintChannel = ComplaintChannel.PAGE,
) -> filing.Filed:
    return filing.file(
        session,
        acting=by or villager(session),
        village=village,
        filing=filing.Filing(content=content, channel=channel, category_code=category, about=about or []),
        keys=KEYS,
    )


def contract(session: Session, village: Organisation, *, ends_in: int = 20) -> Contract:
    """A lease whose last day is `ends_in` days from today."""
    today = clock.today()
    return contracts.enter(
        session,
        acting=ROOT,
        village=village,
        terms=contracts.Terms(
            number=_name("HT-"),
            kind=ContractKind.LEASE_OUT,
            title="村口鱼塘承包",
            counterparty="某某水产专业合作社",
            starts_on=date(today.year - 3, 1, 1),
            ends_on=today + timedelta(days=ends_in),
            amount_fen=3_600_000,
        ),
    )


def draft(session: Session, village: Organisation, author: Officer, **fields: object) -> Disclosure:
    values: dict[str, object] = {
        "category_code": "finance",
        "title": "十月份收支公开",
        "summary": "十月收入 12 万元，支出 8 万元。",
    }
    return disclosures.draft(
        session,
        acting=acting(session, author),
        village=village,
        draft=disclosures.Draft(**(values | fields)),  # type: ignore[arg-type]
        keys=KEYS,
    )


def published(
    session: Session, village: Organisation, author: Officer, reviewer: Officer, **fields: object
) -> Disclosure:
    """A disclosure that went the whole way to the public page; fields as of `disclosures.Draft`."""
    made = draft(session, village, author, **fields)
    disclosures.submit(session, acting=acting(session, author), disclosure_id=made.id, keys=KEYS)
    return disclosures.publish(session, acting=acting(session, reviewer), disclosure_id=made.id, keys=KEYS)


def token(session: Session, person: Officer | None = None) -> str:
    """A REST token: an administrator's, or an officer's."""
    if person is None:
        return sessions.create_token(session, acting=ROOT, label="test", keys=KEYS).token
    return sessions.open_by_password(
        session, login=person.login, password=PASSWORD, kind=SessionKind.TOKEN, keys=KEYS
    ).token


def page_cookie(session: Session, who: WechatIdentity) -> str:
    return sessions.open_for_identity(session, identity=who, kind=SessionKind.PAGE, keys=KEYS).token

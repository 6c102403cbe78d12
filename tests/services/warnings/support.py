"""A town with everybody who is told of warnings, and a rule whose subjects a test says itself."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.quiet import QuietHours
from app.models import (
    Appointment,
    EarlyWarning,
    Officer,
    Organisation,
    OutgoingMessage,
    Payment,
    RuleRun,
    WarningEvent,
    WarningNotice,
)
from app.models.ledgers import PaymentMethod
from app.models.organisations import Line, OrganisationKind
from app.models.people import Duty, Role
from app.models.rules import RuleMode
from app.rules.base import Row, Rule, Thresholds, Words
from app.services import actors
from app.services.warnings import evaluation, notices
from app.services.warnings.notices import Manner
from tests import factories

JOB = actors.System("rules.run")


class Amounts(Thresholds):
    """Fen."""

    yellow_fen: int = 100
    red_fen: int = 1000


class Spending(Rule[Amounts]):
    """Fires for a payee who got much, in a village that keeps payments; rests on these payments."""

    key = "test.spending"
    code = "T01"
    title = "支出偏高"
    meaning = "测试用。"
    source = "测试用。"
    clears_by = "作废付款。"
    line = Line.FINANCE
    subject = "payee"
    rows_of = "payments"
    thresholds = Amounts
    SELECT = """
    SELECT p.village_id, p.payee AS subject_id,
           CASE WHEN sum(p.amount_fen) FILTER (WHERE p.voided_at IS NULL) >= :red_fen THEN 'red'
                WHEN sum(p.amount_fen) FILTER (WHERE p.voided_at IS NULL) >= :yellow_fen THEN 'yellow' END
               AS colour,
           max(CASE WHEN p.category = '' THEN '科目' END) AS missing,
           coalesce(array_agg(p.id) FILTER (WHERE p.voided_at IS NULL), '{}') AS rows
    FROM payment p WHERE p.paid_on <= :as_of GROUP BY p.village_id, p.payee
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: Amounts) -> Words:
        return Words(f"{row['subject_id']}支出偏高", f"{village}付给{row['subject_id']}的钱偏多。")


class Trial(Spending):
    """The same, only tried out unless the county says otherwise."""

    key = "test.trial"
    mode = RuleMode.SHADOW


SPENDING, TRIAL = Spending(), Trial()


@dataclass
class World:
    """A county, a town, two villages, and an officer for every role; the department for finance."""

    county: Organisation
    town: Organisation
    village: Organisation
    other: Organisation
    liaison: Officer
    inspector: Officer
    second: Officer
    leader: Officer
    handler: Officer
    stranger: Officer

    @property
    def first(self) -> set[uuid.UUID]:
        """Who is told when a warning of finance fires in `village`."""
        return {one.id for one in (self.liaison, self.inspector, self.second, self.handler)}


def make_world(session: Session) -> World:
    """Written at once as rows: with the services it would be most of a test's time."""
    county = _place(session, OrganisationKind.COUNTY, "萧山区")
    town = _place(session, OrganisationKind.TOWN, "益农镇", county)
    village = _place(session, OrganisationKind.VILLAGE, "东联村", town)
    finance = _place(session, OrganisationKind.DEPARTMENT, "财政局", county, Line.FINANCE)
    farming = _place(session, OrganisationKind.DEPARTMENT, "农业农村局", county, Line.AGRICULTURE)
    made = World(
        county=county,
        town=town,
        village=village,
        other=_place(session, OrganisationKind.VILLAGE, "兴裕村", town),
        liaison=_officer(session, Role.LIAISON_OFFICER, village),
        inspector=_officer(session, Role.TOWN_INSPECTOR, town),
        second=_officer(session, Role.TOWN_INSPECTOR, town),
        leader=_officer(session, Role.COUNTY_INSPECTOR, county),
        handler=_officer(session, Role.DEPARTMENT_HANDLER, finance),
        stranger=_officer(session, Role.DEPARTMENT_HANDLER, farming),
    )
    session.flush()
    return made


def _place(
    session: Session,
    kind: OrganisationKind,
    name: str,
    above: Organisation | None = None,
    line: Line | None = None,
) -> Organisation:
    key = uuid.uuid4()
    made = Organisation(
        id=key,
        code=f"o{secrets.token_hex(5)}",
        kind=kind,
        name=name,
        parent_id=above.id if above else None,
        ancestry=[*(above.ancestry if above else []), key],
        line=line,
    )
    session.add(made)
    return made


def _officer(session: Session, role: Role, place: Organisation) -> Officer:
    """Appointed long ago, because tests move the clock. A liaison officer supervises publication."""
    key = uuid.uuid4()
    made = Officer(id=key, name=f"干部{secrets.token_hex(2)}", login=f"u{secrets.token_hex(5)}", active=True)
    duty = Duty.PUBLICATION if role == Role.LIAISON_OFFICER else Duty.GENERAL
    since = clock.at(date(2020, 1, 1))
    session.add_all(
        [made, Appointment(officer_id=key, organisation_id=place.id, role=role, duty=duty, since=since)]
    )
    return made


def officer(session: Session, role: Role, place: Organisation) -> Officer:
    """One more of them."""
    made = _officer(session, role, place)
    session.flush()
    return made


def acting(session: Session, person: Officer) -> actors.Officer:
    return factories.acting(session, person)


def pay(
    session: Session, village: Organisation, payee: str, fen: int, *, category: str = "办公费"
) -> Payment:
    made = Payment(
        village_id=village.id,
        voucher=f"记-{secrets.token_hex(4)}",
        paid_on=clock.today() - timedelta(days=3),
        payee=payee,
        amount_fen=fen,
        method=PaymentMethod.TRANSFER,
        category=category,
    )
    session.add(made)
    session.flush()
    return made


def run(session: Session, rule: Spending = SPENDING) -> RuleRun:
    return evaluation.run(session, acting=JOB, rule=rule)


def tell(session: Session, *, quiet: str = "", daily: bool = False) -> int:
    return notices.send(session, manner=Manner(QuietHours.parse(quiet), daily))


def warning(session: Session, payee: str, rule: Spending = SPENDING) -> EarlyWarning:
    """The newest episode about a payee."""
    query = select(EarlyWarning).where(EarlyWarning.rule == rule.key, EarlyWarning.subject_id == payee)
    newest = query.order_by(EarlyWarning.episode.desc()).execution_options(populate_existing=True)
    return session.scalars(newest.limit(1)).one()


def kinds(session: Session, about: EarlyWarning) -> list[str]:
    query = select(WarningEvent.kind).where(WarningEvent.warning_id == about.id)
    return list(session.scalars(query.order_by(WarningEvent.position)))


def told(session: Session, about: EarlyWarning) -> list[uuid.UUID]:
    """Who got a message about it, once for each message."""
    query = (
        select(OutgoingMessage.officer_id)
        .join(WarningNotice, WarningNotice.message_id == OutgoingMessage.id)
        .where(WarningNotice.warning_id == about.id)
    )
    return [key for key in session.scalars(query) if key is not None]


def messages(session: Session, person: Officer) -> list[OutgoingMessage]:
    query = select(OutgoingMessage).where(OutgoingMessage.officer_id == person.id)
    return list(session.scalars(query.order_by(OutgoingMessage.due_at)))  # by the database's clock

"""The table of scheduled jobs. A body gets the database and the settings and says in a few words what it
did; it is safe to run again, because a process may die in the middle of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.core import clock
from app.core.db import Database
from app.core.settings import Settings
from app.core.storage import Storage
from app.jobs.figures import take_portraits
from app.jobs.publishing import publish_due, remind_reviewers
from app.jobs.supervision import (
    audit_warnings,
    complete_ledgers,
    escalate_warnings,
    notify_warnings,
    publish_arrears,
    remind_campaigns,
    run_rules,
    settle_arrears,
)
from app.services import (
    chain,
    deliveries,
    imports,
    inbound,
    obligations,
    outbox,
    overdue,
    search,
    sessions,
    tenders,
    ticks,
    views,
)
from app.services.actors import System
from app.services.complaints import ladder, recounting, reminders
from app.services.privacy import reduction

Body = Callable[[Database, Settings], str]
_LOOK_BACK = (timedelta(minutes=3), timedelta(hours=3), timedelta(days=8), timedelta(days=70))


@dataclass(frozen=True)
class Cron:
    """At these fields of the clock in Asia/Shanghai; what is not named is every one, smaller ones are 0."""

    minute: str = "0"
    hour: str = "*"
    day: str = "*"
    day_of_week: str = "*"

    def trigger(self) -> BaseTrigger:
        """As APScheduler takes it."""
        return CronTrigger(
            minute=self.minute,
            hour=self.hour,
            day=self.day,
            day_of_week=self.day_of_week,
            timezone=clock.SHANGHAI,
        )


@dataclass(frozen=True)
class Every:
    """Every so many seconds, counted from the beginning of 1970: all processes agree on the due times."""

    seconds: int

    def trigger(self) -> BaseTrigger:
        """As APScheduler takes it."""
        start = datetime(1970, 1, 1, tzinfo=clock.SHANGHAI)
        return IntervalTrigger(seconds=self.seconds, start_date=start, timezone=clock.SHANGHAI)


@dataclass(frozen=True)
class Job:
    """A scheduled job. `catch_up`: whether the newest due time that nobody ran is made up for;
    `at_first_start`: also on a new installation, which has missed nothing yet."""

    name: str
    when: Cron | Every
    body: Body
    catch_up: bool = True
    at_first_start: bool = False

    def latest_due(self, now: datetime) -> datetime | None:
        """The newest due time that is not after `now`."""
        trigger = self.when.trigger()
        for back in _LOOK_BACK:
            due: datetime | None = trigger.get_next_fire_time(None, now - back)
            if due is not None and due <= now:
                return _last_before(trigger, due, now)
        return None


def _last_before(trigger: BaseTrigger, due: datetime, now: datetime) -> datetime:
    while True:
        following: datetime | None = trigger.get_next_fire_time(due, due)
        if following is None or following > now:
            return due
        due = following


def recover(database: Database, _settings: Settings) -> str:
    """Reports that slipped through, people who became reachable, claims whose worker died."""
    with database.transaction() as session:
        reports, released = deliveries.recover(session, now=clock.now())
    return f"reports={reports} released={released}"


def forget_reports(database: Database, _settings: Settings) -> str:
    """Delivery reports that nobody used leave the journal."""
    with database.transaction() as session:
        return f"deleted={inbound.forget_reports(session, now=clock.now())}"


def cleanup_keys(database: Database, _settings: Settings) -> str:
    """Keys of messages and deliveries, and ticks, that are past their time."""
    with database.transaction() as session:
        keys = outbox.cleanup(session, now=clock.now())
        old_ticks = ticks.cleanup(session, now=clock.now())
    return f"keys={keys} ticks={old_ticks}"


def remind_complaints(database: Database, _settings: Settings) -> str:
    """What is due on the ladder of late complaints, in batches until nothing is left."""
    total = 0
    while True:
        with database.transaction() as session:
            done = ladder.climb(session)
        total += done
        if not done:
            return f"steps={total}"


def close_unrated(database: Database, _settings: Settings) -> str:
    """Close what nobody rated within its window."""
    with database.transaction() as session:
        return f"closed={reminders.close_unrated(session)}"


def recount_complaints(database: Database, _settings: Settings) -> str:
    """Open complaints whose deadlines were counted under another calendar, in batches until none is left."""
    total = 0
    while True:
        with database.transaction() as session:
            done = recounting.recount(session)
        total += done
        if not done:
            return f"recounted={total}"


def cleanup_sessions(database: Database, _settings: Settings) -> str:
    """Logins that ended a month ago."""
    with database.transaction() as session:
        return f"deleted={sessions.clean_up(session)}"


def plan_obligations(database: Database, _settings: Settings) -> str:
    """What every village will owe exists before it is due."""
    with database.transaction() as session:
        done = obligations.plan(session, today=clock.today())
    return " ".join(f"{name}={number}" for name, number in vars(done).items())


def remind_obligations(database: Database, settings: Settings) -> str:
    """Tell villages of what is due soon and towns of what is overdue, in batches until nobody is left."""
    total = 0
    while True:
        with database.transaction() as session:
            done = obligations.remind(session, today=clock.today(), days=settings.obligation_remind_days)
        total += done
        if not done:
            return f"reminded={total}"


def fold_views(database: Database, _settings: Settings) -> str:
    """One row for the views of a page and day that is over."""
    with database.transaction() as session:
        return f"rows={views.fold(session, today=clock.today())}"


def verify_chains(database: Database, _settings: Settings) -> str:
    """Every village's chain against what is stored; its public page shows the result."""
    villages, broken = chain.check_all(database)
    return f"villages={villages} broken={broken}"


def index_search(database: Database, _settings: Settings) -> str:
    """Published items that searching does not find yet, in batches until none is left."""
    total = 0
    while True:
        with database.transaction() as session:
            done = search.backfill(session)
        total += done
        if not done:
            return f"indexed={total}"


def close_tenders(database: Database, _settings: Settings) -> str:
    """Tenders whose deadline has passed."""
    with database.transaction() as session:
        return f"closed={tenders.close_due(session)}"


def remind_inquiries(database: Database, _settings: Settings) -> str:
    """Questions and objections that nobody answered in time: the town is told."""
    with database.transaction() as session:
        return f"overdue={overdue.remind(session)}"


def reduce_persons(database: Database, settings: Settings) -> str:
    """Persons leave what was published when their time is over; files that nothing shows any more go too."""
    storage = Storage.in_data_dir(settings.data_dir)
    with database.reading() as session:
        due = reduction.due(session, today=clock.today())
    files = 0
    for key in due:
        with database.transaction() as session:
            orphans = reduction.reduce(session, acting=System("privacy.reduce"), disclosure_id=key)
        files += sum(storage.delete(digest) for digest in orphans)
    return f"reduced={len(due)} files={files}"


def forget_imports(database: Database, settings: Settings) -> str:
    """Workbooks that were imported, or only looked at, days ago."""
    with database.transaction() as session:
        files = imports.forget(session)
    storage = Storage.in_data_dir(settings.data_dir)
    return f"files={sum(storage.delete(digest) for digest in files)}"


JOBS: tuple[Job, ...] = (
    Job("rules.run", Cron(hour="6", minute="0"), run_rules, at_first_start=True),
    Job("ledgers.complete", Cron(hour="5", minute="10"), complete_ledgers, at_first_start=True),
    Job("warnings.notify", Cron(minute="*"), notify_warnings),
    Job("warnings.escalate", Cron(minute="*/10"), escalate_warnings),
    Job("warnings.audit", Cron(minute="30"), audit_warnings),
    Job("complaints.remind", Cron(minute="*/10"), remind_complaints),
    Job("complaints.recount", Cron(minute="5-55/10"), recount_complaints),
    Job("complaints.close_unrated", Cron(hour="2", minute="30"), close_unrated),
    Job("sessions.cleanup", Cron(hour="3", minute="40"), cleanup_sessions),
    Job("outbox.recover", Cron(minute="*"), recover),
    Job("outbox.forget_reports", Cron(minute="20"), forget_reports),
    Job("disclosures.publish_due", Cron(minute="*"), publish_due),
    Job("disclosures.remind", Cron(minute="*/10"), remind_reviewers),
    Job("chain.verify", Cron(hour="4", minute="10"), verify_chains, at_first_start=True),
    Job("privacy.reduce", Cron(hour="2", minute="10"), reduce_persons),
    Job("imports.forget", Cron(hour="3", minute="50"), forget_imports),
    Job("keys.cleanup", Cron(hour="3", minute="10"), cleanup_keys),
    Job("obligations.plan", Cron(hour="1", minute="10"), plan_obligations, at_first_start=True),
    Job("obligations.remind", Cron(hour="8", minute="30"), remind_obligations),
    Job("views.fold", Cron(hour="3", minute="20"), fold_views),
    Job("search.index", Cron(hour="4", minute="40"), index_search, at_first_start=True),
    Job("tenders.close", Cron(minute="*"), close_tenders),
    Job("arrears.publish", Cron(hour="8", minute="10"), publish_arrears),
    Job("arrears.settle", Cron(minute="*/10"), settle_arrears),
    Job("campaigns.remind", Cron(hour="8", minute="50"), remind_campaigns),
    Job("inquiries.remind", Cron(hour="8", minute="40"), remind_inquiries),
    Job("portrait.snapshot", Cron(day="5", hour="5", minute="20"), take_portraits),
)

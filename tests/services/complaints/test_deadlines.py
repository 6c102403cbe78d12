"""Deadlines of each class over the holidays of 2024 to 2026 (国务院办公厅关于部分节假日安排的通知), and what
happens when the notice for 2027 comes out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase
from app.jobs.schedule import JOBS
from app.models import Complaint, ComplaintClass
from app.models.complaints import ComplaintChannel, EventKind
from app.models.people import Role
from app.services import actors, calendar
from app.services.complaints import classes, deadlines, filing, handling, queries, recounting
from tests import factories as make
from tests.support import settings_for

NOTICE_2027 = "2027-01-01,休,元旦\n2027-01-02,休,元旦\n2027-01-03,班,元旦调休\n"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


def _file(session: Session, moment: str, class_code: str, *, anonymous: bool = False) -> Complaint:
    """A complaint of this class, filed at this moment."""
    category = {"hard": "complaint"}.get(class_code, class_code)
    with time_machine.travel(_at(moment), tick=False):
        by = actors.Visitor() if anonymous else make.villager(session)
        row = make.complaint(session, make.places(session).village, by=by, category=category).complaint
        if class_code == "hard":
            row.class_code = "hard"
            grade = session.get_one(ComplaintClass, "hard")
            deadlines.count(row, grade, calendar.load(session))
    return row


@pytest.mark.parametrize(
    ("filed", "class_code", "accept", "reply", "finish"),
    [
        # Spring Festival 2024: off 10 to 17 February, made up on Sundays 4 and 18.
        ("2024-02-09T17:00", "consultation", "2024-02-18", "2024-02-18T17:00", "2024-02-20"),
        ("2024-02-02T09:00", "consultation", "2024-02-04", "2024-02-04T09:00", "2024-02-06"),
        # National Day 2024: off 1 to 7 October, made up on 29 September and Saturday 12 October.
        ("2024-09-30T09:00", "request", "2024-10-08", "2024-10-08T09:00", "2024-10-12"),
        ("2024-09-28T09:00", "request", "2024-09-29", "2024-09-29T18:00", "2024-10-10"),
        # Spring Festival 2025: off 28 January to 4 February, made up on 26 January and 8 February.
        ("2025-01-27T09:00", "complaint", "2025-02-05", "2025-02-05T09:00", "2025-02-17"),
        ("2025-01-25T20:00", "request", "2025-01-26", "2025-01-26T18:00", "2025-02-07"),
        # National Day and Mid-Autumn 2025: off 1 to 8 October, made up on 28 September and 11 October.
        ("2025-09-30T09:00", "hard", "2025-10-09", "2025-10-09T09:00", "2025-10-28"),
        ("2025-10-05T09:00", "consultation", "2025-10-09", "2025-10-09T18:00", "2025-10-11"),
        # Spring Festival 2026: off 15 to 23 February, made up on Saturdays 14 and 28.
        ("2026-02-13T09:00", "hard", "2026-02-14", "2026-02-14T09:00", "2026-03-12"),
        ("2026-02-27T18:30", "request", "2026-02-28", "2026-02-28T18:00", "2026-03-05"),
        # National Day 2026: off 1 to 7 October, made up on 20 September and 10 October.
        ("2026-09-30T09:00", "complaint", "2026-10-08", "2026-10-08T09:00", "2026-10-20"),
        ("2026-10-03T10:00", "request", "2026-10-08", "2026-10-08T18:00", "2026-10-13"),
        # Twenty calendar days; a last day on which nobody works moves on.
        ("2026-09-14T09:00", "disclosure", "2026-09-15", "2026-09-15T09:00", "2026-10-08"),
        ("2025-01-10T09:00", "disclosure", "2025-01-13", "2025-01-13T09:00", "2025-02-05"),
        ("2026-11-02T09:00", "disclosure", "2026-11-03", "2026-11-03T09:00", "2026-11-23"),
        ("2026-11-02T09:00", "cadre_conduct", "2026-11-03", "2026-11-03T09:00", "2026-11-23"),
    ],
)
def test_deadlines_over_the_holidays(
    session: Session, filed: str, class_code: str, accept: str, reply: str, finish: str
) -> None:
    row = _file(session, filed, class_code)
    assert row.accept_at == clock.at(date.fromisoformat(accept) + timedelta(days=1))
    assert row.reply_at == _at(reply)
    assert row.finish_at == clock.at(date.fromisoformat(finish) + timedelta(days=1))
    assert (row.promised_on.isoformat(), row.provisional) == (finish, False)


def test_an_anonymous_one_is_counted_by_days_only(session: Session) -> None:
    early = _file(session, "2026-09-30T08:00", "request", anonymous=True)
    late = _file(session, "2026-09-30T23:00", "request", anonymous=True)
    assert early.reply_at == late.reply_at == clock.at(date(2026, 10, 9))
    assert (early.accept_at, early.finish_at) == (late.accept_at, late.finish_at)


def test_an_unknown_year_is_provisional_until_its_notice_is_entered(session: Session) -> None:
    row = _file(session, "2026-12-30T09:00", "request")
    assert (row.promised_on.isoformat(), row.provisional) == ("2027-01-07", True)
    with time_machine.travel(_at("2026-12-30T10:00"), tick=False):
        assert recounting.recount(session) == 0
        calendar.import_csv(session, acting=make.ROOT, text=NOTICE_2027)
        assert recounting.recount(session) == 1
        assert recounting.recount(session) == 0
    assert (row.promised_on.isoformat(), row.provisional) == ("2027-01-06", False)
    assert row.step_at == clock.at(date(2027, 1, 3), 8, 30)  # the ladder moves along: people work on Sunday
    seen = queries.view(session, row, inside=False).events[-1]
    assert (seen.kind, "1月7日" in seen.text, "1月6日" in seen.text) == (EventKind.NOTIFIED, True, True)


def test_counting_anew_keeps_extensions_and_moves_the_next_step(session: Session) -> None:
    with time_machine.travel(_at("2026-12-28T09:00"), tick=False):
        places = make.places(session)
        acting = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
        row = make.complaint(session, places.village).complaint
        handling.accept(session, acting=acting, complaint_id=row.id)
        handling.extend(session, acting=acting, complaint_id=row.id, reason="等材料")
        before, step = row.promised_on, row.step_at
        calendar.import_csv(session, acting=make.ROOT, text=NOTICE_2027)
        assert recounting.recount(session) == 1
    assert (row.extensions, row.extended_days) == (1, 5)
    assert row.promised_on < before
    assert row.step_at is not None
    assert step is not None
    assert step - row.step_at == before - row.promised_on


def test_what_is_answered_keeps_its_deadlines_and_another_class_is_not_undone(session: Session) -> None:
    with time_machine.travel(_at("2026-12-30T09:00"), tick=False):
        places = make.places(session)
        acting = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
        answered = make.complaint(session, places.village).complaint
        handling.accept(session, acting=acting, complaint_id=answered.id)
        handling.answer(session, acting=acting, complaint_id=answered.id, text="已修好。", keys=make.KEYS)
        calendar.import_csv(session, acting=make.ROOT, text=NOTICE_2027)
        assert recounting.recount(session) == 0
        assert answered.promised_on.isoformat() == "2027-01-07"


def test_new_terms_of_a_class_hold_for_what_comes_later(session: Session) -> None:
    first = _file(session, "2026-11-23T09:00", "complaint")
    row = session.get_one(ComplaintClass, "complaint")
    terms = classes.Terms(
        **{name: getattr(row, name) for name in classes.Terms.__annotations__} | {"finish_days": 7}
    )
    classes.change(session, acting=make.ROOT, code="complaint", terms=terms, reason="区里统一要求")
    assert recounting.recount(session) == 0
    second = _file(session, "2026-11-23T09:00", "complaint")
    assert (first.promised_on.isoformat(), second.promised_on.isoformat()) == ("2026-12-07", "2026-12-02")


def test_the_job_goes_on_until_nothing_is_left(
    borrowed: BorrowedDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recounting, "BATCH", 2)
    with time_machine.travel(_at("2026-12-30T09:00"), tick=False):
        with borrowed.transaction() as session:
            village = make.places(session).village
            for anonymous in (True, False, True, False, True):
                filing.file(
                    session,
                    acting=actors.Visitor() if anonymous else make.villager(session),
                    village=village,
                    filing=filing.Filing(
                        content="村口的路灯坏了三天。",
                        channel=ComplaintChannel.PAGE,
                        category_code="request",
                    ),
                    keys=make.KEYS,
                )
            calendar.import_csv(session, acting=make.ROOT, text=NOTICE_2027)
        (job,) = [job for job in JOBS if job.name == "complaints.recount"]
        assert job.body(borrowed, settings_for(tmp_path)) == "recounted=5"
    with borrowed.reading() as session:
        assert set(session.scalars(select(Complaint.promised_on))) == {date(2027, 1, 6)}

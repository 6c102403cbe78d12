"""Anonymous complaints: nothing joins them to a person, and the receipt alone opens them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import inspect, select

from app.core import clock, puzzles
from app.core.db import Database
from app.models import Attachment, AuditEntry, Base, Complaint, InboundKey, OutgoingMessage
from app.services.complaints import handling
from tests import factories
from tests.factories import KEYS
from tests.miniprogram_api.conftest import Json, Mini, Village, picture, problem

WORDS = "村里新修的水渠用料不对，请查一查。"


def filing(mini: Mini, village: Village, **more: Any) -> Json:
    form = mini.form()
    return {
        "village": village.code,
        "category": "public_works",
        "content": WORDS,
        "form": form,
        "proof": puzzles.solve(form),
        **more,
    }


def file(mini: Mini, village: Village, **more: Any) -> Json:
    made = mini.post("anonymous/complaints", filing(mini, village, **more))
    assert made.status_code == 201, made.text
    body: Json = made.json()
    return body


def answer(database: Database, village: Village) -> None:
    with database.transaction() as session:
        key = session.scalars(select(Complaint.id)).one()
        acting = factories.acting(session, village.liaison)
        handling.answer(session, acting=acting, complaint_id=key, text="水渠已按图返工。", keys=KEYS)


def test_the_receipt_opens_it_and_its_holder_may_add_and_rate(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    filed = file(mini, village)
    assert len(filed["receipt"].replace(" ", "")) == 16
    typed = filed["receipt"].replace(" ", "-")
    page = mini.post("anonymous/status", {"receipt": typed}).json()
    assert (page["number"], page["anonymous"], page["content"]) == (filed["number"], True, WORDS)
    added = mini.post("anonymous/additions", {"receipt": typed, "text": "西边那段也是。"}).json()
    assert added["steps"][-1]["text"] == "西边那段也是。"
    answer(borrowed, village)
    rated = mini.post(
        "anonymous/rating", {"receipt": typed, "satisfaction": "satisfied", "reason": "返工了"}
    ).json()
    assert (rated["state"], rated["ratings"][0]["satisfaction"]) == ("closed", "satisfied")


def test_a_login_that_is_sent_along_is_not_looked_at(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    phone = mini.login("wang@union-wang")
    upload = phone.upload(picture(), path="anonymous/uploads").json()["token"]
    early = phone.upload(picture()).json()["token"]
    filed = file(phone, village, uploads=[upload, early])
    assert phone.get("complaints").json()["items"] == []
    problem(phone.get(f"complaints/{filed['number']}"), 404, "complaint.not_found")
    with borrowed.reading() as session:
        row = session.scalars(select(Complaint)).one()
        assert (row.villager_id, row.anonymous) == (None, True)
        theirs = session.scalars(
            select(AuditEntry).where(AuditEntry.noun.in_(["complaint", "attachment"]))
        ).all()
        assert {(entry.actor_kind, entry.actor_id) for entry in theirs} == {("visitor", None)}
        assert all(entry.at == clock.whole_day(entry.at) for entry in theirs)


def test_every_time_of_it_is_a_whole_day(mini: Mini, borrowed: Database, village: Village) -> None:
    """Every row that filing, adding and answering with a receipt leaves behind, in every table."""
    upload = mini.upload(picture(), path="anonymous/uploads").json()["token"]
    with borrowed.reading() as session:
        before = set(_moments(session))
    typed = file(mini, village, uploads=[upload])["receipt"]
    mini.post("anonymous/additions", {"receipt": typed, "text": "西边那段也是。"})
    with borrowed.reading() as session:
        after = _moments(session)
        assert session.scalars(select(InboundKey)).all()
        assert session.scalars(select(OutgoingMessage)).all()
        assert session.scalars(select(Attachment)).all()
    fresh = {place: moment for place, moment in after.items() if place not in before}
    assert fresh
    precise = {place for place, moment in fresh.items() if moment != clock.whole_day(moment)}
    # Deadlines are ends of work days, steps of the ladder mornings of work days: neither tells when.
    assert {column for _, column, _ in precise} <= {"accept_at", "finish_at", "remind_at", "step_at"}


def _moments(session: Any) -> dict[tuple[str, str, str], Any]:
    found = {}
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        times = [column for column in table.columns if column.type.python_type.__name__ == "datetime"]
        for row in session.execute(select(table)).mappings() if times else ():
            key = str([row[column] for column in inspect(table).primary_key])
            for column in times:
                if row[column] is not None:
                    found[(table.name, column.name, key)] = row[column]
    return found


def test_wrong_and_unknown_receipts_answer_alike(mini: Mini, village: Village) -> None:
    file(mini, village)
    bodies = set()
    for typed in ("0000 0000 0000 0000", "no receipt", ""):
        answered = mini.post("anonymous/status", {"receipt": typed})
        problem(answered, 404, "receipt.not_found")
        bodies.add(answered.text)
        for step in ("additions", "rating"):
            body = {"receipt": typed, "text": "补充", "satisfaction": "partly"}
            bodies.add(mini.post(f"anonymous/{step}", body).text)
    assert len(bodies) == 1


def test_guessing_receipts_is_slowed_down(mini: Mini) -> None:
    answers = [mini.post("anonymous/status", {"receipt": f"{n:016}"}) for n in range(11)]
    assert {answer.status_code for answer in answers[:10]} == {404}
    problem(answers[10], 429, "request.too_many")
    assert int(answers[10].headers["retry-after"]) > 0


def count(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(Complaint)).all())


def test_a_form_is_good_once_and_not_at_once(mini: Mini, borrowed: Database, village: Village) -> None:
    body = filing(mini, village)
    problem(mini.post("anonymous/complaints", body | {"content": "短"}), 400, "complaint.too_short")
    first = mini.post("anonymous/complaints", body)
    again = mini.post("anonymous/complaints", body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert count(borrowed) == 1
    opened = mini.get("anonymous/form-token").json()
    hasty = opened["form"]
    assert opened["bits"] == puzzles.BITS
    problem(mini.post("anonymous/complaints", body | {"form": hasty}), 400, "form.too_fast")
    problem(mini.post("anonymous/complaints", body | {"form": "made-up"}), 400, "link.invalid")
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        problem(mini.post("anonymous/complaints", body | {"form": hasty}), 400, "link.expired")


def test_without_the_answer_to_the_puzzle_it_takes_longer_and_counts_more(
    mini: Mini, village: Village
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        form = mini.get("anonymous/form-token").json()["form"]
        body = filing(mini, village) | {"form": form, "proof": ""}
        traveller.shift(3)
        problem(mini.post("anonymous/complaints", body), 400, "form.too_fast")
        assert mini.post("anonymous/complaints", body | {"proof": puzzles.solve(form)}).status_code == 201
        traveller.shift(3)
        for _ in range(3):
            assert mini.post("anonymous/complaints", filing(mini, village, proof="")).status_code == 201
        problem(mini.post("anonymous/complaints", filing(mini, village, proof="1")), 429, "request.too_many")
        assert mini.post("anonymous/complaints", filing(mini, village)).status_code == 201


def test_filing_again_and_again_is_slowed_down(mini: Mini, village: Village) -> None:
    for _ in range(10):
        file(mini, village)
    problem(mini.post("anonymous/complaints", filing(mini, village)), 429, "request.too_many")


def test_its_pictures_open_with_the_page_alone(mini: Mini, village: Village) -> None:
    upload = mini.upload(picture(), path="anonymous/uploads").json()["token"]
    typed = file(mini, village, uploads=[upload])["receipt"]
    (shown,) = mini.post("anonymous/status", {"receipt": typed}).json()["files"]
    assert mini.get(shown["path"]).status_code == 200
    problem(mini.get(f"files/{uuid.UUID(shown['id'])}"), 404, "complaint.not_found")


def test_the_platform_is_told_nothing_of_it(mini: Mini, village: Village) -> None:
    phone = mini.login()
    mini.platform.calls.clear()
    file(phone, village)
    assert mini.platform.calls == []

"""Outbox, audit trail, calendar."""

from __future__ import annotations

import uuid

import pytest

from app.core import clock
from app.core.db import Database
from app.models import OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import MessageKind
from app.services import outbox
from tests import factories
from tests.api.conftest import Api


def message(api: Api, database: Database, who: str = "liaison", **changes: object) -> str:
    """A message to an officer about a warning."""
    with database.transaction() as session:
        key = uuid.uuid4().hex
        made = outbox.enqueue(
            session,
            kind=MessageKind.WARNING_FIRED,
            officer_id=api.world.people[who].id,
            village_id=api.world.places.village.id,
            subject_kind="warning",
            subject_id=key,
            data={"title": "合同即将到期"},
            path="/desk",
            key=key,
        )
        assert made is not None
        for name, value in changes.items():
            setattr(made, name, value)
        return str(made.id)


def bind(api: Api, database: Database, who: str) -> None:
    with database.transaction() as session:
        factories.identity(session).officer_id = api.world.people[who].id


def test_what_reaches_nobody_is_listed_as_unreached(api: Api, borrowed: Database) -> None:
    key = message(api, borrowed)
    (row,) = api.as_("inspector").get("outbox/unreached")["items"]
    assert (row["id"], row["state"], row["officer"]["name"]) == (key, "waiting", "陈liaison")
    assert row["village"]["code"] == api.world.village
    assert api.as_("other_inspector").get("outbox/unreached")["items"] == []
    api.refused("POST", f"outbox/{key}/resend", 409, "message.unreachable")


def test_a_dead_letter_is_sent_again(api: Api, borrowed: Database) -> None:
    bind(api, borrowed, "liaison")
    key = message(api, borrowed, state=WorkState.FAILED, error_code="platform.failed", attempts=8)
    (row,) = api.get("outbox", state="failed", kind="warning_fired")["items"]
    assert (row["id"], row["error_code"]) == (key, "platform.failed")
    again = api.post(f"outbox/{key}/resend")
    assert (again["state"], again["attempts"], again["error_code"]) == ("pending", 0, None)
    api.refused("POST", f"outbox/{key}/resend", 409, "message.not_resendable")
    (entry,) = api.get("audit", noun="message", noun_id=key)["items"]
    assert entry["action"] == "message.resent"


def test_who_sees_which_messages(api: Api, borrowed: Database) -> None:
    key = message(api, borrowed)
    other = message(api, borrowed, "author")
    officer = api.world.people["liaison"].id
    assert [row["id"] for row in api.get("outbox", officer=officer)["items"]] == [key]
    assert [row["id"] for row in api.as_("liaison").get("outbox")["items"]] == [key]
    assert {row["id"] for row in api.as_("inspector").get("outbox")["items"]} == {key, other}
    api.as_("author").refused("GET", f"outbox/{key}", 404, "message.not_found")
    api.as_("author").refused("POST", f"outbox/{key}/resend", 404, "message.not_found")
    assert api.as_("liaison").get(f"outbox/{key}")["kind"] == "warning_fired"


def test_messages_page_by_page(api: Api, borrowed: Database) -> None:
    keys = {message(api, borrowed) for _ in range(3)}
    first = api.get("outbox", limit=2)
    rest = api.get("outbox", limit=2, after=first["next"])
    assert {row["id"] for row in first["items"] + rest["items"]} == keys
    assert rest["next"] is None
    api.refused("GET", "outbox?after=nonsense", 400, "page.cursor_unknown")


def test_messages_to_villagers_name_nobody(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        factories.complaint(session, api.world.places.village)
        villager = session.query(OutgoingMessage).filter(OutgoingMessage.villager_id.is_not(None)).one()
    row = api.get(f"outbox/{villager.id}")
    assert row["officer"] is None
    assert str(villager.villager_id) not in str(row)


def test_the_audit_trail_by_thing_actor_and_day(api: Api) -> None:
    api.patch(f"organisations/{api.world.village}", {"households": 501})
    village = api.world.places.village.id
    today = clock.today()
    (entry,) = api.get("audit", noun="organisation", noun_id=village, actor="test", **{"from": today})[
        "items"
    ][:1]
    assert (entry["action"], entry["data"], entry["actor_kind"]) == (
        "changed",
        {"fields": ["households"]},
        "administrator",
    )
    assert api.get("audit", noun="organisation", to="2020-01-01")["items"] == []
    first = api.get("audit", limit=5)
    rest = api.get("audit", limit=5, after=first["next"])
    assert not {row["id"] for row in first["items"]} & {row["id"] for row in rest["items"]}


def test_inspectors_read_the_trail_of_their_area_and_others_none(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        key = str(factories.contract(session, api.world.places.village).id)
    assert [row["noun_id"] for row in api.as_("inspector").get("audit", noun="contract")["items"]] == [key]
    assert api.as_("other_inspector").get("audit", noun="contract")["items"] == []
    assert api.as_("inspector").get("audit", noun="session")["items"] == []
    api.as_("liaison").refused("GET", "audit", 403, "access.forbidden")


def test_the_yearly_notice_is_taken(api: Api) -> None:
    body = {"csv": "2027-02-06,班,春节调休\r\n2027-02-08,休,春节\r\n2027-02-08,休,春节"}
    assert api.post("calendar", body) == {"days": 2}
    api.post("calendar", {"csv": "2027-02-06,休"})
    days = api.as_("liaison").get("calendar", year=2027)
    assert [(row["day"], row["is_work_day"]) for row in days] == [
        ("2027-02-06", False),
        ("2027-02-08", False),
    ]
    assert api.get("calendar", year=2028) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "calendar.empty"),
        ("春节,休", "calendar.day_malformed"),
        ("2027-02-06,也许", "calendar.kind_malformed"),
        ('2027-02-06,"' + "x" * 99_000, "calendar.kind_malformed"),
    ],
)
def test_notices_that_cannot_be_read(api: Api, text: str, code: str) -> None:
    api.refused("POST", "calendar", 400, code, {"csv": text})
    api.as_("county").refused("POST", "calendar", 403, "access.forbidden", {"csv": text})

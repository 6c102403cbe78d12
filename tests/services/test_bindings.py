"""Binding officers by one-time codes, and what happens to their messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, Conflict, Forbidden, NotFound
from app.models import Binding, Officer, OutgoingMessage
from app.models.base import WorkState
from app.models.people import Role, SessionKind
from app.services import bindings, officers, outbox, sessions
from app.services.actors import Officer as ActingOfficer
from app.services.actors import Villager
from tests import factories as make


def _issue(session: Session, officer: Officer) -> str:
    return bindings.issue(session, acting=make.ROOT, officer_id=officer.id, keys=make.KEYS).scene


def _states(session: Session, officer: Officer) -> list[WorkState]:
    session.expire_all()
    query = select(OutgoingMessage.state).where(OutgoingMessage.officer_id == officer.id)
    return list(session.scalars(query))


def test_messages_wait_until_bound_and_again_after_unbinding(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village)
    make.complaint(session, places.village)
    assert _states(session, liaison) == [WorkState.WAITING]
    unreached = outbox.unreached(session, acting=make.ROOT)
    assert [message.officer_id for message in unreached] == [liaison.id]

    who = make.identity(session)
    bound = bindings.redeem(session, scene=_issue(session, liaison), identity=who, keys=make.KEYS)

    assert bound.id == liaison.id
    assert _states(session, liaison) == [WorkState.PENDING]
    bindings.unbind(session, acting=make.ROOT, officer_id=liaison.id)
    assert _states(session, liaison) == [WorkState.WAITING]
    bindings.redeem(session, scene=_issue(session, liaison), identity=make.identity(session), keys=make.KEYS)
    assert _states(session, liaison) == [WorkState.PENDING]


def test_a_code_works_once_and_not_for_two(session: Session) -> None:
    officer = make.officer(session)
    scene = _issue(session, officer)
    first, second = make.identity(session), make.identity(session)
    bindings.redeem(session, scene=scene, identity=first, keys=make.KEYS)

    bindings.redeem(session, scene=scene, identity=first, keys=make.KEYS)  # the platform's retry
    with pytest.raises(NotFound):
        bindings.redeem(session, scene=scene, identity=second, keys=make.KEYS)
    with pytest.raises(Conflict):
        bindings.redeem(session, scene=_issue(session, make.officer(session)), identity=first, keys=make.KEYS)


def test_a_code_expires_and_a_new_one_kills_the_old(session: Session) -> None:
    officer = make.officer(session)
    old = _issue(session, officer)
    new = _issue(session, officer)
    who = make.identity(session)

    with pytest.raises(Conflict):
        bindings.redeem(session, scene=old, identity=who, keys=make.KEYS)
    with time_machine.travel(clock.now() + timedelta(minutes=31)), pytest.raises(Conflict):
        bindings.redeem(session, scene=new, identity=who, keys=make.KEYS)
    assert who.officer_id is None


def test_the_scene_is_stored_as_a_digest_only(session: Session) -> None:
    officer = make.officer(session)
    scene = _issue(session, officer)
    row = session.scalars(select(Binding).where(Binding.officer_id == officer.id)).one()

    assert scene not in str(vars(row))
    assert len(scene) <= 64


def test_only_administrators_issue_and_unbind(session: Session) -> None:
    places = make.places(session)
    officer = make.officer(session, Role.LIAISON_OFFICER, places.village)
    actor = make.acting(session, officer)

    for step in (
        lambda: bindings.issue(session, acting=actor, officer_id=officer.id, keys=make.KEYS),
        lambda: bindings.unbind(session, acting=actor, officer_id=officer.id),
    ):
        with pytest.raises(Forbidden):
            step()


def test_a_page_session_follows_the_binding(session: Session) -> None:
    places = make.places(session)
    officer = make.officer(session, Role.LIAISON_OFFICER, places.village)
    who = make.identity(session)
    token = make.page_cookie(session, who)

    def actor() -> object:
        return sessions.actor(session, token=token, kind=SessionKind.PAGE, keys=make.KEYS)

    assert actor() == Villager(who.villager_id)
    bindings.redeem(session, scene=_issue(session, officer), identity=who, keys=make.KEYS)
    bound = actor()
    assert isinstance(bound, ActingOfficer)
    assert bound.officer_id == officer.id
    bindings.unbind(session, acting=make.ROOT, officer_id=officer.id)
    assert actor() == Villager(who.villager_id)


def test_wrong_passwords_and_unknown_logins_are_told_alike(session: Session) -> None:
    officer = officers.create(session, acting=make.ROOT, name="陈联络", login="chen", password=make.PASSWORD)

    def refusal(login: str, password: str) -> str:
        with pytest.raises(AppError) as caught:
            sessions.open_by_password(
                session, login=login, password=password, kind=SessionKind.TOKEN, keys=make.KEYS
            )
        return caught.value.code + caught.value.message

    assert refusal(officer.login, "wrong") == refusal("nobody", make.PASSWORD)
    opened = sessions.open_by_password(
        session, login=officer.login.upper(), password=make.PASSWORD, kind=SessionKind.TOKEN, keys=make.KEYS
    )
    assert opened.token not in str(vars(opened.session))

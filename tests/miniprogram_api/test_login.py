"""Logging in through `jscode2session`, and what is known of the villager."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.models import LoginSession, Villager, WechatIdentity
from app.services import identities
from tests.factories import KEYS, token
from tests.miniprogram_api.conftest import BASE, Mini, Village, problem
from tests.support import make_client


def test_a_code_becomes_a_token_that_the_next_call_takes(mini: Mini, session: Session) -> None:
    phone = mini.login("wang@union-wang")
    assert phone.get("me").json() == {"village": None, "follows": False, "phone_shared": False}
    identity = session.scalars(select(WechatIdentity).where(WechatIdentity.openid == "o-wang")).one()
    assert (identity.app_id, identity.unionid) == ("wxminiprogram", "union-wang")
    login = session.scalars(select(LoginSession)).one()
    assert login.session_key_sealed is not None
    assert KEYS.sealer.open(login.session_key_sealed, context=f"session:{login.id}") == "c2Vzc2lvbg=="
    assert phone.token is not None
    assert phone.token not in (login.digest, login.session_key_sealed)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("bad", 401, "login.code_invalid"),
        ("used", 401, "login.code_invalid"),
        ("fraud", 403, "login.user_refused"),
        ("busy", 503, "wechat.refused"),
    ],
)
def test_refused_logins_say_what_to_do(mini: Mini, code: str, status: int, error: str) -> None:
    body = problem(mini.post("login", {"code": code}), status, error)
    assert code not in str(body)


def test_without_a_configured_account_the_page_is_still_there(borrowed: Database) -> None:
    with make_client(borrowed, miniprogram_app_id="", miniprogram_app_secret="") as http:
        answer = http.post(f"{BASE}/login", json={"code": "wang"})
        problem(answer, 503, "wechat.not_configured")
        assert http.get(f"{BASE}/villages").json() == {"towns": []}
        assert http.get(f"{BASE}/subscriptions/templates").json() == []


def test_the_same_person_in_both_apps_is_one_villager(mini: Mini, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        official = identities.identify(session, app_id="wxofficial", openid="oa", unionid="union-wang")
        identities.followed(session, official)
    assert mini.login("wang@union-wang").get("me").json()["follows"] is True


def test_without_a_token_or_with_a_dead_one_nobody_is_logged_in(mini: Mini) -> None:
    problem(mini.get("me"), 401, "login.required")
    phone = mini.login()
    with time_machine.travel(clock.now() + timedelta(days=31)):
        problem(phone.get("me"), 401, "login.required")
    assert phone.post("logout").status_code == 204
    problem(phone.get("me"), 401, "login.required")
    assert phone.post("logout").status_code == 204


def test_a_token_of_another_kind_opens_nothing(mini: Mini, session: Session) -> None:
    mini.token = token(session)
    problem(mini.get("me"), 401, "login.required")


def test_the_village_scanned_last_is_remembered(mini: Mini, village: Village) -> None:
    phone = mini.login()
    assert phone.get(f"villages/{village.code}").status_code == 200
    assert phone.get("me").json()["village"] is None
    phone.get(f"villages/{village.code}", scene=village.code)
    expected = {"code": village.code, "name": "东联村", "town": "益农镇"}
    assert phone.get("me").json()["village"] == expected


def test_a_phone_number_is_kept_sealed_and_shown_masked(mini: Mini, session: Session) -> None:
    phone = mini.login()
    assert phone.post("phone", {"code": "phone-code"}).json() == {"phone": "138****5678"}
    assert mini.platform.asked("/wxa/business/getuserphonenumber") == [
        {"code": "phone-code", "openid": "o-wang"}
    ]
    villager = session.scalars(select(Villager)).one()
    assert villager.phone_sealed is not None
    assert KEYS.sealer.open(villager.phone_sealed, context=f"villager:{villager.id}") == "13800005678"
    assert phone.get("me").json()["phone_shared"] is True


def test_a_wrong_phone_code_says_so(mini: Mini) -> None:
    problem(mini.login().post("phone", {"code": "old"}), 400, "phone.code_invalid")
    problem(mini.post("phone", {"code": "phone-code"}), 401, "login.required")

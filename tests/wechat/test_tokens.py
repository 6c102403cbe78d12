"""Shared tokens: one refresh for many, renewal in normal mode, forced ones only within their limits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from app.core.db import Database
from app.models import AccessToken
from app.wechat.accounts import Account
from app.wechat.errors import ApiRefused, Busy
from app.wechat.tokens import DatabaseTokens
from tests.sandbox.support import Sandbox, config_for, running
from tests.wechat.platform import TOKEN, Platform, platform


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(config_for("")) as client:
        yield client


@pytest.fixture
def here(sandbox: Sandbox, database: Database, tmp_path: Path) -> Iterator[Platform]:
    with platform(sandbox, database, tmp_path) as found:
        yield found


def account(here: Platform) -> Account:
    return here.clients.accounts.official


def as_another_process(here: Platform) -> str:
    """The token as somebody gets it who remembers nothing."""
    with closing(DatabaseTokens(here.database, here.settings)) as tokens:
        return tokens.get(account(here))


def test_one_call_serves_everybody(here: Platform) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        processes = [
            stack.enter_context(closing(DatabaseTokens(here.database, here.settings))) for _ in range(3)
        ]
        values = set(pool.map(lambda n: processes[n % 3].get(account(here)), range(12)))
    assert len(values) == 1
    assert len(here.calls(TOKEN)) == 1


def test_accounts_have_tokens_of_their_own(here: Platform) -> None:
    tokens = here.clients.tokens
    assert tokens.get(account(here)) != tokens.get(here.clients.accounts.miniprogram)


def test_the_value_is_sealed_and_readable_by_another_process(here: Platform) -> None:
    value = here.clients.tokens.get(account(here))
    with here.database.reading() as session:
        row = session.scalars(select(AccessToken)).one()
        assert row.sealed is not None
        assert value not in row.sealed
        assert row.lease_owner is None
    assert as_another_process(here) == value
    assert len(here.calls(TOKEN)) == 1


def test_refreshed_before_it_runs_out(here: Platform) -> None:
    tokens = here.clients.tokens
    first = tokens.get(account(here))
    here.sandbox.control("clock", advance_seconds=7200 - 200)
    with here.database.transaction() as session:
        session.execute(text("UPDATE access_token SET expires_at = expires_at - interval '7000 seconds'"))
    assert tokens.get(account(here)) == first, "remembered for half a minute"
    assert as_another_process(here) != first


def test_while_one_refreshes_the_others_use_the_old_one(here: Platform) -> None:
    tokens = here.clients.tokens
    first = tokens.get(account(here))
    with here.database.transaction() as session:
        session.execute(
            text(
                "UPDATE access_token SET expires_at = clock_timestamp() + interval '100 seconds',"
                " lease_owner = 'another', lease_until = clock_timestamp() + interval '1 minute'"
            )
        )
    assert as_another_process(here) == first
    assert len(here.calls(TOKEN)) == 1


def test_a_failing_refresh_is_no_failure_while_the_old_one_is_good(here: Platform) -> None:
    tokens = here.clients.tokens
    first = tokens.get(account(here))
    with here.database.transaction() as session:
        session.execute(
            text("UPDATE access_token SET expires_at = clock_timestamp() + interval '100 seconds'")
        )
    here.sandbox.control("fail", path=TOKEN, errcode=-1)
    assert as_another_process(here) == first
    assert len(here.calls(TOKEN)) == 2


def test_without_any_the_refusal_is_raised_and_the_lease_is_free_again(here: Platform) -> None:
    here.sandbox.control("fail", path=TOKEN, errcode=40164)
    with pytest.raises(ApiRefused) as caught:
        here.clients.tokens.get(account(here))
    assert caught.value.errcode == 40164
    assert here.clients.tokens.get(account(here))


def test_a_revoked_token_is_renewed_once_for_all(here: Platform) -> None:
    client = here.clients.official
    assert client is not None
    first = here.clients.tokens.get(account(here))
    here.sandbox.control("tokens", how="revoke")
    assert client.callback_ips() is not None
    second = here.clients.tokens.get(account(here))
    assert second != first
    assert here.clients.tokens.renew(account(here), rejected=first) == second
    assert [call["body"]["force_refresh"] for call in here.calls(TOKEN)] == [False, False]


def test_forced_only_when_normal_mode_returns_the_rejected_one(here: Platform) -> None:
    tokens = here.clients.tokens
    first = tokens.get(account(here))
    second = tokens.renew(account(here), rejected=first)
    assert second != first
    assert [call["body"]["force_refresh"] for call in here.calls(TOKEN)] == [False, False, True]
    with here.database.reading() as session:
        assert session.scalars(select(AccessToken.forced_count)).one() == 1


def test_never_forced_twice_within_thirty_seconds(here: Platform) -> None:
    tokens = here.clients.tokens
    second = tokens.renew(account(here), rejected=tokens.get(account(here)))
    with pytest.raises(Busy):
        tokens.renew(account(here), rejected=second)
    assert [call["body"]["force_refresh"] for call in here.calls(TOKEN)].count(True) == 1


@pytest.mark.parametrize(("hours", "forced"), [(1, False), (25, True)])
def test_twenty_forced_a_day(here: Platform, hours: int, forced: bool) -> None:
    tokens = here.clients.tokens
    first = tokens.get(account(here))
    with here.database.transaction() as session:
        before = text(f"clock_timestamp() - interval '{hours} hours'")
        session.execute(update(AccessToken).values(forced_count=20, forced_on=before))
    if forced:
        assert tokens.renew(account(here), rejected=first) != first
    else:
        with pytest.raises(Busy):
            tokens.renew(account(here), rejected=first)


def test_the_ticket_for_pages_is_shared_too(here: Platform) -> None:
    client = here.clients.official
    assert client is not None
    first = here.clients.tokens.ticket(account(here), client)
    assert here.clients.tokens.ticket(account(here), client) == first
    assert len(here.calls("/cgi-bin/ticket/getticket")) == 1

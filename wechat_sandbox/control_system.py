"""The part of the control API that is about the sandbox itself: failures, clock, log, accounts."""

from typing import Any

from fastapi import FastAPI

from wechat_sandbox import control_models as m
from wechat_sandbox.actions import Phone
from wechat_sandbox.records import FailRule
from wechat_sandbox.state import Account, Missing, World


def add_system_routes(app: FastAPI, world: World, phone: Phone) -> None:
    """Add the routes to the control application."""
    _add_time(app, world)
    _add_failures(app, world)
    _add_accounts(app, world, phone)
    _add_overview(app, world)


def clock_answer(world: World) -> m.ClockAnswer:
    """The clock as the API shows it."""
    clock = world.clock
    return m.ClockAnswer(
        now=clock.now(), iso=clock.iso(), offset_seconds=clock.offset, pending_timers=clock.pending
    )


def _add_time(app: FastAPI, world: World) -> None:
    @app.get("/clock")
    async def read_clock() -> m.ClockAnswer:
        """The sandbox's time: real time plus what was advanced."""
        return clock_answer(world)

    @app.post("/clock")
    async def advance_clock(body: m.ClockBody) -> m.ClockAnswer:
        """Advance the clock; retries and delayed events that fall due are over when this answers."""
        await world.clock.advance(body.advance_seconds)
        return clock_answer(world)

    @app.post("/settle")
    async def settle() -> m.ClockAnswer:
        """Wait until every delivery that was started is over (finish events come beside the answer)."""
        await world.clock.settle()
        return clock_answer(world)

    @app.get("/log")
    async def read_log(since: int = 0, kind: str | None = None, persona: str | None = None) -> m.LogAnswer:
        """Calls (`call`), deliveries (`callback`) and chat lines (`chat`) after number `since`."""
        return m.LogAnswer(seq=world.log.seq, entries=world.log.read(since, kind, persona))

    @app.post("/reset")
    async def reset() -> dict[str, bool]:
        """Back to the configuration: personas, codes, chats, tokens and clock."""
        await world.clock.settle()
        world.reset()
        return {"ok": True}


def _add_failures(app: FastAPI, world: World) -> None:
    @app.post("/fail")
    async def fail(body: m.FailBody) -> FailRule:
        """Make the next calls of a path go wrong; rules of one path are used up in order."""
        rule = FailRule.model_validate(body.model_dump())
        world.fails.append(rule)
        return rule

    @app.get("/fail")
    async def failures() -> list[FailRule]:
        """Rules that are still waiting."""
        return world.fails

    @app.delete("/fail")
    async def forget_failures() -> dict[str, bool]:
        """Let everything go well again."""
        world.fails.clear()
        return {"ok": True}

    @app.post("/quota")
    async def quota(body: m.QuotaBody) -> dict[str, bool]:
        """Set the limits of a path; the calls made so far count."""
        limits = world.config.limits
        if body.daily is not None:
            limits.daily[body.path] = body.daily
        if body.per_minute is not None:
            limits.per_minute[body.path] = body.per_minute
        return {"ok": True}


def _account(world: World, app_id: str | None) -> Account:
    if app_id is None:
        return world.account("official")
    if app_id not in world.accounts:
        raise Missing(f"配置里没有这个账号：{app_id}")
    return world.accounts[app_id]


def _add_accounts(app: FastAPI, world: World, phone: Phone) -> None:
    @app.post("/account")
    async def change_account(body: m.AccountBody) -> dict[str, Any]:
        """Change where and how an account's callbacks go."""
        config = _account(world, body.app_id).config
        for name, value in body.model_dump(exclude={"app_id"}, exclude_none=True).items():
            setattr(config, name, value)
        return config.model_dump(exclude={"app_secret", "token", "aes_key"})

    @app.post("/verify")
    async def verify(body: m.AppIdBody) -> dict[str, Any]:
        """Verify an account's callback address, as the console does when it is saved."""
        return await phone.pusher.verify(_account(world, body.app_id), "4375120948345356249")

    @app.post("/tokens")
    async def spoil_tokens(body: m.TokensBody) -> dict[str, int]:
        """Revoke or run out the account's access tokens."""
        account = _account(world, body.app_id)
        count = len(account.tokens)
        if body.how == "revoke":
            account.tokens.clear()
        for token in account.tokens:
            token.expires_at = min(token.expires_at, world.clock.now())
        return {"tokens": count}


def _add_overview(app: FastAPI, world: World) -> None:
    @app.get("/templates")
    async def templates() -> dict[str, Any]:
        """All templates by account, to see ids and keyword numbers."""
        return {
            account.app_id: {
                "template": [item.model_dump() for item in account.templates],
                "subscribe": [item.model_dump() for item in account.subscribe_templates],
            }
            for account in world.accounts.values()
        }

    @app.get("/codes")
    async def codes() -> dict[str, Any]:
        """All codes that the account made: tickets and Mini Program codes."""
        return {
            "tickets": [item.model_dump() for item in world.tickets.values()],
            "wxacodes": [item.model_dump() for item in world.wxacodes.values()],
        }

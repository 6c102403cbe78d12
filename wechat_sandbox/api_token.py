"""Access tokens (接口调用凭据): both kinds, their overlap and the limits of forced refresh."""

import secrets

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import Answer, Call, Registry
from wechat_sandbox.state import Account, Token, World

registry = Registry()

OVERLAP_SECONDS = 300.0
FORCED_PER_DAY = 20
FORCED_APART_SECONDS = 30.0


def issue(world: World, account: Account, kind: str) -> Token:
    """A new token; the older ones of its kind work for at most five more minutes."""
    now = world.clock.now()
    account.tokens = [token for token in account.tokens if token.expires_at > now - 24 * 3600]
    for token in account.tokens:
        if token.kind == kind:
            token.expires_at = min(token.expires_at, now + OVERLAP_SECONDS)
    token = Token(
        value=f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}",
        kind="stable" if kind == "stable" else "cgi",
        expires_at=now + world.config.limits.token_seconds,
    )
    account.tokens.append(token)
    return token


def _answer(world: World, token: Token) -> Answer:
    return {"access_token": token.value, "expires_in": int(token.expires_at - world.clock.now() + 0.5)}


@registry.get("/cgi-bin/token", token=False, daily=2_000)
def token(call: Call) -> Answer:
    """Every call gives a new token (获取接口调用凭据)."""
    if call.query.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    account = call.by_secret(call.query.get("appid", ""), call.query.get("secret", ""))
    call.check_ip(account)
    return _answer(call.world, issue(call.world, account, "cgi"))


@registry.post("/cgi-bin/stable_token", token=False, daily=500_000, per_minute=10_000)
def stable_token(call: Call) -> Answer:
    """The same token until its last five minutes; `force_refresh` kills it (获取稳定版接口调用凭据)."""
    if call.body.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    account = call.by_secret(str(call.body.get("appid", "")), str(call.body.get("secret", "")))
    call.check_ip(account)
    world = call.world
    current = _newest_stable(world, account)
    if call.body.get("force_refresh") is True and _may_force(world, account):
        account.forced.append(world.clock.now())
        return _answer(world, _forced(world, account, current))
    if current is None or current.expires_at - world.clock.now() < OVERLAP_SECONDS:
        current = issue(world, account, "stable")
    return _answer(world, current)


def _newest_stable(world: World, account: Account) -> Token | None:
    alive = [t for t in account.tokens if t.kind == "stable" and t.expires_at > world.clock.now()]
    return alive[-1] if alive else None


def _may_force(world: World, account: Account) -> bool:
    """Too soon after the last forced call: no refresh, the same token again.

    Raises:
        PlatformError: 45009 after 20 forced calls within a day.
    """
    now = world.clock.now()
    account.forced = [at for at in account.forced if at > now - 24 * 3600]
    if account.forced and now - account.forced[-1] < FORCED_APART_SECONDS:
        return False
    if len(account.forced) >= FORCED_PER_DAY:
        raise PlatformError(45009)
    return True


def _forced(world: World, account: Account, current: Token | None) -> Token:
    """A new token; the last one keeps its overlap, the ones before die at once.

    So a leaked token is dead after the second forced call.
    """
    for old in account.tokens:
        if old.kind == "stable" and old is not current:
            old.expires_at = min(old.expires_at, world.clock.now())
    account.tokens = [t for t in account.tokens if t.kind != "stable" or t is current]
    return issue(world, account, "stable")

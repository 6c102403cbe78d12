"""Operations (接口管理): addresses, quotas and their reset."""

from collections.abc import Sequence

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Endpoint, Registry, daily_limit
from wechat_sandbox.state import Account

ADDRESSES = ["127.0.0.1", "101.226.103.0/25"]
CLEARS_PER_MONTH = 10
UNLIMITED = 10_000_000


def registry(endpoints: Sequence[Endpoint]) -> Registry:
    """The endpoints; quotas are told for `endpoints`."""
    registry = Registry()

    @registry.get("/cgi-bin/getcallbackip")
    def callback_addresses(_: Call) -> Answer:
        return {"ip_list": ADDRESSES}

    @registry.get("/cgi-bin/get_api_domain_ip")
    def api_addresses(_: Call) -> Answer:
        return {"ip_list": ADDRESSES}

    @registry.post("/cgi-bin/clear_quota")
    def clear(call: Call) -> Answer:
        if call.body.get("appid") != call.account.app_id:
            raise PlatformError(40013)
        _clear(call, call.account)
        return OK

    @registry.post("/cgi-bin/clear_quota/v2", token=False, body="none")
    def clear_by_secret(call: Call) -> Answer:
        _clear(call, call.by_secret(call.query.get("appid", ""), call.query.get("appsecret", "")))
        return OK

    @registry.post("/cgi-bin/openapi/quota/get")
    def quota(call: Call) -> Answer:
        path = str(call.body.get("cgi_path") or "")
        if path.startswith("/sns/"):
            raise PlatformError(76022)
        found = next((item for item in endpoints if item.path == path), None)
        if found is None:
            raise PlatformError(76021)
        limit = daily_limit(call.world, found) or UNLIMITED
        used = call.account.used.get((path, call.world.clock.day()), 0)
        answer = {**OK, "quota": {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}}
        if found.per_minute:
            answer["rate_limit"] = {"call_count": found.per_minute, "refresh_second": 60}
        return answer

    return registry


def _clear(call: Call, account: Account) -> None:
    """Start the day's counters again, ten times a month.

    Raises:
        PlatformError: 48006.
    """
    month = call.world.clock.day()[:7]
    if account.clears.get(month, 0) >= CLEARS_PER_MONTH:
        raise PlatformError(48006)
    account.clears[month] = account.clears.get(month, 0) + 1
    account.used.clear()

"""Callback deliveries: five seconds, retries on the sandbox's clock, replies into the chat.

Rules: WeChat's pages "消息推送" and "被动回复用户消息": no valid answer within five seconds is retried
with the same content; after the last failure the person sees a fault notice.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from wechat_sandbox import crypto, envelope, replies
from wechat_sandbox.records import ChatMessage, Contact, FailRule, Json
from wechat_sandbox.state import Account, World

FAULT_TEXT = "该公众号提供的服务出现故障，请稍后再试"


@dataclass
class Push:
    """One message or event on its way to the account's server.

    `interactive`: the person waits for an answer, so a reply is shown, and so is a fault.
    """

    account: Account
    contact: Contact
    fields: Json
    interactive: bool = True
    sender: str = ""
    attempts: int = 0
    created: int = 0
    fault_shown: bool = False


@dataclass
class Outcome:
    """What one delivery attempt came to."""

    delivered: bool
    replies: list[ChatMessage] = field(default_factory=list)
    reason: str = ""
    status: int | None = None


class Pusher:
    """Delivers pushes in order per person."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client: httpx.AsyncClient | None = None
        self._locks: dict[str, asyncio.Lock] = {}

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @property
    def client(self) -> httpx.AsyncClient:
        """The connection pool, opened at first use."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._world.config.limits.callback_timeout_seconds, trust_env=False
            )
        return self._client

    def start(self, push: Push) -> None:
        """Deliver without waiting."""
        self._world.clock.spawn(lambda: self.deliver(push))

    async def deliver(self, push: Push) -> Outcome:
        """One attempt; when it fails, the next one is put on the clock."""
        lock = self._locks.setdefault(push.contact.persona_id, asyncio.Lock())
        async with lock:
            push.attempts += 1
            push.created = push.created or int(self._world.clock.now())
            if not push.account.config.callback_url:
                return Outcome(delivered=False, reason="no callback_url")
            outcome = await self._attempt(push)
        self._after(push, outcome)
        return outcome

    def _after(self, push: Push, outcome: Outcome) -> None:
        if outcome.delivered:
            return
        limits = self._world.config.limits
        last = push.attempts >= limits.callback_attempts
        invalid = outcome.status == 200
        if push.interactive and not push.fault_shown and (last or invalid):
            push.fault_shown = True
            outcome.replies.append(self._world.chat(push.contact, "system", "fault", text=FAULT_TEXT))
        if not last:
            self._world.clock.call_later(limits.callback_retry_seconds, lambda: self.deliver(push))

    def message(self, push: Push) -> Json:
        """The fields as every attempt sends them."""
        sender = push.sender or push.contact.openid
        head: Json = {
            "ToUserName": push.account.config.original_id,
            "FromUserName": sender,
            "CreateTime": push.created,
        }
        if "MsgType" not in push.fields:
            head["MsgType"] = "event"
        return {**head, **push.fields}

    async def _attempt(self, push: Push) -> Outcome:
        world, config = self._world, push.account.config
        rule = world.take_fail("callback", push.contact.openid)
        content = self.message(push)
        entry = world.log.add(
            "callback",
            world.personas[push.contact.persona_id].name,
            app_id=config.app_id,
            url=config.callback_url,
            attempt=push.attempts,
            content=content,
            status=None,
            ms=None,
            reply=None,
            delivered=False,
            reason="",
        )
        started = time.monotonic()
        outcome = await self._send(push, content, rule, entry)
        entry.update(
            status=outcome.status,
            ms=round((time.monotonic() - started) * 1000, 1),
            delivered=outcome.delivered,
            reason=outcome.reason,
        )
        return outcome

    async def _send(self, push: Push, content: Json, rule: FailRule | None, entry: Json) -> Outcome:
        limit = self._world.config.limits.callback_timeout_seconds
        if rule and rule.latency_seconds:
            await asyncio.sleep(rule.latency_seconds)
        if rule and rule.effect is False:
            return Outcome(delivered=False, reason="not sent (fail rule)", status=rule.http_status)
        try:
            async with asyncio.timeout(limit):
                if rule and rule.duplicate:
                    await self._post(push, content)
                response = await self._post(push, content)
        except TimeoutError:
            return Outcome(delivered=False, reason=f"no answer within {limit:g} s")
        except httpx.HTTPError as error:
            return Outcome(delivered=False, reason=f"{type(error).__name__}: {error}")
        if rule and (rule.timeout or rule.http_status):
            return Outcome(delivered=False, reason="answer ignored (fail rule)", status=rule.http_status)
        return self._read(push, response, entry)

    async def _post(self, push: Push, content: Json) -> httpx.Response:
        config = push.account.config
        query, body = envelope.request(config, content, push.contact.openid, int(self._world.clock.now()))
        form = "text/xml" if config.format == "xml" else "application/json"
        url = httpx.URL(config.callback_url).copy_merge_params(query)
        return await self.client.post(url, content=body, headers={"content-type": form})

    def _read(self, push: Push, response: httpx.Response, entry: Json) -> Outcome:
        if response.status_code != 200:
            return Outcome(
                delivered=False, reason=f"HTTP {response.status_code}", status=response.status_code
            )
        try:
            fields = envelope.open_reply(push.account.config, response.content)
            entry["reply"] = fields or response.text
            shown = self._show(push, fields) if fields is not None else None
        except envelope.BadReply as error:
            entry["reply"] = response.text[:2000]
            return Outcome(delivered=False, reason=f"invalid reply: {error}", status=200)
        return Outcome(delivered=True, replies=[shown] if shown else [], status=200)

    def _show(self, push: Push, fields: Json) -> ChatMessage | None:
        if not push.interactive:
            replies.check_header(push.account, push.contact, fields)
            return None
        message = push.fields.get("MsgType", "event") != "event"
        return replies.show(self._world, push.account, push.contact, fields, message=message)

    async def verify(self, account: Account, echo: str) -> dict[str, Any]:
        """Address verification (GET with `echostr`): what the console does when an address is saved."""
        config = account.config
        timestamp, nonce = str(int(self._world.clock.now())), "150015001"
        query = {
            "signature": crypto.sign(config.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        try:
            response = await self.client.get(httpx.URL(config.callback_url).copy_merge_params(query))
        except httpx.HTTPError as error:
            return {"ok": False, "status": None, "body": str(error)}
        good = response.status_code == 200 and response.text == echo
        return {"ok": good, "status": response.status_code, "body": response.text[:500]}

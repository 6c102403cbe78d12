"""What every action of a person has in common: results, refusals, the push to the account's server."""

from dataclasses import dataclass, field

from wechat_sandbox.push import Push, Pusher
from wechat_sandbox.records import ChatMessage, Contact, Json, Persona
from wechat_sandbox.state import Account, World

WINDOW_EVENTS = {"CLICK", "scancode_push", "scancode_waitmsg", "subscribe", "SCAN"}


class Refused(Exception):
    """The phone itself says no (an expired code, a dead link); code for programs, text for people."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass
class Result:
    """What came of an action."""

    delivered: bool = False
    replies: list[ChatMessage] = field(default_factory=list)
    log_seq: int = 0
    open: str | None = None
    miniprogram: dict[str, str] | None = None
    reason: str = ""


class Handset:
    """The phones of one world: what all kinds of actions need."""

    def __init__(self, world: World, pusher: Pusher) -> None:
        self.world = world
        self.pusher = pusher

    async def _push(
        self, account: Account, contact: Contact, fields: Json, *, interactive: bool = True, wait: bool = True
    ) -> Result:
        event = fields.get("Event")
        if event is None:
            contact.open_window("message", self.world.clock.now())
        elif event in WINDOW_EVENTS:
            contact.open_window("event", self.world.clock.now())
        push = Push(account=account, contact=contact, fields=fields, interactive=interactive)
        if not wait:
            self.pusher.start(push)
            return Result(log_seq=self.world.log.seq)
        outcome = await self.pusher.deliver(push)
        return Result(
            delivered=outcome.delivered,
            replies=outcome.replies,
            log_seq=self.world.log.seq,
            reason=outcome.reason,
        )

    def _official(self, persona: Persona, app_id: str | None) -> tuple[Account, Contact]:
        account = self.world.account("official", app_id)
        return account, self.world.contact(account, persona)

    def _message_id(self) -> int:
        return next(self.world.message_ids)

"""The world of one sandbox: accounts, people, codes, chats.

Everything lives in one event loop and no function here awaits, so each change is atomic.
"""

import base64
import hashlib
import itertools
import secrets
from dataclasses import dataclass, field
from typing import Literal

from wechat_sandbox import template_library as templates
from wechat_sandbox.clock import Clock
from wechat_sandbox.config import AccountConfig, SandboxConfig
from wechat_sandbox.log import Log
from wechat_sandbox.records import (
    ChatMessage,
    Contact,
    FailRule,
    Json,
    Media,
    OneTimeCode,
    Persona,
    Template,
    Ticket,
    WxaCode,
)

CODE_SECONDS = 300.0
MEDIA_SECONDS = 3 * 24 * 3600.0
FIRST_MESSAGE_ID = 24_680_135_791_113_577
"""Message ids start above 2**53, as the platform's do: a JavaScript number cannot hold them."""


class Missing(LookupError):
    """The control API named something that is not there; the text is for people."""


@dataclass
class Token:
    """An access token (`kind` cgi or stable) and when it stops working."""

    value: str
    kind: Literal["cgi", "stable"]
    expires_at: float


@dataclass
class Account:
    """An account at run time."""

    config: AccountConfig
    templates: list[Template]
    subscribe_templates: list[Template]
    tokens: list[Token] = field(default_factory=list)
    forced: list[float] = field(default_factory=list)
    menu: Json | None = None
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    minutes: dict[tuple[str, int], int] = field(default_factory=dict)
    clears: dict[str, int] = field(default_factory=dict)
    dedupe: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    permanent: dict[tuple[str, str], Ticket] = field(default_factory=dict)
    js_ticket: tuple[str, float] | None = None
    page_tokens: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    @property
    def app_id(self) -> str:
        """The account's app id."""
        return self.config.app_id


def _digest(*parts: str) -> str:
    data = hashlib.sha256(":".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def new_account(config: AccountConfig) -> Account:
    """An account with its templates, nothing used yet."""
    library = templates.TEMPLATE_LIBRARY if config.kind == "official" else ()
    seed, app_id = config.template_seed, config.app_id
    return Account(
        config=config,
        templates=[templates.build(app_id, seed, title, keywords) for title, keywords in library],
        subscribe_templates=[
            templates.build(app_id, seed, title, keywords, 3 if title in config.long_term_titles else 2)
            for title, keywords in templates.SUBSCRIBE_LIBRARY
        ],
    )


class World:
    """All state of the sandbox."""

    def __init__(self, config: SandboxConfig) -> None:
        self._start = config
        self.config = config
        self.clock = Clock()
        self.log = Log(self.clock, config.limits.log_entries)
        self.base_url = config.public_url.rstrip("/")
        self.changes = 0
        self.reset()

    def reset(self) -> None:
        """Back to what the configuration says; log numbers go on growing."""
        self.config = self._start.model_copy(deep=True)
        self.clock.clear()
        self.log.clear()
        self.accounts = {item.app_id: new_account(item) for item in self.config.accounts}
        self.personas: dict[str, Persona] = {}
        self.contacts: dict[str, Contact] = {}
        self.tickets: dict[str, Ticket] = {}
        self.wxacodes: dict[str, WxaCode] = {}
        self.media: dict[str, Media] = {}
        self.codes: dict[str, OneTimeCode] = {}
        self.chats: dict[str, list[ChatMessage]] = {}
        self.fails: list[FailRule] = []
        self.jars: dict[str, dict[str, str]] = {}
        self.message_ids = itertools.count(FIRST_MESSAGE_ID + secrets.randbelow(10**9))
        self.changes += 1
        for item in self.config.personas:
            persona = self.persona(item.name, item.role)
            for account in self.accounts.values():
                if item.follows and account.config.kind == "official":
                    self.contact(account, persona).subscribed = True

    def persona(self, name: str, role: Literal["villager", "officer"] = "villager") -> Persona:
        """The person of that name; made when new. The id is the same after every restart."""
        persona_id = "p" + hashlib.sha256(name.encode()).hexdigest()[:10]
        if persona_id not in self.personas:
            self.personas[persona_id] = Persona(id=persona_id, name=name, role=role)
            self.chats[persona_id] = []
            self.changes += 1
        return self.personas[persona_id]

    def find_persona(self, name_or_id: str) -> Persona:
        """A known person by name or id.

        Raises:
            Missing: nobody of that name.
        """
        for persona in self.personas.values():
            if name_or_id in {persona.name, persona.id}:
                return persona
        raise Missing(f"没有叫「{name_or_id}」的人，请先用 /_control/personas 建立")

    def account(self, kind: Literal["official", "miniprogram"], app_id: str | None = None) -> Account:
        """The account of that app id, else the first of that kind.

        Raises:
            Missing: there is none.
        """
        for account in self.accounts.values():
            if account.config.kind == kind and app_id in {None, account.app_id}:
                return account
        raise Missing(f"配置里没有这个账号：{app_id or kind}")

    def has(self, kind: Literal["official", "miniprogram"]) -> bool:
        """Whether any account of that kind is configured."""
        return any(account.config.kind == kind for account in self.accounts.values())

    def contact(self, account: Account, persona: Persona) -> Contact:
        """How that account sees that person; openid and unionid are the same after every restart."""
        openid = "o" + _digest("openid", account.app_id, persona.id)[:27]
        if openid not in self.contacts:
            self.contacts[openid] = Contact(
                app_id=account.app_id,
                persona_id=persona.id,
                openid=openid,
                unionid="o" + _digest("unionid", persona.id)[:27],
            )
        return self.contacts[openid]

    def known(self, account: Account, openid: object) -> Contact | None:
        """The contact behind an openid of this account, if any."""
        contact = self.contacts.get(openid) if isinstance(openid, str) else None
        return contact if contact and contact.app_id == account.app_id else None

    def persona_of(self, openid: object) -> str | None:
        """The name behind any openid, for the log."""
        contact = self.contacts.get(openid) if isinstance(openid, str) else None
        return self.personas[contact.persona_id].name if contact else None

    def chat(
        self,
        contact: Contact,
        direction: Literal["sent", "received", "system"],
        type_: str,
        **content: object,
    ) -> ChatMessage:
        """Put a line on the persona's phone and into the log."""
        persona = self.personas[contact.persona_id]
        message = ChatMessage.model_validate(
            {
                "id": secrets.token_hex(6),
                "seq": 0,
                "app_id": contact.app_id,
                "account": self.accounts[contact.app_id].config.title,
                "direction": direction,
                "type": type_,
                "time": self.clock.iso(),
                "read": direction == "sent",
                **content,
            }
        )
        entry = self.log.add("chat", persona.name)
        message.seq = entry["seq"]
        entry["message"] = message.model_dump(exclude={"read"})
        self.chats[persona.id].append(message)
        self.changes += 1
        return message

    def add_media(
        self, app_id: str, type_: str, data: bytes, content_type: str, filename: str, media_id: str = ""
    ) -> Media:
        """Keep bytes as a temporary material for three days."""
        media = Media(
            media_id=media_id or secrets.token_urlsafe(48),
            app_id=app_id,
            type=type_,
            content_type=content_type,
            filename=filename,
            data=data,
            expires_at=self.clock.now() + MEDIA_SECONDS,
        )
        self.media[media.media_id] = media
        return media

    def add_code(
        self, kind: Literal["login", "phone", "oauth"], contact: Contact, scope: str = "", number: str = ""
    ) -> str:
        """A new one-time code for this contact, good for five minutes."""
        code = "0" + secrets.token_hex(15) + {"login": "l", "phone": "p", "oauth": "w"}[kind]
        self.codes[code] = OneTimeCode(
            kind=kind,
            app_id=contact.app_id,
            openid=contact.openid,
            scope=scope,
            number=number,
            expires_at=self.clock.now() + CODE_SECONDS,
        )
        return code

    def newest_ticket(self, scene: str, app_id: str | None = None) -> Ticket:
        """The ticket that was made last for a scene.

        Raises:
            Missing: no code has this scene.
        """
        found = [t for t in self.tickets.values() if t.scene == scene and app_id in {None, t.app_id}]
        if not found:
            raise Missing(f"没有场景值为「{scene}」的二维码")
        return max(found, key=lambda ticket: ticket.created_at)

    def take_fail(self, path: str, openid: str | None) -> FailRule | None:
        """The rule for this call, counted down; None when it may go well."""
        for rule in self.fails:
            if rule.path == path and rule.openid in {None, openid}:
                rule.times -= 1
                if rule.times <= 0:
                    self.fails.remove(rule)
                return rule
        return None

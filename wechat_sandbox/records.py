"""What the sandbox remembers. Plain records, so that they can be written to a file and read back."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

WINDOWS = {"message": (5, 48 * 3600.0), "event": (3, 60.0)}
"""Customer-message windows by trigger: messages allowed, seconds (客服消息下发条件)."""


class Persona(BaseModel):
    """A person with a phone."""

    id: str
    name: str
    role: Literal["villager", "officer"] = "villager"


class Window(BaseModel):
    """A customer-message window that the persona opened."""

    left: int
    until: float


class Contact(BaseModel):
    """One persona as one account sees it: openid, following, consents, windows."""

    app_id: str
    persona_id: str
    openid: str
    unionid: str
    subscribed: bool = False
    subscribed_at: int = 0
    scene: str = "ADD_SCENE_OTHERS"
    qr_scene: int = 0
    qr_scene_str: str = ""
    remark: str = ""
    grants: dict[str, int] = Field(default_factory=dict)
    long_term: list[str] = Field(default_factory=list)
    windows: dict[str, Window] = Field(default_factory=dict)
    opened_at: float | None = None
    session_key: str = ""

    def open_window(self, trigger: Literal["message", "event"], now: float) -> None:
        """The persona did something that lets the account write customer messages."""
        count, seconds = WINDOWS[trigger]
        self.windows[trigger] = Window(left=count, until=now + seconds)


class Ticket(BaseModel):
    """A QR code with a scene, permanent (`expires_at` None) or temporary."""

    app_id: str
    ticket: str
    url: str
    action: str
    scene: str
    expires_at: float | None = None
    created_at: float


class WxaCode(BaseModel):
    """A Mini Program code (小程序码); `content` stands in for the picture's dots."""

    id: str
    app_id: str
    scene: str
    page: str
    env_version: str
    content: str
    created_at: float


class TemplateField(BaseModel):
    """One keyword of a template, such as 工单编号 → character_string3."""

    label: str
    key: str

    @property
    def type(self) -> str:
        """The field type: the key without its number."""
        return self.key.rstrip("0123456789")


class Template(BaseModel):
    """A private template of an account."""

    template_id: str
    title: str
    fields: list[TemplateField]
    type: Literal[0, 2, 3] = 0

    @property
    def content(self) -> str:
        """The content in the platform's form, one line per keyword."""
        return "\n".join(f"{field.label}:{{{{{field.key}.DATA}}}}" for field in self.fields)


class ChatMessage(BaseModel):
    """One line on a persona's phone."""

    id: str
    seq: int
    app_id: str
    account: str
    direction: Literal["sent", "received", "system"]
    type: str
    text: str = ""
    title: str = ""
    fields: list[dict[str, str]] = Field(default_factory=list)
    url: str = ""
    miniprogram: dict[str, str] | None = None
    articles: list[dict[str, str]] = Field(default_factory=list)
    links: list[dict[str, str]] = Field(default_factory=list)
    media_id: str = ""
    time: str = ""
    source: str = ""
    read: bool = False


class Media(BaseModel):
    """A temporary material (临时素材): kept three days."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    media_id: str
    app_id: str
    type: str
    content_type: str
    filename: str
    data: bytes
    expires_at: float


class OneTimeCode(BaseModel):
    """A login, phone-number or page-authorisation code: five minutes, once."""

    kind: Literal["login", "phone", "oauth"]
    app_id: str
    openid: str
    scope: str = ""
    number: str = ""
    expires_at: float
    used: bool = False


class FailRule(BaseModel):
    """How the next calls of a path are to go wrong."""

    path: str
    times: int = 1
    errcode: int | None = None
    errmsg: str = ""
    http_status: int | None = None
    latency_seconds: float = 0
    timeout: bool = False
    truncate: bool = False
    duplicate: bool = False
    effect: bool | None = None
    finish_status: str | None = None
    openid: str | None = None


class ChatPage(BaseModel):
    """Chat messages of one persona."""

    persona: str
    messages: list[ChatMessage]


Json = dict[str, Any]

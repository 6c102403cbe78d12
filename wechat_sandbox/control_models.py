"""Bodies and answers of the control API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from wechat_sandbox.records import ChatMessage


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Action(_Body):
    persona: str = Field(description="name or id", examples=["王阿婆"])
    account: str | None = Field(default=None, description="app id; default: the first Official Account")
    wait: bool = Field(default=True, description="answer after this delivery attempt is over")


class PersonaBody(_Body):
    """Create a person, or get the one of that name."""

    name: str = Field(min_length=1, max_length=30, examples=["王阿婆"])
    role: Literal["villager", "officer"] = "villager"


class PersonaAnswer(BaseModel):
    """A person and the ids both platforms know her by."""

    persona: str
    id: str
    role: str
    openid: str | None = Field(description="of the first Official Account")
    mp_openid: str | None = Field(description="of the first Mini Program")
    openids: dict[str, str] = Field(description="app id → openid, for all accounts")
    unionid: str
    subscribed: bool


class ScanBody(_Action):
    """Scan a code: what it holds, or a scene (its newest ticket), or a ticket."""

    content: str | None = Field(default=None, examples=["http://weixin.qq.com/q/02AbCdEf"])
    scene: str | None = Field(default=None, examples=["330109001:board"])
    ticket: str | None = None


class SayBody(_Action):
    """Write a text in the chat."""

    text: str = Field(min_length=1, examples=["反映 路灯坏了"])


class PictureBody(_Action):
    """Send a photo; without data a generated JPEG with GPS position in its EXIF."""

    image_base64: str | None = None


class VoiceBody(_Action):
    """Send a short voice message."""


class LocationBody(_Action):
    """Send a place."""

    latitude: float = 30.1449
    longitude: float = 120.4869
    label: str = "浙江省杭州市萧山区益农镇"


class PushBody(_Action):
    """Push any message or event; the header is added unless it is among the fields."""

    fields: dict[str, Any] = Field(
        examples=[{"MsgType": "link", "Title": "标题", "Url": "https://example.org"}]
    )


class TapBody(_Action):
    """Tap a chat message (the n-th of its links) or a menu button."""

    message_id: str | None = None
    link: int = 0
    menu_key: str | None = None
    menu_name: str | None = Field(default=None, examples=["我要反映"])


class FollowBody(_Action):
    """Follow or unfollow the Official Account."""


class ConsentBody(_Action):
    """Answer the dialog of subscribe messages."""

    template_ids: list[str] = Field(default_factory=list)
    titles: list[str] = Field(default_factory=list, examples=[["工单进度提醒"]])
    accept: bool = True


class ActionAnswer(BaseModel):
    """What came of an action."""

    delivered: bool = Field(description="the account's server answered validly")
    replies: list[ChatMessage] = Field(description="what this attempt put into the chat")
    log_seq: int = Field(description="newest log entry at the end")
    open: str | None = Field(default=None, description="page that opens")
    miniprogram: dict[str, str] | None = Field(default=None, description="Mini Program that opens")
    reason: str = ""


class FailBody(_Body):
    """Make the next calls of a path go wrong.

    `errcode` and `http_status` suppress the effect of the call, `timeout` and `truncate` do not, unless
    `effect` says otherwise. Path `callback` means deliveries: there `timeout` and `http_status` deliver and
    then ignore the answer; `effect: false` does not even send; `duplicate` sends twice.
    """

    path: str = Field(examples=["/cgi-bin/message/template/send", "callback"])
    times: int = Field(default=1, ge=1)
    errcode: int | None = Field(default=None, examples=[45009])
    errmsg: str = ""
    http_status: int | None = Field(default=None, ge=100, le=599)
    latency_seconds: float = Field(default=0, ge=0, le=120)
    timeout: bool = False
    truncate: bool = False
    duplicate: bool = False
    effect: bool | None = None
    finish_status: str | None = Field(
        default=None,
        description="status of the finish event: failed:user block, failed: system failed, …; none: no event",
    )
    openid: str | None = Field(default=None, description="only calls about this person")


class ClockBody(_Body):
    """Move the sandbox's clock forward; due timers run before the answer."""

    advance_seconds: float = Field(ge=0, le=10 * 366 * 24 * 3600, examples=[5])


class ClockAnswer(BaseModel):
    """The sandbox's clock."""

    now: float
    iso: str
    offset_seconds: float
    pending_timers: int


class AccountBody(_Body):
    """Change an account while the sandbox runs."""

    app_id: str
    callback_url: str | None = None
    mode: Literal["safe", "compatible", "plain"] | None = None
    format: Literal["xml", "json"] | None = None


class AppIdBody(_Body):
    """Name an account; default: the first Official Account."""

    app_id: str | None = None


class TokensBody(AppIdBody):
    """Spoil the account's access tokens: they are revoked (40001) or run out at once (42001)."""

    how: Literal["revoke", "expire"] = "revoke"


class QuotaBody(_Body):
    """Set the daily or per-minute limit of a path."""

    path: str = Field(examples=["/cgi-bin/message/template/send"])
    daily: int | None = Field(default=None, ge=0)
    per_minute: int | None = Field(default=None, ge=0)


class LoginBody(_Body):
    """The person opens the Mini Program."""

    persona: str
    account: str | None = None


class PhoneCodeBody(LoginBody):
    """The person agrees to share the phone number."""

    number: str = "13800000000"


class WebBody(_Body):
    """Resolve a page authorisation address as the person's phone would."""

    persona: str
    url: str


class EncryptedDataBody(LoginBody):
    """Encrypt data with the person's session key, as open data of the Mini Program."""

    data: dict[str, Any] = Field(default_factory=dict)


class LogAnswer(BaseModel):
    """Log entries, oldest first; `seq` of the newest entry of all."""

    seq: int
    entries: list[dict[str, Any]]

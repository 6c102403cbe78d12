"""Errors of the WeChat side.

    AppError
    ├── CallbackRefused 403 | 400  a delivery that we do not take; the reason is for the log alone
    ├── ValueRefused          400  a value, scene or page that the platform would refuse; nothing was sent
    ├── DataRefused           400  data signed or encrypted by the platform for a page, and not genuine
    └── CallFailed            503  an outgoing call that did not do what was asked
        ├── ApiRefused             the platform answered with an error code; `action` says what to do next
        ├── Busy                   it was not done: no connection, HTTP 5xx, "system busy". Try again later
        └── OutcomeUnknown         sent, but the answer was lost: it may or may not have been done

`Action` is the class of an error code by what the caller does next. Source: the platform's list of global
return codes (全局返回码) and the tables on the pages of the single calls. Some codes mean different things on
different calls, so `classify` wants the path too.
"""

from __future__ import annotations

import enum

from app.core.errors import AppError, BadInput, Unavailable


class CallbackRefused(AppError):
    """A delivery that is not taken. Every refusal looks the same from outside except for its status:
    403 for a wrong signature, 400 for everything else. `reason` is a short word for the log alone."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__("wechat.callback_refused", "请求没有通过校验。")
        self.status = status
        self.reason = reason


class Action(enum.StrEnum):
    """What to do after an error code."""

    REFRESH_TOKEN = "refresh_token"  # refresh once, repeat once  # noqa: S105
    BACK_OFF = "back_off"  # try again later, waiting longer each time
    DAY_QUOTA = "day_quota"  # stop this call until midnight in Asia/Shanghai
    OTHER_CHANNEL = "other_channel"  # this person cannot be reached this way
    WINDOW = "window"  # wait until the person acts again, or use a template
    CONTENT = "content"  # permanent for this payload: show it to an operator
    LOGIN = "login"  # ask the person to log in again
    MEDIA = "media"  # permanent for this file
    ALARM = "alarm"  # the account needs a person: stop and raise an alarm


class ValueRefused(BadInput):
    """A value breaks a rule of the platform (400). Raised before anything is sent."""


class DataRefused(BadInput):
    """Data that should come from the platform is not genuine (400). `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__("wechat.data_refused", "微信数据校验没有通过，请重新登录后再试。")
        self.reason = reason


class CallFailed(Unavailable):
    """An outgoing call to WeChat failed (503). `path` has no query, so it never carries a secret."""

    def __init__(self, code: str, message: str, *, path: str, action: Action, **data: object) -> None:
        super().__init__(code, message, path=path, action=str(action), **data)
        self.path = path
        self.action = action


class ApiRefused(CallFailed):
    """The platform answered with `errcode`. `errmsg` is its own text with the request id (rid)."""

    def __init__(self, path: str, errcode: int, errmsg: str = "") -> None:
        action = classify(path, errcode)
        super().__init__(
            "wechat.refused", f"微信接口返回错误 {errcode}。", path=path, action=action, errcode=errcode
        )
        self.errcode = errcode
        self.errmsg = errmsg


class Busy(CallFailed):
    """The call was not carried out and may be repeated later."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("wechat.busy", "微信服务器繁忙，请稍后再试。", path=path, action=Action.BACK_OFF)
        self.reason = reason


class OutcomeUnknown(CallFailed):
    """The request left, the answer did not arrive. Repeating may do it twice; the caller decides."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            "wechat.outcome_unknown", "微信没有回应，结果未知。", path=path, action=Action.BACK_OFF
        )
        self.reason = reason


_CLASSES: dict[Action, tuple[int, ...]] = {
    Action.REFRESH_TOKEN: (40001, 40014, 42001),
    Action.BACK_OFF: (-1, 44991, 45011, 43108),
    Action.DAY_QUOTA: (45009, 40251),
    Action.OTHER_CHANNEL: (40003, 43004, 43019, 43101, 48002, 50005, 46004),
    Action.WINDOW: (45015, 45047),
    Action.CONTENT: (
        *(40033, 40035, 40037, 40097, 40129, 40169, 40249, 40250, 40252, 41030, 44002),
        *range(45002, 45009),
        *(45168, 47001, 47003, 85096, 87014),
    ),
    Action.LOGIN: (40029, 40163, 40226, 87007, 87008, 87009),
    Action.MEDIA: (40004, 40007, 45001, 46001, 87020),
    Action.ALARM: (
        *(40002, 40013, 40125, 40164, 40243, 43002, 43104, 43107, 43116, 45029),
        *range(41001, 41010),
        *(48001, 48004, 48006, 48008, 50001, 50002, 50004, 50007, 61004, 61007, 61010, 76021, 76022),
        *range(89501, 89508),
    ),
}
_ACTION_OF = {code: action for action, codes in _CLASSES.items() for code in codes}

SEC_CHECK = "/wxa/msg_sec_check"
MEDIA_CHECK = "/wxa/media_check_async"

_BY_ENDPOINT: dict[tuple[str, int], Action] = {
    # The checks know the person only while the Mini Program is in use, and only its own openids.
    (SEC_CHECK, 61010): Action.LOGIN,
    (MEDIA_CHECK, 61010): Action.LOGIN,
    (SEC_CHECK, 43104): Action.OTHER_CHANNEL,
    (MEDIA_CHECK, 43104): Action.OTHER_CHANNEL,
    # Here 40129 is a wrong scene number, which only a mistake of ours can send.
    (SEC_CHECK, 40129): Action.ALARM,
    (MEDIA_CHECK, 40129): Action.ALARM,
    # 40097 on the code page is a wrong version of the Mini Program: a setting, not a payload.
    ("/wxa/getwxacodeunlimit", 40097): Action.ALARM,
    ("/wxa/getwxacodeunlimit", 41030): Action.ALARM,
}
_TOKEN_PATHS = ("/cgi-bin/token", "/cgi-bin/stable_token")


def classify(path: str, errcode: int) -> Action:
    """What to do after `errcode` on `path`. Unknown codes are permanent for the payload: never retried,
    always shown."""
    special = _BY_ENDPOINT.get((path, errcode))
    if special is not None:
        return special
    action = _ACTION_OF.get(errcode, Action.CONTENT)
    if action is Action.REFRESH_TOKEN:
        if path in _TOKEN_PATHS:
            return Action.ALARM  # the app secret itself was refused
        if path.startswith("/sns/"):
            return Action.LOGIN  # a person's own grant has run out
    return action

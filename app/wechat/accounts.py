"""The accounts of this installation: the Official Account (服务号) and the Mini Program (小程序).

Two accounts mean two clients, two tokens and two sets of openids."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from app.core.settings import Settings


class AccountKind(enum.StrEnum):
    """Which of the platform's products an account is."""

    OFFICIAL = "official"
    MINIPROGRAM = "miniprogram"


@dataclass(frozen=True)
class Account:
    """One account at the platform. The secrets are kept out of `repr`, so that no log prints them.

    `aes_key` is the EncodingAESKey (43 characters), `token` the word typed in at the console."""

    kind: AccountKind
    app_id: str
    app_secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)

    @property
    def configured(self) -> bool:
        """Whether calls can be made for it."""
        return bool(self.app_id and self.app_secret)


@dataclass(frozen=True)
class Accounts:
    """Both accounts of an installation; one that is not configured has an empty app id."""

    official: Account
    miniprogram: Account

    def by_app_id(self, app_id: str) -> Account | None:
        """The account with `app_id`, if it is one of ours."""
        return next((a for a in (self.official, self.miniprogram) if app_id and a.app_id == app_id), None)


def accounts_from(settings: Settings) -> Accounts:
    """Both accounts as the settings name them."""
    return Accounts(
        official=Account(
            AccountKind.OFFICIAL,
            settings.wechat_app_id,
            settings.wechat_app_secret.get_secret_value(),
            settings.wechat_token.get_secret_value(),
            settings.wechat_aes_key.get_secret_value(),
        ),
        miniprogram=Account(
            AccountKind.MINIPROGRAM,
            settings.miniprogram_app_id,
            settings.miniprogram_app_secret.get_secret_value(),
            settings.miniprogram_token.get_secret_value(),
            settings.miniprogram_aes_key.get_secret_value(),
        ),
    )

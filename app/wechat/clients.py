"""Both accounts' clients with their common token source: what workers, faces and commands are given."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.db import Database
from app.core.settings import Settings
from app.wechat.accounts import Account, Accounts, accounts_from
from app.wechat.client import WeChatClient
from app.wechat.tokens import DatabaseTokens


@dataclass(frozen=True)
class Clients:
    """The client of each account, None where it is not configured. Threads may share them."""

    accounts: Accounts
    official: WeChatClient | None
    miniprogram: WeChatClient | None
    tokens: DatabaseTokens

    def by_app_id(self, app_id: str | None) -> WeChatClient | None:
        """The client of the account with this app id, if it is one of ours."""
        return next((one for one in self.configured() if one.account.app_id == app_id), None)

    def configured(self) -> tuple[WeChatClient, ...]:
        """The clients that can make calls."""
        return tuple(one for one in (self.official, self.miniprogram) if one is not None)

    def close(self) -> None:
        """Close all connections."""
        for client in self.configured():
            client.close()
        self.tokens.close()


def build_clients(database: Database, settings: Settings) -> Clients:
    """Clients for the accounts of `settings`, with tokens shared through `database`."""
    accounts = accounts_from(settings)
    tokens = DatabaseTokens(database, settings)

    def client(account: Account) -> WeChatClient | None:
        return WeChatClient(account, settings, tokens) if account.configured else None

    return Clients(accounts, client(accounts.official), client(accounts.miniprogram), tokens)

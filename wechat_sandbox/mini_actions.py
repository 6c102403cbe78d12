"""What a person does with the Mini Program and its dialogs."""

import base64
import json
import secrets

from wechat_sandbox import crypto
from wechat_sandbox.api_miniprogram import new_session_key
from wechat_sandbox.api_subscribe import answer_dialog
from wechat_sandbox.handset import Handset, Refused, Result
from wechat_sandbox.records import Json, Persona, Template
from wechat_sandbox.state import Account, Missing


class MiniActions(Handset):
    """Opening the Mini Program, sharing data with it, consenting to messages."""

    async def consent(
        self,
        persona: Persona,
        account: Account,
        chosen: list[Template],
        *,
        accept: bool,
        wait: bool = True,
    ) -> Result:
        """Answer the dialog of subscribe messages."""
        contact = self.world.contact(account, persona)
        fields = answer_dialog(account, contact, chosen, accept=accept)
        return await self._push(account, contact, fields, interactive=False, wait=wait)

    def find_templates(
        self, ids: list[str], titles: list[str], app_id: str | None
    ) -> tuple[Account, list[Template]]:
        """The account and subscribe templates that ids or titles name (Mini Program first).

        Raises:
            Missing: no account has all of them.
        """
        accounts = sorted(self.world.accounts.values(), key=lambda item: item.config.kind != "miniprogram")
        for account in accounts:
            chosen = [
                item
                for item in account.subscribe_templates
                if item.template_id in ids or item.title in titles
            ]
            if (
                app_id in {None, account.app_id}
                and chosen
                and len(chosen) == len(set(ids)) + len(set(titles))
            ):
                return account, chosen
        raise Missing("没有哪个账号有这些订阅消息模板")

    def open_miniprogram(self, persona: Persona, app_id: str | None = None) -> str:
        """Open the Mini Program: `wx.login` gives a code."""
        account = self.world.account("miniprogram", app_id)
        contact = self.world.contact(account, persona)
        contact.opened_at = self.world.clock.now()
        contact.session_key = new_session_key()
        return self.world.add_code("login", contact)

    def encrypted_data(self, persona: Persona, data: Json, app_id: str | None = None) -> dict[str, str]:
        """`encryptedData`, `iv`, `rawData` and `signature` under the person's session key.

        Raises:
            Refused: the person has not logged in.
        """
        account = self.world.account("miniprogram", app_id)
        contact = self.world.contact(account, persona)
        if not contact.session_key:
            raise Refused("no_session", "这个人还没有登录过小程序")
        watermark = {"timestamp": int(self.world.clock.now()), "appid": account.app_id}
        whole = {"openId": contact.openid, "unionId": contact.unionid, **data, "watermark": watermark}
        iv, raw = secrets.token_bytes(16), json.dumps(data, ensure_ascii=False)
        return {
            "encryptedData": crypto.encrypt_user_data(
                json.dumps(whole, ensure_ascii=False), contact.session_key, iv
            ),
            "iv": base64.b64encode(iv).decode(),
            "rawData": raw,
            "signature": crypto.sign(raw + contact.session_key),
        }

    def phone_code(self, persona: Persona, number: str, app_id: str | None = None) -> str:
        """Agree to share the phone number: a code for `getuserphonenumber`."""
        contact = self.world.contact(self.world.account("miniprogram", app_id), persona)
        return self.world.add_code("phone", contact, number=number)

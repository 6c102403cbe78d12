"""Taps on chat messages and on the menu."""

from urllib.parse import parse_qs, urlsplit

from wechat_sandbox.api_menu import leaves
from wechat_sandbox.handset import Handset, Result
from wechat_sandbox.records import ChatMessage, Contact, Json, Persona
from wechat_sandbox.state import Account, Missing

MENU_LINK = "weixin://bizmsgmenu"


class Taps(Handset):
    """Taps of the personas."""

    async def tap_message(
        self, persona: Persona, message_id: str, link: int = 0, *, wait: bool = True
    ) -> Result:
        """Tap a card or the n-th link of a text; a menu link writes its words."""
        for message in self.world.chats[persona.id]:
            if message.id == message_id:
                message.read = True
                return await self._follow_link(persona, message, link, wait=wait)
        raise Missing("这个人的手机上没有这条消息")

    async def _follow_link(self, persona: Persona, message: ChatMessage, link: int, *, wait: bool) -> Result:
        seq = self.world.log.seq
        if message.miniprogram:
            return Result(miniprogram=message.miniprogram, log_seq=seq)
        if message.url:
            return Result(open=message.url, log_seq=seq)
        if not 0 <= link < len(message.links):
            return Result(log_seq=seq)
        target = message.links[link]["url"]
        if not target.startswith(MENU_LINK):
            return Result(open=target, log_seq=seq)
        asked = parse_qs(urlsplit(target).query)
        text = asked.get("msgmenucontent", [""])[0] or message.links[link]["text"]
        account, contact = self._official(persona, message.app_id)
        self.world.chat(contact, "sent", "text", text=text)
        fields: Json = {
            "MsgType": "text",
            "Content": text,
            "MsgId": self._message_id(),
            "bizmsgmenuid": asked.get("msgmenuid", [""])[0],
        }
        return await self._push(account, contact, fields, wait=wait)

    async def tap_menu(
        self,
        persona: Persona,
        key: str | None = None,
        name: str | None = None,
        app_id: str | None = None,
        *,
        wait: bool = True,
    ) -> Result:
        """Tap a menu button, named by key or by its words."""
        account, contact = self._official(persona, app_id)
        buttons = leaves(account.menu)
        if key is not None:
            found = next((item for item in buttons if item.get("key") == key), None)
        else:
            found = next((item for item in buttons if item["name"] == name), None)
        if found is None:
            raise Missing(f"菜单里没有「{key or name}」")
        return await self._tap_button(account, contact, found, wait=wait)

    async def _tap_button(self, account: Account, contact: Contact, button: Json, *, wait: bool) -> Result:
        type_, menu_id = button["type"], (account.menu or {}).get("menuid", 0)
        if type_ == "view":
            fields = {"Event": "VIEW", "EventKey": button["url"], "MenuId": menu_id}
            result = await self._push(account, contact, fields, interactive=False, wait=wait)
            result.open = button["url"]
            return result
        if type_ == "miniprogram":
            fields = {"Event": "view_miniprogram", "EventKey": button["pagepath"], "MenuId": menu_id}
            result = await self._push(account, contact, fields, interactive=False, wait=wait)
            result.miniprogram = {"appid": button["appid"], "page": button["pagepath"]}
            return result
        event = "CLICK" if type_ == "click" else type_
        return await self._push(account, contact, {"Event": event, "EventKey": button["key"]}, wait=wait)

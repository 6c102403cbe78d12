"""What a person does with the phone: scan, write, follow. Used by the control API and the phone page."""

from urllib.parse import urlsplit

from wechat_sandbox import images
from wechat_sandbox.api_qrcode import URL_PREFIX
from wechat_sandbox.handset import Refused, Result
from wechat_sandbox.mini_actions import MiniActions
from wechat_sandbox.records import Contact, Json, Persona, Ticket
from wechat_sandbox.state import Account
from wechat_sandbox.taps import Taps

__all__ = ["Phone", "Refused", "Result"]


class Phone(Taps, MiniActions):
    """All actions of the personas of one world."""

    async def say(
        self, persona: Persona, text: str, app_id: str | None = None, *, wait: bool = True
    ) -> Result:
        """Write a text to the Official Account."""
        account, contact = self._official(persona, app_id)
        self._must_follow(contact)
        self.world.chat(contact, "sent", "text", text=text)
        fields: Json = {"MsgType": "text", "Content": text, "MsgId": self._message_id()}
        return await self._push(account, contact, fields, wait=wait)

    async def picture(
        self, persona: Persona, data: bytes | None = None, app_id: str | None = None, *, wait: bool = True
    ) -> Result:
        """Send a photo; without `data` one with camera name and GPS position in its EXIF.

        Raises:
            Refused: `bad_image`, `not_following`.
        """
        account, contact = self._official(persona, app_id)
        self._must_follow(contact)
        try:
            jpeg = images.as_jpeg(data) if data else images.photo()
        except ValueError as error:
            raise Refused("bad_image", "这个文件不是图片") from error
        media = self.world.add_media(account.app_id, "image", jpeg, "image/jpeg", "photo.jpg")
        self.world.chat(contact, "sent", "image", media_id=media.media_id)
        fields: Json = {
            "MsgType": "image",
            "PicUrl": f"{self.world.base_url}/phone/media/{media.media_id}",
            "MediaId": media.media_id,
            "MsgId": self._message_id(),
        }
        return await self._push(account, contact, fields, wait=wait)

    async def voice(self, persona: Persona, app_id: str | None = None, *, wait: bool = True) -> Result:
        """Send a short voice message (AMR)."""
        account, contact = self._official(persona, app_id)
        self._must_follow(contact)
        media = self.world.add_media(account.app_id, "voice", images.voice(), "audio/amr", "voice.amr")
        self.world.chat(contact, "sent", "voice", media_id=media.media_id)
        fields: Json = {
            "MsgType": "voice",
            "MediaId": media.media_id,
            "Format": "amr",
            "MsgId": self._message_id(),
        }
        return await self._push(account, contact, fields, wait=wait)

    async def location(
        self,
        persona: Persona,
        latitude: float,
        longitude: float,
        label: str,
        app_id: str | None = None,
        *,
        wait: bool = True,
    ) -> Result:
        """Send a place. `Location_X` is the latitude."""
        account, contact = self._official(persona, app_id)
        self._must_follow(contact)
        self.world.chat(contact, "sent", "location", text=label)
        fields: Json = {
            "MsgType": "location",
            "Location_X": latitude,
            "Location_Y": longitude,
            "Scale": 20,
            "Label": label,
            "MsgId": self._message_id(),
        }
        return await self._push(account, contact, fields, wait=wait)

    async def raw(self, persona: Persona, fields: Json, account: Account, *, wait: bool = True) -> Result:
        """Push any message or event; a message without `MsgId` gets one."""
        contact = self.world.contact(account, persona)
        if "Event" not in fields and "MsgType" not in fields:
            raise Refused("bad_fields", "fields 里要有 MsgType 或 Event")
        if "Event" not in fields:
            fields = {"MsgId": self._message_id(), **fields}
        return await self._push(account, contact, fields, wait=wait)

    def _must_follow(self, contact: Contact) -> None:
        if not contact.subscribed:
            raise Refused("not_following", "还没有关注公众号，发不了消息")

    async def follow(
        self, persona: Persona, app_id: str | None = None, ticket: Ticket | None = None, *, wait: bool = True
    ) -> Result:
        """Follow the account, found by search or by a code; following twice tells nobody."""
        account, contact = self._official(persona, app_id)
        if contact.subscribed and ticket is None:
            return Result(log_seq=self.world.log.seq)
        fields: Json = {"Event": "subscribe", "EventKey": ""}
        contact.scene = "ADD_SCENE_QR_CODE" if ticket else "ADD_SCENE_SEARCH"
        if ticket:
            fields = {"Event": "subscribe", "EventKey": f"qrscene_{ticket.scene}", "Ticket": ticket.ticket}
            contact.qr_scene = int(ticket.scene) if "STR" not in ticket.action else 0
            contact.qr_scene_str = ticket.scene if "STR" in ticket.action else ""
        contact.subscribed = True
        contact.subscribed_at = int(self.world.clock.now())
        self.world.changes += 1
        self.world.chat(contact, "system", "notice", text=f"你已关注「{account.config.title}」")
        return await self._push(account, contact, fields, wait=wait)

    async def unfollow(self, persona: Persona, app_id: str | None = None, *, wait: bool = True) -> Result:
        """Stop following: no more template messages, windows close."""
        account, contact = self._official(persona, app_id)
        if not contact.subscribed:
            return Result(log_seq=self.world.log.seq)
        contact.subscribed = False
        contact.windows.clear()
        self.world.changes += 1
        self.world.chat(contact, "system", "notice", text=f"你已取消关注「{account.config.title}」")
        fields: Json = {"Event": "unsubscribe", "EventKey": ""}
        return await self._push(account, contact, fields, interactive=False, wait=wait)

    async def scan(self, persona: Persona, content: str, *, wait: bool = True) -> Result:
        """Point the camera at a code; `content` is what the code holds.

        Raises:
            Refused: `ticket_expired`, `unknown_code`.
        """
        content = content.strip()
        if content.startswith(URL_PREFIX):
            found = next((t for t in self.world.tickets.values() if t.url == content), None)
            if found is None:
                raise Refused("unknown_code", "这个二维码不存在")
            return await self.scan_ticket(persona, found, wait=wait)
        if content.startswith("wxacode:"):
            return self._scan_wxacode(persona, content)
        if urlsplit(content).scheme in {"http", "https"}:
            return Result(open=content, log_seq=self.world.log.seq)
        raise Refused("unknown_code", "认不出这个码：既不是公众号、小程序的码，也不是网址")

    async def scan_ticket(self, persona: Persona, ticket: Ticket, *, wait: bool = True) -> Result:
        """Scan a code with a scene: followers send `SCAN`, others follow first."""
        if ticket.expires_at is not None and ticket.expires_at <= self.world.clock.now():
            raise Refused("ticket_expired", "二维码已过期")
        account, contact = self._official(persona, ticket.app_id)
        if not contact.subscribed:
            return await self.follow(persona, ticket.app_id, ticket, wait=wait)
        self.world.chat(contact, "system", "notice", text="扫描了公众号二维码")
        fields: Json = {"Event": "SCAN", "EventKey": ticket.scene, "Ticket": ticket.ticket}
        return await self._push(account, contact, fields, wait=wait)

    def _scan_wxacode(self, persona: Persona, content: str) -> Result:
        code = self.world.wxacodes.get(content.removeprefix("wxacode:"))
        if code is None:
            raise Refused("unknown_code", "这个小程序码不存在")
        self.world.contact(self.world.accounts[code.app_id], persona).opened_at = self.world.clock.now()
        target = {"appid": code.app_id, "scene": code.scene, "page": code.page}
        return Result(miniprogram=target, log_seq=self.world.log.seq)

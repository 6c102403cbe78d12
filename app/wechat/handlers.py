"""What each message or event from WeChat does. Runs inside the callback's transaction and five seconds:
everything slow (media, pushes) is left to the worker through rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError
from app.core.keys import Keys
from app.core.settings import Settings
from app.models import Complaint, Organisation, WechatIdentity
from app.models.complaints import ComplaintChannel, ComplaintState, EventKind
from app.models.disclosures import AttachmentOwner
from app.models.organisations import ScanChannel
from app.services import attachments, bindings, identities, organisations, outbox, placements
from app.services.actors import Villager
from app.services.complaints import filing, timeline
from app.services.grants import consented
from app.wechat.accounts import Account, AccountKind
from app.wechat.inbound import Inbound
from app.wechat.menus import COMPLAIN_KEY
from app.wechat.replies import IGNORED, USED_UP, Reply, Text

COMPLAIN = re.compile(r"^\s*(?:我要)?(?:反映|投诉|举报|求助)[\s:：,，]*", re.DOTALL)
ANONYMOUS = re.compile(r"匿名")
PROGRESS = re.compile(r"^\s*(?:进度|查询|查进度|我的诉求)\s*$")
MSGID = re.compile(r"[0-9]{1,19}")
LARGEST_MSGID = 2**63 - 1
PICTURES_FOLLOW = timedelta(minutes=30)
NO_VILLAGE = "请先扫一扫村里的二维码，我们才知道您是哪个村的，再发送「反映 ＋ 事情」。"

Handler = Callable[[Session, Account, Inbound], Reply | None]


@dataclass(frozen=True)
class Handlers:
    """The handlers of both accounts; called by `wechat.callback` once per delivery."""

    settings: Settings
    keys: Keys

    def __call__(self, session: Session, account: Account, inbound: Inbound) -> Reply | None:
        """Do what this delivery means; answer a Reply, None for silence, IGNORED for an unknown kind."""
        chosen = self._table(account).get(inbound.kind)
        return chosen(session, account, inbound) if chosen else IGNORED

    def _table(self, account: Account) -> dict[str, Handler]:
        consents: dict[str, Handler] = {
            "event.subscribe_msg_popup_event": self._consents,
            "event.subscribe_msg_change_event": self._consents,
        }
        if account.kind == AccountKind.MINIPROGRAM:
            return consents
        return consents | {
            "text": self._text,
            "image": self._picture,
            "voice": self._voice,
            "video": self._voice,
            "shortvideo": self._voice,
            "location": self._voice,
            "event.subscribe": self._follow,
            "event.unsubscribe": self._unfollow,
            "event.scan": self._scan,
            "event.click": self._click,
            "event.templatesendjobfinish": self._delivery_report,
        }

    # --- following and scanning -------------------------------------------------------------------

    def _follow(self, session: Session, account: Account, inbound: Inbound) -> Reply:
        identity = self._identity(session, account, inbound)
        return self._scanned(session, identity, inbound.scene) or Text(
            f"欢迎关注码上工程。{NO_VILLAGE}\n也可以直接 {self._link('/', '选择您的村')}。"
        )

    def _scan(self, session: Session, account: Account, inbound: Inbound) -> Reply:
        identity = self._identity(session, account, inbound)
        return self._scanned(session, identity, inbound.scene) or Text(
            "没有认出这个二维码，它可能已经停用。请扫村务公开栏上的二维码。"
        )

    def _unfollow(self, session: Session, account: Account, inbound: Inbound) -> None:
        identities.unfollowed(session, self._identity(session, account, inbound))

    def _scanned(self, session: Session, identity: WechatIdentity, scene: str | None) -> Reply | None:
        if scene is None:
            return None
        if bindings.is_binding_scene(scene):
            return self._bind(session, identity, scene)
        found = placements.by_scene(session, scene)
        if found is None:
            return None
        village, place = found
        placements.count_scan(
            session, village_id=village.id, place=place, channel=ScanChannel.OFFICIAL_ACCOUNT
        )
        identity.village_id = village.id
        return self._greeting(session, village)

    def _bind(self, session: Session, identity: WechatIdentity, scene: str) -> Reply:
        try:
            with session.begin_nested():
                officer = bindings.redeem(session, scene=scene, identity=identity, keys=self.keys)
        except AppError as refusal:
            return Text(refusal.message)
        return Text(
            f"绑定成功，{officer.name}。\n以后的任务会直接发到这里。\n{self._link('/desk', '打开工作台')}"
        )

    def _greeting(self, session: Session, village: Organisation) -> Reply:
        home = f"/v/{village.code}"
        return Text(
            f"您好，这里是{organisations.full_name(session, village)}。\n\n"
            f"· {self._link(home, '看村里的公开信息')}\n"
            f"· {self._link(home + '/complain', '我要反映')}，或直接回复「反映 ＋ 事情」，可再发照片\n"
            f"· {self._link('/my', '我的诉求办到哪一步了')}"
        )

    # --- talking ----------------------------------------------------------------------------------

    def _text(self, session: Session, account: Account, inbound: Inbound) -> Reply:
        identity = self._identity(session, account, inbound)
        words = inbound.text("Content").strip()
        if COMPLAIN.match(words):
            return self._complain(session, identity, COMPLAIN.sub("", words, count=1))
        if ANONYMOUS.search(words):
            return self._anonymous(session, identity)
        if PROGRESS.match(words):
            return Text(f"点这里看办理进度：{self._link('/my', '我的诉求')}")
        village = self._village(session, identity)
        if village is None:
            return Text(NO_VILLAGE)
        return self._greeting(session, village)

    def _complain(self, session: Session, identity: WechatIdentity, content: str) -> Reply:
        village = self._village(session, identity)
        if village is None:
            return Text(NO_VILLAGE)
        if not content.strip():
            return self._how_to_complain(session, identity)
        try:
            with session.begin_nested():
                filed = filing.file(
                    session,
                    acting=Villager(identity.villager_id),
                    village=village,
                    filing=filing.Filing(content=content, channel=ComplaintChannel.CHAT),
                    keys=self.keys,
                )
        except AppError as refusal:
            return Text(refusal.message)
        complaint = filed.complaint
        pictures = attachments.claim_from_chat(
            session,
            villager_id=identity.villager_id,
            owner_kind=AttachmentOwner.COMPLAINT,
            owner_id=complaint.id,
            keys=self.keys,
        )
        provisional = "（遇节假日安排公布可能调整）" if complaint.provisional else ""
        received = f"，已附上您刚发的 {pictures} 张图片" if pictures else ""
        return Text(
            f"已收到您的诉求{received}。\n编号：{complaint.number}\n"
            f"{clock.spoken_day(complaint.promised_on)}前答复您{provisional}。\n"
            "30 分钟内发来的照片会附在这件诉求上。\n"
            f"{self._link('/my/' + complaint.number, '查看办理进度')}\n\n"
            "提醒：在聊天里反映，工作人员办理时知道是您的微信提出的；"
            f"想匿名请用 {self._link(f'/v/{village.code}/complain/anonymous', '匿名反映')}。"
        )

    def _anonymous(self, session: Session, identity: WechatIdentity) -> Reply:
        village = self._village(session, identity)
        path = f"/v/{village.code}/complain/anonymous" if village else "/"
        return Text(
            "聊天里不能匿名：微信会告诉我们这条消息是谁发的。\n"
            f"要匿名，请打开 {self._link(path, '匿名反映页面')}，不用登录，凭 16 位查询码查看答复。"
        )

    def _how_to_complain(self, session: Session, identity: WechatIdentity) -> Reply:
        village = self._village(session, identity)
        if village is None:
            return Text(NO_VILLAGE)
        return Text(
            "请回复「反映 ＋ 事情」，例如：\n反映 村口路灯坏了三天\n可以再发照片。\n\n"
            f"也可以 {self._link(f'/v/{village.code}/complain', '打开页面填写')}，页面上可以匿名。"
        )

    def _picture(self, session: Session, account: Account, inbound: Inbound) -> Reply:
        identity = self._identity(session, account, inbound)
        media_id = inbound.text("MediaId")
        if not media_id:
            return Text("这张图片没有收到，请再发一次。")
        attachments.from_chat(
            session,
            app_id=account.app_id,
            media_id=media_id,
            villager_id=identity.villager_id,
            keys=self.keys,
        )
        complaint = self._recent(session, identity)
        if complaint is None:
            return Text("图片收到了。请在半小时内回复「反映 ＋ 事情」，图片会附在诉求里。")
        event = timeline.add(
            session,
            complaint,
            EventKind.ADDED,
            acting=Villager(identity.villager_id),
            who="村民",
            text="补充了图片。",
        )
        attachments.claim_from_chat(
            session,
            villager_id=identity.villager_id,
            owner_kind=AttachmentOwner.COMPLAINT_EVENT,
            owner_id=event.id,
            keys=self.keys,
        )
        return Text(f"图片已附在诉求 {complaint.number} 上。")

    def _voice(self, session: Session, account: Account, inbound: Inbound) -> Reply:
        self._identity(session, account, inbound)
        return Text("目前请用文字和照片反映：回复「反映 ＋ 事情」，再发照片。")

    def _click(self, session: Session, account: Account, inbound: Inbound) -> Reply | None:
        identity = self._identity(session, account, inbound)
        return self._how_to_complain(session, identity) if inbound.event_key == COMPLAIN_KEY else IGNORED

    # --- reports ----------------------------------------------------------------------------------

    def _delivery_report(self, session: Session, account: Account, inbound: Inbound) -> Reply | None:
        number = inbound.result_id
        if not MSGID.fullmatch(number) or int(number) > LARGEST_MSGID:
            return IGNORED
        status = inbound.text("Status")
        found = outbox.confirm(session, app_id=account.app_id, msgid=int(number), status=status)
        return USED_UP if found else None

    def _consents(self, session: Session, account: Account, inbound: Inbound) -> None:
        for item in inbound.subscribe_items:
            consented(
                session,
                app_id=account.app_id,
                openid=inbound.from_user,
                template_id=item.template_id,
                accepted=item.status == "accept",
                source=f"event:{inbound.create_time}",
            )

    # --- helpers ----------------------------------------------------------------------------------

    def _identity(self, session: Session, account: Account, inbound: Inbound) -> WechatIdentity:
        identity = identities.identify(session, app_id=account.app_id, openid=inbound.from_user)
        if not identity.subscribed and inbound.event_name != "unsubscribe":
            # Only followers can write to us or tap our menu, whatever an answer said before.
            identities.followed(session, identity)
        return identity

    def _village(self, session: Session, identity: WechatIdentity) -> Organisation | None:
        return session.get(Organisation, identity.village_id) if identity.village_id else None

    def _recent(self, session: Session, identity: WechatIdentity) -> Complaint | None:
        return session.scalar(
            select(Complaint)
            .where(
                Complaint.villager_id == identity.villager_id,
                Complaint.channel == ComplaintChannel.CHAT,
                Complaint.state != ComplaintState.CLOSED,
                Complaint.filed_at >= clock.now() - PICTURES_FOLLOW,
            )
            .order_by(Complaint.filed_at.desc())
            .limit(1)
        )

    def _link(self, path: str, words: str) -> str:
        return f'<a href="{quote(self.settings.url(path), safe=":/?=&%")}">{words}</a>'

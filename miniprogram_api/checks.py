"""The platform's check of what a villager writes under his name (内容安全), asked for at submission, because
it only answers while the Mini Program is in use. Anonymous texts are never sent to the platform."""

from __future__ import annotations

from app.core.errors import Unprocessable
from app.services import villagers
from app.services.actors import Actor
from app.web.context import Context
from app.wechat.client import Verdict
from app.wechat.errors import CallFailed

UNCHECKED = "unchecked"


def check(here: Context, acting: Actor, text: str) -> str:
    """What the platform thinks: pass, review, unknown, or unchecked when it gave no answer. To be called
    outside of any transaction.

    Only "risky" is refused (Unprocessable): nothing that is sent in here gets published, and a busy platform
    must not keep anybody from complaining. Whatever is published later needs more than this word."""
    account = here.accounts.miniprogram
    if not text.strip() or not account.configured:
        return UNCHECKED
    with here.database.reading() as session:
        openid = villagers.openid(session, acting=acting, app_id=account.app_id)
    if openid is None:
        return UNCHECKED
    try:
        verdict = here.miniprogram.msg_sec_check(text, openid)
    except CallFailed:
        return UNCHECKED
    if verdict is Verdict.RISKY:
        raise Unprocessable(
            "complaint.content_refused",
            "微信认为这段文字含有不允许发布的内容，还没有提交。请改一改再提交；您写的内容还在。",
        )
    return verdict.value

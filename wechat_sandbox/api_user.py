"""Followers and tags (用户管理). Nicknames and avatars are no longer given."""

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.records import Contact, Json

OFFICIAL = frozenset({"official"})
PAGE = 10_000
registry = Registry()


def _info(contact: Contact) -> Json:
    if not contact.subscribed:
        return {"subscribe": 0, "openid": contact.openid, "unionid": contact.unionid, "tagid_list": []}
    return {
        "subscribe": 1,
        "openid": contact.openid,
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": contact.subscribed_at,
        "unionid": contact.unionid,
        "remark": contact.remark,
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": contact.scene,
        "qr_scene": contact.qr_scene,
        "qr_scene_str": contact.qr_scene_str,
    }


@registry.get("/cgi-bin/user/info", kinds=OFFICIAL, daily=5_000_000)
def info(call: Call) -> Answer:
    """One person as the account may see them (获取用户基本信息)."""
    return _info(call.contact(call.query.get("openid")))


@registry.post("/cgi-bin/user/info/batchget", kinds=OFFICIAL)
def batch(call: Call) -> Answer:
    """Up to 100 persons at once."""
    asked = call.body.get("user_list")
    if not isinstance(asked, list) or not 1 <= len(asked) <= 100:
        raise PlatformError(40035)
    openids = [item.get("openid") if isinstance(item, dict) else None for item in asked]
    return {"user_info_list": [_info(call.contact(openid)) for openid in openids]}


@registry.get("/cgi-bin/user/get", kinds=OFFICIAL, daily=500)
def followers(call: Call) -> Answer:
    """Openids of the followers, 10,000 per page (获取关注者列表)."""
    mine = [
        contact.openid
        for contact in call.world.contacts.values()
        if contact.app_id == call.account.app_id and contact.subscribed
    ]
    after = call.query.get("next_openid", "")
    if after and after not in mine:
        raise PlatformError(40003)
    page = mine[mine.index(after) + 1 if after else 0 :][:PAGE]
    answer: Json = {"total": len(mine), "count": len(page), "next_openid": page[-1] if page else ""}
    return {**answer, "data": {"openid": page}} if page else answer


@registry.post("/cgi-bin/user/info/updateremark", kinds=OFFICIAL, daily=10_000)
def remark(call: Call) -> Answer:
    """A note of fewer than 30 characters beside a follower."""
    contact = call.contact(call.body.get("openid"))
    text = call.body.get("remark")
    if not isinstance(text, str) or len(text) >= 30:
        raise PlatformError(40035)
    contact.remark = text
    return OK

"""Customer messages (客服消息) and their windows."""

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.records import Contact, Json
from wechat_sandbox.replies import links_in

registry = Registry()

MAX_TEXT_BYTES = 2048
MENU_LINK = "weixin://bizmsgmenu?"


@registry.post("/cgi-bin/message/custom/send", daily=500_000)
def send(call: Call) -> Answer:
    """Write to a person who did something lately (发送客服消息)."""
    contact = call.contact(call.body.get("touser"))
    content = _content(call)
    _spend(contact, call.world.clock.now())
    call.world.chat(contact, "received", source="custom", **content)
    return OK


@registry.post("/cgi-bin/message/custom/typing")
def typing(call: Call) -> Answer:
    """Show that somebody types; nothing to see here."""
    call.contact(call.body.get("touser"))
    if call.body.get("command") not in {"Typing", "CancelTyping"}:
        raise PlatformError(40035)
    return OK


def _spend(contact: Contact, now: float) -> None:
    """Take one message from an open window.

    Raises:
        PlatformError: 45015 no window is open, 45047 all open ones are used up.
    """
    open_windows = [window for window in contact.windows.values() if window.until > now]
    if not open_windows:
        raise PlatformError(45015)
    usable = [window for window in open_windows if window.left > 0]
    if not usable:
        raise PlatformError(45047)
    min(usable, key=lambda window: window.until).left -= 1


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    if not isinstance(part, dict):
        raise PlatformError(47003, f"argument invalid! {name} is empty")
    return part


def _content(call: Call) -> Json:
    """What will be shown.

    Raises:
        PlatformError: 40008 unknown type, 47003 empty, 45002 too long, 40007 no such media.
    """
    body, type_ = call.body, call.body.get("msgtype")
    if type_ == "text":
        return _text(str(_part(body, "text").get("content") or ""))
    if type_ in {"image", "voice", "video"}:
        media_id = str(_part(body, str(type_)).get("media_id", ""))
        if media_id not in call.world.media:
            raise PlatformError(40007)
        return {"type_": type_, "media_id": media_id}
    if type_ == "news":
        return _news(_part(body, "news"))
    if type_ == "msgmenu":
        return _menu(_part(body, "msgmenu"))
    if type_ == "miniprogrampage":
        part = _part(body, "miniprogrampage")
        target = {"appid": str(part.get("appid", "")), "page": str(part.get("pagepath", ""))}
        return {"type_": "miniprogrampage", "title": str(part.get("title", "")), "miniprogram": target}
    if type_ == "link":
        part = _part(body, "link")
        link = {"url": str(part.get("url", "")), "text": str(part.get("title", ""))}
        return {"type_": "link", "text": link["text"], "links": [link]}
    raise PlatformError(40008)


def _text(text: str) -> Json:
    if not text.strip():
        raise PlatformError(47003, "argument invalid! text.content is empty")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise PlatformError(45002)
    return {"type_": "text", "text": text, "links": links_in(text)}


def _news(part: Json) -> Json:
    articles = part.get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise PlatformError(45008, "article size out of limit")
    raw = articles[0]
    article = {
        "title": str(raw.get("title", "")),
        "description": str(raw.get("description", "")),
        "picture": str(raw.get("picurl", "")),
        "url": str(raw.get("url", "")),
    }
    links = [{"url": article["url"], "text": article["title"]}] if article["url"] else []
    return {"type_": "news", "articles": [article], "links": links}


def _menu(part: Json) -> Json:
    items = part.get("list")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise PlatformError(47003, "argument invalid! msgmenu.list is empty")
    links = [
        {
            "url": f"{MENU_LINK}msgmenucontent={item.get('content', '')}&msgmenuid={item.get('id', '')}",
            "text": str(item.get("content", "")),
        }
        for item in items
    ]
    lines = [str(part.get("head_content", "")), *(link["text"] for link in links)]
    lines.append(str(part.get("tail_content", "")))
    return {"type_": "msgmenu", "text": "\n".join(line for line in lines if line), "links": links}

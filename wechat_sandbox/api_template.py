"""Template messages of an Official Account (模板消息)."""

from urllib.parse import urlsplit

from wechat_sandbox import template_library as templates
from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.push import Push, Pusher
from wechat_sandbox.records import Contact, Json, Template
from wechat_sandbox.state import Account

OFFICIAL = frozenset({"official"})
DEDUPE_SECONDS = 600.0
MAX_TEMPLATES = 25


def find(items: list[Template], template_id: object) -> Template:
    """A template of this account.

    Raises:
        PlatformError: 40037.
    """
    for template in items:
        if template.template_id == template_id:
            return template
    raise PlatformError(40037)


def registry(pusher: Pusher) -> Registry:
    """The endpoints; finished messages are reported through `pusher`."""
    registry = Registry()

    @registry.get("/cgi-bin/template/get_all_private_template", kinds=OFFICIAL)
    def all_private(call: Call) -> Answer:
        return {
            "template_list": [
                {
                    "template_id": item.template_id,
                    "title": item.title,
                    "primary_industry": "",
                    "deputy_industry": "",
                    "content": item.content,
                    "example": templates.example(item),
                }
                for item in call.account.templates
            ]
        }

    @registry.post("/cgi-bin/template/api_add_template", kinds=OFFICIAL)
    def add(call: Call) -> Answer:
        return {**OK, "template_id": _add(call).template_id}

    @registry.post("/cgi-bin/template/del_private_template", kinds=OFFICIAL)
    def delete(call: Call) -> Answer:
        call.account.templates.remove(find(call.account.templates, call.body.get("template_id")))
        return OK

    @registry.post("/cgi-bin/message/template/send", kinds=OFFICIAL, daily=100_000)
    def send(call: Call) -> Answer:
        return {**OK, "msgid": _send(call, pusher)}

    return registry


def _add(call: Call) -> Template:
    """`TM00001` … are the shipped templates in order; any other id is not in the library."""
    short = call.body.get("template_id_short")
    library = {f"TM{index:05}": item for index, item in enumerate(templates.TEMPLATE_LIBRARY, 1)}
    if short not in library:
        raise PlatformError(40036, "invalid template_id size")
    if len(call.account.templates) >= MAX_TEMPLATES:
        raise PlatformError(45026)
    title, keywords = library[str(short)]
    wanted = call.body.get("keyword_name_list")
    if isinstance(wanted, list) and wanted:
        keywords = tuple(pair for pair in keywords if pair[0] in wanted)
        if len(keywords) != len(wanted):
            raise PlatformError(40035)
    seed = call.account.config.template_seed
    while True:
        template = templates.build(call.account.app_id, seed, title, keywords)
        if template.template_id not in {item.template_id for item in call.account.templates}:
            break
        seed += 1_000_003
    call.account.templates.append(template)
    return template


def _send(call: Call, pusher: Pusher) -> int:
    body, account, world = call.body, call.account, call.world
    contact = call.contact(body.get("touser"))
    template = find(account.templates, body.get("template_id"))
    if not contact.subscribed:
        raise PlatformError(43004)
    fields = templates.check_data(template, body.get("data"), cut_lines=True)
    url, miniprogram = link(call)
    client_id = body.get("client_msg_id")
    key = (contact.openid, str(client_id))
    now = world.clock.now()
    known = account.dedupe.get(key) if client_id else None
    if known and now - known[0] < DEDUPE_SECONDS:
        return known[1]
    message_id = next(world.message_ids)
    if client_id:
        account.dedupe[key] = (now, message_id)
    status = (call.rule.finish_status if call.rule else None) or "success"
    if status in {"success", "none"}:
        world.chat(
            contact,
            "received",
            "template",
            title=template.title,
            fields=fields,
            url=url,
            miniprogram=miniprogram,
            source="template",
        )
    if status != "none":
        _finish(account, contact, message_id, status, pusher)
    return message_id


def link(call: Call) -> tuple[str, dict[str, str] | None]:
    """Where a tap leads: a page, a linked Mini Program, or nowhere.

    Raises:
        PlatformError: 40035 bad address, 40013 the Mini Program is not linked to this account.
    """
    url = call.body.get("url") or ""
    if not isinstance(url, str) or (url and urlsplit(url).scheme not in {"http", "https"}):
        raise PlatformError(40035, "invalid parameter: url")
    raw = call.body.get("miniprogram")
    if not isinstance(raw, dict) or not raw.get("appid"):
        return url, None
    target = call.world.accounts.get(str(raw["appid"]))
    if target is None or target.config.kind != "miniprogram":
        raise PlatformError(40013)
    return url, {"appid": target.app_id, "page": str(raw.get("pagepath") or "")}


def _finish(account: Account, contact: Contact, message_id: int, status: str, pusher: Pusher) -> None:
    fields: Json = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": message_id, "Status": status}
    pusher.start(Push(account=account, contact=contact, fields=fields, interactive=False))

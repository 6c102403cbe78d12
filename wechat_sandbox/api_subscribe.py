"""Subscribe messages (订阅消息): templates, consents, sending."""

from typing import Any

from wechat_sandbox import template_library as templates
from wechat_sandbox.api_template import find, link
from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.push import Push, Pusher
from wechat_sandbox.records import Contact, Json, Template
from wechat_sandbox.state import Account, World

STATES = {"developer", "trial", "formal"}
LANGUAGES = {"zh_CN", "en_US", "zh_HK", "zh_TW"}


def registry(pusher: Pusher) -> Registry:
    """The endpoints; results are reported through `pusher`."""
    registry = Registry()

    @registry.get("/wxaapi/newtmpl/gettemplate")
    def private(call: Call) -> Answer:
        return {
            **OK,
            "data": [
                {
                    "priTmplId": item.template_id,
                    "title": item.title,
                    "content": item.content,
                    "example": templates.example(item),
                    "type": item.type,
                }
                for item in call.account.subscribe_templates
            ],
        }

    @registry.get("/wxaapi/newtmpl/getcategory")
    def category(_: Call) -> Answer:
        return {**OK, "data": [{"id": 616, "name": "政务民生"}]}

    @registry.post("/wxaapi/newtmpl/deltemplate")
    def delete(call: Call) -> Answer:
        items = call.account.subscribe_templates
        items.remove(find(items, call.body.get("priTmplId")))
        return OK

    @registry.post("/cgi-bin/message/subscribe/send", kinds=frozenset({"miniprogram"}), daily=10_000_000)
    def send(call: Call) -> Answer:
        if call.body.get("miniprogram_state", "formal") not in STATES:
            raise PlatformError(40035)
        if call.body.get("lang", "zh_CN") not in LANGUAGES:
            raise PlatformError(40035)
        page = _page(call)
        miniprogram = {"appid": call.account.app_id, "page": page} if page else None
        return _send(call, pusher, "", miniprogram)

    @registry.post("/cgi-bin/message/subscribe/bizsend", kinds=frozenset({"official"}))
    def bizsend(call: Call) -> Answer:
        page = call.body.get("page") or ""
        if not isinstance(page, str) or (page and not page.startswith(("http://", "https://"))):
            raise PlatformError(41030)
        return _send(call, pusher, page, link(call)[1])

    return registry


def _page(call: Call) -> str:
    page = call.body.get("page") or ""
    published = call.account.config.pages
    if not isinstance(page, str) or page.startswith("/"):
        raise PlatformError(41030)
    if page and published and page.split("?")[0] not in published:
        raise PlatformError(41030)
    return page


def _send(call: Call, pusher: Pusher, url: str, miniprogram: dict[str, str] | None) -> Answer:
    world, account = call.world, call.account
    contact = call.contact(call.body.get("touser"))
    template = find(account.subscribe_templates, call.body.get("template_id"))
    fields = templates.check_data(template, call.body.get("data"), cut_lines=False)
    _spend(contact, template)
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
            source="subscribe",
        )
    if status != "none":
        _report(world, account, contact, template, status, pusher)
    return OK


def _spend(contact: Contact, template: Template) -> None:
    if template.template_id in contact.long_term:
        return
    if contact.grants.get(template.template_id, 0) <= 0:
        raise PlatformError(43101)
    contact.grants[template.template_id] -= 1


def _report(
    world: World, account: Account, contact: Contact, template: Template, status: str, pusher: Pusher
) -> None:
    item: Json = {
        "TemplateId": template.template_id,
        "MsgID": str(next(world.message_ids)),
        "ErrorCode": "0" if status == "success" else "20003",
        "ErrorStatus": status,
    }
    fields: Json = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": [item]}}
    pusher.start(Push(account=account, contact=contact, fields=fields, interactive=False))


def answer_dialog(account: Account, contact: Contact, chosen: list[Template], *, accept: bool) -> Json:
    """The person answers the dialog: count the consents and give the event's fields."""
    items: list[dict[str, Any]] = []
    for template in chosen:
        key = template.template_id
        if accept and template.type == 3 and key not in contact.long_term:
            contact.long_term.append(key)
        elif accept and template.type == 2:
            contact.grants[key] = contact.grants.get(key, 0) + 1
        elif not accept and key in contact.long_term:
            contact.long_term.remove(key)
        items.append(
            {
                "TemplateId": key,
                "SubscribeStatusString": "accept" if accept else "reject",
                "PopupScene": "1" if account.config.kind == "official" else "0",
            }
        )
    return {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": items}}

"""How each kind of test vector is run: callbacks over HTTP, the rest through the functions the app uses.

Every function returns what did not come out as expected, empty when all did."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

from app.core.errors import AppError
from app.services.inbound import FINISHED_EVENT
from app.wechat import crypto, envelope, replies, scenes, signatures, values
from app.wechat.accounts import Account, AccountKind
from app.wechat.inbound import Inbound, from_fields
from tests.vectors.served import Answered, Json, Served

DEFAULT_TOKEN = "vector-token"
DEFAULT_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
DEFAULT_APP = "wx0123456789abcdef"
STAMP, NONCE = "1790000000", "20260921"
WITHHELD: Json = {"FromUserName": "withheld", "CreateTime": "0"}
ITEM_FIELDS = {
    "TemplateId": "template_id",
    "SubscribeStatusString": "status",
    "PopupScene": "popup_scene",
    "MsgID": "msg_id",
    "ErrorCode": "error_code",
    "ErrorStatus": "error_status",
}

Problems = list[str]


def run(served: Served, case: Json) -> Problems:
    """Run one case. An unknown kind is a problem, not a pass."""
    runner = KINDS.get(case["kind"])
    if runner is None:
        return [f"unknown kind {case['kind']}"]
    started = time.perf_counter()
    problems = runner(served, case["input"], case["expect"])
    limit = case["expect"].get("max_ms")
    spent = (time.perf_counter() - started) * 1000
    if limit is not None and case["kind"] not in OVER_HTTP and spent > limit:
        problems.append(f"took {spent:.0f} ms, at most {limit}")
    return problems


def body_of(given: Json) -> bytes:
    """The body of a case: text, base64, or repeated text that would be too long to write down."""
    if "body_base64" in given:
        return base64.b64decode(given["body_base64"])
    generator = given.get("body_generator")
    if generator is not None:
        whole = generator.get("prefix", "") + generator["unit"] * generator["count"]
        return str(whole + generator.get("suffix", "")).encode()
    body = given.get("body", "")
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def account_of(given: Json) -> tuple[str, str, str]:
    """Token, key and app id of the account that a case speaks of."""
    key = given.get("encoding_aes_key", given.get("aes_key", DEFAULT_KEY))
    return given.get("token", DEFAULT_TOKEN), key, given.get("app_id", given.get("appid", DEFAULT_APP))


def url_verify(served: Served, given: Json, expect: Json) -> Problems:
    production = given.get("mode") == "safe"
    got = served.send(account_of(given), production=production, query=given["query"], body=None)
    if not expect["accept"]:
        return refused(got, given["query"].get("echostr", ""))
    problems = differ("status", got.status, 200)
    problems += differ("body", got.body.decode(), expect.get("body", given["query"].get("echostr")))
    problems += differ("content type", got.content_type.partition(";")[0], "text/plain")
    return problems + too_slow(got, expect)


def callback(served: Served, given: Json, expect: Json) -> Problems:
    plain = given.get("mode", "plain" if "msg_signature" not in given["query"] else "safe") == "plain"
    served.forget()
    body = body_of(given)
    got = served.send(
        account_of(given),
        production=not plain,
        query=given["query"],
        body=body,
        content_type=given.get("content_type", "text/xml"),
    )
    kept = served.journal()
    if not expect["accept"]:
        return refused(got) + differ("messages kept", len(kept), 0) + too_slow(got, expect)
    problems = differ("status", got.status, 200) + differ("messages kept", len(kept), 1)
    if problems:
        return problems
    problems += differ("outcome", kept[0].outcome == "error", False) + too_slow(got, expect)
    fields = kept[0].fields
    if (kept[0].event or "").lower() == FINISHED_EVENT:  # kept without the person and the second
        fields = WITHHELD | fields
        said = {name: value for name, value in expect.get("fields", {}).items() if name not in WITHHELD}
        expect = expect | {"fields": said}
    problems += compare(from_fields(fields), expect)
    return problems + compare_frame(given, body, expect)


def compare(inbound: Inbound, expect: Json) -> Problems:
    """The parsed delivery, as stored, against what the case says about it."""
    problems: Problems = []
    for name, wanted in expect.get("fields", {}).items():
        if name == "CreateTime":
            problems += differ(name, inbound.create_time, wanted)
        elif isinstance(wanted, dict | list):
            problems += differ(name, as_text(inbound.fields.get(name)), as_text(wanted))
        else:
            problems += differ(name, inbound.text(name), "" if wanted is None else str(wanted))
    if "scene" in expect:
        problems += differ("scene", inbound.scene, expect["scene"])
    if "items" in expect:
        wanted = [as_text(item) for item in expect["items"]]
        found = [
            {name: getattr(item, ITEM_FIELDS[name], None) for name in keys}
            for item, keys in zip(inbound.subscribe_items, wanted, strict=False)
        ]
        problems += differ("items", found, wanted)
        problems += differ("number of items", len(inbound.subscribe_items), len(wanted))
    if "delivery" in expect:
        problems += compare_delivery(inbound, expect["delivery"])
    if "media" in expect:
        problems += compare_media(inbound, expect["media"])
    return problems


def compare_delivery(inbound: Inbound, wanted: str | None) -> Problems:
    if wanted is None or inbound.delivery is None:
        return differ("delivery", inbound.delivery, wanted)
    spelled = re.sub(r"^failed[:_\s]*|[_\s-]+", " ", wanted.lower()).strip() or "unknown"
    accepted = {str(inbound.delivery), inbound.delivery_text.lower()}
    return [] if spelled in accepted else differ("delivery", str(inbound.delivery), wanted)


def compare_media(inbound: Inbound, wanted: Json) -> Problems:
    check = inbound.media_check
    if check is None:
        return ["no media check"]
    verdict = wanted.get("verdict")
    known = verdict in ("pass", "review", "risky")
    problems = differ("verdict", str(check.verdict), verdict if known else "unknown")
    if "trace_id" in wanted:
        problems += differ("trace_id", check.trace_id, wanted["trace_id"])
    return problems


def compare_frame(given: Json, body: bytes, expect: Json) -> Problems:
    """What stands around the message inside the encryption."""
    if not {"plaintext", "random16", "msg_len", "tail_id"} & expect.keys():
        return []
    _, key, app_id = account_of(given)
    frame = crypto.decrypt(key, app_id, envelope.parse(body)[1]["Encrypt"])
    found = {
        "plaintext": frame.message.decode(),
        "random16": frame.random.decode("latin-1"),
        "msg_len": len(frame.message),
        "tail_id": frame.tail,
    }
    return [
        problem
        for name, value in found.items()
        if name in expect
        for problem in differ(name, value, expect[name])
    ]


def reply_encrypt(_: Served, given: Json, expect: Json) -> Problems:
    token, key, app_id = account_of(given)
    account = Account(AccountKind.OFFICIAL, app_id, token=token, aes_key=key)
    body_format = envelope.BodyFormat.XML if given.get("format") == "xml" else envelope.BodyFormat.JSON
    sealed = replies.seal(
        account,
        given["plaintext"],
        body_format=body_format,
        timestamp=int(given["timestamp"]),
        nonce=str(given["nonce"]),
        random=given["random16"].encode("latin-1"),
    )
    found = envelope.parse(sealed.encode())[1]
    names = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
    return [p for name in names if name in expect for p in differ(name, str(found[name]), str(expect[name]))]


def signature_sha1(_: Served, given: Json, expect: Json) -> Problems:
    named = [given[name] for name in ("token", "timestamp", "nonce", "encrypt", "Encrypt") if name in given]
    return differ("signature", crypto.signature(*given.get("parts", named)), wanted_signature(expect))


def rawdata_signature(_: Served, given: Json, expect: Json) -> Problems:
    raw, key = given["raw_data"], given["session_key"]
    if "accept" not in expect:
        return differ("signature", signatures.raw_data(raw, key), wanted_signature(expect))
    return differ(
        "accept",
        taken(lambda: signatures.check_raw_data(raw, key, given["signature"])),
        expect["accept"],
    )


def session_signature(_: Served, given: Json, expect: Json) -> Problems:
    found = signatures.session(given["session_key"], given.get("data", ""))
    return differ("signature", found, wanted_signature(expect))


def jssdk_signature(_: Served, given: Json, expect: Json) -> Problems:
    found = signatures.jssdk(
        given["jsapi_ticket"], noncestr=given["noncestr"], timestamp=given["timestamp"], url=given["url"]
    )
    return differ("signature", found, wanted_signature(expect))


def wxa_decrypt(_: Served, given: Json, expect: Json) -> Problems:
    def decrypt() -> Json:
        return signatures.decrypt_user_data(
            given["app_id"],
            session_key=given["session_key"],
            iv=given["iv"],
            encrypted=given["encrypted_data"],
        )

    if not expect["accept"]:
        return differ("accept", taken(decrypt), False)
    found = decrypt()
    return [
        p for name, wanted in expect.get("json", {}).items() for p in differ(name, found.get(name), wanted)
    ]


def dedup(served: Served, given: Json, expect: Json) -> Problems:
    """Deliver one after the other, in plain or encrypted mode; count what was processed."""
    served.forget()
    account = account_of(given)
    problems: Problems = []
    for delivery in given["deliveries"]:
        query, body, plain = prepared(account, given, delivery)
        content_type = "application/json" if body.lstrip()[:1] == b"{" else "text/xml"
        got = served.send(account, production=not plain, query=query, body=body, content_type=content_type)
        problems += differ("status", got.status, 200) + too_slow(got, expect)
    kept = served.journal()
    problems += differ("failed", sum(row.outcome == "error" for row in kept), 0)
    return problems + differ("processed", len(kept), expect["processed"])


def prepared(account: tuple[str, str, str], given: Json, delivery: Any) -> tuple[Json, bytes, bool]:
    """Query, body and whether it is plain, for one delivery however much of it the case spells out."""
    token, key, app_id = account
    entry = delivery if isinstance(delivery, dict) else {"body": delivery}
    if "random16" in entry or "plaintext" in entry:
        sealed = crypto.encrypt(
            key, app_id, entry["plaintext"].encode(), random=entry["random16"].encode("latin-1")
        )
        entry = {**entry, "body": json.dumps({"ToUserName": "gh", "Encrypt": sealed})}
    elif "Encrypt" in entry or "encrypt" in entry:
        sealed = entry.get("Encrypt") or entry["encrypt"]
        entry = {**entry, "body": json.dumps({"ToUserName": "gh", "Encrypt": sealed})}
    elif "MsgType" in entry:
        entry = {"body": json.dumps(entry, ensure_ascii=False)}
    body = body_of(entry)
    encrypted = envelope.parse(body)[1].get("Encrypt")
    query = entry.get("query") or given.get("query") or {"timestamp": STAMP, "nonce": NONCE}
    stamp, nonce = query["timestamp"], query["nonce"]
    if encrypted is None:
        return {"signature": crypto.signature(token, stamp, nonce), **query}, body, True
    signed = crypto.signature(token, stamp, nonce, encrypted)
    return {"encrypt_type": "aes", "msg_signature": signed, **query}, body, False


def template_value(_: Served, given: Json, expect: Json) -> Problems:
    kind = values.keyword_type(given["type"])
    problem = values.check_value(kind, given["value"], allowed=given.get("enum", given.get("allowed")))
    return differ("valid", problem is None, expect["valid"])


def wxacode_scene(_: Served, given: Json, expect: Json) -> Problems:
    problem = scenes.check_wxacode_scene(given["scene"])
    if problem is None and "page" in given:
        problem = scenes.check_page(given["page"])
    return differ("valid", problem is None, expect["valid"])


def qr_scene(_: Served, given: Json, expect: Json) -> Problems:
    problem = scenes.check_qr_scene(
        given["action_name"],
        scene_str=given.get("scene_str"),
        scene_id=given.get("scene_id"),
        expire_seconds=given.get("expire_seconds"),
    )
    return differ("valid", problem is None, expect["valid"])


def refused(got: Answered, secret: str = "") -> Problems:
    """A refusal is a 4xx that says nothing about why, and repeats nothing that was sent."""
    problems = [] if 400 <= got.status < 500 else [f"status {got.status}, expected 4xx"]
    return problems + ([] if got.body == b"refused" else [f"refused with a body: {got.body[:60]!r}"])


def too_slow(got: Answered, expect: Json) -> Problems:
    limit = expect.get("max_ms")
    slow = limit is not None and got.milliseconds > limit
    return [f"took {got.milliseconds:.0f} ms, at most {limit}"] if slow else []


def taken(call: Callable[[], object]) -> bool:
    try:
        call()
    except AppError:
        return False
    return True


def wanted_signature(expect: Json) -> object:
    return expect.get("signature", expect.get("sha1"))


def as_text(value: Any) -> Any:
    """`value` with every number as text, so that 1 and "1" agree."""
    if isinstance(value, dict):
        return {name: as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_text(part) for part in value]
    return value if value is None else str(value)


def differ(what: str, found: object, wanted: object) -> Problems:
    return [] if found == wanted else [f"{what}: {found!r}, expected {wanted!r}"]


KINDS: dict[str, Callable[[Served, Json, Json], Problems]] = {
    "url_verify": url_verify,
    "plain_callback": callback,
    "encrypted_callback": callback,
    "reply_encrypt": reply_encrypt,
    "signature_sha1": signature_sha1,
    "rawdata_signature": rawdata_signature,
    "session_signature": session_signature,
    "jssdk_signature": jssdk_signature,
    "wxa_decrypt": wxa_decrypt,
    "dedup": dedup,
    "dedup_encrypted": dedup,
    "template_value": template_value,
    "wxacode_scene": wxacode_scene,
    "qr_scene": qr_scene,
}
OVER_HTTP = {"url_verify", "plain_callback", "encrypted_callback", "dedup", "dedup_encrypted"}

"""One line per log entry for the panel beside the phone."""

import re
from typing import Any

MARKUP = re.compile(r"<[^>]*>")
KINDS = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "location": "[位置]", "news": "[图文]"}


def finished(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries before the first one that is still under way: their result will not change."""
    for index, entry in enumerate(entries):
        if "ms" in entry and entry["ms"] is None:
            return entries[:index]
    return entries


def words(type_: str, title: str, text: str) -> str:
    """A chat line in a few words, without the marks of links."""
    return title or MARKUP.sub("", text) or KINDS.get(type_, type_)


def summary(entry: dict[str, Any]) -> dict[str, Any]:
    """A log entry in a few words."""
    return {
        "seq": entry["seq"],
        "time": entry["time"],
        "kind": entry["kind"],
        "persona": entry["persona"] or "",
        **_WORDS[entry["kind"]](entry),
    }


def _call(entry: dict[str, Any]) -> dict[str, Any]:
    answer = entry["answer"]
    code = answer.get("errcode", 0) if isinstance(answer, dict) else 0
    ok = code == 0 and entry["status"] in {200, 302}
    return {"text": entry["path"], "ok": ok, "note": str(code) if code else ""}


def _callback(entry: dict[str, Any]) -> dict[str, Any]:
    content = entry["content"]
    name = content.get("Event") or content.get("MsgType") or ""
    attempt = f"第 {entry['attempt']} 次" if entry["attempt"] > 1 else ""
    note = f"{entry['ms']:.0f} ms" if entry["delivered"] else entry["reason"][:40]
    return {"text": f"推送 {name}", "ok": entry["delivered"], "note": f"{attempt} {note}".strip()}


def _chat(entry: dict[str, Any]) -> dict[str, Any]:
    message = entry["message"]
    return {"text": words(message["type"], message["title"], message["text"])[:30], "ok": True, "note": ""}


_WORDS = {"call": _call, "callback": _callback, "chat": _chat}

"""Logs: JSON lines without personal data, whoever writes them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from app.core.logging import MASK, fields

PROGRAM = """
import logging
from app.core import logging as ours
ours.configure("{level}")
log = ours.get("app.test")
{body}
"""


def lines(body: str, level: str = "INFO") -> list[dict[str, Any]]:
    """What a process of its own writes to standard error."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(level=level, body=body)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ""
    return [json.loads(line) for line in ran.stderr.splitlines()]


@pytest.mark.parametrize(
    "key",
    [
        *("openid", "touser_openid", "token", "access_token", "app_secret", "phone", "name", "display_name"),
        *("content", "query", "cookie", "receipt", "ip", "body", "session_key", "Authorization"),
    ],
)
def test_keys_that_may_be_private_are_masked(key: str) -> None:
    assert fields(**{key: "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"}) == {key: MASK}
    assert fields(outer={key: "x"}) == {"outer": {key: MASK}}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "GET https://api.weixin.qq.com/cgi-bin/x?access_token=abc failed",
            "https://api.weixin.qq.com/cgi-bin/x?***",
        ),
        ("GET /s?receipt=1234567890123456 HTTP/1.1", "/s?***"),
        ("wrong secret=0123456789abcdef here", "secret=***"),
    ],
)
def test_queries_inside_texts_are_masked(text: str, kept: str) -> None:
    cleaned = fields(reason=text)["reason"]
    assert kept in cleaned
    assert "abc" not in cleaned
    assert "1234567890" not in cleaned


def test_what_is_not_private_stays() -> None:
    plain = {"kind": "warning_fired", "outcome": "sent", "attempt": 2, "path": "/cgi-bin/x", "ok": True}
    assert fields(**plain) == plain


def test_long_values_are_cut() -> None:
    assert len(fields(reason="长" * 10_000)["reason"]) < 600


def test_one_json_object_per_line_with_the_request_id() -> None:
    written = lines(
        """
with ours.bound(request_id="r1"):
    log.info("outbox.tried", kind="x", openid="oSECRET")
log.info("plain")
"""
    )
    assert [line["event"] for line in written] == ["outbox.tried", "plain"]
    first = written[0]
    assert (first["request_id"], first["kind"], first["openid"], first["level"]) == ("r1", "x", MASK, "info")
    assert first["timestamp"].endswith("Z")
    assert "request_id" not in written[1]


def test_libraries_come_out_in_the_same_form() -> None:
    written = lines(
        """
logging.getLogger("uvicorn.error").info("started at http://127.0.0.1:1/x?token=abc")
logging.getLogger("sqlalchemy.engine").warning("odd %s", "thing")
logging.getLogger("httpx").info("HTTP Request: GET https://api/x?access_token=abc")
logging.getLogger("httpcore.connection").debug("nothing")
logging.getLogger("uvicorn.access").info("1.2.3.4 GET /s?receipt=1")
"""
    )
    assert [line["logger"] for line in written] == ["uvicorn.error", "sqlalchemy.engine"]
    assert "abc" not in json.dumps(written)
    assert written[1]["event"] == "odd thing"


def test_a_traceback_has_frames_but_no_words_of_people() -> None:
    (line,) = lines(
        """
try:
    raise ValueError("路灯坏了 13800000000")
except ValueError:
    log.exception("worker.row_failed")
"""
    )
    assert "ValueError" in line["exception"]
    assert 'File "<string>"' in line["exception"]
    assert "路灯" not in json.dumps(line, ensure_ascii=False)


def test_the_level_is_obeyed() -> None:
    assert lines('log.info("quiet")\nlog.warning("loud")', level="warning")[0]["event"] == "loud"
    assert logging.getLogger("app.test").level == logging.NOTSET

"""Every open protocol vector comes out as expected, through the app's own HTTP surface and functions."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from app.core.db import Database
from tests.conftest import fresh_database
from tests.vectors import cases
from tests.vectors.run import OPEN_VECTORS, attempt, load
from tests.vectors.served import Json, Served

OPEN = load(OPEN_VECTORS)
BY_ID = {case["id"]: case for case in OPEN}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with fresh_database() as url:
        database = Database(url, pool_size=4)
        with Served(database) as served:
            yield served
        database.dispose()


def test_the_file_is_whole() -> None:
    assert len(OPEN) == 41


@pytest.mark.parametrize("case", OPEN, ids=[case["id"] for case in OPEN])
def test_open_vector(served: Served, case: Json) -> None:
    assert attempt(served, case) == []


MUTATIONS = [
    ("url-verify-official", ("expect", "body"), "4375120948345356240"),
    ("url-verify-bad", ("expect", "accept"), True),
    ("plain-signature-official", ("expect", "fields", "CreateTime"), 1714037058),
    ("safe-json-decrypt-official", ("expect", "random16"), "a8eedb185eb2fece"),
    ("safe-json-decrypt-official", ("expect", "msg_len"), 166),
    ("safe-json-reply-official", ("expect", "MsgSignature"), "0" * 40),
    ("padding-255", ("expect", "accept"), True),
    ("plain-subscribe-scan", ("expect", "scene"), "qrscene_box_0042"),
    ("plain-template-finish", ("expect", "delivery"), "failed"),
    ("subscribe-popup-two", ("expect", "items", 1, "SubscribeStatusString"), "accept"),
    ("media-check-pass", ("expect", "media", "verdict"), "risky"),
    ("dedup-event-retry", ("expect", "processed"), 2),
    ("rawdata-signature-official", ("expect", "accept"), False),
    ("session-hmac-empty", ("expect", "signature"), "0" * 64),
    ("jssdk-official", ("input", "url"), "http://mp.weixin.qq.com?params=other"),
    ("wxa-decrypt-official", ("expect", "json", "nickName"), "Bond"),
    ("wxa-decrypt-wrong-appid", ("expect", "accept"), True),
    ("template-value-07-thing", ("expect", "valid"), True),
    ("wxacode-scene-02", ("expect", "valid"), True),
    ("qr-scene-01", ("expect", "valid"), True),
    ("plain-text", ("expect", "max_ms"), 0),
    ("qr-scene-00", ("kind",), "no_such_kind"),
]


@pytest.mark.parametrize(("name", "path", "value"), MUTATIONS, ids=[f"{m[0]}-{m[1][-1]}" for m in MUTATIONS])
def test_the_runner_notices_a_wrong_expectation(
    served: Served, name: str, path: tuple[str | int, ...], value: object
) -> None:
    case = copy.deepcopy(BY_ID[name])
    place = case
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert attempt(served, case) != []


def test_bodies_may_be_written_in_three_ways() -> None:
    text = "<xml>aaa</xml>"
    assert cases.body_of({"body": text}) == text.encode()
    assert cases.body_of({"body_base64": "PHhtbD5hYWE8L3htbD4="}) == text.encode()
    generator = {"prefix": "<xml>", "unit": "a", "count": 3, "suffix": "</xml>"}
    assert cases.body_of({"body_generator": generator}) == text.encode()


def test_encrypted_repetitions_count_once(served: Served) -> None:
    plaintext = BY_ID["dedup-event-retry"]["input"]["deliveries"][0]
    given = {"deliveries": [{"random16": letter * 16, "plaintext": plaintext} for letter in "abc"]}
    case = {"id": "x", "kind": "dedup_encrypted", "input": given, "expect": {"processed": 1}}
    assert attempt(served, case) == []
    case["expect"] = {"processed": 3}
    assert attempt(served, case) != []

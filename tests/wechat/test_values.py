"""Template values, scenes and page signatures: what the platform takes and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.wechat import scenes, signatures
from app.wechat.errors import DataRefused, ValueRefused
from app.wechat.values import LIMITS, check_value, fit_value, keyword_type
from tests.vectors.run import OPEN_VECTORS, load

OFFICIAL = next(case for case in load(OPEN_VECTORS) if case["id"] == "wxa-decrypt-official")["input"]

GOOD = [
    ("thing", "字" * 20),
    ("thing", "路灯 A-12 坏了！"),
    ("number", "12.50"),
    ("number", "9" * 32),
    ("letter", "Abc"),
    ("symbol", "#*！"),
    ("character_string", "BX-2026-0001"),
    ("time", "15:01"),
    ("time", "2026年10月1日 15:01"),
    ("time", "2026年10月1日15:01"),
    ("time", "2026-10-01 15:01:30"),
    ("time", "2026/10/01 15:01"),
    ("time", "15:01~16:30"),
    ("time", "2026年10月1日 15:01~2026年10月2日 08:00"),
    ("date", "2026年10月1日"),
    ("date", "2026-10-01"),
    ("date", "2026.10.01"),
    ("date", "2026年10月1日 15:01"),
    ("date", "2026年10月1日~2026年10月3日"),
    ("amount", "100"),
    ("amount", "￥100.50"),
    ("amount", "¥15000.00元"),
    ("amount", "$1234567890"),
    ("phone_number", "+86-0766-66888866"),
    ("phone_number", "13800138000"),
    ("car_number", "粤A8Z888挂"),
    ("car_number", "浙A12345"),
    ("name", "欧阳修"),
    ("name", "买买提·艾力"),
    ("name", "a" * 20),
    ("phrase", "配送中"),
    ("const", "已受理"),
    ("enum", "甲"),
]
BAD = [
    ("thing", ""),
    ("thing", " \u3000 "),
    ("thing", "字" * 21),
    ("thing", "第一行\n第二行"),
    ("thing", "a\x07b"),
    ("number", "-1"),
    ("number", "1,000"),
    ("number", "１２"),
    ("number", "1."),
    ("number", "9" * 33),
    ("letter", "a1"),
    ("letter", "a" * 33),
    ("symbol", "######"),
    ("symbol", "#a"),
    ("character_string", "编号1"),
    ("character_string", "a" * 33),
    ("time", "24:00"),
    ("time", "9:5"),
    ("time", "2026年10月1日"),
    ("time", "15:01～16:30"),
    ("time", "2026年2月30日 10:00"),
    ("time", "2026-10-0115:01"),
    ("time", "2026-10/01 15:01"),
    ("time", "3:00 PM"),
    ("time", "1:00~2:00~3:00"),
    ("time", "~"),
    ("date", "15:01"),
    ("date", "2026年13月1日"),
    ("date", "明天"),
    ("amount", "一百元"),
    ("amount", "12345678901"),
    ("amount", "a100"),
    ("amount", "￥￥1"),
    ("phone_number", "138001380001380013"),
    ("phone_number", "电话"),
    ("phone_number", "--"),
    ("car_number", "浙A123456挂"),
    ("car_number", "浙AB杭12"),
    ("name", "字" * 11),
    ("name", "a" * 21),
    ("name", "张3"),
    ("phrase", "超过五个汉字"),
    ("phrase", "ok"),
    ("const", "字" * 21),
    ("no_such_type", "x"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_good_values(kind: str, value: str) -> None:
    assert check_value(kind, value) is None
    assert fit_value(kind, value) == value


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_bad_values(kind: str, value: str) -> None:
    assert check_value(kind, value)


def test_declared_values() -> None:
    assert check_value("enum", "甲", allowed=["甲", "乙"]) is None
    assert check_value("const", "丙", allowed=["甲", "乙"])


def test_types_by_keyword() -> None:
    assert [keyword_type(name) for name in ("thing1", "character_string12.DATA", "time")] == [
        "thing",
        "character_string",
        "time",
    ]


@given(st.sampled_from([*sorted(LIMITS), "time", "amount"]), st.text(max_size=60))
def test_fitted_values_are_good_or_refused(kind: str, value: str) -> None:
    try:
        fitted = fit_value(kind, value)
    except ValueRefused as refusal:
        assert refusal.code == "wechat.value"  # noqa: PT017
    else:
        assert check_value(kind, fitted) is None


def test_fitting_things() -> None:
    assert fit_value("thing", " 第一行\r\n第二行 ") == "第一行 第二行"
    assert fit_value("thing", "字" * 50) == "字" * 19 + "…"
    assert fit_value("name", "字" * 12) == "字" * 10
    with pytest.raises(ValueRefused):
        fit_value("thing", "\n")
    with pytest.raises(ValueRefused):
        fit_value("time", "很快")


@pytest.mark.parametrize(
    ("action", "given_values", "fine"),
    [
        ("QR_STR_SCENE", {"scene_str": "v", "expire_seconds": 2_592_000}, True),
        ("QR_STR_SCENE", {"scene_str": "v", "expire_seconds": 2_592_001}, False),
        ("QR_STR_SCENE", {"scene_str": "v", "expire_seconds": 0}, False),
        ("QR_STR_SCENE", {"scene_str": "v" * 64, "expire_seconds": 60}, True),
        ("QR_STR_SCENE", {"scene_str": "v" * 65, "expire_seconds": 60}, False),
        ("QR_LIMIT_STR_SCENE", {"scene_str": ""}, False),
        ("QR_LIMIT_STR_SCENE", {}, False),
        ("QR_LIMIT_STR_SCENE", {"scene_str": "a\nb"}, False),
        ("QR_LIMIT_STR_SCENE", {"scene_str": "yn-001:door"}, True),
        ("QR_LIMIT_SCENE", {"scene_id": 100_000}, True),
        ("QR_LIMIT_SCENE", {"scene_id": 100_001}, False),
        ("QR_LIMIT_SCENE", {"scene_id": True}, False),
        ("QR_SCENE", {"scene_id": 0, "expire_seconds": 60}, False),
        ("QR_SCENE", {"scene_id": 2**32 - 1, "expire_seconds": 60}, True),
        ("QR_SCENE", {"scene_id": 2**32, "expire_seconds": 60}, False),
        ("QR_OTHER", {"scene_str": "v"}, False),
    ],
)
def test_code_scenes(action: str, given_values: dict[str, int], fine: bool) -> None:
    assert (scenes.check_qr_scene(action, **given_values) is None) is fine  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scene", "fine"),
    [
        ("a", True),
        ("v" * 32, True),
        ("b=0042&p=door", True),
        ("!#$&'()*+,/:;=?@-._~", True),
        ("", False),
        ("v" * 33, False),
        ("中文", False),
        ("a%20b", False),
        ("a b", False),
        ("a\n", False),
        ("a[b]", False),
    ],
)
def test_mini_program_scenes(scene: str, fine: bool) -> None:
    assert (scenes.check_wxacode_scene(scene) is None) is fine


@pytest.mark.parametrize(
    ("page", "fine"),
    [
        ("pages/village/index", True),
        ("/pages/index", False),
        ("pages/a?b=1", False),
        ("", False),
        ("页", False),
    ],
)
def test_mini_program_pages(page: str, fine: bool) -> None:
    assert (scenes.check_page(page) is None) is fine


def user_data(**changed: object) -> dict[str, object]:
    kept = {"session_key": OFFICIAL["session_key"], "iv": OFFICIAL["iv"]}
    arguments = {**kept, "encrypted": OFFICIAL["encrypted_data"], **changed}
    return signatures.decrypt_user_data(OFFICIAL["app_id"], **arguments)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"session_key": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="}, "key_length"),
        ({"session_key": "HyVFkGl5F5OQWJZZaNzBBg=="}, "padding"),
        ({"session_key": "!"}, "base64"),
        ({"iv": "QUE="}, "key_length"),
        ({"encrypted": ""}, "ciphertext_length"),
        ({"encrypted": "QUE="}, "ciphertext_length"),
    ],
)
def test_data_that_is_not_genuine(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(DataRefused) as caught:
        user_data(**changed)
    assert caught.value.reason == reason


def test_old_data_are_refused_where_age_matters() -> None:
    made = datetime.fromtimestamp(1477314187, UTC)
    with time_machine.travel(made + timedelta(minutes=4), tick=False):
        assert user_data(max_age=timedelta(minutes=5))["nickName"] == "Band"
    with (
        time_machine.travel(made + timedelta(minutes=6), tick=False),
        pytest.raises(DataRefused) as caught,
    ):
        user_data(max_age=timedelta(minutes=5))
    assert caught.value.reason == "watermark_time"


def test_the_fragment_of_a_page_is_not_signed() -> None:
    def signed(url: str) -> str:
        return signatures.jssdk("ticket", noncestr="n", timestamp=1, url=url)

    assert signed("https://x.example/a?b=1#part") == signed("https://x.example/a?b=1")
    assert signed("https://x.example/a?b=1") != signed("https://x.example/a?b=2")

"""Bodies become fields, or are refused before they can do harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wechat.envelope import BodyFormat, parse
from app.wechat.errors import CallbackRefused


def reason_of(body: bytes) -> str:
    with pytest.raises(CallbackRefused) as caught:
        parse(body)
    assert caught.value.status == 400
    return caught.value.reason


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><A>1</A><B><![CDATA[x]]></B></xml>",
        b"\xef\xbb\xbf<xml><A>1</A><B>x</B></xml>",
        b"<?xml version='1.0' encoding='UTF-8'?>\n<xml>\n  <A>1</A>\n  <B>x</B>\n</xml>\n \n",
        b"<xml><!-- nothing --><A>1</A><B><![CDATA[x]]></B></xml>",
    ],
)
def test_xml_in_its_spellings(body: bytes) -> None:
    assert parse(body) == (BodyFormat.XML, {"A": "1", "B": "x"})


def test_nested_and_repeated_elements() -> None:
    body = b"<xml><E><List><T>1</T></List><List><T>2</T></List></E><detail/><detail><e>0</e></detail></xml>"
    assert parse(body)[1] == {
        "E": {"List": [{"T": "1"}, {"T": "2"}]},
        "detail": ["", {"e": "0"}],
    }


def test_a_word_in_a_users_text_may_look_like_markup() -> None:
    body = "<xml><Content><![CDATA[<b>&lt; ]]]]><![CDATA[> 村]]></Content></xml>".encode()
    assert parse(body)[1] == {"Content": "<b>&lt; ]]> 村"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b" \n", "empty_body"),
        (b"hello", "format"),
        (b"[]", "format"),
        (b"<xml>", "xml"),
        (b"<xml></xml>", "no_fields"),
        (b"<xml>text</xml>", "no_fields"),
        (b"<html><A>1</A></html>", "root"),
        (b"<xml><A>1</A></xml><xml/>", "xml"),
        (b"<xml><A>1</A></xml>trailing", "xml"),
        (b"<xml><A>1</A><A>2</A></xml>", "duplicate_field"),
        (b"<xml>loose<A>1</A></xml>", "mixed_content"),
        (b"<!DOCTYPE xml><xml><A>1</A></xml>", "dtd"),
        (b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><A>1</A></xml>', "dtd"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>', "dtd"),
        (b"<xml><A>&nbsp;</A></xml>", "xml"),
        (b"<xml><A>&#0;</A></xml>", "xml"),
        (b"<xml><A>&#xD800;</A></xml>", "xml"),
        (b"<xml><A>\xff</A></xml>", "encoding"),
        ("<xml><A>村</A></xml>".encode("gbk"), "encoding"),
        ("<xml><A>1</A></xml>".encode("utf-16"), "format"),
        (b"<xml>" + b"<a>" * 8 + b"</a>" * 8 + b"</xml>", "too_deep"),
        (b"<xml>" + b"<item/>" * 500 + b"</xml>", "too_many_elements"),
        (b'{"A":1,"A":2}', "duplicate_field"),
        (b'{"A":{"B":1,"B":1}}', "duplicate_field"),
        (b'{"A":NaN}', "json"),
        (b'{"A":-Infinity}', "json"),
        (b'{"A":1}{"B":2}', "json"),
        (b'{"A":1', "json"),
        (b'{"A":"\\u0000"}', "characters"),
        (b'{"A":"\\ud800"}', "characters"),
        (b'{"\\u0000":1}', "characters"),
        (b'{"A":' + b"[" * 8 + b"]" * 8 + b"}", "too_deep"),
        (b'{"A":[' + b"1," * 500 + b"1]}", "too_many_elements"),
        (b'{"A":' + b"9" * 5000 + b"}", "json"),
    ],
)
def test_what_is_refused(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


BOMBS = {
    "laughs": b"<!DOCTYPE l [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a;" * 9) for n in range(9))
    + b"]><xml><A>&a8;</A></xml>",
    "nested": b"<xml>" + b"<a>" * 200_000,
    "siblings": b"<xml>" + b"<item/>" * 500_000 + b"</xml>",
    "attributes": b"<xml " + b" ".join(b"a%d='1'" % n for n in range(50_000)) + b"><item/><A",
    "json nested": b'{"a":' * 100_000,
    "json lists": b'{"a":' + b"[" * 200_000,
    "json digits": b'{"a":' + b"1" * 1_000_000 + b"}",
}


REFUSED_FOR = {
    "laughs": "dtd",
    "nested": "too_deep",
    "siblings": "too_many_elements",
    "attributes": "xml",
    "json nested": "json",
    "json lists": "json",
    "json digits": "json",
}


@pytest.mark.timeout(5)  # one that goes off takes minutes, or the memory
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_go_off(name: str) -> None:
    assert reason_of(BOMBS[name]) == REFUSED_FOR[name]


def test_numbers_of_json_stay_exact() -> None:
    fields = parse(b'{"MsgId":9223372036854775807,"X":23.134521,"E":1e3}')[1]
    assert fields == {"MsgId": 9223372036854775807, "X": "23.134521", "E": "1e3"}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_read(body: bytes) -> None:
    try:
        parse(body)
    except CallbackRefused as refusal:
        refused = refusal.status
    else:
        refused = 400
    assert refused == 400


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ABC", min_size=1), JSON_VALUES, max_size=5))
def test_json_comes_back_as_it_was(fields: dict[str, object]) -> None:
    body = json.dumps(fields, ensure_ascii=False)
    if "\\u0000" in body:
        assert reason_of(body.encode()) == "characters"
    else:
        assert parse(body.encode()) == (BodyFormat.JSON, fields)

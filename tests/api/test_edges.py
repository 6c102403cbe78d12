"""What a schema does not say: bodies that are no JSON, texts that no database holds, other methods."""

from __future__ import annotations

import json

import pytest

from tests.api.conftest import BASE, Api
from tests.support import bearer

HEADERS = {"Content-Type": "application/json"}


def send(api: Api, path: str, raw: bytes) -> int:
    answer = api.http.post(f"{BASE}/{path}", content=raw, headers=HEADERS | bearer(api.world.tokens[api.who]))
    assert answer.headers["content-type"] == "application/problem+json"
    json.loads(answer.content)
    return answer.status_code


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 422),
        (b"\x80\x81", 400),
        (b'{"label": NaN}', 422),
        (b'{"label": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 100_000, 400),
        (b'{"label": "a", "\\ud800": 1}', 422),
        (b'{"label": "\\ud800"}', 422),
        (b'{"label": "a\\u0000b"}', 422),
        (b'{"label": "\\u3000 \\n"}', 422),
        (b'{"label": "a", "lable": "b"}', 422),
    ],
    ids=["cut", "not UTF-8", "NaN", "huge number", "deep", "odd key", "surrogate", "NUL", "blank", "unknown"],
)
def test_bodies_that_are_refused(api: Api, raw: bytes, status: int) -> None:
    assert send(api, "tokens", raw) == status


@pytest.mark.parametrize(
    "query",
    [
        "organisations?q=%00",
        "organisations?q=%ff%fe",
        "organisations?after=A",
        "organisations/%00",
        "audit?noun=%00",
        "audit?from=0001-01-01",
        "audit?to=9999-12-31",
        "audit?from=1700000000",
        "contracts?ends_before=2026-02-30",
        "contracts?after=WzUsNV0",
        "contracts?after=WyIyMDI2LTAxLTAxIiwgNV0",
        "contracts?after=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwgImNjZTVkYTNlLTM2MjEtNGExNy05ZDY0LTU3ZGM3N2NkZTM3NCJd",
        "contracts?limit=0",
        "contracts?limit=201",
        "payments?after=WyIyMDI2LTAxLTAxIiwgIjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSJd",
        "payments?after=WyIyMDI2LTAxLTAxIiwgbnVsbF0",
        "complaints/not-a-key",
        "rules/%00/runs",
    ],
)
def test_queries_never_break_it(api: Api, query: str) -> None:
    answer = api.send("GET", query)
    assert answer.status_code in {200, 400, 404, 422}, answer.text
    answer.json()


def test_dates_outside_the_ledgers_years_are_refused(api: Api) -> None:
    for day in ("1949-09-30", "2200-01-01", "9999-12-31"):
        api.refused("POST", "rules/contract.expiring/run", 422, "request.invalid", {"as_of": day})


def test_another_method_names_all_that_are_allowed(api: Api) -> None:
    answer = api.send("DELETE", "contracts")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["code"] == "request.refused"


def test_an_unknown_address_is_a_problem_too(api: Api) -> None:
    api.refused("GET", "no-such-thing", 404, "page.not_found")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic abc", "Bearer \u00e9"])
def test_without_a_living_token_nothing_is_told(api: Api, token: str) -> None:
    answer = api.http.get(f"{BASE}/me", headers={"Authorization": token.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "login.required")

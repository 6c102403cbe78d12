"""The OpenAPI document: whole, in Chinese, and its examples work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.db import Database
from app.models.organisations import OrganisationKind
from app.services import organisations
from tests import factories
from tests.api.conftest import BASE, Api, Json

PROBLEM = "application/problem+json"
# What every villager may read; the login itself documents 401, for a wrong password.
WITHOUT_TOKEN = {f"{BASE}/search", f"{BASE}/bulletins/{{village}}/{{month}}"}


@pytest.fixture
def document(api: Api) -> Json:
    found: Json = api.http.get("/openapi.json").json()
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        if path.startswith(BASE):
            yield from ((method, path, operation) for method, operation in methods.items())


# What everybody may read, without a token.
PUBLIC = tuple(f"{BASE}/{noun}" for noun in ("search", "bulletins", "open-data", "chains"))


def has_chinese(text: str) -> bool:
    return any("一" <= sign <= "鿿" for sign in text)


def test_every_operation_says_what_it_does_and_how_it_fails(document: Json) -> None:
    found = list(operations(document))
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names)) > 60
    for method, path, operation in found:
        where = f"{method} {path}"
        assert has_chinese(operation["description"]), where
        assert operation["tags"], where
        responses = operation["responses"]
        for status, response in responses.items():
            if int(status) >= 400:
                assert set(response["content"]) == {PROBLEM}, where
                assert has_chinese(response["description"]), where
        public = path.startswith(PUBLIC)
        assert {"503"} <= set(responses) if public else {"401", "503"} <= set(responses), where
        takes = bool(operation.get("parameters") or operation.get("requestBody"))
        assert ("422" in responses) == takes, where
        if operation.get("requestBody"):
            assert "400" in responses, where
        if public:
            assert "security" not in operation, where
        elif path != f"{BASE}/sessions":
            assert operation["security"] == [{"token": []}], where


def example_of(schema: Json, document: Json) -> Any:
    """The example body: examples and defaults of its fields."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return example_of(document["components"]["schemas"][name], document)
    fields = schema["properties"]
    missing = [name for name in schema.get("required", ()) if not fields[name].get("examples")]
    assert missing == [], schema["title"]
    return {name: field["examples"][0] for name, field in fields.items() if field.get("examples")}


def test_examples_of_new_things_work(api: Api, document: Json, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        root, county = factories.ROOT, api.world.places.county
        kinds = OrganisationKind
        town = organisations.create(
            session, acting=root, kind=kinds.TOWN, code="yinong", name="益农镇", parent=county
        )
        organisations.create(
            session, acting=root, kind=kinds.VILLAGE, code="donglian", name="东联村", parent=town
        )
    for noun in ("organisations", "officers", "contracts", "payments", "qr-codes", "tokens", "exports"):
        body = document["paths"][f"{BASE}/{noun}"]["post"]["requestBody"]
        example = example_of(body["content"]["application/json"]["schema"], document)
        assert api.send("POST", noun, json=example).status_code in (201, 202), noun
    assert "xinxi02" in {row["login"] for row in api.get("officers")["items"]}


def test_examples_of_steps_work(api: Api, document: Json, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        key = factories.complaint(session, api.world.places.village).complaint.id
        contract = factories.contract(session, api.world.places.village).id
    steps = [
        ("admin", "/rules/{key}", "put", "rules/contract.expiring"),
        ("admin", "/rules/{key}/run", "post", "rules/contract.expiring/run"),
        ("liaison", "/complaints/{complaint_id}/accept", "post", f"complaints/{key}/accept"),
        ("liaison", "/complaints/{complaint_id}/notes", "post", f"complaints/{key}/notes"),
        ("liaison", "/complaints/{complaint_id}/answer", "post", f"complaints/{key}/answer"),
        ("admin", "/contracts/{contract_id}/state", "post", f"contracts/{contract}/state"),
        ("admin", "/calendar", "post", "calendar"),
    ]
    for who, template, method, path in steps:
        body = document["paths"][BASE + template][method]["requestBody"]
        example = example_of(body["content"]["application/json"]["schema"], document)
        answer = api.as_(who).send(method.upper(), path, json=example)
        assert answer.status_code == 200, (path, answer.text)

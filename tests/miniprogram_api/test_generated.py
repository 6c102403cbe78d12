"""Generated requests against the face's own OpenAPI document: never a 5xx, never an undocumented answer."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.core.db import Database
from app.main import build_context, close, create_app
from app.models.people import SessionKind
from app.services import identities, sessions
from tests import factories
from tests.factories import KEYS
from tests.miniprogram_api.conftest import BASE, Village, make_village
from tests.miniprogram_api.platform import Platform
from tests.services import noticed
from tests.services.works import enter
from tests.support import settings_for
from tests.vectors.served import listening

CASES = 4  # for each operation
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@contextmanager
def _served(database: Database, platform: str) -> Iterator[tuple[str, Any]]:
    with tempfile.TemporaryDirectory() as home:
        context = build_context(settings_for(Path(home), wechat_api_base=platform), database)
        app = create_app(context=context)
        with listening(app) as address:
            (mini,) = (route.app for route in app.routes if getattr(route, "path", "") == BASE)
            yield address + BASE, from_dict(mini.openapi())
        close(context)


def _known(database: Database, village: Village) -> dict[str, Any]:
    """Things that exist, to be put into generated requests: most would meet nothing otherwise."""
    with database.transaction() as session:
        who = identities.identify(session, app_id="wxminiprogram", openid="o-wang")
        token = sessions.open_for_identity(session, identity=who, kind=SessionKind.MINIPROGRAM, keys=KEYS)
        place = village.places.village
        named = factories.complaint(session, place, by=factories.actors.Villager(who.villager_id))
        anonymous = factories.complaint(session, place, by=factories.actors.Visitor())
        return {
            "token": token.token,
            "code": place.code,
            "village": place.code,
            "scene": f"{place.code}:board",
            "reference": named.complaint.number,
            "receipt": anonymous.receipt,
            "disclosure_id": str(noticed.public_item(session, place, village.author).id),
            "project_id": str(enter(session, place).id),
            "tender_id": str(noticed.tender_of(session, place, village.author).id),
        }


def _make_meet(case: Case, known: dict[str, Any]) -> None:
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: known[name] for name in part.keys() & known.keys()})


def test_generated_requests_break_nothing(database: Database, served_platform: tuple[Platform, str]) -> None:
    village = make_village(database)
    known = _known(database, village)
    with _served(database, served_platform[1]) as (address, schema):
        operations = [result.ok() for result in schema.get_all_operations()]
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        addresses = itertools.count(1)
        met: set[tuple[str, int]] = set()

        def one(case: Case, meet: bool, log_in: bool) -> None:
            if meet:
                _make_meet(case, known)
            number = next(addresses)
            headers = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}"}
            if log_in and case.operation.label != "POST /logout":
                headers["Authorization"] = f"Bearer {known['token']}"
            response = case.call(base_url=address, headers=headers)
            met.add((case.operation.label, response.status_code // 100))
            case.validate_response(response, checks=CHECKS)

        for operation in operations:
            cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
            few = settings(
                max_examples=CASES,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            few(given(case=cases, meet=st.booleans(), log_in=st.booleans())(one))()
    assert {status for _, status in met} >= {2, 4}
    assert len({label for label, _ in met}) == len(operations)

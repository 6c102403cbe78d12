"""Generated requests against the OpenAPI document: never a 5xx, never an answer that it does not name."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
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
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.main import build_context, close, create_app
from app.models import Obligation, Organisation
from app.services import chain, exports, ledgers, objections, obligations, placements, questions
from tests import factories
from tests.api.conftest import BASE, World, make_world
from tests.services import noticed
from tests.services.chained import publish
from tests.services.ledgers import rows
from tests.services.works import enter, pay
from tests.support import bearer, settings_for
from tests.vectors.served import listening

# For each caller: requests per operation, and which operations (the two officers share them).
EACH = {"admin": (1, slice(None)), "author": (1, slice(0, None, 2)), "liaison": (1, slice(1, None, 2))}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
UNCONFIGURED = {"wechat_app_id": "", "miniprogram_app_id": ""}


@contextmanager
def _served(database: Database) -> Iterator[tuple[str, Any]]:
    with tempfile.TemporaryDirectory() as home:
        context = build_context(settings_for(Path(home), **UNCONFIGURED), database)
        app = create_app(context=context)
        with listening(app) as address:
            yield address, from_dict(app.openapi())
        close(context)


def known_things(database: Database, world: World) -> dict[str, Any]:
    """Things that exist, to be put into generated requests: most would meet nothing otherwise."""
    village = world.places.village
    with database.transaction() as session:
        complaint = factories.complaint(session, village).complaint
        contract = factories.contract(session, village)
        project = enter(session, village)
        publish(session, village)
        noted = noticed.public_item(session, village, world.people["author"])
        asker = factories.villager(session)
        question = questions.ask(session, acting=asker, disclosure_id=noted.id, text="这笔钱用在哪里？")
        objection = objections.raise_one(session, acting=asker, disclosure_id=noted.id, text="金额对不上。")
        return {
            "question_id": str(question.id),
            "objection_id": str(objection.id),
            "tender_id": str(noticed.tender_of(session, village, world.people["author"]).id),
            "obligation_id": str(_due_item(session, village)),
            "town": world.places.town.code,
            "code": village.code,
            "village": village.code,
            "organisation": village.code,
            "officer_id": str(world.people["liaison"].id),
            "contract_id": str(contract.id),
            "project_id": str(project.id),
            "payment_id": pay(session, village, 1, 100).id,
            **_ledger_rows(session, village),
            "head": chain.head(session, village.id).short,
            "complaint_id": str(complaint.id),
            "disclosure_id": str(factories.draft(session, village, world.people["author"]).id),
            "code_id": str(placements.ensure(session, acting=factories.ROOT, village=village).id),
            "export_id": str(exports.request(session, acting=factories.ROOT, kind="qr_zip").id),
            "key": "contract.expiring",
            "kpi": "cashless_share",
            "place": village.code,
            "setting": "peers.minimum",
            "indicator": "money.cashless",
            "category": "finance",
            "version": None,
        }


def _ledger_rows(session: Session, village: Organisation) -> dict[str, str]:
    """A row of each ledger that has one of its own, as the routes name it."""
    return {
        f"{ledgers.ledger(key).noun}_id": str(rows.enter(session, village, key, **values).id)
        for key, values in rows.ENTERED.items()
        if key not in ("contracts", "payments")
    }


def _due_item(session: Session, village: Organisation) -> uuid.UUID:
    """Something that the village owes to publish."""
    obligations.plan(session, today=clock.today())
    return session.scalars(select(Obligation.id).filter_by(village_id=village.id).limit(1)).one()


def _make_meet(case: Case, known: dict[str, Any]) -> None:
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: known[name] for name in part.keys() & known.keys()})


@pytest.mark.parametrize("who", ["admin", "author", "liaison"])
def test_generated_requests_break_nothing(database: Database, who: str) -> None:
    world = make_world(database)
    known = known_things(database, world)
    each, share = EACH[who]
    with _served(database) as (address, schema):
        operations = [result.ok() for result in schema.get_all_operations()]
        # Logging out would end the test early.
        kept = [op for op in operations if op.path.startswith(BASE) and "sessions/current" not in op.path]
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        met: set[tuple[str, int]] = set()

        def one(case: Case, meet: bool) -> None:
            if meet:
                _make_meet(case, known)
            response = case.call(base_url=address, headers=bearer(world.tokens[who]))
            met.add((re.sub(r"\{.*?\}", "*", case.operation.label), response.status_code // 100))
            case.validate_response(response, checks=CHECKS)

        few = settings(
            max_examples=each,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        for operation in kept[share]:
            cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
            few(given(case=cases, meet=st.booleans())(one))()
    assert {status for _, status in met} >= {2, 4}

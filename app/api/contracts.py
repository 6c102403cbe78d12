"""The ledger of contracts."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.ledger_models import models_of
from app.api.ledger_routes import add_routes, rendered
from app.api.schemas import Body, Day, Line
from app.models.ledgers import ContractState
from app.services import contracts as service
from app.services.ledgers.trade import CONTRACTS
from app.web.context import WriteSession

api = router("合同")
add_routes(api, CONTRACTS)


class NewContractState(Body):
    """What became of a contract."""

    state: ContractState = Field(examples=["renewed"])
    since: Day | None = Field(default=None, description="从哪一天起，不填为今天", examples=["2026-03-05"])
    reason: Line = Field(default=service.STATE_NOTED, description="依据或原因", examples=["已与承租方续签"])


@api.post(
    "/contracts/{contract_id}/state",
    responses=problems(400, 403, 404, 409, 422),
    response_model=models_of(CONTRACTS).out,
)
def change_contract_state(
    contract_id: uuid.UUID, body: NewContractState, acting: Signed, session: WriteSession
) -> Any:
    """登记合同续签、到期收回或解除；相关预警在下一次运行时据此解除。"""
    row = service.change_state(
        session,
        acting=acting,
        contract_id=contract_id,
        state=body.state,
        since=body.since,
        reason=body.reason,
    )
    return rendered(session, CONTRACTS, [row])[0]

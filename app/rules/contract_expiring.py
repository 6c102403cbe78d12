"""R01 合同即将到期: a lease ends and nobody has prepared what follows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import Field
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Contract, Disclosure, Organisation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.ledgers import ContractKind, ContractState
from app.models.warnings import Colour
from app.rules.base import Clearing, Finding, Rule, Thresholds


class ContractExpiringThresholds(Thresholds):
    """Days to the end of the term. 30 and 7 follow the common practice of village contract ledgers; the
    programme itself publishes no lead time, so the county may set its own."""

    yellow_days: int = Field(default=30, ge=1, le=366, description="到期前多少天黄色预警（天）")
    red_days: int = Field(default=7, ge=0, le=366, description="到期前多少天红色预警（天）")


def retender_published() -> ColumnElement[bool]:
    """SQL: a re-tender notice linked to the contract is public now."""
    return exists().where(
        Disclosure.contract_id == Contract.id,
        Disclosure.kind == DisclosureKind.RETENDER_NOTICE,
        Disclosure.state == DisclosureState.PUBLISHED,
    )


class ContractExpiring(Rule[ContractExpiringThresholds]):
    """Yellow from 30 days before the end of a lease, red from 7 days before it and after it, until the
    re-tender notice is published or the contract is renewed, ended or cancelled in the ledger."""

    key = "contract.expiring"
    version = 1
    title = "合同即将到期"
    meaning = "集体土地、房屋的出租合同快到期或已到期，还没有公开新一轮招租。"
    source = "杭州市萧山区「清廉小脑」公开案例：合同到期前黄色预警，提示重新招投标。"
    clears_by = "公开与该合同关联的重新招租公告，或在台账中登记续签、收回、解除。"
    thresholds = ContractExpiringThresholds

    def find(
        self, session: Session, *, as_of: date, thresholds: ContractExpiringThresholds
    ) -> Sequence[Finding]:
        """Active leases whose last day is at most `yellow_days` away, without a published re-tender."""
        last = as_of + timedelta(days=max(thresholds.yellow_days, thresholds.red_days))
        rows = session.execute(
            select(Contract, Organisation.name)
            .join(Organisation, Organisation.id == Contract.village_id)
            .where(
                Contract.state == ContractState.ACTIVE,
                Contract.kind == ContractKind.LEASE_OUT,
                Contract.ends_on <= last,
                Organisation.active,
                ~retender_published(),
            )
            .order_by(Contract.ends_on, Contract.id)
        )
        return [self._finding(contract, village, as_of, thresholds) for contract, village in rows]

    def _finding(
        self, contract: Contract, village: str, as_of: date, thresholds: ContractExpiringThresholds
    ) -> Finding:
        assert contract.ends_on is not None
        left = (contract.ends_on - as_of).days
        when = f"还有 {left} 天到期" if left > 0 else ("今天到期" if left == 0 else f"已过期 {-left} 天")
        return Finding(
            village_id=contract.village_id,
            subject_kind="contract",
            subject_id=str(contract.id),
            colour=Colour.RED if left <= thresholds.red_days else Colour.YELLOW,
            title=f"{contract.title}{when}",
            basis=(
                f"{village}的合同「{contract.title}」（编号 {contract.number}）于"
                f"{clock.spoken_day(contract.ends_on)}到期，{when}，尚未公开重新招租公告。"
                f"依据：到期前 {thresholds.yellow_days} 天黄色预警，"
                f"到期前 {thresholds.red_days} 天或已到期红色预警。"
            ),
            evidence={
                "contract_id": str(contract.id),
                "number": contract.number,
                "ends_on": contract.ends_on.isoformat(),
                "days_left": left,
            },
        )

    def clear(self, session: Session, *, as_of: date, subject_ids: Sequence[str]) -> dict[str, Clearing]:
        """Cleared by the published notice, or by what the ledger says about the contract since."""
        keys = [uuid.UUID(key) for key in subject_ids]
        notices = {
            contract_id: disclosure_id
            for disclosure_id, contract_id in session.execute(
                select(Disclosure.id, Disclosure.contract_id).where(
                    Disclosure.contract_id.in_(keys),
                    Disclosure.kind == DisclosureKind.RETENDER_NOTICE,
                    Disclosure.state == DisclosureState.PUBLISHED,
                )
            )
        }
        contracts = session.scalars(select(Contract).where(Contract.id.in_(keys)))
        return {str(contract.id): _clearing(contract, notices.get(contract.id)) for contract in contracts}


def _clearing(contract: Contract, notice: uuid.UUID | None) -> Clearing:
    if notice is not None:
        return Clearing("已公开重新招租公告。", {"disclosure_id": str(notice)})
    words = {
        ContractState.RENEWED: "台账已登记续签。",
        ContractState.ENDED: "台账已登记到期收回。",
        ContractState.CANCELLED: "台账已登记解除。",
        ContractState.ACTIVE: "合同期限已变更，不在预警范围内。",
    }
    ends_on = contract.ends_on.isoformat() if contract.ends_on else None
    return Clearing(words[contract.state], {"contract_state": contract.state.value, "ends_on": ends_on})

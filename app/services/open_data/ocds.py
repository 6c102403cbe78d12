"""Tenders and contracts of a village as OCDS 1.1 release packages.

One contracting process per tender; per small-works project that was not tendered; per published contract
otherwise. Its releases follow what happened: tender → tenderUpdate | tenderCancellation | award → contract →
implementation. Source: Open Contracting Data Standard 1.1, release package schema and codelists; amounts are
yuan (CNY), payments are sums of a month. What of them is public: `processes`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.models import Contract, Disclosure, DisclosureVersion, Organisation, Payment, Project, Tender
from app.models.base import Json
from app.models.disclosures import DisclosureState
from app.models.interaction import TenderState
from app.models.ledgers import ContractKind, ContractState
from app.services import access, organisations
from app.services.actors import Visitor
from app.services.open_data.parties import public_name, without_name
from app.services.open_data.processes import Process, processes
from app.services.open_data.tables import Licence

VERSION = "1.1"
CURRENCY = "CNY"
VISITOR = Visitor()
_CONTRACT_STATES = {
    ContractState.ACTIVE: "active",
    ContractState.ENDED: "terminated",
    ContractState.RENEWED: "terminated",
    ContractState.CANCELLED: "cancelled",
}
_CATEGORIES = {
    ContractKind.WORKS: "works",
    ContractKind.PURCHASE: "goods",
    ContractKind.LABOUR: "services",
}


@dataclass(frozen=True)
class _Notice:
    """A published item: its page, title and moment."""

    disclosure: Disclosure
    version: DisclosureVersion

    @property
    def at(self) -> datetime:
        assert self.disclosure.published_at is not None
        return self.disclosure.published_at


def package(session: Session, village: Organisation, *, base: str, prefix: str, licence: Licence) -> Json:
    """The release package of a village; `prefix` is the publisher's registered ocid prefix.

    Raises NotFound (`open_data.empty`) when there is nothing yet: a package has one release at least."""
    writer = _Writer(session, village, base, prefix)
    releases = [release for process in processes(session, village) for release in writer.releases(process)]
    if not releases:
        raise NotFound("open_data.empty", "这个村还没有公开过招标和合同，暂时没有数据。")
    county = organisations.above(session, village)[-1]
    return {
        "uri": f"{base}/v/{village.code}/open/ocds.json",
        "version": VERSION,
        "publishedDate": max(release["date"] for release in releases),
        "publisher": {"name": county.name, "uri": base},
        "license": licence.url,
        "publicationPolicy": f"{base}/v/{village.code}/open",
        "releases": releases,
    }


# --- releases -------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, session: Session, village: Organisation, base: str, prefix: str) -> None:
        self._session = session
        self._village = village
        self._base = base
        self._prefix = prefix
        self._place = {"id": f"village-{village.code}", "name": village.name}

    def releases(self, process: Process) -> Iterator[Json]:
        """What happened in one process, in order."""
        if process.tender is not None:
            yield from self._of_tender(process, process.tender)
        if process.contract is not None:
            yield from self._of_contract(process, process.contract)

    def _release(
        self,
        process: Process,
        name: str,
        tags: list[str],
        at: datetime,
        parties: Sequence[Json] = (),
        **parts: Any,
    ) -> Json:
        ocid = f"{self._prefix}-{self._village.code}-{process.key.hex[:16]}"
        place = {**self._place, "roles": ["buyer", "procuringEntity"]}
        return {
            "ocid": ocid,
            "id": f"{ocid}-{name}",
            "date": _moment(at),
            "tag": tags,
            "initiationType": "tender",
            "language": "zh",
            "parties": [place, *parties],
            "buyer": self._place,
            **parts,
        }

    def _of_tender(self, process: Process, tender: Tender) -> Iterator[Json]:
        notice = self._notice(tender.disclosure_id)
        if notice is None:
            return
        if notice.disclosure.state is DisclosureState.WITHDRAWN:
            gone = {
                "id": str(tender.id),
                "status": "withdrawn",
                "statusDetails": notice.disclosure.withdrawn_because or notice.disclosure.review_remark,
            }
            at = notice.disclosure.withdrawn_at or notice.at
            yield self._release(process, "withdrawn", ["tenderCancellation"], at, tender=gone)
            return
        tags = ["planning", "tender"] if process.project else ["tender"]
        planning: Json = {"planning": _planning(process.project)} if process.project else {}
        yield self._release(
            process, "tender", tags, notice.at, tender=self._tender(process, tender, notice), **planning
        )
        yield from self._outcome(process, tender)

    def _tender(self, process: Process, tender: Tender, notice: _Notice) -> Json:
        works = process.project is not None
        floor = {"minValue": _value(tender.floor_price_fen)} if tender.floor_price_fen is not None else {}
        asked = "、".join(str(one.get("label", "")) for one in tender.requirements)
        return {
            "id": str(tender.id),
            "title": tender.title,
            "description": notice.version.summary,
            "status": "active",
            "procuringEntity": self._place,
            **({} if works else floor),
            **({"mainProcurementCategory": "works"} if works else {}),
            "procurementMethod": "open",
            "procurementMethodDetails": "公开招标" if works else "公开招租、发包",
            "submissionMethod": ["electronicSubmission"],
            **({"submissionMethodDetails": f"报名要填：{asked}"} if asked else {}),
            "tenderPeriod": {"startDate": _moment(notice.at), "endDate": _moment(tender.closes_at)},
            "documents": [self._document(notice, "tenderNotice")],
        }

    def _outcome(self, process: Process, tender: Tender) -> Iterator[Json]:
        state = tender.state
        counted: Json = {"id": str(tender.id), "numberOfTenderers": tender.sign_ups}
        awarded = self._notice(tender.award_disclosure_id)
        if awarded is not None and awarded.disclosure.state is not DisclosureState.PUBLISHED:
            awarded = None
        if state is TenderState.AWARDED and awarded is not None:
            supplier = self._supplier(process, tender.winner)
            award = {
                "id": str(tender.id),
                "title": tender.title,
                "status": "active",
                "date": _day(tender.awarded_on),
                "value": _value(tender.award_fen or 0),
                "suppliers": [_reference(supplier)],
                "documents": [self._document(awarded, "awardNotice")],
            }
            yield self._release(
                process,
                "award",
                ["award", "tenderUpdate"],
                awarded.at,
                [supplier],
                tender={**counted, "status": "complete"},
                awards=[award],
            )
        elif state is TenderState.FAILED:
            failed = {**counted, "status": "unsuccessful", "statusDetails": tender.remark}
            yield self._release(process, "failed", ["tenderUpdate"], tender.closes_at, tender=failed)
        elif state is TenderState.CANCELLED:
            ended = {"id": str(tender.id), "status": "cancelled", "statusDetails": tender.remark}
            yield self._release(process, "cancelled", ["tenderCancellation"], tender.closes_at, tender=ended)
        elif state in (TenderState.CLOSED, TenderState.AWARDED):
            closed = {**counted, "status": "active"}
            yield self._release(process, "closed", ["tenderUpdate"], tender.closes_at, tender=closed)

    def _of_contract(self, process: Process, contract: Contract) -> Iterator[Json]:
        tender = process.tender
        awarded = tender is not None and tender.state is TenderState.AWARDED
        supplier = self._supplier(process, contract.counterparty)
        title = without_name(contract.title, contract.counterparty)
        signed = contract.signed_on or contract.starts_on
        own_award = {
            "id": str(contract.id),
            "title": title,
            "status": "active",
            "date": _day(signed),
            "value": _value(contract.amount_fen),
            "suppliers": [_reference(supplier)],
        }
        reached = str(tender.id) if awarded and tender else str(contract.id)
        written = {
            "id": str(contract.id),
            "awardID": reached,
            "title": title,
            "description": without_name(contract.subject, contract.counterparty),
            "status": _CONTRACT_STATES[contract.state],
            "period": {
                "startDate": _day(contract.starts_on),
                **({"endDate": _day(contract.ends_on)} if contract.ends_on else {}),
            },
            "value": _value(contract.amount_fen),
            **({"dateSigned": _day(contract.signed_on)} if contract.signed_on else {}),
        }
        kind = _CATEGORIES.get(contract.kind)
        about = (
            {}
            if tender or kind is None
            else {"tender": {"id": str(contract.id), "title": title, "mainProcurementCategory": kind}}
        )
        parts: Json = {} if awarded else {"awards": [own_award]}
        tags = ["contract"] if awarded else ["award", "contract"]
        yield self._release(
            process, "contract", tags, clock.at(signed), [supplier], **about, **parts, contracts=[written]
        )
        yield from self._payments(process, contract, written, supplier)

    def _payments(
        self, process: Process, contract: Contract, written: Json, supplier: Json
    ) -> Iterator[Json]:
        """What was paid, one transaction a month."""
        project = process.project
        of_project = Payment.project_id == project.id if project else Payment.contract_id == contract.id
        month = func.date_trunc("month", Payment.paid_on)
        sums = self._session.execute(
            select(func.max(Payment.paid_on), func.sum(Payment.amount_fen), func.count())
            .where(
                Payment.village_id == self._village.id,
                Payment.voided_at.is_(None),
                or_(Payment.contract_id == contract.id, of_project),
            )
            .group_by(month)
            .order_by(month)
        ).all()
        if not sums:
            return
        transactions = [
            {
                "id": f"{contract.id}-{day:%Y-%m}",
                "date": _day(day),
                "value": _value(int(total)),
                "payer": self._place,
                "payee": _reference(supplier),
            }
            for day, total, _ in sums
        ]
        last, number = sums[-1][0], sum(count for _, _, count in sums)
        paid = {
            "id": written["id"],
            "awardID": written["awardID"],
            "implementation": {"transactions": transactions},
        }
        name = f"implementation-{last:%Y%m%d}-{number}"
        yield self._release(process, name, ["implementation"], clock.at(last), [supplier], contracts=[paid])

    def _supplier(self, process: Process, name: str) -> Json:
        """A party that is told by its process: ids made of people's names could be guessed."""
        key = f"supplier-{process.key.hex[:16]}"
        return {"id": key, "name": public_name(name), "roles": ["supplier"]}

    def _document(self, notice: _Notice, kind: str) -> Json:
        return {
            "id": str(notice.disclosure.id),
            "documentType": kind,
            "title": notice.version.title,
            "url": f"{self._base}/v/{self._village.code}/d/{notice.disclosure.id}",
            "datePublished": _moment(notice.at),
            "format": "text/html",
            "language": "zh",
        }

    def _notice(self, disclosure_id: uuid.UUID | None) -> _Notice | None:
        """The item, if it ever came out and is published or withdrawn."""
        row = self._session.execute(
            select(Disclosure, DisclosureVersion)
            .join(
                DisclosureVersion,
                (DisclosureVersion.disclosure_id == Disclosure.id)
                & (DisclosureVersion.number == Disclosure.current_version),
            )
            .where(
                Disclosure.id == disclosure_id,
                Disclosure.published_at.is_not(None),
                access.visible_disclosures(VISITOR),
            )
        ).one_or_none()
        return _Notice(row[0], row[1]) if row else None


def _planning(project: Project | None) -> Json:
    assert project is not None
    budget: Json = {"id": str(project.id), "project": project.name, "projectID": project.number}
    if project.estimate_fen is not None:
        budget["amount"] = _value(project.estimate_fen)
    return {"rationale": project.description, "budget": budget} if project.description else {"budget": budget}


def _reference(party: Json) -> Json:
    return {"id": party["id"], "name": party["name"]}


def _value(fen: int) -> Json:
    yuan, rest = divmod(fen, 100)
    return {"amount": fen / 100 if rest else yuan, "currency": CURRENCY}


def _moment(at: datetime) -> str:
    return clock.local(at).isoformat(timespec="seconds")


def _day(day: date | None) -> str | None:
    return _moment(clock.at(day)) if day else None

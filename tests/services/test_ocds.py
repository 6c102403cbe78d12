"""Tenders and contracts as OCDS 1.1 release packages, held against the standard's own schema."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.models import Contract, Disclosure, Organisation, Payment, Project, Tender
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.interaction import TenderState
from app.models.ledgers import ContractKind, PaymentMethod
from app.models.projects import ProjectState
from app.services import open_data
from app.services.open_data.parties import public_name, without_name
from tests import factories
from tests.services.published import publish

SCHEMAS = Path(__file__).resolve().parents[1] / "vectors" / "ocds"
BASE = "https://cun.example"
LICENCE = open_data.Licence("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or value.startswith("https://")


def validator() -> Draft4Validator:
    files = {
        name: json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
        for name in ("release-package-schema.json", "release-schema.json")
    }
    resources = [(schema["id"], DRAFT4.create_resource(schema)) for schema in files.values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft4Validator(files["release-package-schema.json"], registry=registry, format_checker=FORMATS)


def package(session: Session, village: Organisation) -> dict[str, Any]:
    """The package as it is sent, which must fit the schema."""
    made = json.loads(
        json.dumps(open_data.package(session, village, base=BASE, prefix="ocds-abc123", licence=LICENCE))
    )
    problems = [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in validator().iter_errors(made)
    ]
    assert problems == []
    ids = [release["id"] for release in made["releases"]]
    assert len(ids) == len(set(ids))
    assert not any("#" in one for one in ids)
    return made


def tags(made: dict[str, Any]) -> list[list[str]]:
    return [release["tag"] for release in made["releases"]]


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


def notice(session: Session, village: Organisation, kind: DisclosureKind, **more: Any) -> Disclosure:
    made, _ = publish(session, village, "村口鱼塘招租公告", summary="村口鱼塘公开招租，底价三万六。", **more)
    made.kind = kind
    return made


def tender(session: Session, village: Organisation, **values: Any) -> Tender:
    told = values.pop("notice", None) or notice(session, village, DisclosureKind.RETENDER_NOTICE)
    row = Tender(
        **{
            "id": uuid.uuid4(),
            "village_id": village.id,
            "disclosure_id": told.id,
            "state": TenderState.OPEN,
            "title": "村口鱼塘招租公告",
            "floor_price_fen": 3_600_000,
            "opens_at": clock.now(),
            "closes_at": clock.now() + timedelta(days=7),
            "requirements": [{"key": "f1", "label": "拟经营项目", "required": True}],
            "sign_ups": 5,
        }
        | values
    )
    session.add(row)
    session.flush()
    return row


def contract(session: Session, village: Organisation, **values: Any) -> Contract:
    row = Contract(
        **{
            "id": uuid.uuid4(),
            "village_id": village.id,
            "number": uuid.uuid4().hex[:8],
            "kind": ContractKind.WORKS,
            "title": "道路硬化施工合同",
            "counterparty": "萧山某某建设有限公司",
            "signed_on": date(2026, 3, 2),
            "starts_on": date(2026, 3, 5),
            "ends_on": date(2026, 6, 30),
            "amount_fen": 28_000_050,
        }
        | values
    )
    session.add(row)
    session.flush()
    return row


def paid(session: Session, village: Organisation, day: date, fen: int, **links: Any) -> None:
    session.add(
        Payment(
            village_id=village.id,
            voucher=uuid.uuid4().hex[:8],
            paid_on=day,
            payee="萧山某某建设有限公司",
            amount_fen=fen,
            method=PaymentMethod.TRANSFER,
            category="工程支出",
            **links,
        )
    )
    session.flush()


def test_an_open_tender(session: Session, village: Organisation) -> None:
    row = tender(session, village)
    made = package(session, village)

    assert tags(made) == [["tender"]]
    release = made["releases"][0]
    assert release["ocid"].startswith(f"ocds-abc123-{village.code}-")
    assert release["tender"]["minValue"] == {"amount": 36000, "currency": "CNY"}
    assert release["tender"]["documents"][0]["url"] == f"{BASE}/v/{village.code}/d/{row.disclosure_id}"
    assert "numberOfTenderers" not in release["tender"]
    assert "拟经营项目" in release["tender"]["submissionMethodDetails"]


def test_an_award_appears_with_its_published_notice(session: Session, village: Organisation) -> None:
    told = notice(session, village, DisclosureKind.AWARD_NOTICE)
    told.state = DisclosureState.DRAFT
    tender(
        session, village, state=TenderState.AWARDED, winner="王小明", award_fen=4_000_000,
        awarded_on=clock.today(), award_disclosure_id=told.id, closes_at=clock.now(),
    )  # fmt: skip
    session.flush()
    hidden = package(session, village)
    assert tags(hidden) == [["tender"], ["tenderUpdate"]]
    assert hidden["releases"][1]["tender"]["numberOfTenderers"] == 5
    assert "王" not in json.dumps(hidden, ensure_ascii=False)

    told.state = DisclosureState.PUBLISHED
    session.flush()
    shown = package(session, village)
    assert tags(shown) == [["tender"], ["award", "tenderUpdate"]]
    award = shown["releases"][1]["awards"][0]
    assert award["value"]["amount"] == 40000
    assert award["suppliers"][0]["name"] == "王**"
    assert "王小明" not in json.dumps(shown, ensure_ascii=False)


@pytest.mark.parametrize(
    ("state", "tag", "status"),
    [
        (TenderState.FAILED, "tenderUpdate", "unsuccessful"),
        (TenderState.CANCELLED, "tenderCancellation", "cancelled"),
        (TenderState.CLOSED, "tenderUpdate", "active"),
    ],
)
def test_other_ends(
    session: Session, village: Organisation, state: TenderState, tag: str, status: str
) -> None:
    tender(session, village, state=state, remark="报名不足三家")
    last = package(session, village)["releases"][-1]

    assert (last["tag"], last["tender"]["status"]) == ([tag], status)


def test_a_withdrawn_notice_leaves_its_reason_alone(session: Session, village: Organisation) -> None:
    row = tender(session, village, state=TenderState.CANCELLED)
    told = session.get_one(Disclosure, row.disclosure_id)
    told.state, told.withdrawn_at = DisclosureState.WITHDRAWN, clock.now()
    told.withdrawn_because = "底价有误"
    session.flush()
    made = package(session, village)

    assert tags(made) == [["tenderCancellation"]]
    assert made["releases"][0]["tender"]["statusDetails"] == "底价有误"
    assert "鱼塘" not in json.dumps(made, ensure_ascii=False)


def test_small_works_from_planning_to_payments(session: Session, village: Organisation) -> None:
    deal = contract(session, village)
    project = Project(
        id=uuid.uuid4(), village_id=village.id, number="XM-1", name="道路硬化", description="三组硬化 800 米",
        state=ProjectState.UNDER_WAY, estimate_fen=30_000_000, contract_id=deal.id,
    )  # fmt: skip
    session.add(project)
    session.flush()
    award = notice(session, village, DisclosureKind.AWARD_NOTICE)
    tender(
        session, village, project_id=project.id,
        notice=notice(session, village, DisclosureKind.TENDER_NOTICE),
        state=TenderState.AWARDED, winner=deal.counterparty, award_fen=28_000_050,
        awarded_on=date(2026, 3, 1), award_disclosure_id=award.id,
    )  # fmt: skip
    paid(session, village, date(2026, 4, 3), 10_000_000, contract_id=deal.id)
    paid(session, village, date(2026, 4, 20), 5_000_025, project_id=project.id)
    paid(session, village, date(2026, 6, 1), 100, contract_id=deal.id, project_id=project.id)
    made = package(session, village)

    assert tags(made) == [["planning", "tender"], ["award", "tenderUpdate"], ["contract"], ["implementation"]]
    assert len({release["ocid"] for release in made["releases"]}) == 1
    planned, awarded, signed, done = made["releases"]
    assert planned["planning"]["budget"]["amount"]["amount"] == 300000
    assert planned["tender"]["mainProcurementCategory"] == "works"
    assert signed["contracts"][0]["awardID"] == awarded["awards"][0]["id"]
    assert signed["contracts"][0]["value"]["amount"] == 280000.5
    assert [one["value"]["amount"] for one in done["contracts"][0]["implementation"]["transactions"]] == [
        150000.25,
        1,
    ]
    assert made["publishedDate"] == max(release["date"] for release in made["releases"])


def test_a_published_contract_without_a_tender(session: Session, village: Organisation) -> None:
    deal = contract(
        session, village, kind=ContractKind.LABOUR, counterparty="王小明", title="王小明保洁用工合同",
        subject="保洁，电话 13812345678", ends_on=None, signed_on=None,
    )  # fmt: skip
    with pytest.raises(NotFound):
        package(session, village)
    told = notice(session, village, DisclosureKind.PLAIN)
    told.contract_id = deal.id
    session.flush()
    made = package(session, village)

    assert tags(made) == [["award", "contract"]]
    words = json.dumps(made, ensure_ascii=False)
    assert "王小明" not in words
    assert "13812345678" not in words
    assert made["releases"][0]["contracts"][0]["title"] == "王**保洁用工合同"


def test_a_lease_is_not_published_by_the_notice_of_its_end(session: Session, village: Organisation) -> None:
    lease = contract(session, village, kind=ContractKind.LEASE_OUT, counterparty="某某水产专业合作社")
    told = notice(session, village, DisclosureKind.RETENDER_NOTICE)
    told.contract_id = lease.id
    tender(session, village, notice=told, contract_id=lease.id)

    assert tags(package(session, village)) == [["tender"]]


def test_drafts_proposals_and_other_villages_are_not_in_it(session: Session, village: Organisation) -> None:
    other = factories.village(session, session.get_one(Organisation, village.parent_id))
    tender(session, other)
    contract(session, village)
    waiting = notice(session, village, DisclosureKind.TENDER_NOTICE)
    waiting.state, waiting.published_at = DisclosureState.SUBMITTED, None
    tender(session, village, notice=waiting, state=TenderState.DRAFT)
    session.add(
        Project(
            id=uuid.uuid4(), village_id=village.id, number="XM-2", name="未定", state=ProjectState.PROPOSED
        )
    )
    session.flush()

    with pytest.raises(NotFound) as refusal:
        package(session, village)
    assert refusal.value.code == "open_data.empty"


def test_the_schema_itself_refuses_what_is_wrong(session: Session, village: Organisation) -> None:
    tender(session, village)
    made = package(session, village)
    for spoil in (
        {"date": "2026-03-05"},
        {"tag": ["announced"]},
        {"initiationType": "talk"},
        {"tender": {"status": "active"}},
    ):
        broken = {**made, "releases": [{**made["releases"][0], **spoil}]}
        assert not validator().is_valid(broken), spoil


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("萧山某某建设有限公司", "萧山某某建设有限公司"),
        ("兴裕村股份经济合作社", "兴裕村股份经济合作社"),
        ("某某五金厂（普通合伙）", "某某五金厂（普通合伙）"),
        ("益农镇人民政府", "益农镇人民政府"),
        ("王小明", "王**"),
        ("欧阳小明", "欧阳**"),
        ("王站长", "王**"),
        ("张三、李四", "张**"),
        ("", ""),
    ],
)
def test_names_of_parties(name: str, shown: str) -> None:
    assert public_name(name) == shown


def test_words_of_ledgers_lose_the_person() -> None:
    assert without_name("王小明承包鱼塘，13812345678", "王小明") == "王**承包鱼塘，138****5678"

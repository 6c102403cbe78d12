"""Disclosures: drafting, review by another person, withdrawal, and what the public keeps."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.images import Limits
from app.core.storage import Storage
from app.models import DisclosureCategory
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import access, attachments, disclosures, officers, privacy
from app.services.actors import Visitor
from tests import factories as make
from tests.journeys.story import photo


def test_the_way_to_the_public_page_keeps_the_order_of_figures(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    figures = {"收入": "12 万元", "支出": "8 万元", "结余": "4 万元"}
    made = make.draft(session, places.village, author, figures=figures)
    writer, reader = make.acting(session, author), make.acting(session, reviewer)

    assert not disclosures.items(session, Visitor(), village_id=places.village.id)
    disclosures.submit(session, acting=writer, disclosure_id=made.id, keys=make.KEYS)
    with pytest.raises(BadInput):
        disclosures.send_back(session, acting=reader, disclosure_id=made.id, remark=" ")
    disclosures.send_back(session, acting=reader, disclosure_id=made.id, remark="请补上结余")
    disclosures.submit(session, acting=writer, disclosure_id=made.id, keys=make.KEYS)
    disclosures.publish(session, acting=reader, disclosure_id=made.id, keys=make.KEYS)

    session.expire_all()
    [item] = disclosures.items(session, Visitor(), village_id=places.village.id)
    assert list(item.version.figures) == ["收入", "支出", "结余"]
    with pytest.raises(Conflict):
        disclosures.publish(session, acting=reader, disclosure_id=made.id, keys=make.KEYS)


def test_author_and_reviewer_are_never_the_same_person(session: Session) -> None:
    places = make.places(session)
    both = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    officers.appoint(
        session,
        acting=make.ROOT,
        officer_id=both.id,
        organisation=places.village,
        role=Role.LIAISON_OFFICER,
        duty=Duty.PUBLICATION,
    )
    made = make.draft(session, places.village, both)
    actor = make.acting(session, both)
    disclosures.submit(session, acting=actor, disclosure_id=made.id, keys=make.KEYS)

    with pytest.raises(Conflict, match="另一个人"):
        disclosures.publish(session, acting=actor, disclosure_id=made.id, keys=make.KEYS)


def test_who_may_not(session: Session) -> None:
    places, elsewhere = make.places(session), make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    stranger = make.officer(session, Role.INFORMATION_OFFICER, elsewhere.village)
    answering = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.COMPLAINTS)
    made = make.draft(session, places.village, author)

    with pytest.raises(Forbidden):
        make.draft(session, places.village, stranger)
    with pytest.raises(NotFound):
        disclosures.submit(
            session, acting=make.acting(session, stranger), disclosure_id=made.id, keys=make.KEYS
        )
    disclosures.submit(session, acting=make.acting(session, author), disclosure_id=made.id, keys=make.KEYS)
    for officer in (author, answering):
        with pytest.raises(AppError):
            disclosures.publish(
                session, acting=make.acting(session, officer), disclosure_id=made.id, keys=make.KEYS
            )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": ""}, "disclosure.title_wrong"),
        ({"title": "长" * 61}, "disclosure.title_wrong"),
        ({"summary": "长" * 41}, "disclosure.summary_wrong"),
        ({"period": "2026-13"}, "disclosure.period_wrong"),
        ({"project_id": uuid.uuid4()}, "disclosure.project_unknown"),
        ({"category_code": "decision_result", "notice_days": 2}, "disclosure.notice_too_short"),
        ({"kind": DisclosureKind.URGENT_NOTICE}, "disclosure.expires_missing"),
        ({"expires_at": clock.now() + timedelta(days=1)}, "disclosure.expires_unused"),
        (
            {"kind": DisclosureKind.URGENT_NOTICE, "expires_at": clock.now() + timedelta(days=31)},
            "disclosure.expires_wrong",
        ),
        ({"filled": {"income": "很多"}}, "disclosure.field_wrong"),
        ({"category_code": "nothing"}, "disclosure.category_unknown"),
        ({"kind": DisclosureKind.RETENDER_NOTICE}, "disclosure.contract_missing"),
    ],
)
def test_what_is_wrong_is_named(session: Session, fields: dict[str, object], code: str) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)

    with pytest.raises(BadInput) as refusal:
        make.draft(session, places.village, author, **fields)

    assert refusal.value.code == code


def test_a_contract_of_another_village_is_refused(session: Session) -> None:
    places, elsewhere = make.places(session), make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    contract = make.contract(session, elsewhere.village)

    with pytest.raises(BadInput, match="不是本村"):
        make.draft(session, places.village, author, contract_id=contract.id)


def test_a_withdrawn_item_leaves_a_tombstone_and_no_files(session: Session, tmp_path: Path) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.acting(
        session, make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    )
    actor = make.acting(session, author)
    upload = attachments.upload(
        session,
        acting=actor,
        data=photo(),
        name="公示.jpg",
        storage=Storage(tmp_path),
        keys=make.KEYS,
        limits=Limits(),
    )
    made = make.draft(session, places.village, author, uploads=[upload.token])
    [file] = disclosures.files(session, acting=actor, disclosure=made)
    with pytest.raises(Conflict, match="个人信息"):
        disclosures.submit(session, acting=actor, disclosure_id=made.id, keys=make.KEYS)
    privacy.confirm(session, acting=actor, disclosure_id=made.id, attachment_id=file.id, keys=make.KEYS)
    disclosures.submit(session, acting=actor, disclosure_id=made.id, keys=make.KEYS)
    disclosures.publish(session, acting=reviewer, disclosure_id=made.id, keys=make.KEYS)
    assert attachments.access_attachment(session, acting=Visitor(), attachment_id=file.id) is file

    disclosures.withdraw(session, acting=reviewer, disclosure_id=made.id, reason="金额写错")

    tombstone = access.access_disclosure(session, Visitor(), made.id)
    assert (tombstone.state, tombstone.withdrawn_because) == (DisclosureState.WITHDRAWN, "金额写错")
    assert tombstone.withdrawn_at
    assert not disclosures.versions(session, tombstone)
    assert not disclosures.files(session, acting=Visitor(), disclosure=tombstone)
    with pytest.raises(NotFound):
        attachments.access_attachment(session, acting=Visitor(), attachment_id=file.id)
    assert attachments.access_attachment(session, acting=reviewer, attachment_id=file.id) is file


def test_an_upload_is_used_once_and_by_its_token_only(session: Session, tmp_path: Path) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    upload = attachments.upload(
        session,
        acting=make.acting(session, author),
        data=photo(),
        name="../../etc/x.jpg",
        storage=Storage(tmp_path),
        keys=make.KEYS,
        limits=Limits(),
    )
    assert upload.attachment.name == "x.jpg"
    assert upload.token not in str(vars(upload.attachment))
    make.draft(session, places.village, author, uploads=[upload.token])
    for token in (upload.token, "made up"):
        with pytest.raises(BadInput):
            make.draft(session, places.village, author, uploads=[token])


def test_a_sentence_writes_itself_and_figures_come_from_the_fields(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    made = make.draft(
        session,
        places.village,
        author,
        summary="",
        period="2026-10",
        filled={"income": "12万元", "expense": "80000.50"},
        records=[{"direction": "支出", "item": "河道保洁", "amount": "1200"}, {"item": ""}],
    )

    item = disclosures.item(session, acting=make.acting(session, author), disclosure_id=made.id)
    assert 0 < len(item.version.summary) <= disclosures.LONGEST_SUMMARY
    assert item.version.figures["支出"] == "80,000.50 元"
    assert item.version.table["rows"][0][1] == "河道保洁"
    assert item.version.filled["income"] == 12_000_000
    assert len(item.version.records) == 1


def test_the_category_says_who_drafts_and_who_reviews(session: Session) -> None:
    places = make.places(session)
    category = session.get_one(DisclosureCategory, "family_virtue")
    category.drafted_by, category.reviewed_by = Role.TOWN_INSPECTOR, Role.COUNTY_INSPECTOR
    session.flush()
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    with pytest.raises(Forbidden, match="镇街"):
        make.draft(session, places.village, author, category_code="family_virtue")
    made = make.draft(session, places.village, town, category_code="family_virtue")
    disclosures.submit(session, acting=make.acting(session, town), disclosure_id=made.id, keys=make.KEYS)

    waiting = {
        who: [item.disclosure.id for item in disclosures.to_review(session, acting=make.acting(session, one))]
        for who, one in (("liaison", liaison), ("town", town), ("county", county))
    }
    assert waiting == {"liaison": [], "town": [], "county": [made.id]}
    for one in (liaison, author):
        with pytest.raises(Forbidden):
            disclosures.publish(
                session, acting=make.acting(session, one), disclosure_id=made.id, keys=make.KEYS
            )
    disclosures.publish(session, acting=make.acting(session, county), disclosure_id=made.id, keys=make.KEYS)


def test_whoever_wrote_any_version_never_decides(session: Session) -> None:
    places = make.places(session)
    first = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    second = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    officers.appoint(
        session,
        acting=make.ROOT,
        officer_id=second.id,
        organisation=places.village,
        role=Role.LIAISON_OFFICER,
        duty=Duty.PUBLICATION,
    )
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    made = make.draft(session, places.village, first)
    both = make.acting(session, second)
    text = disclosures.Draft(category_code="finance", title="改过", summary="改过的一句话。")
    disclosures.revise(session, acting=both, disclosure_id=made.id, draft=text, keys=make.KEYS)
    disclosures.submit(session, acting=both, disclosure_id=made.id, keys=make.KEYS)

    assert not disclosures.to_review(session, acting=both)
    with pytest.raises(Conflict, match="另一个人"):
        disclosures.publish(session, acting=both, disclosure_id=made.id, keys=make.KEYS)
    with pytest.raises(Conflict, match="另一个人"):
        disclosures.send_back(session, acting=both, disclosure_id=made.id, remark="改")
    disclosures.publish(session, acting=make.acting(session, reviewer), disclosure_id=made.id, keys=make.KEYS)
    with pytest.raises(Conflict, match="另一个人"):
        disclosures.withdraw(session, acting=both, disclosure_id=made.id, reason="错")


def test_the_reviewer_decides_on_what_he_saw(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    writer, reader = make.acting(session, author), make.acting(session, reviewer)
    made = make.draft(session, places.village, author)
    disclosures.submit(session, acting=writer, disclosure_id=made.id, keys=make.KEYS)
    disclosures.call_back(session, acting=writer, disclosure_id=made.id)
    assert made.state == DisclosureState.DRAFT
    assert made.review_due_at is None
    text = disclosures.Draft(category_code="finance", title="改过", summary="改过的一句话。")
    disclosures.revise(session, acting=writer, disclosure_id=made.id, draft=text, keys=make.KEYS)
    disclosures.submit(session, acting=writer, disclosure_id=made.id, keys=make.KEYS)

    with pytest.raises(Conflict, match="刚才被修改过"):
        disclosures.publish(session, acting=reader, disclosure_id=made.id, keys=make.KEYS, seen=1)
    disclosures.publish(session, acting=reader, disclosure_id=made.id, keys=make.KEYS, seen=2)


def test_personal_data_stop_at_submission_and_again_at_publication(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    writer = make.acting(session, author)
    leaking = make.draft(session, places.village, author, body="联系王小明 13812345678。")
    with pytest.raises(Conflict) as stopped:
        disclosures.submit(session, acting=writer, disclosure_id=leaking.id, keys=make.KEYS)
    assert stopped.value.code == "disclosure.privacy_blocked"

    made = make.draft(session, places.village, author)
    disclosures.submit(session, acting=writer, disclosure_id=made.id, keys=make.KEYS)
    version = disclosures.item(session, acting=writer, disclosure_id=made.id).version
    version.body = "身份证 330106199001011233。"
    session.flush()
    with pytest.raises(Conflict) as stopped:
        disclosures.publish(
            session, acting=make.acting(session, reviewer), disclosure_id=made.id, keys=make.KEYS
        )
    assert stopped.value.code == "disclosure.privacy_blocked"

"""Disclosures: drafting, review by another person, withdrawal, and what the public keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.images import Limits
from app.core.storage import Storage
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import access, attachments, disclosures, officers
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
    disclosures.submit(session, acting=writer, disclosure_id=made.id)
    with pytest.raises(BadInput):
        disclosures.send_back(session, acting=reader, disclosure_id=made.id, remark=" ")
    disclosures.send_back(session, acting=reader, disclosure_id=made.id, remark="请补上结余")
    disclosures.submit(session, acting=writer, disclosure_id=made.id)
    disclosures.publish(session, acting=reader, disclosure_id=made.id)

    session.expire_all()
    [item] = disclosures.items(session, Visitor(), village_id=places.village.id)
    assert list(item.version.figures) == ["收入", "支出", "结余"]
    with pytest.raises(Conflict):
        disclosures.publish(session, acting=reader, disclosure_id=made.id)


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
    disclosures.submit(session, acting=actor, disclosure_id=made.id)

    with pytest.raises(Conflict, match="另一个人"):
        disclosures.publish(session, acting=actor, disclosure_id=made.id)


def test_who_may_not(session: Session) -> None:
    places, elsewhere = make.places(session), make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    stranger = make.officer(session, Role.INFORMATION_OFFICER, elsewhere.village)
    answering = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.COMPLAINTS)
    made = make.draft(session, places.village, author)

    with pytest.raises(Forbidden):
        make.draft(session, places.village, stranger)
    with pytest.raises(NotFound):
        disclosures.submit(session, acting=make.acting(session, stranger), disclosure_id=made.id)
    disclosures.submit(session, acting=make.acting(session, author), disclosure_id=made.id)
    for officer in (author, answering):
        with pytest.raises(AppError):
            disclosures.publish(session, acting=make.acting(session, officer), disclosure_id=made.id)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": ""}, "disclosure.title_wrong"),
        ({"title": "长" * 61}, "disclosure.title_wrong"),
        ({"summary": " "}, "disclosure.summary_wrong"),
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
    disclosures.submit(session, acting=actor, disclosure_id=made.id)
    disclosures.publish(session, acting=reviewer, disclosure_id=made.id)
    [file] = attachments.of(session, AttachmentOwner.DISCLOSURE, [made.id])[made.id]
    assert attachments.access_attachment(session, acting=Visitor(), attachment_id=file.id) is file

    disclosures.withdraw(session, acting=reviewer, disclosure_id=made.id, reason="金额写错")

    tombstone = access.access_disclosure(session, Visitor(), made.id)
    assert (tombstone.state, tombstone.review_remark) == (DisclosureState.WITHDRAWN, "金额写错")
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

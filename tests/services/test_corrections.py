"""Corrections: a new version beside the public one, reviewed by another; the old one stays readable."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.core.images import Limits
from app.core.storage import Storage
from app.models import Attachment, Broadcast, ChainLink, Disclosure
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.models.people import Duty, Role
from app.services import attachments, disclosures, officers, privacy, search
from app.services.actors import Visitor
from tests import factories as make
from tests.journeys.story import photo
from tests.services.test_release import Desk, desk, told

__all__ = ["desk"]


@pytest.fixture
def public(session: Session, desk: Desk) -> Disclosure:
    return make.published(session, desk.places.village, desk.author, desk.reviewer, body="支出 8 万元。")


def text(**fields: object) -> disclosures.Draft:
    values: dict[str, object] = {
        "category_code": "finance",
        "title": "十月份收支公开",
        "summary": "十月收入 12 万元，支出 7 万元。",
        "body": "支出 7 万元。",
    }
    return disclosures.Draft(**(values | fields))  # type: ignore[arg-type]


def propose(session: Session, desk: Desk, item: Disclosure, reason: str = "支出多写了一万元。") -> None:
    disclosures.propose(
        session,
        acting=desk.writer,
        disclosure_id=item.id,
        draft=text(),
        reason=reason,
        keys=make.KEYS,
        instead_of=item.proposed_version,
    )


def test_a_correction_waits_beside_the_public_text(session: Session, desk: Desk, public: Disclosure) -> None:
    with pytest.raises(BadInput, match="原因"):
        propose(session, desk, public, reason=" ")
    propose(session, desk, public)
    assert (public.state, public.proposed_state) == (DisclosureState.PUBLISHED, DisclosureState.DRAFT)
    shown = disclosures.item(session, acting=Visitor(), disclosure_id=public.id)
    assert (shown.version.number, shown.version.body) == (1, "支出 8 万元。")
    assert [one.number for one in disclosures.versions(session, public)] == [1]
    assert disclosures.proposal(session, acting=Visitor(), disclosure=public) is None
    with pytest.raises(Conflict):
        disclosures.publish_correction(session, acting=desk.reader, disclosure_id=public.id, keys=make.KEYS)

    disclosures.submit_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
    assert [item.version.number for item in disclosures.to_review(session, acting=desk.reader)] == [2]
    assert told(session, desk.reviewer)[-1] == "更正内容审核"
    with (
        pytest.raises(Conflict, match="另一个人") if desk.writer == desk.reader else pytest.raises(Forbidden)
    ):
        disclosures.publish_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
    disclosures.publish_correction(
        session, acting=desk.reader, disclosure_id=public.id, keys=make.KEYS, seen=2
    )

    versions = disclosures.versions(session, public)
    assert [(one.number, one.reason) for one in versions] == [(1, ""), (2, "支出多写了一万元。")]
    assert all(one.published_at and one.reviewer_id == desk.reviewer.id for one in versions)
    assert disclosures.item(session, acting=Visitor(), disclosure_id=public.id).version.number == 2
    assert public.proposed_version is None
    links = session.query(ChainLink).filter_by(disclosure_id=public.id).order_by(ChainLink.number)
    assert [link.event for link in links] == [ChainEvent.PUBLISHED, ChainEvent.CORRECTED]
    reasons = session.query(Broadcast.reason).filter_by(disclosure_id=public.id)
    assert {row.reason for row in reasons} == {"published", "corrected"}


def test_a_correction_is_returned_mended_and_corrected_again(
    session: Session, desk: Desk, public: Disclosure
) -> None:
    for wrong in (" ", "太长" * 300):
        with pytest.raises(BadInput):
            disclosures.return_correction(session, acting=desk.reader, disclosure_id=public.id, remark=wrong)
    for number in (3, 5):
        propose(session, desk, public)
        disclosures.submit_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
        disclosures.return_correction(
            session, acting=desk.reader, disclosure_id=public.id, remark="写明是哪一笔"
        )
        assert public.review_remark == "写明是哪一笔"
        assert told(session, desk.author)[-1] == "更正内容退回修改"
        propose(session, desk, public, reason="河道保洁一笔多写。")
        assert public.proposed_state == DisclosureState.RETURNED
        disclosures.submit_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
        disclosures.publish_correction(session, acting=desk.reader, disclosure_id=public.id, keys=make.KEYS)
        assert public.current_version == number
    assert [one.number for one in disclosures.versions(session, public)] == [1, 3, 5]


def test_one_correction_at_a_time(session: Session, desk: Desk, public: Disclosure) -> None:
    propose(session, desk, public)
    disclosures.submit_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
    with pytest.raises(Conflict, match="等审核"):
        propose(session, desk, public)
    disclosures.drop_correction(session, acting=desk.reader, disclosure_id=public.id)
    assert (public.current_version, public.proposed_version, public.review_due_at) == (1, None, None)
    with pytest.raises(Conflict, match="没有可以"):
        disclosures.submit_correction(session, acting=desk.writer, disclosure_id=public.id, keys=make.KEYS)
    propose(session, desk, public)
    assert public.proposed_version == 3


def test_who_corrects_cannot_release_even_if_he_reviewed_before(
    session: Session, desk: Desk, public: Disclosure
) -> None:
    officers.appoint(
        session,
        acting=make.ROOT,
        officer_id=desk.reviewer.id,
        organisation=desk.places.village,
        role=Role.INFORMATION_OFFICER,
    )
    both = make.acting(session, desk.reviewer)
    disclosures.propose(
        session, acting=both, disclosure_id=public.id, draft=text(), reason="写错了", keys=make.KEYS
    )
    disclosures.submit_correction(session, acting=both, disclosure_id=public.id, keys=make.KEYS)
    with pytest.raises(Conflict, match="另一个人"):
        disclosures.publish_correction(session, acting=both, disclosure_id=public.id, keys=make.KEYS)
    other = make.officer(session, Role.LIAISON_OFFICER, desk.places.village, Duty.PUBLICATION)
    disclosures.publish_correction(
        session, acting=make.acting(session, other), disclosure_id=public.id, keys=make.KEYS
    )


def test_what_it_is_about_stays(session: Session, desk: Desk, public: Disclosure) -> None:
    disclosures.propose(
        session,
        acting=desk.writer,
        disclosure_id=public.id,
        draft=text(category_code="labour", period="2020"),
        reason="写错了",
        keys=make.KEYS,
    )
    assert (public.category_code, public.period) == ("finance", None)


def test_a_draft_has_no_correction(session: Session, desk: Desk) -> None:
    made = make.draft(session, desk.places.village, desk.author)
    with pytest.raises(Conflict, match="草稿"):
        propose(session, desk, made)


def test_withdrawal_takes_the_correction_along_and_its_reason_holds_no_personal_data(
    session: Session, desk: Desk, public: Disclosure
) -> None:
    propose(session, desk, public)
    with pytest.raises(BadInput, match="这段文字会公开"):
        disclosures.withdraw(session, acting=desk.reader, disclosure_id=public.id, reason="打 13812345678 问")
    disclosures.withdraw(session, acting=desk.reader, disclosure_id=public.id, reason="重复公开")
    assert (public.state, public.proposed_version) == (DisclosureState.WITHDRAWN, None)
    found = search.find(session, Visitor(), village_id=desk.places.village.id, words="收支", limit=5)
    assert not found.hits
    with pytest.raises(Conflict):
        propose(session, desk, public)


def test_files_come_and_go_with_the_versions_that_show_them(
    session: Session, desk: Desk, tmp_path: Path
) -> None:
    def upload(name: str) -> str:
        return attachments.upload(
            session,
            acting=desk.writer,
            data=photo(),
            name=name,
            storage=Storage(tmp_path),
            keys=make.KEYS,
            limits=Limits(),
        ).token

    def confirm(file: Attachment) -> None:
        privacy.confirm(
            session, acting=desk.writer, disclosure_id=made.id, attachment_id=file.id, keys=make.KEYS
        )

    def seen(file: Attachment) -> bool:
        try:
            attachments.access_attachment(session, acting=Visitor(), attachment_id=file.id)
        except NotFound:
            return False
        return True

    made = make.draft(session, desk.places.village, desk.author, uploads=[upload("旧.jpg")])
    [old] = disclosures.files(session, acting=desk.writer, disclosure=made)
    confirm(old)
    disclosures.submit(session, acting=desk.writer, disclosure_id=made.id, keys=make.KEYS)
    disclosures.publish(session, acting=desk.reader, disclosure_id=made.id, keys=make.KEYS)
    disclosures.propose(
        session,
        acting=desk.writer,
        disclosure_id=made.id,
        draft=text(uploads=[upload("新.jpg")], dropped=[old.id]),
        reason="换照片",
        keys=make.KEYS,
    )
    [new] = disclosures.files(session, acting=desk.writer, disclosure=made, number=2)
    assert (seen(old), seen(new)) == (True, False)
    assert disclosures.files(session, acting=Visitor(), disclosure=made) == [old]
    confirm(new)
    disclosures.submit_correction(session, acting=desk.writer, disclosure_id=made.id, keys=make.KEYS)
    disclosures.publish_correction(session, acting=desk.reader, disclosure_id=made.id, keys=make.KEYS)
    assert disclosures.files(session, acting=Visitor(), disclosure=made) == [new]
    # The former version stays readable beside the new one, with its file.
    assert (seen(old), seen(new)) == (True, True)

"""Filing: what is sealed, what is hidden, and an officer's filing for somebody else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Forbidden
from app.models import Complaint, SealedIdentity
from app.models.complaints import ComplaintChannel, ComplaintState, Satisfaction
from app.models.people import Role
from app.services import actors
from app.services.complaints import feedback, filing, handling
from tests import factories as make

WORDS = filing.Filing(content="屋后的山坡在掉土。", channel=ComplaintChannel.PAGE, category_code="request")


def _sealed(session: Session, row: Complaint) -> object:
    found = session.get(SealedIdentity, row.id)
    return found and json.loads(make.KEYS.sealer.open(found.sealed, context=f"complaint:{row.id}"))


def test_name_and_phone_are_sealed_and_the_choice_is_kept(session: Session) -> None:
    village = make.places(session).village
    given = replace(WORDS, name=" 王阿婆 ", phone="13800138000", hidden=True, publishable=True)
    row = filing.file(
        session, acting=make.villager(session), village=village, filing=given, keys=make.KEYS
    ).complaint
    assert _sealed(session, row) == {"name": "王阿婆", "phone": "13800138000"}
    assert (row.hidden, row.publishable, row.anonymous) == (True, True, False)


def test_what_a_visitor_says_of_himself_is_not_kept(session: Session) -> None:
    village = make.places(session).village
    given = replace(WORDS, name="王阿婆", phone="13800138000", hidden=True)
    filed = filing.file(session, acting=actors.Visitor(), village=village, filing=given, keys=make.KEYS)
    assert _sealed(session, filed.complaint) is None
    assert (filed.complaint.anonymous, filed.complaint.hidden) == (True, False)
    assert filed.receipt is not None


def test_reports_about_cadres_are_never_publishable(session: Session) -> None:
    village = make.places(session).village
    given = replace(WORDS, category_code="cadre_conduct", publishable=True)
    made = filing.file(
        session, acting=make.villager(session), village=village, filing=given, keys=make.KEYS
    ).complaint
    assert made.publishable is False


@pytest.mark.parametrize("name", ["王阿婆", ""])
def test_an_officer_files_for_somebody_who_gets_a_receipt(session: Session, name: str) -> None:
    village = make.places(session).village
    officer = make.acting(session, make.officer(session, Role.INFORMATION_OFFICER, village))
    filed = filing.file_for(
        session, acting=officer, village=village, filing=replace(WORDS, name=name), keys=make.KEYS
    )
    row = filed.complaint
    assert row.channel == ComplaintChannel.PROXY
    assert (row.anonymous, row.filed_by) == ((False, officer.officer_id) if name else (True, None))
    assert filed.receipt is not None
    assert feedback.by_receipt(session, keys=make.KEYS, typed=filed.receipt).id == row.id
    assert [village.id for village in filing.villages(session, acting=officer)] == [village.id]


def test_who_may_not_file_for_others(session: Session) -> None:
    places = make.places(session)
    stranger = make.officer(session, Role.LIAISON_OFFICER, make.village(session, places.town))
    for acting in (make.acting(session, stranger), make.villager(session), actors.Visitor()):
        with pytest.raises(Forbidden) as refused:
            filing.file_for(session, acting=acting, village=places.village, filing=WORDS, keys=make.KEYS)
        assert refused.value.code == "complaint.not_filer"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (replace(WORDS, phone="13800138000"), "complaint.name_missing"),
        (replace(WORDS, name="王" * 41), "complaint.name_too_long"),
        (replace(WORDS, name="王", phone="1" * 41), "complaint.phone_too_long"),
        (replace(WORDS, content="灯"), "complaint.too_short"),
        (replace(WORDS, category_code="nothing"), "complaint.category_unknown"),
    ],
)
def test_what_is_not_in_order_is_refused(session: Session, given: filing.Filing, code: str) -> None:
    places = make.places(session)
    officer = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, places.town))
    with pytest.raises(BadInput) as refused:
        filing.file_for(session, acting=officer, village=places.village, filing=given, keys=make.KEYS)
    assert refused.value.code == code


def test_a_named_proxy_complaint_is_followed_and_rated_by_its_receipt(session: Session) -> None:
    places = make.places(session)
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    made = filing.file_for(
        session,
        acting=liaison,
        village=places.village,
        filing=filing.Filing(
            content="自来水太小了，请来看看。", channel=ComplaintChannel.PROXY, name="王阿婆"
        ),
        keys=make.KEYS,
    )
    assert made.receipt is not None
    found = feedback.by_receipt(session, keys=make.KEYS, typed=made.receipt)
    feedback.add(session, acting=actors.Visitor(), complaint=found, text="今天更小了", keys=make.KEYS)
    handling.answer(session, acting=liaison, complaint_id=found.id, text="已换水管。", keys=make.KEYS)
    feedback.rate(session, acting=actors.Visitor(), complaint=found, satisfaction=Satisfaction.SATISFIED)
    assert (found.anonymous, found.state) == (False, ComplaintState.CLOSED)

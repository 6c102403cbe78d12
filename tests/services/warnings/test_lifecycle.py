"""What officers do: a proposal and its review by a second person, who sees what, files, and the words that
each step asks for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, images
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.core.storage import Storage
from app.models import EarlyWarning, Officer, OutgoingMessage, WarningEvent
from app.models.delivery import MessageKind
from app.models.people import Role
from app.models.warnings import CloseReason, WarningState
from app.services import access, attachments
from app.services.warnings import lifecycle, queries
from app.services.warnings.evidence import of as evidence_of
from app.services.warnings.evidence import one as evidence_row
from app.services.warnings.precision import LEAST, Precision, precision
from tests import factories
from tests.h5.support import picture
from tests.services.warnings.support import SPENDING, World, acting, kinds, officer, pay, run, tell, warning


@pytest.fixture
def fired(session: Session, world: World) -> EarlyWarning:
    pay(session, world.village, "甲", 500)
    run(session)
    tell(session)
    return warning(session, "甲")


def _propose(session: Session, person: Officer, found: EarlyWarning, **fields: object) -> EarlyWarning:
    values = {"reason": CloseReason.EXPLAINED, "text": "手续齐全，见附件。"} | fields
    return lifecycle.propose(session, acting=acting(session, person), warning_id=found.id, **values)  # type: ignore[arg-type]


def test_a_second_person_agrees(session: Session, world: World, fired: EarlyWarning) -> None:
    lifecycle.acknowledge(session, acting=acting(session, world.liaison), warning_id=fired.id)
    assert [step["step"] for step in fired.ladder if not step["done_at"]] == ["mend"]
    _propose(session, world.liaison, fired, reason=CloseReason.TRANSFERRED, transferred_to="区纪委监委")
    assert (fired.state, fired.transferred_to) == (WarningState.PROPOSED, "区纪委监委")
    asked = session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.kind == MessageKind.REVIEW_REQUESTED)
    ).all()
    assert {one.officer_id for one in asked} == {world.inspector.id, world.second.id}

    lifecycle.accept(session, acting=acting(session, world.second), warning_id=fired.id, text="同意。")
    assert (fired.state, fired.close_reason) == (WarningState.CLOSED, CloseReason.TRANSFERRED)
    assert fired.next_due_at is None
    assert kinds(session, fired) == ["fired", "acknowledged", "proposed", "closed"]


def test_a_second_person_returns_it_and_the_deadline_counts_on(
    session: Session, world: World, fired: EarlyWarning
) -> None:
    due = fired.ladder[1]["due_at"]
    _propose(session, world.liaison, fired)
    with pytest.raises(BadInput, match="写明"):
        lifecycle.send_back(session, acting=acting(session, world.second), warning_id=fired.id, text=" ")
    lifecycle.send_back(
        session, acting=acting(session, world.second), warning_id=fired.id, text="请补会议记录。"
    )
    assert (fired.state, fired.proposal, fired.proposal_text) == (WarningState.ACKNOWLEDGED, None, "")
    assert fired.next_due_at is not None
    assert fired.next_due_at.isoformat(timespec="seconds")[:19] == due[:19]
    # The first proposer stays a first person.
    _propose(session, world.handler, fired)
    with pytest.raises(Forbidden):
        lifecycle.accept(session, acting=acting(session, world.liaison), warning_id=fired.id)


@pytest.mark.parametrize("first", ["acknowledge", "propose", "both before a return"])
def test_nobody_reviews_his_own(session: Session, world: World, fired: EarlyWarning, first: str) -> None:
    if first != "propose":
        lifecycle.acknowledge(session, acting=acting(session, world.inspector), warning_id=fired.id)
    _propose(session, world.inspector if first != "acknowledge" else world.liaison, fired)
    if first == "both before a return":
        lifecycle.send_back(session, acting=acting(session, world.second), warning_id=fired.id, text="再说。")
        _propose(session, world.liaison, fired)
    with pytest.raises(Forbidden, match="两个人"):
        lifecycle.accept(session, acting=acting(session, world.inspector), warning_id=fired.id)
    with pytest.raises(Forbidden, match="镇街或区级"):
        lifecycle.accept(session, acting=acting(session, world.handler), warning_id=fired.id)
    lifecycle.accept(session, acting=acting(session, world.leader), warning_id=fired.id)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": CloseReason.MENDED}, "warning.mended_by_data"),
        ({"text": "  "}, "warning.text_missing"),
        ({"reason": CloseReason.TRANSFERRED}, "warning.transfer_unclear"),
        ({"transferred_to": "派出所"}, "warning.transfer_unclear"),
    ],
)
def test_proposals_that_are_refused(
    session: Session, world: World, fired: EarlyWarning, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        _propose(session, world.liaison, fired, **fields)
    assert refused.value.code == code
    assert fired.state == WarningState.OPEN


def test_steps_in_the_wrong_state(session: Session, world: World, fired: EarlyWarning) -> None:
    second = acting(session, world.second)
    steps: list[Callable[[], object]] = [
        lambda: lifecycle.accept(session, acting=second, warning_id=fired.id),
        lambda: lifecycle.send_back(session, acting=second, warning_id=fired.id, text="退回"),
        lambda: lifecycle.close(session, acting=second, warning_id=fired.id, reason=CloseReason.EXPLAINED),
    ]
    for step in steps:
        with pytest.raises(Conflict):
            step()
    _propose(session, world.liaison, fired)
    with pytest.raises(Conflict):
        _propose(session, world.handler, fired)
    with pytest.raises(Conflict):
        lifecycle.close(session, acting=second, warning_id=fired.id, reason=CloseReason.MENDED)
    with pytest.raises(Conflict, match="刚才有人"):
        lifecycle.accept(session, acting=second, warning_id=fired.id, version=1)


def test_cleared_by_data_and_closed_with_a_reason(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    found = warning(session, "甲")
    _propose(session, world.liaison, found)
    paid.amount_fen = 5
    session.flush()
    run(session)
    assert found.state == WarningState.CLEARED
    assert [step["step"] for step in found.ladder if not step["done_at"]] == ["review"]
    second = acting(session, world.second)
    with pytest.raises(BadInput, match="写明"):
        lifecycle.close(session, acting=second, warning_id=found.id, reason=CloseReason.FALSE_ALARM)
    lifecycle.close(session, acting=second, warning_id=found.id, reason=CloseReason.FALSE_ALARM, text="录错")
    assert (found.close_reason, found.settles) == (CloseReason.FALSE_ALARM, False)


def test_departments_see_their_own_line(session: Session, world: World, fired: EarlyWarning) -> None:
    pay(session, world.other, "乙", 500)
    run(session)
    for who, sees in (
        (world.handler, {"甲", "乙"}),
        (world.stranger, set()),
        (world.liaison, {"甲"}),
        (world.inspector, {"甲", "乙"}),
    ):
        listed = session.scalars(queries.listing(acting(session, who))).all()
        assert {one.subject_id for one in listed} == sees
    with pytest.raises(NotFound):
        access.access_warning(session, acting(session, world.stranger), fired.id)
    assert set(queries_notified(session, fired)) == world.first
    only = queries.listing(acting(session, world.handler), queries.Filters(village_id=world.other.id))
    assert [one.subject_id for one in session.scalars(only)] == ["乙"]
    area = queries.listing(acting(session, world.leader), queries.Filters(area=world.town.id, rule="none"))
    assert session.scalars(area).all() == []


def queries_notified(session: Session, found: EarlyWarning) -> list[object]:
    return [one.officer.id for one in queries.notified(session, found)]


def test_files_are_read_by_those_who_see_the_warning(
    session: Session, world: World, fired: EarlyWarning, tmp_path: object
) -> None:
    storage = Storage.in_data_dir(tmp_path)  # type: ignore[arg-type]
    limits = images.Limits(max_bytes=10**6, max_pixels=10**6)
    liaison = acting(session, world.liaison)
    upload = attachments.upload(
        session,
        acting=liaison,
        data=picture(),
        name="会议记录.png",
        storage=storage,
        keys=factories.KEYS,
        limits=limits,
    )
    lifecycle.explain(
        session,
        acting=liaison,
        warning_id=fired.id,
        text="见附件。",
        uploads=[upload.token],
        keys=factories.KEYS,
    )
    session.refresh(fired, ["events"])
    [files] = queries.files(session, [fired.events[-1]]).values()
    assert [file.name for file in files] == ["会议记录.png"]
    key = files[0].id
    assert attachments.access_attachment(session, acting=acting(session, world.handler), attachment_id=key)
    with pytest.raises(NotFound):
        attachments.access_attachment(session, acting=acting(session, world.stranger), attachment_id=key)


def test_a_warning_leads_to_its_ledger_rows(session: Session, world: World, fired: EarlyWarning) -> None:
    inspector = acting(session, world.inspector)
    behind = evidence_of(session, acting=inspector, warning=fired)
    assert behind.ledger is not None
    assert (behind.ledger.key, behind.total, len(behind.rows)) == ("payments", 1, 1)
    [row] = behind.rows
    assert "甲" in dict(row.values).values()
    assert "5.00" in str(dict(row.values))
    assert evidence_row(session, acting=inspector, warning=fired, row_id=row.key).key == row.key
    other = pay(session, world.village, "乙", 5)
    with pytest.raises(NotFound):
        evidence_row(session, acting=inspector, warning=fired, row_id=str(other.id))
    assert evidence_of(session, acting=acting(session, world.handler), warning=fired).rows == []


def test_precision_counts_what_was_closed_and_says_nothing_of_few(session: Session, world: World) -> None:
    def closed(payee: str, reason: CloseReason) -> None:
        found = EarlyWarning(
            rule=SPENDING.key,
            line=SPENDING.line,
            fingerprint=payee,
            village_id=world.village.id,
            subject_kind="payee",
            subject_id=payee,
            colour="yellow",
            state=WarningState.CLOSED,
            close_reason=reason,
            title="",
            basis="",
            clears_by="",
            first_seen_on=clock.today(),
            last_seen_on=clock.today(),
        )
        session.add(found)

    reasons = [CloseReason.MENDED] * 14 + [CloseReason.TRANSFERRED] * 2 + [CloseReason.FALSE_ALARM] * 3
    reasons += [CloseReason.EXPLAINED] * 5
    for number, reason in enumerate(reasons):
        closed(f"户{number}", reason)
    session.flush()

    def now(who: Officer) -> Precision:
        return precision(session, acting(session, who), [SPENDING.key])[SPENDING.key]

    assert (now(world.inspector).judged, now(world.inspector).precision) == (LEAST - 1, None)
    assert now(world.inspector).strict == round(16 / 24, 3)
    closed("户99", CloseReason.FALSE_ALARM)
    session.flush()
    assert now(world.inspector).precision == 0.8
    elsewhere = officer(session, Role.TOWN_INSPECTOR, factories.places(session).town)
    assert now(elsewhere).closed == 0
    with pytest.raises(Forbidden):
        now(world.liaison)


def test_what_the_data_cleared_is_transferred_to_somebody_only(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    found = warning(session, "甲")
    _propose(session, world.liaison, found, reason=CloseReason.TRANSFERRED, transferred_to="派出所")
    paid.amount_fen = 5
    session.flush()
    run(session)
    second = acting(session, world.second)
    for reason, to in ((CloseReason.TRANSFERRED, " "), (CloseReason.FALSE_ALARM, "派出所")):
        with pytest.raises(BadInput, match="移送"):
            lifecycle.close(
                session, acting=second, warning_id=found.id, reason=reason, text="见附件", transferred_to=to
            )
    lifecycle.close(session, acting=second, warning_id=found.id, reason=CloseReason.MENDED)
    assert (found.close_reason, found.transferred_to) == (CloseReason.MENDED, "")


def test_cleared_and_transferred(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    paid.amount_fen = 5
    session.flush()
    run(session)
    found = lifecycle.close(
        session,
        acting=acting(session, world.second),
        warning_id=warning(session, "甲").id,
        reason=CloseReason.TRANSFERRED,
        text="线索一并移送。",
        transferred_to="区纪委监委",
    )
    assert (found.close_reason, found.transferred_to) == (CloseReason.TRANSFERRED, "区纪委监委")
    said = select(WarningEvent.text).where(WarningEvent.warning_id == found.id, WarningEvent.kind == "closed")
    assert "移送区纪委监委" in session.scalars(said).one()

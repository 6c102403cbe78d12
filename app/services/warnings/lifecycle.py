"""What officers do with a warning. Its colour is the data's, never theirs; a second person closes it.

open ─ acknowledge → acknowledged ─ propose → proposed ─ accept → closed (explained, false_alarm, transferred)
                          ↑───────── send_back ──┘
cleared (by the data alone) ─ close → closed (mended, or another reason in words)
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import EarlyWarning, Organisation, WarningEvent
from app.models import Officer as OfficerRow
from app.models.base import Json
from app.models.delivery import MessageKind
from app.models.disclosures import AttachmentOwner
from app.models.rules import RuleMode
from app.models.warnings import CloseReason, WarningState
from app.services import access, access_warnings, attachments, outbox
from app.services.actors import Actor, Officer
from app.services.warnings import audience, escalation, events
from app.services.warnings.names import REASONS as REASON_NAMES
from app.services.warnings.names import STATES as STATE_NAMES
from app.services.warnings.terms import Level

LONGEST = 2000
LONGEST_OFFICE = 80
LIVE = (WarningState.OPEN, WarningState.ACKNOWLEDGED)
PROPOSABLE = (CloseReason.EXPLAINED, CloseReason.FALSE_ALARM, CloseReason.TRANSFERRED)


def acknowledge(
    session: Session, *, acting: Actor, warning_id: uuid.UUID, text: str = "", version: int | None = None
) -> EarlyWarning:
    """Take a warning in hand (签收): open → acknowledged. Raises Conflict when it is not open."""
    warning, officer = _take(session, acting, warning_id, version)
    if warning.state != WarningState.OPEN:
        raise _wrong_state(warning)
    warning.state = WarningState.ACKNOWLEDGED
    warning.acknowledged_by, warning.acknowledged_at = officer.officer_id, clock.now()
    escalation.set_steps(warning, escalation.Terms.load(session).taken(warning.ladder))
    _event(session, warning, officer, "acknowledged", text.strip()[:LONGEST] or "已签收，正在处置。")
    return warning


def explain(
    session: Session,
    *,
    acting: Actor,
    warning_id: uuid.UUID,
    text: str,
    uploads: Sequence[str] = (),
    keys: Keys | None = None,
) -> EarlyWarning:
    """Say what is being done (说明), with files. Changes neither state nor colour. Raises BadInput for no
    text or for uploads that are unknown."""
    warning, officer = _take(session, acting, warning_id, None)
    words = _words(text)
    if warning.state == WarningState.CLOSED:
        raise _wrong_state(warning)
    event = _event(session, warning, officer, "explained", words)
    _attach(session, event, uploads, keys)
    return warning


def propose(
    session: Session,
    *,
    acting: Actor,
    warning_id: uuid.UUID,
    reason: CloseReason,
    text: str,
    transferred_to: str = "",
    uploads: Sequence[str] = (),
    keys: Keys | None = None,
    version: int | None = None,
) -> EarlyWarning:
    """Say why no data will clear it (申请销号): open | acknowledged → proposed, for a second person.

    Raises BadInput without words, for `mended` (which only the data say) or a transfer to nobody; Conflict in
    another state."""
    warning, officer = _take(session, acting, warning_id, version)
    words, to = _words(text), transferred_to.strip()[:LONGEST_OFFICE]
    if reason not in PROPOSABLE:
        raise BadInput(
            "warning.mended_by_data", "「已整改」由数据证明，不能申请；请选其他理由。", field="reason"
        )
    _require_office(reason, to)
    if warning.state not in LIVE:
        raise _wrong_state(warning)
    warning.state = WarningState.PROPOSED
    warning.proposal, warning.proposal_text = reason, words
    warning.proposed_by, warning.transferred_to = officer.officer_id, to
    escalation.set_steps(warning, escalation.Terms.load(session).reviewing(warning.ladder))
    said = f"申请按「{REASON_NAMES[reason]}」销号" + (f"，移送{to}" if to else "") + f"：{words}"
    data = {"reason": reason.value} | ({"transferred_to": to} if to else {})
    event = _event(session, warning, officer, "proposed", said, data)
    _attach(session, event, uploads, keys)
    _ask_reviewers(session, warning, officer, event)
    return warning


def accept(
    session: Session, *, acting: Actor, warning_id: uuid.UUID, text: str = "", version: int | None = None
) -> EarlyWarning:
    """Review a proposal and strike off (同意销号): proposed → closed with the proposed reason. The same
    evidence does not fire again. Raises Conflict when nothing is proposed, Forbidden for the first person."""
    warning, officer = _review(session, acting, warning_id, version, WarningState.PROPOSED)
    assert warning.proposal is not None
    warning.settles = True
    return _close(session, warning, officer, warning.proposal, text)


def send_back(
    session: Session, *, acting: Actor, warning_id: uuid.UUID, text: str, version: int | None = None
) -> EarlyWarning:
    """Return a proposal (退回): proposed → acknowledged; its deadline counts on. Raises BadInput without
    words, otherwise as `accept`."""
    warning, officer = _review(session, acting, warning_id, version, WarningState.PROPOSED)
    words, proposer = _words(text), warning.proposed_by
    warning.state = WarningState.ACKNOWLEDGED
    warning.proposal, warning.proposal_text, warning.transferred_to = None, "", ""
    escalation.set_steps(warning, escalation.Terms.load(session).sent_back(warning.ladder))
    event = _event(session, warning, officer, "returned", words)
    if proposer is not None:
        _task(session, warning, proposer, "预警销号被退回", f"returned:{event.position}")
    return warning


def close(
    session: Session,
    *,
    acting: Actor,
    warning_id: uuid.UUID,
    reason: CloseReason,
    text: str = "",
    transferred_to: str = "",
    version: int | None = None,
) -> EarlyWarning:
    """Review what the data cleared and strike off (复核销号): cleared → closed, by an inspector who did not
    take it in hand; another reason than `mended` needs words, a transfer the office.

    Raises Conflict while the data do not say that it is mended, Forbidden for the first person, BadInput."""
    warning, officer = _review(session, acting, warning_id, version, WarningState.CLEARED)
    words = text if reason == CloseReason.MENDED else _words(text)
    to = transferred_to.strip()[:LONGEST_OFFICE]
    _require_office(reason, to)
    warning.transferred_to = to
    return _close(session, warning, officer, reason, f"移送{to}。{words}" if to else words)


def _close(
    session: Session, warning: EarlyWarning, officer: Officer, reason: CloseReason, text: str
) -> EarlyWarning:
    warning.state = WarningState.CLOSED
    warning.closed_at, warning.close_reason = clock.now(), reason
    warning.muted_by = warning.muted_because = ""
    escalation.set_steps(warning, warning.ladder)
    words = f"复核销号：{REASON_NAMES[reason]}。{text.strip()[:LONGEST]}"
    _event(session, warning, officer, "closed", words, {"reason": reason.value})
    return warning


def _review(
    session: Session, acting: Actor, warning_id: uuid.UUID, version: int | None, state: WarningState
) -> tuple[EarlyWarning, Officer]:
    warning, officer = _take(session, acting, warning_id, version)
    if warning.state != state:
        raise _wrong_state(warning)
    access_warnings.require_second_person(session, officer, warning)
    return warning, officer


def _take(
    session: Session, acting: Actor, warning_id: uuid.UUID, version: int | None
) -> tuple[EarlyWarning, Officer]:
    warning = access.access_warning(session, acting, warning_id)
    officer = access.require_officer(acting)
    session.refresh(warning, with_for_update=True)
    if version is not None and version != warning.lock_version:
        raise Conflict("warning.changed", "刚才有人处理过这条预警，请刷新页面看清楚再办。")
    return warning, officer


def _wrong_state(warning: EarlyWarning) -> Conflict:
    return Conflict(
        "warning.state_wrong",
        f"这条预警现在是「{STATE_NAMES[warning.state]}」，不能做这一步；预警要由数据证明整改后才能销号。",
        state=warning.state,
    )


def _require_office(reason: CloseReason, to: str) -> None:
    if (reason == CloseReason.TRANSFERRED) != bool(to):
        raise BadInput(
            "warning.transfer_unclear", "移送要写明移送给哪个单位，其他理由不用写。", field="transferred_to"
        )


def _words(text: str) -> str:
    if not text.strip():
        raise BadInput("warning.text_missing", "请写明处置情况。", field="text")
    return text.strip()[:LONGEST]


def _event(
    session: Session,
    warning: EarlyWarning,
    officer: Officer,
    kind: str,
    text: str,
    data: Json | None = None,
) -> WarningEvent:
    return events.add(
        session,
        warning,
        kind,
        acting=officer,
        who=officer.name,
        officer_id=officer.officer_id,
        text=text,
        data=data,
    )


def _attach(session: Session, event: WarningEvent, uploads: Sequence[str], keys: Keys | None) -> None:
    if not uploads:
        return
    if keys is None:
        raise ValueError("uploads are found by their keys")
    attachments.adopt(
        session, keys=keys, tokens=uploads, owner_kind=AttachmentOwner.WARNING_EVENT, owner_id=event.id
    )


def _ask_reviewers(session: Session, warning: EarlyWarning, officer: Officer, event: WarningEvent) -> None:
    """The town's inspectors are told that a second person is awaited; of a shadow warning, or where the town
    has nobody else, the county's."""
    found = audience.load(session, {warning.village_id})
    shadow = warning.mode == RuleMode.SHADOW
    asked = [] if shadow else found.level(warning.village_id, Level.TOWN)
    asked = [one for one in asked if one != officer.officer_id]
    for one in asked or found.level(warning.village_id, Level.COUNTY):
        if one != officer.officer_id:
            _task(session, warning, one, "预警销号复核", f"proposed:{event.position}")


def _task(session: Session, warning: EarlyWarning, officer_id: uuid.UUID, task: str, change: str) -> None:
    """A task on somebody's desk, by its own message."""
    if not session.scalar(select(OfficerRow.active).where(OfficerRow.id == officer_id)):
        return
    outbox.enqueue(
        session,
        kind=MessageKind.REVIEW_REQUESTED,
        officer_id=officer_id,
        village_id=warning.village_id,
        subject_kind="warning",
        subject_id=str(warning.id),
        data={
            "task": task,
            "village": session.get_one(Organisation, warning.village_id).name,
            "submitted_at": clock.spoken(clock.now()),
        },
        path=f"/desk/warnings/{warning.id}",
        key=f"warning:{warning.id}:{change}:{officer_id}",
    )

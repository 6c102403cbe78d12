"""What officers decide about findings: it may stay for a written reason, or somebody looked at the page."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, NotFound
from app.core.keys import Keys
from app.models import Disclosure, DisclosureCategory, PrivacyDecision
from app.models.disclosures import DisclosureState
from app.models.privacy import Verdict
from app.services import access, audit
from app.services.actors import Actor, Officer
from app.services.privacy.gate import Finding, is_open, require_plain, scan
from app.services.privacy.masking import working_version
from app.services.privacy.words import UNREADABLE

LONGEST_REASON = 200
SHORTEST_REASON = 5


def justify(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, finding: str, reason: str, keys: Keys
) -> PrivacyDecision:
    """Let a finding stay for a written reason, where the category allows that for its kind.

    Raises BadInput without a real reason, Conflict where the category does not allow it, NotFound for a
    finding that is not (or no longer) there, Forbidden for anybody but the village's author and reviewers."""
    disclosure, officer = _enter(session, acting, disclosure_id)
    said = reason.strip()
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        raise BadInput(
            "privacy.reason_missing",
            f"请写明为什么可以公开，{SHORTEST_REASON} 到 {LONGEST_REASON} 个字。",
            field="reason",
        )
    require_plain(said, field="reason")
    found = _find(session, disclosure, finding, keys)
    if not found.excusable:
        raise Conflict(
            "privacy.not_excusable", f"{found.name}在这个类别里不能公开，请遮盖或去掉。", kind=found.kind
        )
    return _decide(session, acting, officer, disclosure, found, Verdict.JUSTIFIED, said)


def confirm(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, attachment_id: uuid.UUID, keys: Keys
) -> int:
    """Note that the officer looked at every page of a file that no program can read, and found nothing that
    must be hidden. Returns how many pages. Raises NotFound when nothing of the file waits for it."""
    disclosure, officer = _enter(session, acting, disclosure_id)
    version = working_version(session, disclosure)
    waiting = [
        one
        for one in scan(session, disclosure=disclosure, version=version, keys=keys)
        if one.kind == UNREADABLE and one.file == attachment_id and is_open(one)
    ]
    if not waiting:
        raise _gone()
    for one in waiting:
        _decide(session, acting, officer, disclosure, one, Verdict.CONFIRMED, "")
    return len(waiting)


def revoke(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, finding: str, keys: Keys) -> None:
    """Take a decision back: the finding stops the item again. Raises NotFound without one."""
    disclosure, _ = _enter(session, acting, disclosure_id)
    found = _find(session, disclosure, finding, keys)
    if found.decision is None:
        raise _gone()
    session.delete(found.decision)
    _record(session, acting, "revoked", disclosure, found)


def _enter(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> tuple[Disclosure, Officer]:
    disclosure = access.access_gate(session, acting, disclosure_id)
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    officer = access.require_gatekeeper(
        session, acting, disclosure.village_id, category.drafted_by, category.reviewed_by
    )
    session.refresh(disclosure, with_for_update=True)
    closed = disclosure.state in (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)
    if closed and disclosure.proposed_version is None:
        raise Conflict("privacy.already_public", "这条信息已经公开；发现问题请更正或撤回。")
    return disclosure, officer


def _find(session: Session, disclosure: Disclosure, finding: str, keys: Keys) -> Finding:
    version = working_version(session, disclosure)
    for found in scan(session, disclosure=disclosure, version=version, keys=keys):
        if found.id == finding:
            return found
    raise _gone()


def _gone() -> NotFound:
    return NotFound("privacy.finding_gone", "这一处已经处理过或内容已经改动，请刷新页面再看。")


def _decide(
    session: Session,
    acting: Actor,
    officer: Officer,
    disclosure: Disclosure,
    found: Finding,
    verdict: Verdict,
    reason: str,
) -> PrivacyDecision:
    decision = found.decision or PrivacyDecision(
        id=uuid.uuid4(), disclosure_id=disclosure.id, finding=found.id, place=found.place, kind=found.kind
    )
    decision.verdict, decision.reason, decision.officer_id = verdict, reason, officer.officer_id
    session.add(decision)
    _record(session, acting, verdict.value, disclosure, found)
    return decision


def _record(session: Session, acting: Actor, action: str, disclosure: Disclosure, found: Finding) -> None:
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=f"privacy_{action}",
        noun="disclosure",
        noun_id=disclosure.id,
        village_id=disclosure.village_id,
        finding=found.id[:16],
        kind=str(found.kind),
    )

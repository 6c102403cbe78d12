"""Corrections (更正): a new version beside the public one, with a reason, reviewed by another person.

    (none) ─ propose ─▶ draft ─ submit ─▶ submitted ─ publish ─▶ public; the former version stays beside it
                          ▲                   │
                          └──── returned ◀────┘   drop: the proposal goes, the public version stays

The reason becomes public together with the corrected text. Category, kind, contract, project and period
stay what they are: what was owed and shown by the first text must stay comparable."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Attachment, Disclosure, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import broadcasts, privacy, projects
from app.services.actors import Actor
from app.services.disclosures.release import LONGEST_REASON, released
from app.services.disclosures.review import (
    URGENT_REVIEW_HOURS,
    begin,
    decided,
    require_remark,
    tell_authors,
)
from app.services.disclosures.states import (
    EDITABLE,
    authors,
    category_of,
    locked,
    record,
    require_author,
    require_reviewer,
    require_seen,
    version_of,
    wrong_state,
)
from app.services.disclosures.writing import Draft, lay, next_number, write

S = DisclosureState


def propose(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    draft: Draft,
    reason: str,
    keys: Keys,
    instead_of: int | None = None,
) -> Disclosure:
    """Write a correction of a published item, or write anew the one that is a draft or was returned: then
    `instead_of` is its number.

    Raises BadInput as `writing.draft` and without a reason, Conflict for an item that is not public, and
    `disclosure.correction_exists` when there is another correction than that one, or it is under review."""
    disclosure = locked(session, acting, disclosure_id)
    author = require_author(session, acting, disclosure)
    if disclosure.state != S.PUBLISHED:
        raise wrong_state(disclosure)
    if disclosure.proposed_version != instead_of or disclosure.proposed_state not in (None, *EDITABLE):
        raise Conflict(
            "disclosure.correction_exists", "这条公开信息已有别的一份更正在写或等审核，请刷新页面看看。"
        )
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise BadInput(
            "disclosure.reason_missing",
            f"请写明原因，最多 {LONGEST_REASON} 个字；原因会公开。",
            field="reason",
        )
    fixed = _fixed(disclosure, draft)
    village = session.get_one(Organisation, disclosure.village_id)
    laid = lay(session, village, category_of(session, disclosure), fixed, again=True)
    number = next_number(session, disclosure)
    write(
        session, disclosure, fixed, laid, number=number, author_id=author.officer_id, keys=keys, reason=said
    )
    disclosure.proposed_version = number
    disclosure.proposed_state = disclosure.proposed_state or S.DRAFT
    disclosure.persons = disclosure.persons or laid.persons
    record(session, acting, "correction_drafted", disclosure, version=number)
    return disclosure


def _fixed(disclosure: Disclosure, draft: Draft) -> Draft:
    return replace(
        draft,
        category_code=disclosure.category_code,
        kind=disclosure.kind,
        contract_id=disclosure.contract_id,
        project_id=disclosure.project_id,
        period=disclosure.period,
        notice_days=None,
        publish_at=None,
        expires_at=disclosure.expires_at,
    )


def submit_correction(
    session: Session,
    *,
    acting: Actor,
    disclosure_id: uuid.UUID,
    keys: Keys,
    urgent_hours: float = URGENT_REVIEW_HOURS,
) -> Disclosure:
    """Hand the correction in: draft | returned → submitted. Raises Conflict as `review.submit`."""
    disclosure = locked(session, acting, disclosure_id)
    require_author(session, acting, disclosure)
    number = _proposed(disclosure, *EDITABLE)
    version = version_of(session, disclosure, number)
    privacy.require_clean(session, disclosure=disclosure, version=version, keys=keys)
    disclosure.proposed_state, disclosure.review_remark = S.SUBMITTED, ""
    begin(session, disclosure, task="更正内容审核", urgent_hours=urgent_hours)
    record(session, acting, "correction_submitted", disclosure, version=number)
    return disclosure


def publish_correction(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, keys: Keys, seen: int | None = None
) -> Disclosure:
    """Release the correction: it becomes the present version; the former one stays readable beside it with
    its own day and reviewer. Raises Forbidden and Conflict as `release.publish`."""
    disclosure = locked(session, acting, disclosure_id)
    reviewer = require_reviewer(session, acting, disclosure)
    number = _proposed(disclosure, S.SUBMITTED)
    require_seen(number, seen)
    version = version_of(session, disclosure, number)
    privacy.require_clean(session, disclosure=disclosure, version=version, keys=keys)
    decided(session, disclosure, number)
    disclosure.reviewer_id = reviewer.officer_id
    disclosure.current_version = number
    disclosure.proposed_version = disclosure.proposed_state = None
    disclosure.review_remark = ""
    released(session, disclosure, version, ChainEvent.CORRECTED)
    projects.released(session, acting=acting, disclosure=disclosure)
    broadcasts.announce(session, disclosure=disclosure, reason="corrected")
    record(session, acting, "corrected", disclosure, version=number)
    return disclosure


def return_correction(
    session: Session, *, acting: Actor, disclosure_id: uuid.UUID, remark: str, seen: int | None = None
) -> Disclosure:
    """Return the correction to its author with a remark: submitted → returned. The public version stays."""
    disclosure = locked(session, acting, disclosure_id)
    require_reviewer(session, acting, disclosure)
    said = require_remark(remark)
    number = _proposed(disclosure, S.SUBMITTED)
    require_seen(number, seen)
    disclosure.proposed_state, disclosure.review_remark = S.RETURNED, said
    tell_authors(session, disclosure, decided(session, disclosure, number), task="更正内容退回修改")
    record(session, acting, "correction_returned", disclosure, version=number)
    return disclosure


def drop_correction(session: Session, *, acting: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """Give a correction up, whatever its state; its text stays in the files, never in public.

    By an author or a reviewer of the item. Raises Forbidden for others, Conflict when there is none."""
    disclosure = locked(session, acting, disclosure_id)
    if acting.id in {str(key) for key in authors(session, disclosure)}:
        require_author(session, acting, disclosure)
    else:
        require_reviewer(session, acting, disclosure)
    number = _proposed(disclosure, *S)
    disclosure.proposed_version = disclosure.proposed_state = None
    disclosure.review_remark = ""
    decided(session, disclosure, number)
    _leave_files(session, disclosure)
    record(session, acting, "correction_dropped", disclosure, version=number)
    return disclosure


def _proposed(disclosure: Disclosure, *states: S) -> int:
    """The number of the proposed version, if its state is one of these. Raises Conflict otherwise."""
    if disclosure.state != S.PUBLISHED:
        raise wrong_state(disclosure)
    if disclosure.proposed_version is None or disclosure.proposed_state not in states:
        raise Conflict("disclosure.correction_missing", "现在没有可以这样办理的更正，请刷新页面看看。")
    return disclosure.proposed_version


def _leave_files(session: Session, disclosure: Disclosure) -> None:
    """Files that only a dropped correction brought never show; those that it dropped stay."""
    present = disclosure.current_version
    rows = session.scalars(
        select(Attachment).where(
            Attachment.owner_kind == AttachmentOwner.DISCLOSURE, Attachment.owner_id == disclosure.id
        )
    )
    for file in rows:
        if file.since_version > present:
            file.dropped_in_version = file.since_version
        elif file.dropped_in_version is not None and file.dropped_in_version > present:
            file.dropped_in_version = None

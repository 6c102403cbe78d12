"""The gate as its page and the REST face show it: what was found, and what the reader may do about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.core.keys import Keys
from app.models import Attachment, Disclosure, DisclosureCategory, DisclosureVersion
from app.models.disclosures import DisclosureState
from app.services import access, attachments
from app.services.actors import Actor
from app.services.privacy.gate import Finding, is_open, scan
from app.services.privacy.masking import in_draft, working_version


@dataclass(frozen=True)
class Report:
    """All findings of the version that is being written or reviewed. `over`: it is public, nothing is left to
    decide. `may_mask`: the reader drafts it and it is a draft; `may_decide`: he drafts or reviews it."""

    disclosure: Disclosure
    version: DisclosureVersion
    findings: list[Finding]
    files: dict[uuid.UUID, Attachment]
    over: bool
    may_mask: bool
    may_decide: bool

    @property
    def open(self) -> list[Finding]:
        """What still stops the item."""
        return [one for one in self.findings if is_open(one)]


def report(session: Session, *, acting: Actor, disclosure_id: uuid.UUID, keys: Keys) -> Report:
    """What the gate finds now. Raises NotFound for anybody outside the village's offices: findings carry the
    data themselves."""
    disclosure = access.access_gate(session, acting, disclosure_id)
    category = session.get_one(DisclosureCategory, disclosure.category_code)
    version = working_version(session, disclosure)
    public = disclosure.state in (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)
    over = public and disclosure.proposed_version is None
    drafts = access.covers(session, acting, disclosure.village_id, category.drafted_by)
    try:
        access.require_gatekeeper(
            session, acting, disclosure.village_id, category.drafted_by, category.reviewed_by
        )
        decides = True
    except AppError:
        decides = False
    return Report(
        disclosure=disclosure,
        version=version,
        findings=[] if over else scan(session, disclosure=disclosure, version=version, keys=keys),
        files={file.id: file for file in attachments.of_version(session, disclosure.id, version.number)},
        over=over,
        may_mask=drafts and in_draft(disclosure),
        may_decide=decides and not over,
    )

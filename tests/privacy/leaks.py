"""Drafts with planted leaks, and the officers who deal with them. Nothing here belongs to a real person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core import pii
from app.core.images import Limits
from app.core.storage import Storage
from app.models import Disclosure, Officer
from app.models.people import Duty, Role
from app.services import attachments, disclosures, privacy
from app.services.attachments import Uploaded
from app.services.privacy import Finding
from tests import factories as make

ID = "33990119650302001" + pii.id_check_digit("33990119650302001")
PHONE = "13800001234"
CARD = "6299000000000000010"
CHILD = "张小明"


@dataclass
class Desk:
    """A village with its two officers and a place for files."""

    session: Session
    places: make.Places
    author: Officer
    reviewer: Officer
    storage: Storage

    def draft(self, **fields: object) -> Disclosure:
        return make.draft(self.session, self.places.village, self.author, **fields)

    def upload(self, data: bytes, name: str) -> Uploaded:
        return attachments.upload(
            self.session,
            acting=make.acting(self.session, self.author),
            data=data,
            name=name,
            storage=self.storage,
            keys=make.KEYS,
            limits=Limits(),
        )

    def scan(self, item: Disclosure) -> list[Finding]:
        version = privacy.working_version(self.session, item)
        return privacy.scan(self.session, disclosure=item, version=version, keys=make.KEYS)

    def open(self, item: Disclosure) -> list[Finding]:
        return [one for one in self.scan(item) if privacy.is_open(one)]

    def mask(self, item: Disclosure, *findings: Finding) -> None:
        privacy.mask(
            self.session,
            acting=make.acting(self.session, self.author),
            disclosure_id=item.id,
            findings=[one.id for one in findings] or None,
            keys=make.KEYS,
        )

    def submit(self, item: Disclosure) -> None:
        writer = make.acting(self.session, self.author)
        with self.session.begin_nested():  # a refusal undoes the step, as a face's transaction does
            disclosures.submit(self.session, acting=writer, disclosure_id=item.id, keys=make.KEYS)

    def publish(self, item: Disclosure) -> Disclosure:
        reader = make.acting(self.session, self.reviewer)
        with self.session.begin_nested():
            return disclosures.publish(self.session, acting=reader, disclosure_id=item.id, keys=make.KEYS)

    def confirm(self, item: Disclosure, attachment_id: uuid.UUID) -> int:
        return privacy.confirm(
            self.session,
            acting=make.acting(self.session, self.author),
            disclosure_id=item.id,
            attachment_id=attachment_id,
            keys=make.KEYS,
        )


def desk(session: Session, storage: Storage) -> Desk:
    places = make.places(session)
    return Desk(
        session,
        places,
        make.officer(session, Role.INFORMATION_OFFICER, places.village),
        make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION),
        storage,
    )

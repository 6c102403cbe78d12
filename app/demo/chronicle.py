"""The demo's hash chains: a link for everything that happened in public in a village's year, in order.

`services.chain` makes each link when something is published; here a whole year is made at once, with its own
moments. The test verifies it like anybody's chain."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from app.demo.publications import Event, Output, history
from app.demo.world import VillageStage
from app.models import Attachment, ChainHead, ChainLink
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.services.chain import canonical, links
from app.services.chain.canonical import Content

Files = Mapping[uuid.UUID, Sequence[Attachment]]


def write(stage: VillageStage, output: Output, files: Files) -> tuple[ChainHead, list[ChainLink]]:
    """The chain of a village: its head and its links. Call it when the rows hold what the public reads."""
    head = ChainHead(village_id=stage.village.id, number=0, digest=canonical.GENESIS)
    made = []
    for event in history(output):
        link = ChainLink(
            village_id=stage.village.id,
            number=head.number + 1,
            event=event.event,
            disclosure_id=event.row.id,
            version=event.version.number,
            terms=links.terms(event.row),
            content_digest=canonical.digest(_content_file(event, files)),
            previous=head.digest,
            at=event.at,
        )
        link.digest = canonical.digest(links.file_of(link, stage.place.code))
        head.number, head.digest = link.number, link.digest
        made.append(link)
    return head, made


def _content_file(event: Event, files: Files) -> str:
    """What the link covers. A text that was reduced or withdrawn since cannot be checked any more; its first
    link is made over what it says now, which nobody can tell."""
    row, version = event.row, event.version
    content = Content(
        title=version.title,
        summary=version.summary,
        body=version.body,
        figures=version.figures,
        table=version.table,
        reason=version.reason,
        published_at=version.published_at,
        files=tuple(
            (file.name, file.viewing or "")
            for file in files.get(row.id, ())
            if file.since_version <= version.number
        ),
        salt=version.salt or "",
        withdrawn_because=row.withdrawn_because or "",
    )
    down = event.event == ChainEvent.WITHDRAWN and row.state == DisclosureState.WITHDRAWN
    return canonical.content_file(content, event.event, withdrawn=down)

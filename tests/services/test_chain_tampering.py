"""Nothing that is changed behind the chain's back stays hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.storage import Storage
from app.models import Disclosure, Organisation
from app.models.chain import ChainEvent
from app.services import chain
from app.services.chain import FaultKind
from tests import factories
from tests.services.chained import attach, found, long_chain, make, publish

F = FaultKind


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


@pytest.fixture
def long(session: Session, village: Organisation) -> list[Disclosure]:
    return long_chain(session, village)


TAMPERING = {
    "title": ("UPDATE disclosure_version SET title = 'x' WHERE disclosure_id = :third", [F.EDITED_CONTENT]),
    "body": ("UPDATE disclosure_version SET body = 'x' WHERE disclosure_id = :third", [F.EDITED_CONTENT]),
    "figure": (
        """UPDATE disclosure_version SET figures = '[["收入", "13 万元"], ["支出", 8]]'
           WHERE disclosure_id = :third""",
        [F.EDITED_CONTENT],
    ),
    "order of figures": (
        """UPDATE disclosure_version SET figures = '[["支出", 8], ["收入", "12 万元"]]'
           WHERE disclosure_id = :third""",
        [F.EDITED_CONTENT],
    ),
    "cell": (
        """UPDATE disclosure_version SET "table" = jsonb_set("table", '{rows,0,1}', '1200.4')
           WHERE disclosure_id = :third""",
        [F.EDITED_CONTENT],
    ),
    "old version": (
        "UPDATE disclosure_version SET summary = 'x' WHERE disclosure_id = :first AND number = 1",
        [F.EDITED_CONTENT],
    ),
    "reason of a correction": (
        "UPDATE disclosure_version SET reason = 'x' WHERE disclosure_id = :first AND number = 2",
        [F.EDITED_CONTENT],
    ),
    "reason of a withdrawal": (
        "UPDATE disclosure SET withdrawn_because = '别的' WHERE id = :second",
        [F.EDITED_CONTENT],
    ),
    "moment": (
        "UPDATE disclosure_version SET published_at = now() - interval '1 day' WHERE disclosure_id = :third",
        [F.EDITED_CONTENT],
    ),
    "name of a file": ("UPDATE attachment SET name = 'x' WHERE owner_id = :third", [F.EDITED_CONTENT]),
    "content of a file": (
        "UPDATE attachment SET viewing = repeat('b', 64) WHERE owner_id = :third",
        [F.EDITED_CONTENT],
    ),
    "file gone": ("DELETE FROM attachment WHERE owner_id = :third", [F.EDITED_CONTENT]),
    "salt": ("UPDATE disclosure_version SET salt = 'x' WHERE disclosure_id = :third", [F.EDITED_CONTENT]),
    "notice": ("UPDATE disclosure SET notice_until = '2026-11-01' WHERE id = :third", [F.STATE]),
    "category": ("UPDATE disclosure SET category_code = 'labour' WHERE id = :third", [F.STATE]),
    "first moment": (
        "UPDATE disclosure SET published_at = now() - interval '9 day' WHERE id = :third",
        [F.STATE],
    ),
    "back to a draft": ("UPDATE disclosure SET state = 'draft' WHERE id = :third", [F.STATE]),
    "withdrawal undone": ("UPDATE disclosure SET state = 'published' WHERE id = :second", [F.STATE]),
    "correction undone": ("UPDATE disclosure SET current_version = 1 WHERE id = :first", [F.STATE]),
    "event of a link": (
        "UPDATE chain_link SET event = 'published' WHERE number = 4",
        [F.EDITED_LINK, F.EDITED_CONTENT],
    ),
    "moment of a link": (
        "UPDATE chain_link SET at = at - interval '1 hour' WHERE number = 3",
        [F.EDITED_LINK],
    ),
    "terms of a link": (
        """UPDATE chain_link SET terms = jsonb_set(terms, '{period}', '"2026-10"') WHERE number = 3""",
        [F.EDITED_LINK, F.STATE],
    ),
    "digest of a link": (
        "UPDATE chain_link SET digest = repeat('f', 64) WHERE number = 3",
        [F.EDITED_LINK, F.BROKEN],
    ),
    "link in the middle gone": ("DELETE FROM chain_link WHERE number = 3", [F.GAP, F.UNLINKED]),
    "two links gone": ("DELETE FROM chain_link WHERE number IN (2, 3)", [F.GAP, F.UNLINKED]),
    "truncated": ("DELETE FROM chain_link WHERE number = 5", [F.TRUNCATED, F.STATE]),
    "head moved": ("UPDATE chain_head SET digest = repeat('0', 64)", [F.TRUNCATED]),
    "head gone": ("DELETE FROM chain_head", [F.TRUNCATED]),
    "item gone": (
        """WITH a AS (DELETE FROM disclosure_version WHERE disclosure_id = :third)
           DELETE FROM attachment WHERE owner_id = :third""",
        [F.GONE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERING)
def test_every_kind_of_tampering_is_found(
    session: Session, village: Organisation, long: list[Disclosure], name: str
) -> None:
    statement, expected = TAMPERING[name]
    first, second, third = (item.id for item in long)
    wanted = {"first": first, "second": second, "third": third}
    named = {key: value for key, value in wanted.items() if f":{key}" in statement}
    session.execute(text(statement), named)

    assert found(session, village) == expected


def test_what_was_written_past_the_workflow_is_found(session: Session, village: Organisation) -> None:
    publish(session, village)
    make(session, village, "直接写进数据库的")

    assert found(session, village) == [F.UNLINKED]


def test_a_link_and_all_after_it_rewritten_is_found_by_an_old_head(
    session: Session, village: Organisation
) -> None:
    for number in range(3):
        publish(session, village, f"第 {number} 条")
    old = chain.head(session, village.id)
    assert old is not None
    known = [chain.parse_head(old.short)]
    assert found(session, village, known=known) == []
    item = session.scalars(select(Disclosure)).first()
    session.execute(text("DELETE FROM chain_link"))
    session.execute(text("DELETE FROM chain_head"))
    session.execute(text("UPDATE disclosure_version SET summary = '另一回事'"))
    session.execute(text("UPDATE disclosure_version SET salt = null"))
    session.expire_all()
    assert item is not None
    assert chain.backfill(session, village_id=village.id) == 3

    assert found(session, village) == []
    assert found(session, village, known=known) == [F.REWRITTEN]
    further = [chain.Known(old.number + 1, old.digest)]
    assert found(session, village, known=further) == [F.TRUNCATED]


def test_a_chain_cut_together_with_its_head_is_found_by_an_old_head(
    session: Session, village: Organisation
) -> None:
    publish(session, village, "一")
    publish(session, village, "二")
    old = chain.head(session, village.id)
    assert old is not None
    session.execute(text("DELETE FROM disclosure_version WHERE title = '二'"))
    session.execute(
        text("DELETE FROM disclosure WHERE id NOT IN (SELECT disclosure_id FROM disclosure_version)")
    )
    session.execute(text("DELETE FROM chain_link WHERE number = 2"))
    session.execute(text("UPDATE chain_head SET number = 1, digest = (SELECT digest FROM chain_link)"))

    assert found(session, village) == []
    assert found(session, village, known=[chain.parse_head(old.short)]) == [F.TRUNCATED]
    assert not chain.holds(session, village_id=village.id, known=chain.parse_head(old.short)).found


def test_files_that_were_changed_on_disk_are_found(
    session: Session, village: Organisation, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    item, version = make(session, village)
    whole, lost = storage.put(b"one"), storage.put(b"two")
    attach(session, item, whole, position=1)
    attach(session, item, lost, position=2, name="合同.pdf")
    chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)
    assert found(session, village, storage=storage) == []
    storage.delete(lost)
    (tmp_path / whole[:2] / whole[2:4] / whole).write_bytes(b"three")

    faults = chain.verify(session, village_id=village.id, storage=storage).faults
    assert [fault.kind for fault in faults] == [F.FILE, F.FILE]
    assert "票据.jpg" in faults[0].text
    assert "合同.pdf" in faults[1].text


def test_a_version_slipped_in_beside_the_public_one_is_found(session: Session, village: Organisation) -> None:
    item = publish(session, village)
    session.execute(
        text(
            "INSERT INTO disclosure_version"
            ' (id, disclosure_id, number, title, summary, body, figures, "table", published_at)'
            " VALUES (gen_random_uuid(), :item, 7, 'x', 'x', '', '[]', '{}', now())"
        ),
        {"item": item.id},
    )

    assert found(session, village) == [F.UNLINKED]

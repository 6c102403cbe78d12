"""The hash chain of a village: what extends it, what is public of it, and that it never forks."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import BadInput, NotFound
from app.models import ChainHead, ChainLink, Disclosure, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.services import chain
from app.services.chain import FaultKind
from tests import factories
from tests.services.chained import add_version, attach, found, long_chain, make, publish, version_of, withdraw

F = FaultKind


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


@pytest.fixture
def long(session: Session, village: Organisation) -> list[Disclosure]:
    return long_chain(session, village)


def test_a_chain_grows_by_one_link_for_each_event(
    session: Session, village: Organisation, long: list[Disclosure]
) -> None:
    links = session.scalars(chain.listing(village.id)).all()
    result = chain.verify(session, village_id=village.id)
    head = chain.head(session, village.id)

    assert [link.number for link in links] == [5, 4, 3, 2, 1]
    assert [link.event for link in links[:2]] == [ChainEvent.WITHDRAWN, ChainEvent.CORRECTED]
    assert links[-1].previous == "0" * 64
    assert all(newer.previous == older.digest for newer, older in itertools.pairwise(links))
    assert head is not None
    assert (head.number, head.digest) == (5, links[0].digest)
    assert head.short == f"5:{head.digest[:20]}"
    assert head.printed.replace(" ", "") == head.digest[:20]
    assert (result.faults, result.links, result.checked) == ([], 5, 5)


def test_villages_have_chains_of_their_own(session: Session, village: Organisation) -> None:
    other = factories.village(session, session.get_one(Organisation, village.parent_id))
    publish(session, village)
    publish(session, other)

    assert chain.head(session, village.id) != chain.head(session, other.id)
    assert found(session, village) == found(session, other) == []


def test_a_village_without_anything_has_no_head(session: Session, village: Organisation) -> None:
    assert chain.head(session, village.id) is None
    assert found(session, village) == []


def test_persons_taken_out_leave_older_contents_beyond_checking(
    session: Session, village: Organisation
) -> None:
    item, version = make(session, village, table={"columns": ["姓名"], "rows": [["王小明"]]})
    before = chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)
    old_salt = version.salt
    version.table = {"columns": ["户数"], "rows": [[1]]}
    chain.extend(session, disclosure=item, version=version, event=ChainEvent.REDUCED)
    result = chain.verify(session, village_id=village.id)

    assert (result.faults, result.checked, result.superseded) == ([], 1, 1)
    assert version.salt != old_salt
    shown = chain.evidence(session, village_id=village.id, number=before.number)
    assert shown.content_file is None
    assert "隐去" in shown.because
    session.execute(text("""UPDATE disclosure_version SET "table" = '{}'"""))
    assert found(session, village) == [F.EDITED_CONTENT]


def test_a_withdrawn_item_that_is_reduced_stays_checkable(session: Session, village: Organisation) -> None:
    item = publish(session, village)
    withdraw(session, item)
    chain.extend(session, disclosure=item, version=version_of(session, item), event=ChainEvent.REDUCED)
    assert found(session, village) == []
    session.execute(text("UPDATE disclosure SET withdrawn_because = '别的'"))

    assert found(session, village) == [F.EDITED_CONTENT]


def test_a_file_belongs_to_the_versions_that_show_it(session: Session, village: Organisation) -> None:
    item, version = make(session, village)
    attach(session, item, "a" * 64, dropped_in_version=2)
    chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)
    second = add_version(session, item, 2, reason="换了附件")
    attach(session, item, "b" * 64, since_version=2)
    chain.extend(session, disclosure=item, version=second, event=ChainEvent.CORRECTED)

    assert found(session, village) == []
    files = [chain.evidence(session, village_id=village.id, number=number) for number in (1, 2)]
    assert ["a" * 64 in (file.content_file or "") for file in files] == [True, False]
    assert ["b" * 64 in (file.content_file or "") for file in files] == [False, True]


def test_anybody_can_recompute_the_digests(
    session: Session, village: Organisation, long: list[Disclosure]
) -> None:
    shown = chain.evidence(session, village_id=village.id, number=3)
    assert shown.content_file is not None
    salt, _, content = shown.content_file.partition("\n")

    assert hashlib.sha256(shown.link_file.encode()).hexdigest() == shown.link.digest
    assert hashlib.sha256(shown.content_file.encode()).hexdigest() == shown.link.content_digest
    assert json.loads(shown.link_file)["content"] == shown.link.content_digest
    assert json.loads(content)["figures"] == [["收入", "12 万元"], ["支出", 8]]
    assert len(salt) == 64
    assert salt != version_of(session, long[2]).salt


def test_of_a_withdrawn_item_only_the_tombstone_can_be_recomputed(
    session: Session, village: Organisation, long: list[Disclosure]
) -> None:
    published = chain.evidence(session, village_id=village.id, number=2)
    tombstone = chain.evidence(session, village_id=village.id, number=5)

    assert published.content_file is None
    assert "撤回" in published.because
    assert tombstone.content_file is not None
    assert hashlib.sha256(tombstone.content_file.encode()).hexdigest() == tombstone.link.content_digest
    assert json.loads(tombstone.content_file.partition("\n")[2])["withdrawn_because"] == "数字有误"
    with pytest.raises(NotFound):
        chain.evidence(session, village_id=village.id, number=6)


def test_no_personal_data_stand_in_the_chain(session: Session, village: Organisation) -> None:
    publish(session, village, "王小明领补助", table={"columns": ["姓名"], "rows": [["王小明"]]})
    session.flush()
    rows = session.execute(text("SELECT row_to_json(l)::text FROM chain_link l")).scalars().all()

    assert rows
    assert all("王小明" not in row for row in rows)


def test_an_old_head_is_followed_to_the_end(
    session: Session, village: Organisation, long: list[Disclosure]
) -> None:
    second = session.scalars(chain.listing(village.id).where(ChainLink.number == 2)).one()
    known = chain.parse_head(f"第 2 环 {second.digest[:4]} {second.digest[4:20]}")
    holding = chain.holds(session, village_id=village.id, known=known)
    assert (holding.found, holding.newer, holding.unbroken, holding.last) == (True, 3, True, 5)
    session.execute(text("UPDATE chain_link SET at = at - interval '1 hour' WHERE number = 4"))

    assert chain.holds(session, village_id=village.id, known=known).unbroken is False
    wrong = chain.Known(2, "0" * 20)
    assert not chain.holds(session, village_id=village.id, known=wrong).found


@pytest.mark.parametrize(
    "typed",
    [
        "128:3f9a0c2177be01d499aa",
        "128：3f9a 0c21 77be 01d4 99aa",
        "第 128 环 3F9A 0C21 77BE 01D4 99AA",
        " 第128环：3f9a0c2177be01d499aa ",
        "第 １２８ 环\n3f9a 0c21 77be 01d4\n99aa",
    ],
)
def test_heads_are_read_as_people_copy_them(typed: str) -> None:
    assert chain.parse_head(typed) == chain.Known(128, "3f9a0c2177be01d499aa")


@pytest.mark.parametrize(
    "typed", ["", "128", "128:3f9a", "3f9a0c2177be01d499aa", "128:zzzz" * 5, "一:" + "a" * 20]
)
def test_heads_that_cannot_be_read(typed: str) -> None:
    with pytest.raises(BadInput):
        chain.parse_head(typed)


def test_what_was_published_before_the_chain_gets_links_once(session: Session, village: Organisation) -> None:
    old = [make(session, village, f"旧的 {number}")[0] for number in range(3)]
    old[1].state, old[1].withdrawn_because = DisclosureState.WITHDRAWN, "旧的原因"
    session.flush()
    assert list(chain.villages_without(session)) == [village.id]

    assert chain.backfill(session, village_id=village.id) == 3
    assert chain.backfill(session, village_id=village.id) == 0
    assert chain.villages_without(session) == []
    links = session.scalars(chain.listing(village.id)).all()
    assert [link.event for link in links] == [
        ChainEvent.PUBLISHED,
        ChainEvent.WITHDRAWN,
        ChainEvent.PUBLISHED,
    ]
    publish(session, village, "新的")
    assert found(session, village) == []


def test_the_result_of_a_full_verification_is_kept(session: Session, village: Organisation) -> None:
    publish(session, village)
    assert chain.last_check(session, village.id) is None
    chain.check(session, village_id=village.id)
    kept = chain.last_check(session, village.id)
    assert kept is not None
    assert (kept.number, kept.faults) == (1, {})
    session.execute(text("UPDATE disclosure_version SET body = 'x'"))
    session.expire_all()
    chain.check(session, village_id=village.id)
    session.expire_all()
    kept = chain.last_check(session, village.id)
    assert kept is not None
    assert kept.faults == {"edited_content": 1}


def test_publishers_at_once_never_fork_the_chain(database: Database) -> None:
    with database.transaction() as session:
        village = factories.places(session).village
        prepared = [make(session, village, f"第 {number} 条")[0].id for number in range(24)]
        key = village.id
    start = threading.Barrier(4)

    def work(items: list[uuid.UUID]) -> None:
        start.wait()
        for item_id in items:
            with database.transaction() as session:
                item = session.get_one(Disclosure, item_id)
                version = version_of(session, item)
                chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)

    threads = [threading.Thread(target=work, args=(prepared[place::4],)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reading() as session:
        result = chain.verify(session, village_id=key)
        head = session.get_one(ChainHead, key)
    assert (result.faults, result.links, head.number) == ([], 24, 24)


def test_a_publisher_that_fails_leaves_no_gap(database: Database) -> None:
    with database.transaction() as session:
        village = factories.places(session).village
        first, second = (make(session, village, title)[0].id for title in ("一", "二"))

    def extend(session: Session, item_id: uuid.UUID) -> None:
        item = session.get_one(Disclosure, item_id)
        chain.extend(session, disclosure=item, version=version_of(session, item), event=ChainEvent.PUBLISHED)

    def fail() -> None:
        with database.transaction() as session:
            extend(session, first)
            raise RuntimeError("the release failed later")

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction() as session:
        extend(session, second)
        assert chain.head(session, village.id) == chain.Head(
            1, session.scalars(chain.listing(village.id)).one().digest
        )

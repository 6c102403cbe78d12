"""Persons leave when their time is over: from every version, file, index; sums stay and the chain holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import BorrowedDatabase
from app.core.errors import NotFound
from app.core.storage import Storage
from app.jobs import schedule
from app.models import AttachmentText, ChainLink, Disclosure, DisclosureCategory, DisclosureVersion
from app.models.chain import ChainEvent
from app.services import attachments, chain, disclosures, questions, search
from app.services.actors import System, Visitor
from app.services.privacy import reduction
from tests import factories as make
from tests.papers import paper
from tests.privacy.leaks import Desk
from tests.support import settings_for

RECORDS = [
    {"name": "李守田", "group": "3", "kind": "临时救助", "amount": "600", "illness": "因病"},
    {"name": "欧阳春生", "group": "1", "kind": "助学", "amount": "500"},
]
NIGHT = System("privacy.reduce")


def aided(desk: Desk) -> Disclosure:
    """A published list of aid with a file, a correction and a note that names people."""
    file = desk.upload(paper(["困难补助发放表", "李守田 600 元"]), "李守田等人补助.pdf")
    item = desk.draft(
        category_code="hardship_aid",
        title="困难补助公示",
        summary="",
        body="李守田、欧阳春生已经领取。",
        records=RECORDS,
        period="2026-Q3",
        uploads=[file.token],
    )
    desk.submit(item)
    desk.publish(item)
    writer = make.acting(desk.session, desk.author)
    reader = make.acting(desk.session, desk.reviewer)
    disclosures.propose(
        desk.session,
        acting=writer,
        disclosure_id=item.id,
        draft=disclosures.Draft(
            category_code="hardship_aid", title="困难补助公示（更正）", body="李守田多发了。", records=RECORDS
        ),
        reason="李守田的金额写错了",
        keys=make.KEYS,
    )
    disclosures.submit_correction(desk.session, acting=writer, disclosure_id=item.id, keys=make.KEYS)
    disclosures.publish_correction(desk.session, acting=reader, disclosure_id=item.id, keys=make.KEYS)
    return item


def texts(desk: Desk, item: Disclosure) -> str:
    rows = desk.session.scalars(
        select(DisclosureVersion)
        .where(DisclosureVersion.disclosure_id == item.id)
        .execution_options(populate_existing=True)
    )
    return "\n".join(
        str([row.title, row.summary, row.body, row.reason, row.figures, row.table, row.filled, row.records])
        for row in rows
    )


def found(desk: Desk, words: str) -> int:
    hits = search.find(
        desk.session, Visitor(), village_id=desk.places.village.id, words=words, limit=5, after=None
    )
    return len(hits.hits)


def test_due_only_after_the_notice_and_the_days_of_the_category(desk: Desk) -> None:
    item = aided(desk)
    assert item.persons
    assert item.notice_until is not None
    last = item.notice_until + timedelta(days=30)

    assert reduction.due(desk.session, today=last) == []
    assert reduction.due(desk.session, today=last + timedelta(days=1)) == [item.id]
    item.notice_until = None
    desk.session.flush()
    published = clock.local(item.published_at or clock.now()).date()
    assert reduction.due(desk.session, today=published + timedelta(days=30)) == []
    assert reduction.due(desk.session, today=published + timedelta(days=31)) == [item.id]


def test_persons_leave_every_version_and_sums_stay(desk: Desk) -> None:
    item = aided(desk)
    [file] = attachments.of_version(desk.session, item.id, item.current_version)
    preview = file.preview
    assert "李守田" in texts(desk, item)
    assert found(desk, "守田") == 1

    orphans = reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)

    kept = texts(desk, item)
    assert "守田" not in kept
    assert "春生" not in kept
    assert "李某、欧阳某已经领取。" in kept
    assert "1,100" in kept or "1100" in kept
    assert found(desk, "守田") == 0
    assert found(desk, "困难补助") == 1
    assert item.reduced_at is not None
    assert reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id) == []
    assert reduction.due(desk.session, today=clock.today() + timedelta(days=400)) == []

    assert (file.viewing, file.preview, file.name) == (None, None, "附件1.pdf")
    assert preview in orphans
    assert file.original not in orphans
    assert (
        desk.session.scalars(select(AttachmentText).where(AttachmentText.attachment_id == file.id)).all()
        == []
    )
    with pytest.raises(NotFound):
        attachments.access_attachment(desk.session, acting=Visitor(), attachment_id=file.id)


def test_the_chain_holds_and_tells_of_it(desk: Desk) -> None:
    item = aided(desk)
    salts = set(desk.session.scalars(select(DisclosureVersion.salt)))
    before = chain.head(desk.session, item.village_id)
    assert before is not None

    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)

    known = [chain.parse_head(before.short)]
    verified = chain.verify(desk.session, village_id=item.village_id, known=known)
    assert verified.faults == []
    links = desk.session.scalars(select(ChainLink).where(ChainLink.disclosure_id == item.id)).all()
    assert [link.version for link in links if link.event == ChainEvent.REDUCED] == [1, 2]
    desk.session.expire_all()
    assert salts.isdisjoint(set(desk.session.scalars(select(DisclosureVersion.salt))))


def test_the_job_takes_files_off_the_disk(desk: Desk, borrowed: BorrowedDatabase, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    desk.storage = Storage.in_data_dir(settings.data_dir)
    item = aided(desk)
    [file] = attachments.of_version(desk.session, item.id, item.current_version)
    original, preview = str(file.original), str(file.preview)
    item.notice_until = clock.today() - timedelta(days=31)
    desk.session.flush()

    assert schedule.reduce_persons(borrowed, settings) == "reduced=1 files=1"

    assert desk.storage.exists(original)
    assert not desk.storage.exists(preview)
    assert schedule.reduce_persons(borrowed, settings) == "reduced=0 files=0"


def test_a_table_written_freely_counts_as_persons_too(desk: Desk) -> None:
    table = {"columns": ["姓名", "金额"], "rows": [["李守田", "600"]]}
    item = desk.draft(category_code="hardship_aid", body="李守田领取。", table=table)
    desk.submit(item)
    desk.publish(item)
    assert item.persons

    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)

    assert "守田" not in texts(desk, item)
    assert "李某领取。" in texts(desk, item)


def test_questions_answers_and_the_reason_of_a_withdrawal_lose_the_names_too(desk: Desk) -> None:
    item = aided(desk)
    asked = questions.ask(
        desk.session,
        acting=make.villager(desk.session),
        disclosure_id=item.id,
        text="李守田为什么有六百元？",
    )
    author, reviewer = (make.acting(desk.session, one) for one in (desk.author, desk.reviewer))
    questions.answer(desk.session, acting=author, question_id=asked.id, text="李守田家里有困难。")
    disclosures.withdraw(desk.session, acting=reviewer, disclosure_id=item.id, reason="李守田不符合条件")

    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)

    assert (asked.text, asked.answer) == ("李某为什么有六百元？", "李某家里有困难。")
    assert item.withdrawn_because == "李某不符合条件"
    assert not chain.verify(desk.session, village_id=item.village_id).faults


def test_persons_that_a_correction_brings_back_expire_again(desk: Desk) -> None:
    """Also in a category without a notice, whose items expire by their day of publication."""
    table = {"columns": ["姓名", "金额"], "rows": [["李守田", "600"]]}
    text = {"category_code": "weddings_funerals", "title": "丧事", "summary": "丧事一件。", "table": table}
    item = desk.draft(**text)
    desk.submit(item)
    desk.publish(item)
    item.published_at = clock.now() - timedelta(days=60)
    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)
    today = clock.today()
    assert reduction.due(desk.session, today=today) == []

    writer = make.acting(desk.session, desk.author)
    draft = disclosures.Draft(**text)  # type: ignore[arg-type]
    disclosures.propose(
        desk.session, acting=writer, disclosure_id=item.id, draft=draft, reason="写错了", keys=make.KEYS
    )
    disclosures.submit_correction(desk.session, acting=writer, disclosure_id=item.id, keys=make.KEYS)
    reader = make.acting(desk.session, desk.reviewer)
    disclosures.publish_correction(desk.session, acting=reader, disclosure_id=item.id, keys=make.KEYS)
    assert reduction.due(desk.session, today=today) == [item.id]


def test_records_of_columns_that_were_removed_go_too(desk: Desk) -> None:
    item = desk.draft(category_code="hardship_aid", title="困难补助公示", summary="", records=RECORDS)
    desk.submit(item)
    desk.publish(item)
    category = desk.session.get_one(DisclosureCategory, "hardship_aid")
    category.columns = [one for one in category.columns if one["key"] in ("kind", "amount")]
    desk.session.flush()

    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)

    version = disclosures.item(desk.session, acting=Visitor(), disclosure_id=item.id).version
    assert "李守田" not in f"{version.records}{version.table}{version.filled}"


def test_a_hidden_file_does_not_wait_for_somebody_to_look_at_it(desk: Desk) -> None:
    item = aided(desk)
    reduction.reduce(desk.session, acting=NIGHT, disclosure_id=item.id)
    assert desk.open(item) == []

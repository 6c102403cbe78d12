"""Importing a month of disclosures: templates, previews with cell addresses, all or nothing, repetition."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.sheets import reading
from app.core.storage import Storage
from app.models import AuditEntry, Disclosure, DisclosureCategory, ImportBatch, Organisation
from app.models.disclosures import DisclosureState
from app.models.interaction import ImportState
from app.models.people import Role
from app.services import actors, disclosures, imports, officers
from tests import factories
from tests.factories import KEYS
from tests.workbooks import book


@dataclass
class Desk:
    """A town with two villages, the information officer of both, and a reviewer."""

    session: Session
    places: factories.Places
    other: Organisation
    author: actors.Officer
    reviewer: actors.Officer
    storage: Storage

    def preview(self, rows: list[list[Any]], category: str = "finance", **more: Any) -> ImportBatch:
        values: dict[str, Any] = {
            "acting": self.author,
            "category_code": category,
            "data": book(rows),
            "file_name": "三月.xlsx",
            "storage": self.storage,
            "keys": KEYS,
        }
        return imports.preview(self.session, **(values | more))

    def apply(self, batch: ImportBatch, **more: Any) -> ImportBatch:
        values: dict[str, Any] = {"acting": self.author, "storage": self.storage, "keys": KEYS}
        return imports.apply(self.session, batch_id=batch.id, **(values | more))

    def all(self) -> list[Disclosure]:
        query = select(Disclosure).where(Disclosure.village_id.in_([self.places.village.id, self.other.id]))
        return list(self.session.scalars(query.order_by(Disclosure.created_at)))

    def item(self, disclosure: Disclosure) -> disclosures.Item:
        self.session.refresh(disclosure)
        return disclosures.item(self.session, acting=self.author, disclosure_id=disclosure.id)

    def release(self, disclosure: Disclosure) -> None:
        key = disclosure.id
        disclosures.submit(self.session, acting=self.author, disclosure_id=key, keys=KEYS)
        disclosures.publish(self.session, acting=self.reviewer, disclosure_id=key, keys=KEYS)


def author_of(session: Session, *villages: Organisation) -> actors.Officer:
    """An information officer of several villages."""
    person = factories.officer(session)
    for village in villages:
        officers.appoint(
            session,
            acting=factories.ROOT,
            officer_id=person.id,
            organisation=village,
            role=Role.INFORMATION_OFFICER,
        )
    return factories.acting(session, person)


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    places = factories.places(session)
    other = factories.village(session, places.town)
    reviewer = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    return Desk(
        session,
        places,
        other,
        author_of(session, places.village, other),
        factories.acting(session, reviewer),
        Storage(tmp_path),
    )


@pytest.fixture(autouse=True)
def _category(session: Session) -> None:
    """The tests' own definition of a finance item, whatever the county's list says."""
    finance = session.get_one(DisclosureCategory, "finance")
    finance.fields = [
        {"key": "income", "label": "收入", "type": "money", "required": True},
        {"key": "expense", "label": "支出", "type": "money", "required": True},
    ]
    finance.columns = [
        {"key": "day", "label": "日期", "type": "date", "required": True},
        {"key": "purpose", "label": "用途", "type": "text", "required": True},
        {"key": "amount", "label": "金额", "type": "money", "required": True, "total": True},
        {"key": "way", "label": "方式", "type": "choice",
         "options": [{"value": "transfer", "label": "转账"}, {"value": "card", "label": "村务卡"}]},
        {"key": "handler", "label": "经手人", "type": "person", "public": False},
    ]  # fmt: skip
    finance.notice_days, finance.excusable = 0, []
    session.flush()


HEADER = ["村社", "期间", "标题", "收入（元）", "支出（元）", "日期", "用途", "金额（元）", "方式", "经手人"]
MARCH = [
    HEADER,
    ["东联村", "2026年3月", None, "12万元", 1300.5, "2026-03-05", "河道保洁", 1200, "转账", "王小明"],
    ["东联村", "2026-03", None, None, None, "2026/3/9", "路灯维修", "￥100.50", "村务卡", None],
    ["兴裕村", "2026年3月", None, 80_000, 0, "2026.3.6", "绿化", 0, None, None],
]


def test_a_month_of_two_villages(desk: Desk) -> None:
    batch = desk.preview(MARCH)

    assert batch.errors == []
    assert (batch.state, batch.rows) == (ImportState.PREVIEWED, 3)
    shown = ("title", "rows", "first_row", "outcome")
    assert [[one[key] for key in shown] for one in batch.result["items"]] == [
        ["东联村2026年3月村级财务", 2, 2, "create"],
        ["兴裕村2026年3月村级财务", 1, 4, "create"],
    ]  # fmt: skip
    assert desk.all() == []

    applied = desk.apply(batch)

    assert applied.state is ImportState.APPLIED
    first, second = (
        desk.item(one) for one in sorted(desk.all(), key=lambda one: one.village_id == desk.other.id)
    )
    assert first.disclosure.state is DisclosureState.DRAFT
    assert (first.disclosure.period, second.disclosure.period) == ("2026-03", "2026-03")
    assert dict(first.version.filled) == {"income": 12_000_000, "expense": 130_050}
    assert [row["amount"] for row in first.version.records] == [120_000, 10_050]
    assert first.version.records[0]["handler"] == "王小明"
    assert "王小明" not in str(first.version.table)
    assert first.version.summary
    assert second.version.records == [{"day": "2026-03-06", "purpose": "绿化", "amount": 0}]


def test_applying_twice_and_uploading_again_change_nothing(desk: Desk) -> None:
    batch = desk.preview(MARCH)
    desk.apply(batch)
    versions = [(one.id, one.current_version) for one in desk.all()]

    assert desk.apply(batch).state is ImportState.APPLIED
    again = desk.preview(MARCH)
    desk.apply(again)

    assert again.result["counts"] == {"create": 0, "change": 0, "correct": 0, "unchanged": 2, "skip": 0}
    assert [(one.id, one.current_version) for one in desk.all()] == versions


def test_a_changed_row_revises_the_own_draft(desk: Desk) -> None:
    desk.apply(desk.preview(MARCH))
    changed = [list(row) for row in MARCH]
    changed[1][6] = "河道保洁（上半月）"
    batch = desk.apply(desk.preview(changed))

    assert [one["outcome"] for one in batch.result["items"]] == ["change", "unchanged"]
    assert sorted(one.current_version for one in desk.all()) == [1, 2]


def test_drafts_of_others_and_what_is_in_review_are_left_alone(desk: Desk, session: Session) -> None:
    desk.apply(desk.preview(MARCH))
    first, second = desk.all()
    disclosures.submit(session, acting=desk.author, disclosure_id=first.id, keys=KEYS)
    colleague = author_of(session, desk.places.village, desk.other)
    changed = [list(row) for row in MARCH]
    changed[1][6], changed[3][6] = "别的", "别的"
    batch = desk.preview(changed, acting=colleague)

    reasons = {one["disclosure_id"]: (one["outcome"], one["reason"]) for one in batch.result["items"]}
    assert reasons[str(first.id)] == ("skip", "正在审核，请审核人退回后再导入")
    assert reasons[str(second.id)] == ("skip", "是别人起草的草稿，请本人修改")


def test_published_items_are_only_corrected_on_request_and_with_a_reason(desk: Desk) -> None:
    desk.apply(desk.preview(MARCH))
    public = next(one for one in desk.all() if one.village_id == desk.other.id)
    desk.release(public)
    changed = [list(row) for row in MARCH]
    changed[3][4] = 10

    first = desk.preview(changed)
    assert first.result["counts"]["correct"] == 1
    left = desk.apply(first)
    assert [one["outcome"] for one in left.result["items"]] == ["unchanged", "skip"]
    assert desk.item(public).disclosure.proposed_version is None

    second = desk.preview(changed)
    with pytest.raises(BadInput) as refusal:
        desk.apply(second, corrections=True)
    assert refusal.value.code == "import.reason_missing"
    desk.apply(second, corrections=True, reason="漏记一笔支出")

    item = desk.item(public)
    assert item.disclosure.proposed_state is DisclosureState.DRAFT
    assert item.version.filled["expense"] == 0
    third = desk.preview(changed)
    assert [one["reason"] for one in third.result["items"]][1] == "同样内容的更正已经有了"


def test_wrong_rows_refuse_everything_and_say_where(desk: Desk) -> None:
    rows = [
        HEADER,
        MARCH[1],
        ["别的村", "2026年3月", None, 1, 1, "2026-03-05", "x", 1, None, None],
        ["外村", "三月", None, 1, None, "2026-03-05", "y", "很多", "现金", None],
        ["兴裕村", "2026-02", None, 5, None, "2026-02-05", "z", 1, None, None],
        ["兴裕村", "2026-02", None, 6, None, "2026-02-06", "z", 1, None, None],
    ]
    batch = desk.preview(rows)

    assert batch.state is ImportState.REFUSED
    assert [(one["cell"], one["problem"]) for one in batch.errors] == [
        ("A3", "不是您负责的村社"),
        ("A4", "不是您负责的村社"),
        ("B4", "看不懂这个月份"),
        ("H4", "看不懂这个金额"),
        ("I4", "不在选项里"),
        ("E5", "要填写"),
        ("D6", "和第 5 行不一样"),
    ]
    with pytest.raises(Conflict) as refusal:
        desk.apply(batch)
    assert refusal.value.code == "import.refused"
    assert desk.all() == []


def test_the_error_workbook_marks_the_cells(desk: Desk) -> None:
    rows = [HEADER, ["兴裕村", "三月", None, 1, 2, "2026-03-05", "y", 1, None, None]]
    batch = desk.preview(rows)
    made = imports.faulty(
        desk.session, acting=desk.author, batch_id=batch.id, storage=desk.storage, keys=KEYS
    )

    listed = reading.raw_rows(made.content, "错误")
    assert listed[1][:2] == ["B2", "期间"]
    assert reading.raw_rows(made.content, "Sheet1")[1][1] == "三月"


def test_the_template_fits_its_own_reader(desk: Desk) -> None:
    made = imports.template(desk.session, acting=desk.author, category_code="finance", period="2026-03")

    assert made.name == "村级财务-2026-03-导入模板.xlsx"
    cells = reading.raw_rows(made.content, "填写")
    assert [str(name).rstrip("*") for name in cells[1]] == HEADER
    assert sorted(row[0] for row in cells[2:]) == ["东联村", "兴裕村"]
    assert {row[1] for row in cells[2:]} == {"2026-03"}
    with pytest.raises(BadInput) as refusal:  # nothing but what was filled in beforehand
        desk.preview([], data=made.content)
    assert refusal.value.code == "import.empty"


@pytest.mark.parametrize("period", ["2026-Q1", "2026", "x"])
def test_a_period_must_fit_the_category(desk: Desk, period: str) -> None:
    with pytest.raises(BadInput):
        imports.template(desk.session, acting=desk.author, category_code="finance", period=period)


def test_every_seeded_category_has_a_template_that_can_be_read_back(desk: Desk) -> None:
    offered = imports.templates(desk.session, acting=desk.author)

    assert len(offered) > 20
    assert "urgent" not in {one.code for one in offered}
    for category in offered:
        made = imports.template(desk.session, acting=desk.author, category_code=category.code)
        with pytest.raises(BadInput) as refusal:
            desk.preview([], category=category.code, data=made.content)
        assert refusal.value.code == "import.empty", category.code


def test_items_without_a_period_go_by_their_titles(desk: Desk) -> None:
    works = desk.session.get_one(DisclosureCategory, "decision_plan")
    works.fields = [{"key": "matter", "label": "事项", "type": "text", "required": True}]
    works.columns, works.notice_days = [], 0
    rows = [
        ["村社", "标题", "事项"],
        ["东联村", "修桥方案", "修桥"],
        ["东联村", "修路方案", "修路"],
        ["东联村", "修路方案", "再修路"],
        ["东联村", None, "没有标题"],
    ]
    batch = desk.preview(rows, category="decision_plan")

    assert [(one["cell"], one["problem"]) for one in batch.errors] == [
        ("B4", "和第 3 行是同一件"),
        ("B5", "没有填写"),
    ]
    desk.apply(desk.preview(rows[:3], category="decision_plan"))
    assert desk.preview(rows[:3], category="decision_plan").result["counts"]["unchanged"] == 2


def test_villages_of_the_same_name_need_their_town(desk: Desk) -> None:
    twin = factories.village(desk.session, desk.places.town, "东联村")
    both = author_of(desk.session, desk.places.village, twin)
    row = ["东联村", "2026-03", None, 1, 1, "2026-03-05", "x", 1, None, None]
    batch = desk.preview([HEADER, row], acting=both)
    assert batch.errors[0]["problem"] == "有几个同名的村"

    coded = desk.preview([HEADER, [twin.code, *row[1:]]], acting=both)
    assert coded.errors == []
    assert coded.result["items"][0]["village"] == twin.code


def test_several_items_of_a_period_ask_for_a_title(desk: Desk, session: Session) -> None:
    author = session.get_one(factories.Officer, desk.author.officer_id)
    for title in ("上半月", "下半月"):
        factories.draft(session, desk.other, author, title=title, period="2026-03")
    batch = desk.preview([HEADER, MARCH[3]])
    assert (batch.errors[0]["cell"], batch.errors[0]["problem"]) == ("C2", "这一期已有 2 件")

    named = [*MARCH[3]]
    named[2] = "上半月"
    assert desk.preview([HEADER, named]).result["counts"]["change"] == 1


def test_without_a_title_the_only_item_of_the_period_is_meant_and_keeps_its_title(desk: Desk) -> None:
    author = desk.session.get_one(factories.Officer, desk.author.officer_id)
    there = factories.draft(desk.session, desk.other, author, title="自己起的标题", period="2026-03")
    desk.apply(desk.preview([HEADER, MARCH[3]]))

    assert desk.item(there).version.title == "自己起的标题"
    assert desk.item(there).version.filled["income"] == 8_000_000
    assert desk.preview([HEADER, MARCH[3]]).result["counts"]["unchanged"] == 1


def test_formulas_in_text_stay_text(desk: Desk) -> None:
    row = [*MARCH[3]]
    row[6] = "=HYPERLINK(1)"
    desk.apply(desk.preview([HEADER, row]))

    assert desk.item(desk.all()[0]).version.records[0]["purpose"] == "=HYPERLINK(1)"


def test_a_workbook_has_a_limit_of_items(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.imports.batches.MOST_ITEMS", 1)
    with pytest.raises(BadInput) as refusal:
        desk.preview(MARCH)
    assert refusal.value.code == "import.too_many"


# --- who ------------------------------------------------------------------------------------------


def test_only_who_drafts_for_a_village_imports_for_it(desk: Desk, session: Session) -> None:
    single = factories.acting(session, factories.officer(session, Role.INFORMATION_OFFICER, desk.other))
    batch = desk.preview(MARCH, acting=single)
    assert [one["cell"] for one in batch.errors] == ["A2", "A3"]

    for caller in (desk.reviewer, actors.Visitor(), factories.villager(session), factories.ROOT):
        with pytest.raises(Forbidden):
            desk.preview(MARCH, acting=caller)
        with pytest.raises(Forbidden):
            imports.template(session, acting=caller, category_code="finance")
        assert imports.templates(session, acting=caller) == []


def test_a_batch_belongs_to_whoever_uploaded_it(desk: Desk, session: Session) -> None:
    batch = desk.preview(MARCH)
    colleague = author_of(session, desk.places.village)

    with pytest.raises(NotFound):
        desk.apply(batch, acting=colleague)
    with pytest.raises(Forbidden):
        desk.apply(batch, acting=factories.ROOT)
    assert session.scalars(imports.listing(colleague)).all() == []
    assert imports.find(session, acting=factories.ROOT, batch_id=batch.id) is batch


def test_losing_the_post_between_preview_and_apply_stops_it(desk: Desk) -> None:
    batch = desk.preview(MARCH)
    gone = actors.Officer(desk.author.officer_id, desk.author.name, ())

    with pytest.raises(Forbidden):
        desk.apply(batch, acting=gone)
    assert desk.all() == []


def test_what_changed_since_the_preview_stops_all_of_it(desk: Desk) -> None:
    batch = desk.preview(MARCH)
    desk.other.active = False
    desk.session.flush()

    with pytest.raises(Conflict) as refusal:
        desk.apply(batch)
    assert refusal.value.code == "import.changed"
    assert desk.all() == []


@pytest.mark.parametrize("code", ["urgent", "nothing"])
def test_categories_that_are_not_imported(desk: Desk, code: str) -> None:
    with pytest.raises(AppError) as refusal:
        desk.preview(MARCH, category=code)
    assert refusal.value.code in {"import.category_refused", "category.not_found"}


# --- the file -------------------------------------------------------------------------------------


def test_the_file_is_sealed_and_goes(desk: Desk, tmp_path: Path) -> None:
    batch = desk.preview(MARCH)
    stored = desk.storage.read(batch.file)
    assert b"PK" not in stored[:200]
    assert imports.forget(desk.session) == []

    desk.apply(batch)
    other = desk.preview(MARCH)
    digest = batch.file
    assert imports.forget(desk.session) == [digest]
    with time_machine.travel(clock.now() + imports.KEPT_FOR + timedelta(minutes=1), tick=False):
        assert imports.forget(desk.session) == [other.file] or other.file == ""
    with pytest.raises(Conflict) as refusal:
        desk.apply(other)
    assert refusal.value.code == "import.file_gone"


def test_each_step_leaves_an_audit_row_without_words(desk: Desk) -> None:
    batch = desk.apply(desk.preview(MARCH))

    rows = desk.session.scalars(
        select(AuditEntry).where(AuditEntry.noun == "import", AuditEntry.noun_id == str(batch.id))
    ).all()
    assert {row.action for row in rows} == {"previewed", "applied"}
    assert all("王小明" not in str(row.data) and "河道" not in str(row.data) for row in rows)
    drafted = select(func.count()).where(AuditEntry.noun == "disclosure", AuditEntry.action == "drafted")
    assert desk.session.scalar(drafted) == 2


def test_unknown_batches(desk: Desk) -> None:
    with pytest.raises(NotFound):
        imports.find(desk.session, acting=desk.author, batch_id=uuid.uuid4())

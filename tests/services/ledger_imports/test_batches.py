"""From upload to entered rows: columns that somebody names, villages, errors, all or nothing, repetition."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.core.sheets import reading
from app.models import AuditEntry, DeathRecord, ImportBatch, LedgerChange, Payment, Receipt
from app.models.interaction import ImportState
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services import actors, organisations
from app.services import imports as disclosure_imports
from app.services import ledger_imports as imports
from app.services.imports import files as sealed
from app.services.ledger_imports import Choice, mappings
from tests import factories
from tests.services.ledger_imports import files
from tests.services.ledger_imports.conftest import Keeper
from tests.workbooks import book

FOREIGN = ["单据", "哪天", "给谁", "多少", "怎么付", "什么账", "干什么"]
ROW = ["记-1", "2026-03-05", "某某经营部", 12, "转账", "办公费", "纸"]
SAID = {
    "voucher": "单据",
    "paid_on": "哪天",
    "payee": "给谁",
    "amount_fen": "多少",
    "method": "怎么付",
    "category": "什么账",
    "purpose": "",
}
GOOD = ("记-1", "2026-03-05", "某某经营部", 12, "纸")
BAD = ("记-2", "三月初", "某某经营部", "很多", "纸")


def column(name: str) -> dict[str, object]:
    return {"Sheet1": {"kind": "payments", "columns": {**SAID, "payee": name}}}


def test_columns_are_named_once_and_remembered(keeper: Keeper) -> None:
    asked = keeper.upload(book([FOREIGN, ROW]), village_code=keeper.other.code)
    assert asked.state is ImportState.MAPPING
    [sheet] = asked.result["sheets"]
    assert [header["name"] for header in sheet["headers"]] == FOREIGN
    assert sheet["headers"][3]["samples"] == ["12.0"]
    with pytest.raises(Conflict):
        keeper.apply(asked)

    known = keeper.say(asked, column("给谁"))
    assert (known.state, known.errors) == (ImportState.PREVIEWED, [])
    assert "G 列" not in str(known.result["sheets"][0]["columns"])
    keeper.apply(known)
    assert keeper.number(Payment) == 1

    shuffled = [[FOREIGN[at] for at in (6, 0, 1, 2, 3, 4, 5)], [ROW[at] for at in (6, 0, 1, 2, 3, 4, 5)]]
    again = keeper.upload(book(shuffled), village_code=keeper.other.code)
    assert again.state is ImportState.PREVIEWED
    assert again.result["sheets"][0]["remembered"] is True
    assert again.result["counts"]["payments"] == {"created": 0, "changed": 0, "unchanged": 1}

    [remembered] = mappings.listing(keeper.session, keeper.acting)
    mappings.forget(keeper.session, acting=keeper.acting, mapping_id=remembered.id)
    assert keeper.upload(book([FOREIGN, ROW])).state is ImportState.MAPPING
    with pytest.raises(NotFound):
        mappings.forget(keeper.session, acting=factories.ROOT, mapping_id=remembered.id)


def test_what_is_said_of_another_file_changes_no_preview(keeper: Keeper) -> None:
    header, row = [*FOREIGN, "实付"], [*ROW, 10]
    code = keeper.places.village.code
    keeper.say(keeper.upload(book([header, row]), village_code=code), column("给谁"))
    seen = keeper.upload(book([header, row]), village_code=code)
    other = keeper.upload(book([header, ["记-2", *row[1:]]]), village_code=code)
    keeper.say(other, {"Sheet1": {"kind": "payments", "columns": {**SAID, "amount_fen": "实付"}}})

    keeper.apply(seen)
    assert [one.amount_fen for one in keeper.rows(Payment)] == [1_200]


def test_what_is_said_of_columns_must_be_there(keeper: Keeper) -> None:
    batch = keeper.upload(book([FOREIGN, ROW]))
    for said, code in (
        ({"别的页": {"kind": "payments"}}, "import.sheet_unknown"),
        (column("没有这列"), "import.header_unknown"),
        ({"Sheet1": {"kind": "payments", "columns": {"nothing": "单据"}}}, "import.field_unknown"),
    ):
        with pytest.raises(BadInput) as refusal:
            keeper.say(batch, said)
        assert refusal.value.code == code


def test_a_header_that_is_said_goes_before_its_name(keeper: Keeper) -> None:
    header = [*files.PAYMENTS, "实付金额"]
    row = ["东联村", "记-1", "2026-03-05", "某某经营部", 12, "转账", "办公费", "纸", 10]
    batch = keeper.upload(book([header, row]))
    assert batch.result["sheets"][0]["unknown"] == ["实付金额"]

    keeper.apply(keeper.say(batch, {"Sheet1": {"kind": "payments", "columns": {"amount_fen": "实付金额"}}}))
    assert [row.amount_fen for row in keeper.rows(Payment)] == [1_000]


def test_whose_rows_they_are(keeper: Keeper) -> None:
    header, row = files.PAYMENTS[1:], ROW
    named = [files.PAYMENTS, *([name, f"记-{at}", *ROW[1:]] for at, name in enumerate(["兴裕村", "东联村"]))]
    assert keeper.upload(book(named)).result["villages"] == {
        keeper.other.code: 1,
        keeper.places.village.code: 1,
    }
    nobody = keeper.upload(book([header, row]))
    assert [(error["cell"], error["problem"]) for error in nobody.errors] == [("A2", "没有写明是哪个村")]
    chosen = keeper.upload(book([header, row]), village_code=keeper.other.code)
    assert chosen.result["villages"] == {keeper.other.code: 1}
    titled = keeper.upload(book([["萧山区益农镇兴裕村支出明细"], header, row]))
    assert titled.result["villages"] == {keeper.other.code: 1}

    foreign = factories.places(keeper.session, "城东联村").village
    strange = keeper.upload(book([files.PAYMENTS, ["城东联村", *ROW]]))
    assert [(error["cell"], error["problem"]) for error in strange.errors] == [("A2", "不是您负责的村社")]
    with pytest.raises(BadInput) as refusal:
        keeper.upload(book([header, row]), village_code=foreign.code)
    assert refusal.value.code == "import.village_refused"


def test_an_officer_of_one_village_need_not_name_it(keeper: Keeper) -> None:
    officer = factories.officer(keeper.session, Role.INFORMATION_OFFICER, keeper.places.village)
    acting = factories.acting(keeper.session, officer)
    batch = keeper.upload(book([files.PAYMENTS[1:], ROW]), acting=acting)

    assert batch.result["villages"] == {keeper.places.village.code: 1}
    keeper.apply(batch, acting=acting)
    assert len(keeper.rows(Payment)) == 1


def test_all_or_nothing_or_the_good_rows(keeper: Keeper) -> None:
    batch = keeper.upload(files.payments("东联村", GOOD, BAD))
    assert (batch.state, batch.rows, batch.result["error_rows"]) == (ImportState.PREVIEWED, 2, 1)
    assert [error["cell"] for error in batch.errors] == ["C3", "E3"]
    with pytest.raises(Conflict) as refusal:
        keeper.apply(batch)
    assert refusal.value.code == "import.has_errors"
    assert keeper.number(Payment) == 0

    keeper.apply(batch, Choice.GOOD_ROWS)
    assert (batch.state, keeper.number(Payment)) == (ImportState.APPLIED, 1)
    assert keeper.apply(batch) is batch
    assert keeper.number(Payment) == 1


def test_the_own_file_comes_back_with_reasons(keeper: Keeper) -> None:
    batch = keeper.upload(files.payments("东联村", GOOD, BAD))
    marked = keeper.faulty(batch)

    rows = reading.raw_rows(marked, "Sheet1")
    assert (rows[0][-1], rows[1][-1]) == ("问题", "")
    assert "付款日期：看不懂这个日期" in rows[2][-1]
    assert "金额：看不懂这个金额" in rows[2][-1]
    assert [row[0] for row in reading.raw_rows(marked, "错误")[1:]] == ["C3", "E3"]
    with pytest.raises(Conflict):
        keeper.faulty(keeper.upload(files.payments("东联村", GOOD)))


def test_of_a_long_sheet_only_the_wrong_rows_come_back(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.ledger_imports.papers.WHOLE", 2)
    rows = reading.raw_rows(
        keeper.faulty(keeper.upload(files.payments("东联村", GOOD, BAD, BAD, GOOD))), "Sheet1"
    )

    assert [row[1] for row in rows] == ["凭证号", "记-2", "记-2", "记-1"]
    assert "完全一样" in rows[3][-1]


def test_errors_are_all_counted_and_some_kept(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.ledger_imports.running.KEPT_ERRORS", 3)
    batch = keeper.upload(files.payments("东联村", *([BAD] * 5)))

    assert (batch.state, len(batch.errors)) == (ImportState.REFUSED, 3)
    assert (batch.result["error_count"], batch.result["error_rows"]) == (10, 5)


def test_a_repetition_changes_nothing_and_a_change_has_history(keeper: Keeper) -> None:
    data = files.payments("东联村", GOOD)
    keeper.enter(data)
    assert keeper.enter(data).result["counts"]["payments"]["unchanged"] == 1

    changed = keeper.enter(files.payments("东联村", (*GOOD[:4], "打印纸")))
    assert changed.result["counts"]["payments"] == {"created": 0, "changed": 1, "unchanged": 0}
    [history] = keeper.session.scalars(select(LedgerChange).where(LedgerChange.batch_id == changed.id))
    assert (history.before["purpose"], history.after["purpose"]) == ("纸", "打印纸")

    other = keeper.upload(files.payments("东联村", (*GOOD[:3], 13, "打印纸")))
    assert [error["cell"] for error in other.errors] == ["E2"]  # an amount is voided, never changed
    assert [row.amount_fen for row in keeper.rows(Payment)] == [1_200]


def test_looking_writes_nothing(keeper: Keeper) -> None:
    batch = keeper.upload(files.bank_list())

    assert (keeper.number(Payment), keeper.number(Receipt)) == (0, 0)
    written = select(AuditEntry.action).where(AuditEntry.noun_id == str(batch.id))
    assert list(keeper.session.scalars(written)) == ["uploaded"]


def test_what_changed_since_the_preview_stops_all_of_it(keeper: Keeper) -> None:
    batch = keeper.upload(files.payments("东联村", GOOD))
    keeper.enter(files.payments("东联村", (*GOOD[:3], 13, "打印纸")))

    with pytest.raises(Conflict) as refusal, keeper.session.begin_nested():
        keeper.apply(batch)
    assert refusal.value.code == "import.changed"
    assert [row.amount_fen for row in keeper.rows(Payment)] == [1_300]


# --- who ------------------------------------------------------------------------------------------


def test_who_keeps_no_ledger_imports_none(keeper: Keeper) -> None:
    liaison = factories.officer(keeper.session, Role.LIAISON_OFFICER, keeper.places.village)
    for caller in (
        actors.Visitor(),
        factories.villager(keeper.session),
        factories.acting(keeper.session, liaison),
    ):
        with pytest.raises(Forbidden) as refusal:
            keeper.upload(files.payments("东联村", GOOD), acting=caller)
        assert refusal.value.code == "ledger.not_keeper"
        with pytest.raises(Forbidden):
            imports.template(keeper.session, acting=caller, kind="payments")
        assert imports.templates(keeper.session, acting=caller) == []
    with pytest.raises(NotFound):
        imports.template(keeper.session, acting=keeper.acting, kind="nothing")


def test_civil_affairs_hands_in_deaths_and_nothing_else(keeper: Keeper) -> None:
    department = organisations.create(
        keeper.session,
        acting=factories.ROOT,
        kind=OrganisationKind.DEPARTMENT,
        code="civil-b",
        name="区民政局",
        parent=keeper.places.county,
    )
    department.line = Line.CIVIL_AFFAIRS
    keeper.session.flush()
    handler = factories.officer(keeper.session, Role.DEPARTMENT_HANDLER, department)
    acting = factories.acting(keeper.session, handler)

    offered = {one.key for one in imports.templates(keeper.session, acting=acting)}
    assert offered == {"deaths", "benefits"}
    deaths = book([["村社", "姓名", "死亡日期"], ["东联村", "王大爷", "2026-03-05"]])
    keeper.apply(keeper.upload(deaths, "deaths", acting=acting), acting=acting)
    assert keeper.number(DeathRecord) == 1
    with pytest.raises(Forbidden):
        keeper.upload(files.payments("东联村", GOOD), "payments", acting=acting)


def test_a_file_belongs_to_whoever_sent_it(keeper: Keeper) -> None:
    batch = keeper.upload(files.payments("东联村", GOOD))
    colleague = factories.acting(
        keeper.session, factories.officer(keeper.session, Role.TOWN_INSPECTOR, keeper.places.town)
    )
    with pytest.raises(NotFound):
        keeper.apply(batch, acting=colleague)
    with pytest.raises(Forbidden):
        keeper.apply(batch, acting=factories.ROOT)
    assert list(keeper.session.scalars(imports.listing(colleague))) == []
    assert list(keeper.session.scalars(disclosure_imports.listing(keeper.acting))) == []
    with pytest.raises(NotFound):
        disclosure_imports.find(keeper.session, acting=keeper.acting, batch_id=batch.id)


def test_the_file_is_sealed_and_goes(keeper: Keeper) -> None:
    batch = keeper.upload(files.payments("东联村", GOOD))
    assert b"PK\x03\x04" not in keeper.storage.read(batch.file)

    keeper.session.refresh(batch)  # the database says when it came
    with time_machine.travel(batch.created_at + sealed.KEPT_FOR + timedelta(minutes=1), tick=False):
        assert batch.file in sealed.forget(keeper.session)
    with pytest.raises(Conflict) as refusal:
        keeper.apply(batch)
    assert refusal.value.code == "import.file_gone"


def test_every_ledger_has_a_template_that_is_read_as_its_own(keeper: Keeper) -> None:
    for one in imports.templates(keeper.session, acting=keeper.acting):
        made = imports.template(keeper.session, acting=keeper.acting, kind=one.key)
        header = reading.raw_rows(made.content, one.title)[0]
        filled = book([header, ["x" for _ in header]])
        batch = keeper.session.scalar(select(ImportBatch).where(ImportBatch.id == keeper.upload(filled).id))
        assert batch is not None
        [sheet] = batch.result["sheets"]
        assert (sheet["kind"], sheet["unknown"], sheet["lacking"]) == (one.key, [], []), one.key

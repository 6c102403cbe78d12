"""The gate: a leak in any field stops the item, masking or a decision lets it on, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import AuditEntry
from app.models.disclosures import DisclosureState
from app.models.people import Role
from app.services import disclosures, privacy
from app.services.privacy import UNREADABLE
from tests import factories as make
from tests.journeys.story import photo
from tests.papers import paper
from tests.privacy.leaks import CARD, CHILD, ID, PHONE, Desk
from tests.workbooks import book

TABLE = {"columns": ["姓名", "金额", "备注"], "rows": [["李四", "600", "已发"], ["王五", "500", "{}"]]}


def tabled(note: str) -> dict[str, object]:
    return {"columns": TABLE["columns"], "rows": [["李四", "600", "已发"], ["王五", "500", note]]}


PLANTED = {
    "title": ({"title": f"补助公示{PHONE}"}, "标题", "phone"),
    "summary": ({"summary": f"联系李四 {PHONE}。"}, "一句话说明", "phone"),
    "body": ({"body": f"户主李四，身份证{ID}，补助600元。"}, "正文", "id_card"),
    "figure": ({"figures": {"收入": "12 万元", "账号": CARD}}, "关键数字“账号”", "bank_card"),
    "number": ({"figures": {"经办": int(PHONE)}}, "关键数字“经办”", "phone"),
    "label": ({"figures": {f"李四{PHONE}": "600 元"}}, "关键数字“李四138****1234”的名称", "phone"),
    "cell": ({"table": tabled(f"卡号{CARD}")}, "表格第2行“备注”列", "bank_card"),
    "heading": ({"table": {"columns": ["姓名", ID], "rows": [["李四", "1"]]}}, "表格表头", "id_card"),
    "address": ({"body": "李四家住东联村3组25号。"}, "正文", "address"),
    "birth": (
        {"table": {"columns": ["姓名", "出生日期"], "rows": [["李四", "1965-03-02"]]}},
        "表格第1行“出生日期”列",
        "birth",
    ),
    "child": (
        {"table": {"columns": ["姓名", "年龄"], "rows": [["李四", "60"], [CHILD, "9"]]}},
        "表格第2行“姓名”列",
        "minor",
    ),
    "illness": ({"table": tabled("患肺癌")}, "表格第2行“备注”列", "illness"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_leak_in_any_field_stops_it_until_it_is_masked(name: str, desk: Desk) -> None:
    fields, words, kind = PLANTED[name]
    item = desk.draft(**fields)

    [found] = desk.scan(item)
    assert (found.words, found.kind, found.maskable) == (words, kind, True)
    with pytest.raises(Conflict) as blocked:
        desk.submit(item)
    assert blocked.value.code == "disclosure.privacy_blocked"
    assert blocked.value.data["kinds"] == {kind: 1}
    assert found.text not in str(blocked.value.data) + blocked.value.message

    desk.mask(item)

    version = privacy.working_version(desk.session, item)
    shown = f"{version.title}{version.summary}{version.body}{version.figures}{version.table}"
    assert found.text not in shown
    assert found.masked in shown
    assert version.number == 2
    desk.submit(item)
    assert desk.publish(item).state == DisclosureState.PUBLISHED


def test_masking_one_place_leaves_the_others(desk: Desk) -> None:
    item = desk.draft(body=f"李四 {PHONE}，王五 13800005678。", table=tabled(PHONE))
    first, second, cell = desk.scan(item)

    desk.mask(item, first)
    assert [one.text for one in desk.open(item)] == [second.text, cell.text]
    desk.mask(item)

    version = privacy.working_version(desk.session, item)
    assert version.body == "李四 138****1234，王五 138****5678。"
    assert version.table == tabled("138****1234")
    with pytest.raises(NotFound):
        desk.mask(item)


def test_a_child_named_in_the_table_is_hidden_in_the_text_too(desk: Desk) -> None:
    table = {"columns": ["姓名", "类别"], "rows": [[CHILD, "留守儿童"], ["李四", "低保"]]}
    item = desk.draft(body=f"{CHILD}和李四已领取。", table=table)

    desk.mask(item)

    version = privacy.working_version(desk.session, item)
    assert version.body == "张某和李四已领取。"
    assert [row[0] for row in version.table["rows"]] == ["张某", "李四"]


def test_records_are_masked_with_the_table_and_hidden_columns_are_no_leak(desk: Desk) -> None:
    records = [
        {"name": "李四", "kind": "临时救助", "standard": f"电话{PHONE}", "amount": "600", "id_card": ID},
        {"name": CHILD, "kind": "助学", "amount": "500", "birth": f"{2020}-05-06"},
    ]
    item = desk.draft(category_code="hardship_aid", title=f"{CHILD}等人助学", summary="", records=records)
    assert {(one.kind, one.place) for one in desk.scan(item)} >= {("minor", "title")}

    desk.mask(item)

    version = privacy.working_version(desk.session, item)
    assert version.title == "张某等人助学"
    assert version.records[0]["standard"] == "电话138****1234"
    assert version.records[0]["id_card"] == ID
    assert ID not in str(version.table)
    assert PHONE not in str(version.table)
    assert CHILD not in str(version.table)
    desk.submit(item)


def test_a_reason_helps_only_where_the_category_allows_it(desk: Desk) -> None:
    item = desk.draft(category_code="tender_notice", summary="", body=f"联系王会计 {PHONE}，身份证{ID}")
    phone, number = desk.scan(item)
    writer = make.acting(desk.session, desk.author)

    def justify(finding: str, reason: str = "招标公告要写联系电话") -> None:
        privacy.justify(
            desk.session,
            acting=writer,
            disclosure_id=item.id,
            finding=finding,
            reason=reason,
            keys=make.KEYS,
        )

    with pytest.raises(BadInput):
        justify(phone.id, " ")
    with pytest.raises(BadInput):
        justify(phone.id, f"号码是{PHONE}")
    with pytest.raises(Conflict, match="不能公开"):
        justify(number.id)
    with pytest.raises(NotFound):
        justify("0" * 64)
    justify(phone.id)
    assert [one.id for one in desk.open(item)] == [number.id]
    desk.mask(item)

    [kept] = desk.scan(item)
    assert kept.decision is not None
    assert PHONE in privacy.working_version(desk.session, item).body
    privacy.revoke(desk.session, acting=writer, disclosure_id=item.id, finding=kept.id, keys=make.KEYS)
    assert len(desk.open(item)) == 1
    trail = desk.session.scalars(select(AuditEntry).where(AuditEntry.noun_id == str(item.id))).all()
    assert {"privacy_justified", "privacy_masked", "privacy_revoked"} <= {row.action for row in trail}
    assert PHONE not in str([row.data for row in trail])


def test_a_decision_holds_for_exactly_that_text_there(desk: Desk) -> None:
    item = desk.draft(category_code="tender_notice", summary="", body=f"联系 {PHONE}", title="招标")
    [found] = desk.scan(item)
    privacy.justify(
        desk.session,
        acting=make.acting(desk.session, desk.author),
        disclosure_id=item.id,
        finding=found.id,
        reason="招标公告要写联系电话",
        keys=make.KEYS,
    )
    version = privacy.working_version(desk.session, item)

    version.body = "联系 13800005678"
    assert len(desk.open(item)) == 1
    version.body, version.title = f"联系 {PHONE}", f"招标 {PHONE}"
    assert [one.place for one in desk.open(item)] == ["title"]


def test_who_may_see_and_decide(desk: Desk) -> None:
    item = desk.draft(body=PHONE)
    elsewhere = make.places(desk.session)
    stranger = make.officer(desk.session, Role.INFORMATION_OFFICER, elsewhere.village)
    for officer, error in ((stranger, NotFound), (desk.reviewer, Forbidden)):
        with pytest.raises(error):
            privacy.mask(
                desk.session,
                acting=make.acting(desk.session, officer),
                disclosure_id=item.id,
                keys=make.KEYS,
            )


def test_nothing_is_masked_behind_the_reviewers_back(desk: Desk) -> None:
    item = desk.draft()
    desk.submit(item)
    privacy.working_version(desk.session, item).body = PHONE

    with pytest.raises(Conflict):
        desk.mask(item)
    with pytest.raises(Conflict, match="还没有处理"):
        desk.publish(item)


# Files


def test_text_in_a_pdf_is_found_by_page_and_only_removing_it_helps(desk: Desk) -> None:
    upload = desk.upload(paper(["本月收支", f"李四 身份证{ID}"]), f"李四{PHONE}.pdf")
    item = desk.draft(uploads=[upload.token])
    name, page = desk.scan(item)
    assert (name.place, name.masked) == (f"file/{upload.attachment.id}/name", "138****1234")
    assert (page.words, page.kind, page.maskable) == ("附件《李四138****1234.pdf》第2页", "id_card", False)

    desk.mask(item)
    assert upload.attachment.name == "李四138****1234.pdf"
    assert upload.attachment.preview is not None
    with pytest.raises(Conflict):
        desk.submit(item)
    privacy.remove_file(
        desk.session,
        acting=make.acting(desk.session, desk.author),
        disclosure_id=item.id,
        attachment_id=upload.attachment.id,
    )
    desk.submit(item)


def test_text_in_a_workbook_is_found_under_its_heading(desk: Desk) -> None:
    rows = [
        ["低保名单", "", ""],
        ["姓名", "一卡通账号", "年龄"],
        ["李四", 101003456789012, 60],
        [CHILD, "", 9],
    ]
    item = desk.draft(uploads=[desk.upload(book(rows), "名单.xlsx").token])

    found = [(one.words, one.kind, one.text) for one in desk.scan(item)]

    assert found == [
        ("附件《名单.xlsx》工作表“Sheet1”第3行", "bank_card", "101003456789012"),
        ("附件《名单.xlsx》工作表“Sheet1”第4行", "minor", CHILD),
    ]


def test_what_no_program_can_read_waits_for_a_tick(desk: Desk) -> None:
    scan = desk.upload(paper(["封面", ""], scanned=[2]), "合同.pdf")
    picture = desk.upload(photo(), "现场.jpg")
    item = desk.draft(uploads=[scan.token, picture.token])

    assert [(one.words, one.kind) for one in desk.scan(item)] == [
        ("附件《合同.pdf》第2页", UNREADABLE),
        ("附件《现场.jpg》", UNREADABLE),
    ]
    with pytest.raises(Conflict):
        desk.submit(item)
    assert desk.confirm(item, scan.attachment.id) == 1
    assert desk.confirm(item, picture.attachment.id) == 1
    with pytest.raises(NotFound):
        desk.confirm(item, picture.attachment.id)

    desk.submit(item)
    desk.publish(item)
    with pytest.raises(Conflict, match="已经公开"):
        desk.confirm(item, picture.attachment.id)


def test_short_texts_that_become_public_at_once() -> None:
    privacy.require_plain("公开的金额写错了，另行公开。", field="reason")
    with pytest.raises(BadInput) as refused:
        privacy.require_plain(f"请找李四 {PHONE}", field="reason")

    assert (refused.value.code, refused.value.data["kinds"]) == ("text.personal_data", ["phone"])
    assert PHONE not in refused.value.message


def test_what_was_justified_counts_only_where_the_category_allows_it(desk: Desk) -> None:
    body = f"报名电话 {PHONE}。"
    item = desk.draft(category_code="tender_notice", title="招租", summary="招租。", body=body)
    [found] = desk.open(item)
    writer = make.acting(desk.session, desk.author)
    privacy.justify(
        desk.session,
        acting=writer,
        disclosure_id=item.id,
        finding=found.id,
        reason="这是村里的办公电话",
        keys=make.KEYS,
    )
    assert desk.open(item) == []

    disclosures.revise(
        desk.session,
        acting=writer,
        disclosure_id=item.id,
        draft=disclosures.Draft(category_code="hardship_aid", title="补助", summary="补助。", body=body),
        keys=make.KEYS,
    )
    assert [one.kind for one in desk.open(item)] == ["phone"]
    with pytest.raises(Conflict):
        desk.submit(item)


PIECES = {
    "a box for each digit": ["李四", *ID],
    "a box for each digit of a phone": ["李四", *PHONE],
    "three pieces": ["李四", ID[:6], ID[6:14], ID[14:]],
}


@pytest.mark.parametrize("name", PIECES)
def test_a_number_in_pieces_is_put_together(name: str, desk: Desk) -> None:
    row = PIECES[name]
    file = desk.upload(book([["收支公开"], row]), "表.xlsx")
    table = {"columns": ["姓名", *(f"第{place}格" for place in range(1, len(row)))], "rows": [row]}

    assert len(desk.open(desk.draft(uploads=[file.token]))) == 1
    [found] = desk.open(desk.draft(table=table))
    assert (found.words, found.maskable) == ("表格第1行几格连起来", False)


def test_pieces_that_may_be_amounts_are_left_alone(desk: Desk) -> None:
    rows = [["李四", "150", "2000", "3000"], ["1", "38000", "12345"], ["3", "1", "2", "5", "8"]]
    file = desk.upload(book(rows), "表.xlsx")
    assert desk.open(desk.draft(uploads=[file.token])) == []


def test_a_child_with_a_rare_name_is_known_by_the_field(desk: Desk) -> None:
    records = [{"name": "阿依古丽", "kind": "助学", "amount": "600", "birth": "2015-05-06"}]
    item = desk.draft(category_code="hardship_aid", title="阿依古丽助学公示", summary="", records=records)
    assert [(one.kind, one.place) for one in desk.open(item)] == [("minor", "title")]


BESIDE: dict[str, Callable[[Any, Any], Any]] = {
    "header": lambda _, sheet: sheet.set_header(f"&C联系李四{PHONE}"),
    "footer": lambda _, sheet: sheet.set_footer(f"&C联系李四{PHONE}"),
    "list": lambda _, sheet: sheet.data_validation(1, 1, 1, 1, {"validate": "list", "source": [ID, "无"]}),
    "hint": lambda _, sheet: sheet.data_validation(1, 1, 1, 1, {"validate": "any", "input_message": ID}),
    "formula": lambda _, sheet: sheet.write_formula(1, 1, f'=IF(TRUE,"收入","{ID}")', None, "收入"),
    "name": lambda workbook, _: workbook.define_name("x", f'="{ID}"'),
    "format": lambda workbook, sheet: sheet.write(1, 1, 1, workbook.add_format({"num_format": f'"{ID}"'})),
}


@pytest.mark.parametrize("name", BESIDE)
def test_words_of_a_workbook_outside_its_cells_are_read(name: str, desk: Desk) -> None:
    def content(workbook: Any, sheet: Any) -> None:
        sheet.write(0, 0, "收支公开")
        BESIDE[name](workbook, sheet)

    file = desk.upload(book(content), "表.xlsx")
    assert len(desk.open(desk.draft(uploads=[file.token]))) == 1

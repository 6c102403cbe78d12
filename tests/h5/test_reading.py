"""Reading what is published: order of the page, comparison, versions, search, tombstones, files, lateness."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core import clock
from app.core.db import BorrowedDatabase
from app.core.storage import Storage
from app.models import Attachment, DisclosureVersion, Obligation
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.models.obligations import ObligationSource
from tests.h5.support import Town, log_in, picture
from tests.services.published import publish

WIDE = {
    "columns": ["日期", "用途", "收款人", "金额", "方式"],
    "rows": [["11月3日", "路灯", "灯具店", "180 元", "转账"]],
}


def put(borrowed: BorrowedDatabase, town: Town, title: str = "十月份收支公开", **text: Any) -> str:
    with borrowed.transaction() as session:
        made, _ = publish(session, town.village, title, **text)
    return f"{town.home}/d/{made.id}"


def in_order(text: str, *parts: str) -> None:
    places = [text.find(part) for part in parts]
    assert -1 not in places, [part for part, place in zip(parts, places, strict=True) if place < 0]
    assert places == sorted(places)


def test_an_item_reads_from_the_sentence_to_the_originals(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    put(borrowed, town, "九月", period="2026-09", figures={"支出": "10 万元"})
    address = put(
        borrowed,
        town,
        period="2026-10",
        summary="十月支出 11.2 万元。",
        figures={"支出": "11.2 万元", "说明": "含路灯"},
        body="正文一段。",
        table=WIDE,
    )

    text = client.get(address).text

    in_order(
        text,
        "十月支出 11.2 万元。",
        "11.2 万元</strong>",
        "比上月多 1.2 万元（+12%）",
        "含路灯",
        "正文一段。",
    )
    in_order(text, "正文一段。", "灯具店", "我要提问", "2026年10月", "次查看", "bulletin/")
    assert 'data-label="收款人"' in text
    assert "比上月" not in client.get(put(borrowed, town, period="2026-12", figures={"支出": "1 元"})).text


def test_steps_and_charts_are_drawn_from_the_table(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    flow = {"columns": ["步骤", "谁来办"], "rows": [["提出<申请>", "户主"], ["公示", "村委会"]]}
    chart = client.get(put(borrowed, town, category="power_workflow", table=flow)).text
    in_order(chart, "提出&lt;申请&gt;", "户主", "公示")
    assert "<table" not in chart

    steps = {
        "columns": ["日期", "事项", "金额"],
        "rows": [["2026-03-01", "开工", "1 元"], ["2026-05-02", "验收", ""]],
    }
    line = client.get(put(borrowed, town, category="small_works", table=steps)).text
    in_order(line, "timeline", "开工", "2026-03-01", "验收")
    steps["rows"].insert(0, ["2026-04-01", "不按先后", "2 元"])
    assert "<table" in client.get(put(borrowed, town, category="small_works", table=steps)).text


def test_what_people_wrote_is_never_markup(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    bad = "<img src=x onerror=alert(1)>"
    address = put(
        borrowed,
        town,
        f"路灯{bad}",
        summary=f"路灯{bad}",
        body=bad,
        figures={bad: bad},
        table={"columns": [bad], "rows": [[bad]]},
    )
    for page in (address, town.home, f"{town.home}/c/finance", f"{town.home}/search?q=路灯&after=", address):
        text = client.get(page).text
        assert "<img src=x" not in text
    found = client.get(f"{town.home}/search", params={"q": "路灯"}).text
    assert "<mark>路灯</mark>&lt;img" in found
    assert "<b>" not in client.get(f"{town.home}/search", params={"q": "<b>x"}).text


def test_corrections_stand_beside_the_original_with_reasons(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    with borrowed.transaction() as session:
        made, _ = publish(session, town.village, figures={"支出": "8 万元"})
        for number, published, reason in ((2, clock.now(), "漏了一笔"), (3, None, "还没审")):
            session.add(
                DisclosureVersion(
                    disclosure_id=made.id,
                    number=number,
                    title=f"十月份收支公开{number}",
                    summary="一句话",
                    figures={"支出": f"8.{number} 万元"},
                    reason=reason,
                    published_at=published,
                )
            )
        made.current_version, made.proposed_version = 2, 3

    text = client.get(f"{town.home}/d/{made.id}").text

    in_order(text, "这条有更正：漏了一笔", "8.2 万元</strong>", "历次版本", "第 2 版", "更正原因：漏了一笔")
    in_order(text, "历次版本", "<del>8 万元</del>", "<ins>8.2 万元</ins>", "第 1 版")
    assert "还没审" not in text
    assert "8.3" not in text


def test_tombstones_show_the_public_reason_everywhere(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    with borrowed.transaction() as session:
        made, _ = publish(session, town.village, "重复的路灯公开", body="不再公开的字")
        made.state, made.withdrawn_at = DisclosureState.WITHDRAWN, clock.now()
        made.withdrawn_because, made.review_remark = "重复发布", "内部意见"

    for page in (f"{town.home}/d/{made.id}", f"{town.home}/c/finance"):
        text = client.get(page).text
        assert "重复发布" in text
        assert "内部意见" not in text
        assert "不再公开的字" not in text
    assert "重复的路灯公开" not in client.get(f"{town.home}/search", params={"q": "路灯"}).text


def test_urgent_notices_are_pinned_until_they_end(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    ids = []
    for title, hours in (("停水通知", 5), ("过期通知", -1)):
        with borrowed.transaction() as session:
            made, _ = publish(session, town.village, title)
            made.kind = DisclosureKind.URGENT_NOTICE
            made.expires_at = clock.now() + timedelta(hours=hours)
            ids.append(made.id)
    home = client.get(town.home).text

    in_order(home, 'class="urgent"', "停水通知", 'role="search"', "过期通知")
    assert home.count("停水通知") == 1
    assert "有效到" in client.get(f"{town.home}/d/{ids[0]}").text
    assert "结束" in client.get(f"{town.home}/d/{ids[1]}").text


def test_lateness_is_public(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    today = clock.today()
    with borrowed.transaction() as session:
        for title, due in (
            ("九月财务公开", today - timedelta(days=20)),
            ("十月财务公开", today + timedelta(days=3)),
        ):
            session.add(
                Obligation(
                    id=uuid.uuid4(),
                    village_id=town.village.id,
                    category_code="finance",
                    key=title,
                    title=title,
                    source=ObligationSource.CALENDAR,
                    due_on=due,
                )
            )

    home, category = client.get(town.home).text, client.get(f"{town.home}/c/finance").text

    assert "逾期 20 天" in home
    assert "有 1 件到期还没有公开" in home
    in_order(category, "九月财务公开：应在", "逾期 20 天", "公开及时不及时", "还有 3 天到期")


def test_lists_go_on_page_by_page(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    for number in range(23):
        put(borrowed, town, f"收支{number:02d}", at=clock.now() - timedelta(days=number))

    for path in (f"{town.home}/c/finance", f"{town.home}/search?q=收支"):
        first = client.get(path).text
        assert len(re.findall(r"/d/[0-9a-f-]{36}", first)) == 20
        following = re.search(r'href="(\?[^"]*after=[^"]+)"', first)
        assert following
        second = client.get(path.split("?")[0] + following[1].replace("&amp;", "&")).text
        assert len(re.findall(r"/d/[0-9a-f-]{36}", second)) == 3
    assert client.get(f"{town.home}/c/finance?after=x").status_code == 400


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("", 200, "两个字就行"),
        ("没有的词", 200, "没有找到「没有的词」"),
        ("，", 400, "请写要找的字"),
        ("字" * 99, 400, "最多 60 个字"),
    ],
)
def test_questions_that_find_nothing_say_what_to_do(
    client: TestClient, town: Town, question: str, status: int, words: str
) -> None:
    answer = client.get(f"{town.home}/search", params={"q": question})
    assert answer.status_code == status
    assert words in answer.text


def test_originals_show_the_first_page_to_whoever_may_open_the_file(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    storage: Storage = client.app.state.context.storage  # type: ignore[attr-defined]
    with borrowed.transaction() as session:
        made, _ = publish(session, town.village)
        files = [
            Attachment(
                id=uuid.uuid4(),
                owner_kind=AttachmentOwner.DISCLOSURE,
                owner_id=made.id,
                position=position,
                name=name,
                media_type=media_type,
                size=2048,
                viewing=storage.put(name.encode()),
                preview=storage.put(picture()) if preview else None,
            )
            for position, (name, media_type, preview) in enumerate(
                [("合同.pdf", "application/pdf", True), ("表.xlsx", "application/vnd.ms-excel", False)]
            )
        ]
        session.add_all(files)
    pdf, sheet = files
    text = client.get(f"{town.home}/d/{made.id}").text
    in_order(text, f"/files/{pdf.id}/preview", "合同.pdf", "2 KB", f'href="/files/{sheet.id}"', "表.xlsx")

    assert client.get(f"/files/{pdf.id}/preview").headers["content-type"] == "image/png"
    assert client.get(f"/files/{sheet.id}/preview").status_code == 404
    with borrowed.transaction() as session:
        row = session.get_one(type(made), made.id)
        row.state = DisclosureState.WITHDRAWN
    assert client.get(f"/files/{pdf.id}/preview").status_code == 404
    assert client.get(f"/files/{pdf.id}/preview?k=wrong").status_code == 400


def test_the_bulletin_is_sent_once(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    address = f"{town.home}/bulletin/{clock.today():%Y-%m}.pdf"
    put(borrowed, town)
    first = client.get(address)
    assert first.headers["content-type"] == "application/pdf"
    tag = first.headers["etag"]
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304

    put(borrowed, town, "又公开一件")
    second = client.get(address, headers={"if-none-match": tag})
    assert (second.status_code, second.headers["etag"] != tag) == (200, True)
    ahead = clock.today().replace(day=1) + timedelta(days=40)
    for month in ("2026-13", "x", f"{ahead:%Y-%m}", "1999-01"):
        assert client.get(f"{town.home}/bulletin/{month}.pdf").status_code == 400
    assert client.get("/v/nowhere/bulletin/2026-10.pdf").status_code == 404


def test_the_desk_leads_to_last_months_bulletin(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    log_in(client, borrowed, town.information)
    link = re.search(r'href="(/v/[^"]+/bulletin/[^"]+)"', client.get("/desk").text)
    assert link
    assert client.get(link[1]).headers["content-type"] == "application/pdf"


def test_searching_and_bulletins_by_program(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    put(borrowed, town, "路灯维修")
    code, month = town.village.code, f"{clock.today():%Y-%m}"
    found = client.get("/api/v1/search", params={"village": code, "q": "路灯"}).json()
    assert found["items"][0]["title"][0] == {"text": "路灯", "hit": True}
    mini = client.get(f"/miniprogram/v1/villages/{code}/search", params={"q": "路灯"}).json()
    assert mini["items"][0]["title"] == "路灯维修"
    for path in (f"/api/v1/bulletins/{code}/{month}", f"/miniprogram/v1/villages/{code}/bulletins/{month}"):
        assert client.get(path).content.startswith(b"%PDF")
    for path in ("/api/v1/search", f"/miniprogram/v1/villages/{code}/search"):
        assert client.get(path, params={"village": code, "q": "，"}).json()["code"] == "search.words_missing"


def test_the_miniprogram_reads_the_same(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    put(borrowed, town, period="2026-09", figures={"支出": "10 万元"})
    address = put(borrowed, town, period="2026-10", figures={"支出": "9 万元"})
    page = client.get(f"/miniprogram/v1/disclosures/{address.rsplit('/', 1)[1]}").json()
    assert page["compared"] == {"支出": "比上月少 1 万元（-10%）"}
    home = client.get(f"/miniprogram/v1/villages/{town.village.code}").json()
    assert {"views_this_month", "late", "pinned"} <= set(home)
    assert date.fromisoformat(home["newest"][0]["published_on"]) == clock.today()

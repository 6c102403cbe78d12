"""The printed bulletin: what stands in it, as many pages as it takes, read back as phones do."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import Obligation, Organisation
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.models.obligations import ObligationSource
from app.services import bulletin, chain
from tests import factories
from tests.services.published import publish

URL = "https://mashang.example"
MONTH = date(2026, 10, 1)
TABLE = {"columns": ["项目", "金额"], "rows": [[f"第 {row} 笔", f"{row},000.00 元"] for row in range(1, 31)]}


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


def pages(made: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(made)
    texts = [document[number].get_textpage().get_text_bounded() for number in range(len(document))]
    document.close()
    return texts


def text_of(session: Session, village: Organisation, month: date = MONTH) -> str:
    return "\n".join(pages(bulletin.pdf(session, village=village, month=month, public_url=URL)))


def test_it_says_what_was_published_compared_and_how_to_ask(session: Session, village: Organisation) -> None:
    publish(
        session,
        village,
        "九月收支",
        period="2026-09",
        figures={"支出": "10 万元"},
        at=clock.at(date(2026, 9, 9)),
    )
    made, version = publish(
        session,
        village,
        "十月收支 <i>&amp;</i>",
        summary="十月支出 11.2 万元。",
        period="2026-10",
        at=clock.at(date(2026, 10, 31), 23, 59),
        figures={"支出": "11.2 万元"},
        table=TABLE,
    )
    made.notice_until = date(2026, 11, 10)
    publish(session, village, "十一月的事", at=clock.at(date(2026, 11, 1)))
    link = chain.extend(session, disclosure=made, version=version, event=ChainEvent.PUBLISHED)

    text = text_of(session, village)

    for words in (
        "益农镇东联村",
        "2026年10月 村务公开简报",
        "村级财务",
        "十月收支 <i>&amp;</i>",
        "十月支出 11.2 万元。",
        "比上月多 1.2 万元（+12%）",
        "8,000.00 元",
        "表格还有 22 行",
        "公示到 2026年11月10日",
        "看不懂、不同意",
        f"第 {link.number} 环",
        link.digest[:4],
        f"{URL}/verify?village={village.code}",
    ):
        assert words in text, words
    for words in ("九月收支", "十一月的事", "9,000.00 元"):
        assert words not in text, words


def test_what_is_late_and_what_was_withdrawn_is_in_it(session: Session, village: Organisation) -> None:
    month = (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    session.add(
        Obligation(
            id=uuid.uuid4(),
            village_id=village.id,
            category_code="labour",
            key="labour",
            title="用工公开",
            source=ObligationSource.CALENDAR,
            due_on=month + timedelta(days=14),
        )
    )
    made, _ = publish(session, village, "重复的公开")
    made.state, made.withdrawn_because = DisclosureState.WITHDRAWN, "重复发布"
    made.withdrawn_at = clock.at(month + timedelta(days=3))
    session.flush()

    text = text_of(session, village, month)

    days = (clock.today() - month).days - 14
    assert "这个月没有公开新的内容" in text
    assert "重复的公开：重复发布" in text
    assert f"已逾期 {days} 天" in text


def test_many_items_take_several_pages_each_with_its_number(session: Session, village: Organisation) -> None:
    for number in range(70):
        publish(session, village, f"第{number}件" + "长" * 40, at=clock.at(date(2026, 10, 5)), table=TABLE)
    made = bulletin.gather(session, village=village, month=MONTH, public_url=URL)

    texts = pages(bulletin.draw(made))

    assert len(texts) > 10
    assert all(f"第 {at} 页，共 {len(texts)} 页" in text for at, text in enumerate(texts, start=1))
    assert "本月公开 70 件" in texts[0]
    assert "本月还公开了 10 件" in "\n".join(texts)


def test_phones_read_its_code(session: Session, village: Organisation) -> None:
    document = pypdfium2.PdfDocument(bulletin.pdf(session, village=village, month=MONTH, public_url=URL))
    picture = document[0].render(scale=3).to_pil().convert("L")
    document.close()
    read = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert read == [f"{URL}/v/{village.code}?p=bulletin"]


def test_the_same_content_is_the_same_file(session: Session, village: Organisation) -> None:
    publish(session, village, at=clock.at(date(2026, 10, 5)))
    first = bulletin.gather(session, village=village, month=MONTH, public_url=URL)
    again = bulletin.gather(session, village=village, month=MONTH, public_url=URL)
    assert first.digest == again.digest
    assert bulletin.draw(first) == bulletin.draw(again)
    assert bulletin.drawn(first) is bulletin.drawn(again)
    publish(session, village, "又一件", at=clock.at(date(2026, 10, 6)))
    changed = bulletin.gather(session, village=village, month=MONTH, public_url=URL)
    assert changed.digest != first.digest


def test_odd_content_does_not_break_the_page(session: Session, village: Organisation) -> None:
    publish(
        session,
        village,
        "𠮷" * 60,
        summary="字" * 300,
        at=clock.at(date(2026, 10, 5)),
        figures={"很长的一个名称" * 9: "一二三" * 50, "数": 3},
        table={"columns": ["甲"] * 12, "rows": [["x" * 500] * 12, ["少"], []]},
    )
    assert "数" in text_of(session, village)


@pytest.mark.parametrize("text", ["2026-1", "2026-00", "26-01", "2026-10-01", "２０２６-10", "2999-01", ""])
def test_months_are_read_strictly(text: str) -> None:
    with pytest.raises(BadInput):
        bulletin.month_of(text)

"""The drawing of a bulletin: A4 with the village's name and code on the first page, as many pages as it
takes, the head of the chain and the page number at the foot of each."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from app.core import clock
from app.services.bulletin.content import Content, Entry, Owed
from app.services.printing import FONT, draw_code, printable, register_font

RED, DEEP_RED, PALE = HexColor("#C8161D"), HexColor("#9E0F15"), HexColor("#FDF3F0")
INK, GREY, LINE = HexColor("#1A1A1A"), HexColor("#595959"), HexColor("#D8D2CF")
WIDTH, HEIGHT = A4
SIDE, FOOT, HEAD = 16 * mm, 20 * mm, 56 * mm
ROOM = WIDTH - 2 * SIDE
SMALL_TABLE = 4
HOW_TO = (
    "扫第 1 页右上角的码看每一件的全文、表格和原件；不用手机的，可以请村联络员打印或念给您听。",
    "对哪一件有疑问，在那一件的页面上点「提问」；在公示期内不同意，点「提异议」，都有答复日期。",
    "要反映问题，点「我要反映」，可以实名，也可以匿名；每一件都有编号，进度随时查。",
)


def _style(size: float, **more: Any) -> ParagraphStyle:
    values: dict[str, Any] = {
        "fontName": FONT,
        "fontSize": size,
        "leading": size * 1.45,
        "textColor": INK,
        "wordWrap": "CJK",
    }
    return ParagraphStyle("", **(values | more))


TITLE = _style(13.5, leading=19)
SENTENCE = _style(11.5, spaceBefore=1)
BODY = _style(10.5, textColor=INK)
NOTE = _style(9, textColor=GREY)
GROUP = _style(14, textColor=DEEP_RED, leading=18)
CELL = _style(9.5, leading=12.5)
CELL_RIGHT = _style(9.5, leading=12.5, alignment=TA_RIGHT)
COLUMN = _style(9, leading=12, textColor=GREY)
COLUMN_RIGHT = _style(9, leading=12, textColor=GREY, alignment=TA_RIGHT)
FIGURE = _style(14, leading=18, alignment=TA_CENTER, textColor=DEEP_RED)
LABEL = _style(9, leading=12, alignment=TA_CENTER, textColor=GREY)


def draw(content: Content) -> bytes:
    """The PDF. The same content gives the same bytes."""
    register_font()
    _, pages = _build(content, pages=0)
    return _build(content, pages)[0]


def _build(content: Content, pages: int) -> tuple[bytes, int]:
    """The PDF and how many pages it took; `pages` is the number to print at their foot, known from before."""
    out = io.BytesIO()
    name = f"{content.town}{content.village} {content.month.year}年{content.month.month}月 村务公开简报"
    document = BaseDocTemplate(out, pagesize=A4, invariant=1, title=name, author="码上", pageCompression=1)
    first = Frame(SIDE, FOOT, ROOM, HEIGHT - FOOT - HEAD, 0, 0, 0, 0)
    later = Frame(SIDE, FOOT, ROOM, HEIGHT - FOOT - 20 * mm, 0, 0, 0, 0)
    document.addPageTemplates(
        [
            PageTemplate("first", [first], onPage=partial(_first_page, content, pages)),
            PageTemplate("later", [later], onPage=partial(_later_page, content, pages, name)),
        ]
    )
    document.build([NextPageTemplate("later"), *_story(content)])
    return out.getvalue(), document.page


# --- what stands on every page --------------------------------------------------------------------


def _first_page(content: Content, pages: int, canvas: Canvas, document: BaseDocTemplate) -> None:
    bottom = HEIGHT - 47 * mm
    canvas.setFillColor(RED)
    canvas.rect(0, bottom, WIDTH, HEIGHT - bottom, fill=1, stroke=0)
    side = 35 * mm
    right = WIDTH - SIDE
    draw_code(canvas, content.page_url, right - side, bottom + 7.5 * mm, side)
    room = right - side - 8 * mm - SIDE
    canvas.setFillColor(white)
    place = printable(f"{content.town}{content.village}")
    size = min(30.0, room / max(pdfmetrics.stringWidth(place, FONT, 1), 1))
    _bold(canvas, place, SIDE, HEIGHT - 22 * mm, size)
    canvas.setFont(FONT, 15)
    canvas.drawString(SIDE, HEIGHT - 32 * mm, f"{content.month.year}年{content.month.month}月 村务公开简报")
    canvas.setFont(FONT, 11)
    late = f"，逾期没有公开 {len(content.owed) + content.owed_left} 件" if content.owed else ""
    canvas.drawString(SIDE, HEIGHT - 40.5 * mm, f"本月公开 {content.total} 件{late}")
    canvas.setFont(FONT, 9.5)
    canvas.drawCentredString(right - side / 2, bottom + 3 * mm, "扫码看全部内容")
    _foot(content, pages, canvas, document)


def _later_page(content: Content, pages: int, name: str, canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setFillColor(GREY)
    canvas.setFont(FONT, 9.5)
    canvas.drawString(SIDE, HEIGHT - 13 * mm, printable(name))
    canvas.setStrokeColor(RED)
    canvas.setLineWidth(1.2)
    canvas.line(SIDE, HEIGHT - 15.5 * mm, WIDTH - SIDE, HEIGHT - 15.5 * mm)
    _foot(content, pages, canvas, document)


def _foot(content: Content, pages: int, canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.line(SIDE, 15.5 * mm, WIDTH - SIDE, 15.5 * mm)
    canvas.setFillColor(GREY)
    canvas.setFont(FONT, 8.5)
    if content.chain_number:
        head = f"公开存证链头 第 {content.chain_number} 环  {content.chain_digits}"
        canvas.drawString(SIDE, 11 * mm, head)
        canvas.setFont(FONT, 7.5)
        canvas.drawString(SIDE, 7.3 * mm, f"公开后改过没有，到这里核对：{content.verify_url}")
    canvas.setFont(FONT, 8.5)
    canvas.drawRightString(WIDTH - SIDE, 11 * mm, f"第 {document.page} 页，共 {pages} 页")


def _bold(canvas: Canvas, text: str, x: float, y: float, size: float) -> None:
    """The font has one weight: a line around the letters makes them bold."""
    written = canvas.beginText(x, y)
    written.setFont(FONT, size)
    written.setFillColor(white)
    written.setStrokeColor(white)
    canvas.setLineWidth(0.02 * size)
    written.setTextRenderMode(2)
    written.textOut(text)
    written.setTextRenderMode(0)
    canvas.drawText(written)


# --- the story ------------------------------------------------------------------------------------


def _story(content: Content) -> Iterator[Flowable]:
    if not content.groups:
        yield Paragraph("这个月没有公开新的内容。", BODY)
    for name, entries in content.groups:
        yield CondPageBreak(32 * mm)
        yield _band(f"{name}（{len(entries)} 件）")
        for number, entry in enumerate(entries):
            yield from _entry(entry, divided=number > 0)
        yield Spacer(1, 4 * mm)
    if content.items_left:
        yield Paragraph(f"本月还公开了 {content.items_left} 件，纸上放不下，请扫码查看。", BODY)
        yield Spacer(1, 4 * mm)
    if content.withdrawals:
        yield CondPageBreak(25 * mm)
        yield _band("本月撤回")
        for one in content.withdrawals:
            yield _paragraph(f"{one.title}：{one.reason}", BODY)
        yield Spacer(1, 4 * mm)
    if content.owed:
        yield from _owed(content.owed, content.owed_left)
    yield KeepTogether([_band("看不懂、不同意，怎么办"), *_how_to()])


def _how_to() -> Iterator[Flowable]:
    for number, line in enumerate(HOW_TO, start=1):
        yield _paragraph(f"{number}. {line}", BODY)


def _band(text: str) -> Flowable:
    band = Table([[_paragraph(text, GROUP)]], colWidths=[ROOM])
    band.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), PALE),
                ("LINEBEFORE", (0, 0), (0, -1), 5, RED),
                ("LEFTPADDING", (0, 0), (-1, -1), 9),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    band.keepWithNext = True
    band.spaceAfter = 5
    return band


def _entry(entry: Entry, *, divided: bool) -> Iterator[Flowable]:
    parts: list[Flowable] = [_rule()] if divided else []
    mark = "【紧急通知】" if entry.urgent else ""
    parts += [_paragraph(mark + entry.title, TITLE), _paragraph(entry.sentence, SENTENCE)]
    if entry.figures:
        parts.append(_figures(entry.figures))
    if entry.text:
        parts += [_paragraph(line, BODY) for line in entry.text.splitlines()]
    yield KeepTogether(parts)
    if entry.columns:
        yield _table(entry)
    yield _paragraph(_when(entry), NOTE)
    yield Spacer(1, 3 * mm)


def _when(entry: Entry) -> str:
    notes = [f"{clock.spoken_day(entry.published_on)}公开"]
    if entry.notice_until:
        notes.append(f"公示到 {clock.spoken_day(entry.notice_until)}，期间可以提异议")
    if entry.corrected_because:
        notes.append(f"有更正：{entry.corrected_because}")
    if entry.rows_left:
        notes.append(f"表格还有 {entry.rows_left} 行，扫码看全部")
    return "；".join(notes) + "。"


def _figures(figures: tuple[tuple[str, str, str], ...]) -> Flowable:
    """Large numbers side by side, three to a line, each with its label and what became of it."""
    cells = [
        [
            _paragraph(value, FIGURE),
            _paragraph(label, LABEL),
            *([_paragraph(change, LABEL)] if change else []),
        ]
        for label, value, change in figures
    ]
    across = min(3, len(cells))
    cells += [[] for _ in range(-len(cells) % across)]
    lines = [cells[at : at + across] for at in range(0, len(cells), across)]
    table = Table(lines, colWidths=[ROOM / across] * across)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), PALE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    table.spaceBefore = table.spaceAfter = 4
    return table


def _table(entry: Entry) -> Flowable:
    right = [
        bool(entry.rows) and all(_number(row[at]) for row in entry.rows) for at in range(len(entry.columns))
    ]
    names = [COLUMN_RIGHT if number else COLUMN for number in right]
    cells = [CELL_RIGHT if number else CELL for number in right]
    lines = [[_paragraph(name, style) for name, style in zip(entry.columns, names, strict=True)]]
    lines += [[_paragraph(cell, style) for cell, style in zip(row, cells, strict=True)] for row in entry.rows]
    table = Table(lines, colWidths=_widths(entry), repeatRows=1, splitByRow=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, GREY),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    table.spaceBefore = table.spaceAfter = 3
    return table


def _widths(entry: Entry) -> list[float]:
    """Room by the longest cell of a column, none narrower than three characters or wider than half."""
    longest = [
        max([len(name) + 1, *(len(row[at]) for row in entry.rows)]) for at, name in enumerate(entry.columns)
    ]
    weights = [min(max(length, SMALL_TABLE), 22) for length in longest]
    return [ROOM * weight / sum(weights) for weight in weights]


def _number(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and all(sign in "0123456789,.-+%元万亩 " for sign in text)


def _owed(owed: tuple[Owed, ...], left: int) -> Iterator[Flowable]:
    yield CondPageBreak(30 * mm)
    yield _band("到期还没有公开")
    for one in owed:
        due = f"应在 {clock.spoken_day(one.due_on)}前公开，已逾期 {one.days_late} 天"
        yield _paragraph(f"{one.title}（{one.category}）：{due}", BODY)
    if left:
        yield _paragraph(f"另有 {left} 件逾期，扫码查看。", BODY)
    yield Spacer(1, 4 * mm)


def _rule() -> Flowable:
    rule = Table([[""]], colWidths=[ROOM], rowHeights=[3])
    rule.setStyle(TableStyle([("LINEABOVE", (0, 0), (-1, 0), 0.6, LINE)]))
    return rule


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)

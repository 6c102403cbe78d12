"""The notice on paper: A4, to be handed to the debtor, with the day and how to pay or object."""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from app.core import clock, money
from app.models import ArrearsNotice
from app.services.printing import FONT, printable, register_font


def letter(notice: ArrearsNotice, *, owed_fen: int) -> bytes:
    """A PDF of one page: what is owed, from when on and how it will be shown, and what stops that. The same
    content gives the same bytes."""
    register_font()
    receivable = notice.receivable
    body = ParagraphStyle("body", fontName=FONT, fontSize=14, leading=26, firstLineIndent=28, wordWrap="CJK")
    to = ParagraphStyle("to", parent=body, firstLineIndent=0)
    title = ParagraphStyle("title", parent=to, fontSize=22, leading=34, alignment=TA_CENTER)
    right = ParagraphStyle("right", parent=to, alignment=TA_RIGHT)
    publish = clock.spoken_day(notice.publish_on)
    paragraphs = [
        f"您（贵单位）的「{receivable.title}」应于{clock.spoken_day(receivable.due_on)}前缴款，"
        f"截至{clock.spoken_day(notice.notice_on)}还欠 {money.yuan(owed_fen)}。",
        f"请在 {publish} 以前缴清。到这一天仍未缴清的，将在本村公开二维码的「欠款公示」中公开："
        f"「{notice.debtor_shown}」、事项、应缴日期和所欠金额。缴清后一天之内撤下。",
        "如对金额有异议，或确有困难需要商量，请在公示日期以前联系村联络员或镇街纪检监察办公室；"
        "有异议的先核实，核实清楚以前不公示。",
    ]
    story = [
        Paragraph("催缴及公示预告", title),
        Spacer(1, 8 * mm),
        Paragraph(f"{escape(printable(receivable.debtor))}：", to),
        *(Paragraph(escape(printable(words)), body) for words in paragraphs),
        Spacer(1, 12 * mm),
        Paragraph(escape(printable(notice.village.name)), right),
        Paragraph(clock.spoken_day(notice.notice_on), right),
        Spacer(1, 16 * mm),
        Paragraph("收到人签字：________________　　日期：____________", to),
    ]
    out = io.BytesIO()
    paper = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=28 * mm,
        rightMargin=28 * mm,
        topMargin=32 * mm,
        invariant=1,
        title="催缴及公示预告",
        author="码上",
    )
    paper.build(story)
    return out.getvalue()

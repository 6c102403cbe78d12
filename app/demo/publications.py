"""The demo's disclosures as rows: published ones, those still under way, and one that was withdrawn.

Every item is drafted by the information officer and reviewed by the liaison officer, a day or two apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.demo import affairs, articles
from app.demo.articles import Article, Pen
from app.demo.people import Staff
from app.models import Disclosure, DisclosureVersion
from app.models.disclosures import DisclosureState

S = DisclosureState
# What is under way now: the newest article of a category in every third village.
UNDER_WAY = (
    (S.SUBMITTED, "house_building", ""),
    (S.DRAFT, "weddings_funerals", ""),
    (S.RETURNED, "hardship_aid", "「标准」一栏请写清是每月还是一次性，核对后再提交。"),
)
WITHDRAWING_VILLAGE = "erqiao"
WITHDRAWN_CATEGORY = "meetings"
WITHDRAWN_REASON = "表里有一件事的日期写错了，已更正后重新公开。"
CORRECTED = "（更正）"


def publish(pen: Pen, staff: Staff) -> list[Disclosure]:
    """All disclosures of a village over the year, oldest first."""
    written = sorted([*articles.write(pen), *affairs.write(pen)], key=lambda article: article.on)
    state, category, remark = UNDER_WAY[pen.stage.number % len(UNDER_WAY)]
    past = [article for article in written if article.on < pen.draw.today]
    under_way = next(article for article in reversed(past) if article.category == category)
    past.remove(under_way)
    rows = [_published(pen, staff, article) for article in past]
    rows += [_under_way(pen, staff, under_way, state, remark)]
    if pen.stage.place.code == WITHDRAWING_VILLAGE:
        rows.append(_withdraw(pen, staff, past, rows))
    return rows


def _disclosure(pen: Pen, staff: Staff, article: Article, created_at: datetime) -> Disclosure:
    key = pen.draw.key()
    notice_from = article.on if article.notice_days else None
    return Disclosure(
        id=key,
        village_id=pen.stage.village.id,
        category_code=article.category,
        kind=article.kind,
        period=article.period,
        contract_id=article.contract.id if article.contract else None,
        author_id=staff.author.id,
        notice_until=notice_from + timedelta(days=article.notice_days) if notice_from else None,
        created_at=created_at,
        versions=[
            DisclosureVersion(
                id=pen.draw.key(),
                disclosure_id=key,
                number=1,
                title=article.title,
                summary=article.summary,
                body=article.body,
                figures=article.figures,
                table=article.table,
                author_id=staff.author.id,
                created_at=created_at,
            )
        ],
    )


def _published(pen: Pen, staff: Staff, article: Article) -> Disclosure:
    """Drafted the work day before, submitted, reviewed and released on its day."""
    draw = pen.draw
    row = _disclosure(pen, staff, article, draw.moment(draw.work_day_before(article.on), 9, 11))
    row.state, row.reviewer_id = S.PUBLISHED, staff.reviewer.id
    row.submitted_at = row.created_at + timedelta(minutes=draw.random.randint(20, 280))
    row.published_at = draw.moment(article.on, 8, 16)
    row.lock_version = 3
    return row


def _under_way(pen: Pen, staff: Staff, article: Article, state: S, remark: str) -> Disclosure:
    draw = pen.draw
    day = draw.work_day_before(draw.today)
    article = replace(article, on=draw.work_day_from(draw.today))
    row = _disclosure(pen, staff, article, draw.moment(draw.work_day_before(day), 9, 16))
    row.state, row.review_remark = state, remark
    if state != S.DRAFT:
        row.submitted_at = draw.moment(day, 8, 10)
        row.lock_version = 2
    if state == S.RETURNED:
        row.reviewer_id = staff.reviewer.id
        row.lock_version = 3
    return row


def _withdraw(pen: Pen, staff: Staff, past: list[Article], rows: list[Disclosure]) -> Disclosure:
    """Take the newest article of one category down, and publish its correction; returns the correction."""
    article = next(one for one in reversed(past) if one.category == WITHDRAWN_CATEGORY)
    row = rows[past.index(article)]
    row.state, row.review_remark, row.lock_version = S.WITHDRAWN, WITHDRAWN_REASON, 4
    on = min(pen.draw.work_day_from(article.on + timedelta(days=1)), pen.draw.work_day_before(pen.draw.today))
    return _published(pen, staff, replace(article, title=article.title + CORRECTED, on=on))

"""The demo's disclosures as rows: published ones, those under way, one corrected and one withdrawn.

Every item is drafted by the information officer and reviewed by the liaison officer, a day or two apart, and
laid out by the same functions as everybody's. Where the time of data of persons has passed they are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from app.core import clock, pii
from app.demo import affairs, leasing, money
from app.demo.articles import Article, Pen
from app.demo.people import Staff
from app.demo.works import Work, repairs
from app.models import Disclosure, DisclosureCategory, DisclosureVersion
from app.models.chain import ChainEvent
from app.models.disclosures import DisclosureState
from app.services import categories
from app.services.disclosures import fields, summaries

S = DisclosureState
# What is under way now: the newest article of a category in every third village.
UNDER_WAY = (
    (S.SUBMITTED, "homestead_review", ""),
    (S.DRAFT, "weddings_funerals", ""),
    (S.RETURNED, "minimum_living", "「享受人数」请和户口簿再核对一遍，改好后提交。"),
)
WITHDRAWING_VILLAGE, WITHDRAWN_CATEGORY = "erqiao", "meetings"
WITHDRAWN_REASON = "表里有一件事的表决日期写错了，已更正后重新公开。"
CORRECTED = "（更正）"
CORRECTING_VILLAGE, CORRECTED_MONTHS_BACK = "qiaoting", 2
CORRECTED_REASON = "月底结余少写了一笔定期存款利息，按银行对账单更正。"
CORRECTED_BY_FEN = 1_286_40
LEAKING_VILLAGE = "donglian"
REDUCED_AT_HOUR = 3


@dataclass(frozen=True)
class Event:
    """What the village's chain has a link for."""

    at: datetime
    event: ChainEvent
    row: Disclosure
    version: DisclosureVersion


@dataclass
class Published:
    """An article with its row and everything that happened to it in public, in order."""

    article: Article
    row: Disclosure
    events: list[Event]

    @property
    def day(self) -> date:
        """When it came out."""
        assert self.row.published_at is not None
        return clock.local(self.row.published_at).date()


@dataclass
class Output:
    """All disclosures of a village: `published` ones with their articles, those that nobody sees yet, and
    `coming`, the articles that will be written."""

    published: list[Published]
    unseen: list[Disclosure]
    coming: list[Article] = field(default_factory=list)

    def rows(self) -> list[Disclosure]:
        """Everything, to be stored."""
        return [*(one.row for one in self.published), *self.unseen]


def publish(pen: Pen, staff: Staff, works: list[Work]) -> Output:
    """All disclosures of a village over the year, oldest first."""
    articles = [*money.write(pen), *leasing.write(pen), *affairs.write(pen), *repairs(pen)]
    articles += [article for work in works for article in work.articles]
    past = sorted((one for one in articles if one.on < pen.draw.today), key=lambda one: one.on)
    if pen.stage.place.code == CORRECTING_VILLAGE:
        _mistake(past)
    state, category, remark = UNDER_WAY[pen.stage.number % len(UNDER_WAY)]
    waiting = next(one for one in reversed(past) if one.category == category)
    past.remove(waiting)
    desk = _Desk(pen, staff)
    coming = [one for one in articles if one.on >= pen.draw.today]
    output = Output([desk.published(one) for one in past], [desk.under_way(waiting, state, remark)], coming)
    if pen.stage.place.code == WITHDRAWING_VILLAGE:
        output.published.append(desk.withdraw(output.published))
    if pen.stage.place.code == CORRECTING_VILLAGE:
        desk.correct(output.published)
    if pen.stage.place.code == LEAKING_VILLAGE:
        output.unseen.append(desk.leaking())
    for one in output.published:
        desk.expire(one)
    return output


def _mistake(past: list[Article]) -> None:
    """Let the accounts of one month say too little at first: `correct` makes it right."""
    one = [article for article in past if article.category == "finance"][-CORRECTED_MONTHS_BACK]
    filled = {**one.filled, "balance": one.filled["balance"] - CORRECTED_BY_FEN}
    past[past.index(one)] = replace(one, filled=filled)


@dataclass(frozen=True)
class _Desk:
    """The two officers of a village at work."""

    pen: Pen
    staff: Staff

    def published(self, article: Article) -> Published:
        """Drafted the work day before, submitted, reviewed and released on its day."""
        draw = self.pen.draw
        row = self._row(article, draw.moment(draw.work_day_before(article.on), 9, 11))
        row.state, row.reviewer_id = S.PUBLISHED, self.staff.reviewer.id
        row.submitted_at = row.created_at + timedelta(minutes=draw.random.randint(20, 280))
        row.published_at = draw.moment(article.on, 8, 16)
        row.lock_version = 3
        if article.urgent_days is not None:
            row.expires_at = row.published_at + timedelta(days=article.urgent_days)
        if row.notice_days:
            category = self.pen.categories[article.category]
            row.notice_until = categories.notice_until(category, article.on, row.notice_days, draw.calendar)
        return Published(article, row, [self._out(row, row.versions[0], row.published_at)])

    def _out(
        self,
        row: Disclosure,
        version: DisclosureVersion,
        at: datetime,
        event: ChainEvent = ChainEvent.PUBLISHED,
    ) -> Event:
        """The version comes out."""
        version.published_at, version.reviewer_id = at, self.staff.reviewer.id
        version.salt = version.salt or self.pen.draw.salt()
        return Event(at, event, row, version)

    def under_way(self, article: Article, state: S, remark: str) -> Disclosure:
        """What is written in these days."""
        draw = self.pen.draw
        day = draw.work_day_before(draw.today)
        article = replace(article, on=draw.work_day_from(draw.today))
        row = self._row(article, draw.moment(draw.work_day_before(day), 9, 16))
        row.state, row.review_remark = state, remark
        if state != S.DRAFT:
            row.submitted_at = draw.moment(day, 8, 10)
            row.lock_version = 2
        if state == S.SUBMITTED:
            days = self.pen.categories[article.category].review_days
            row.review_due_at = draw.calendar.add_work_days(day, days).moment
        if state == S.RETURNED:
            row.reviewer_id = self.staff.reviewer.id
            row.lock_version = 3
        return row

    def withdraw(self, published: list[Published]) -> Published:
        """Take the newest item of one category down, and publish it anew the next day; returns that one."""
        draw = self.pen.draw
        old = next(one for one in reversed(published) if one.article.category == WITHDRAWN_CATEGORY)
        on = min(draw.work_day_from(old.day + timedelta(days=1)), draw.work_day_before(draw.today))
        at = draw.moment(on, 8, 8) if on > old.day else _after(old.events[0].at, minutes=20)
        old.row.state, old.row.withdrawn_because, old.row.withdrawn_at = S.WITHDRAWN, WITHDRAWN_REASON, at
        old.row.lock_version = 4
        old.events.append(Event(at, ChainEvent.WITHDRAWN, old.row, old.row.versions[0]))
        anew = self.published(replace(old.article, title=old.article.title + CORRECTED, on=on))
        version = anew.row.versions[0]
        anew.row.published_at = version.published_at = _after(at, minutes=30)
        anew.events[0] = replace(anew.events[0], at=anew.row.published_at)
        return anew

    def correct(self, published: list[Published]) -> None:
        """The accounts of a month: a second version beside the first, with its reason."""
        months = [one for one in published if one.article.category == "finance"]
        one = months[-CORRECTED_MONTHS_BACK]
        draw, first = self.pen.draw, one.row.versions[0]
        on = min(draw.work_day_from(one.day + timedelta(days=3)), draw.work_day_before(draw.today))
        written = _after(one.events[0].at, minutes=60) if on == one.day else draw.moment(on, 9, 11)
        filled = {**first.filled, "balance": first.filled["balance"] + CORRECTED_BY_FEN}
        article = replace(one.article, filled=filled)
        second = self._version(one.row, article, written, number=2)
        second.reason = CORRECTED_REASON
        one.row.versions.append(second)
        one.row.current_version, one.row.lock_version = 2, 6
        one.events.append(self._out(one.row, second, _after(written, minutes=95), ChainEvent.CORRECTED))

    def leaking(self) -> Disclosure:
        """A draft with what must not become public in it: the gate shows each place and stops it."""
        draw = self.pen.draw
        born = "33012119700817"
        number = born + "302"
        body = (
            f"{self.pen.names.draw()}，身份证号 {number}{pii.id_check_digit(number)}，"
            "手机 13858012764，银行卡 6228480329641257715，住东联村 6 组 18 号，因患肝癌申请临时救助。"
        )
        article = Article(
            category="relief_funds",
            title="临时救助申请情况（待核对）",
            summary="1 户申请临时救助，正在核对。",
            on=draw.today,
            body=body,
        )
        day = draw.work_day_before(draw.today)
        return self._row(article, draw.moment(day, 13, 16))

    def expire(self, one: Published) -> None:
        """Take the persons out when their time has passed, as the nightly job does."""
        category = self.pen.categories[one.article.category]
        if not one.row.persons or category.person_days is None or one.row.state not in (S.PUBLISHED,):
            return
        day = (one.row.notice_until or one.day) + timedelta(days=category.person_days + 1)
        if day >= self.pen.draw.today:
            return
        at = clock.at(day, REDUCED_AT_HOUR)
        one.row.reduced_at = at
        for version in one.row.versions:
            version.figures, version.table = fields.reduce(category, version)
            version.filled, version.records = fields.without_persons(category, version)
            version.salt = self.pen.draw.salt()
            one.events.append(Event(at, ChainEvent.REDUCED, one.row, version))

    # --- rows ---

    def _row(self, article: Article, created_at: datetime) -> Disclosure:
        category = self.pen.categories[article.category]
        row = Disclosure(
            id=self.pen.draw.key(),
            village_id=self.pen.stage.village.id,
            category_code=article.category,
            kind=article.kind,
            state=S.DRAFT,
            period=article.period,
            contract_id=article.contract.id if article.contract else None,
            project_id=article.stage.project.id if article.stage else None,
            author_id=self.staff.author.id,
            notice_days=article.notice_days or category.notice_days or None,
            current_version=1,
            created_at=created_at,
        )
        row.versions = [self._version(row, article, created_at, number=1)]
        return row

    def _version(
        self, row: Disclosure, article: Article, created_at: datetime, number: int
    ) -> DisclosureVersion:
        category = self.pen.categories[article.category]
        shown = fields.present(
            category,
            filled=article.filled,
            records=article.records,
            period=article.period,
            today=article.on,
        )
        row.persons = shown.persons
        return DisclosureVersion(
            id=self.pen.draw.key(),
            disclosure_id=row.id,
            number=number,
            title=article.title,
            summary=article.summary or self._sentence(category, article, shown),
            body=article.body,
            figures=shown.figures,
            table=shown.table,
            filled=shown.filled,
            records=shown.records,
            author_id=self.staff.author.id,
            created_at=created_at,
        )

    def _sentence(self, category: DisclosureCategory, article: Article, shown: Any) -> str:
        return summaries.sentence(
            category,
            village=self.pen.stage.village,
            filled=shown.filled,
            records=shown.records,
            figures=shown.figures,
            period=article.period,
        )


def _after(moment: datetime, *, minutes: int) -> datetime:
    return moment + timedelta(minutes=minutes)


def history(output: Output) -> Iterator[Event]:
    """What happened in public in a village, in the order of time."""
    events = [event for one in output.published for event in one.events]
    yield from sorted(events, key=lambda event: event.at)

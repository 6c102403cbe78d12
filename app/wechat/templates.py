"""Matching our kinds of messages to the templates that an account happens to have (模板消息、订阅消息).

Template ids and keyword numbers differ in every account, so they are never written here: a template is found
by its title, its keywords by their Chinese labels, and a keyword's type is part of its name in that account
(`thing3` → thing). A template is usable when each of its keywords is filled by a field of ours whose values
fit its type; the platform refuses a message that leaves a keyword empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.db import Database
from app.models.delivery import MessageKind
from app.services import templates
from app.services.actors import Actor
from app.services.deliveries import Channel
from app.services.templates import Chosen
from app.wechat.clients import Clients
from app.wechat.errors import ValueRefused
from app.wechat.values import fit_value, keyword_type

_LINE = re.compile(r"(?P<label>[^{}\n\r:：]+?)\s*[:：]\s*\{\{\s*(?P<key>\w+?)(?:\.DATA)?\s*\}\}")
_ANY_KEY = re.compile(r"\{\{\s*(\w+?)(?:\.DATA)?\s*\}\}")
_REMOVED_KEYS = frozenset({"first", "remark"})  # the platform drops them since 2023
_TEXT_TYPES = frozenset({"thing", "const"})
_NOTHING_TO_SAY = "详情请点开查看"

_VILLAGE = ("所属村社", "所属村", "村社名称", "所属区域", "所属社区")
_NUMBER = ("工单编号", "工单号", "事项编号", "诉求编号")
_PROGRESS = ("处理进度", "当前进度", "办理进度", "处理状态", "当前状态")
_UPDATED = ("更新时间", "处理时间", "办理时间")
_DEADLINE = ("办理期限", "截止时间", "处理期限", "要求完成时间")

SAMPLES = {
    "number": "MS20260001",
    "village": "益农镇东联村",
    "category": "群众诉求",
    "filed_at": "2026年3月5日 09:30",
    "deadline": "2026年3月12日 18:00",
    "progress": "已受理",
    "updated_at": "2026年3月5日 09:30",
    "overdue": "已超期1天",
    "title": "合同即将到期",
    "colour": "黄色预警",
    "total": "12条预警待处置",
    "colours": "红色2条、黄色10条",
    "fired_at": "2026年3月5日 09:30",
    "task": "公开信息审核",
    "submitted_at": "2026年3月5日 09:30",
    "subject": "村级财务",
    "published_at": "2026年3月5日 09:30",
}
"""A value of each field as our use cases write it: what a keyword's type must be able to hold."""


@dataclass(frozen=True)
class TemplateSpec:
    """What we look for: titles, and for each field the labels that mean it, the usual one first."""

    titles: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]


OFFICIAL: Mapping[MessageKind, TemplateSpec] = {
    MessageKind.COMPLAINT_ASSIGNED: TemplateSpec(
        ("工单待处理提醒", "待处理工单提醒", "新工单提醒"),
        {
            "number": _NUMBER,
            "village": _VILLAGE,
            "category": ("工单类型", "事项类型", "诉求类型"),
            "filed_at": ("提交时间", "上报时间", "创建时间"),
            "deadline": _DEADLINE,
        },
    ),
    MessageKind.COMPLAINT_PROGRESS: TemplateSpec(
        ("工单处理进度通知", "工单进度提醒", "工单处理进度提醒"),
        {"number": _NUMBER, "progress": _PROGRESS, "updated_at": _UPDATED},
    ),
    MessageKind.COMPLAINT_OVERDUE: TemplateSpec(
        ("工单超时提醒", "工单逾期提醒", "工单催办提醒"),
        {
            "number": _NUMBER,
            "village": _VILLAGE,
            "overdue": ("超时情况", "逾期情况", "超时时长"),
            "deadline": _DEADLINE,
        },
    ),
    MessageKind.WARNING_FIRED: TemplateSpec(
        ("风险预警通知", "预警通知", "风险预警提醒"),
        {
            "title": ("预警名称", "预警事项", "预警类型"),
            "village": _VILLAGE,
            "colour": ("预警等级", "预警级别"),
            "fired_at": ("预警时间", "触发时间"),
        },
    ),
    MessageKind.WARNING_DIGEST: TemplateSpec(
        ("预警汇总通知", "预警汇总提醒", "风险预警汇总"),
        {
            "total": ("预警数量", "预警总数", "待处置数量"),
            "village": _VILLAGE,
            "colours": ("预警等级", "预警级别", "预警情况"),
            "fired_at": ("预警时间", "统计时间", "汇总时间"),
        },
    ),
    MessageKind.REVIEW_REQUESTED: TemplateSpec(
        ("审核任务提醒", "待审核提醒", "审核提醒"),
        {
            "task": ("任务名称", "审核事项", "事项名称"),
            "village": _VILLAGE,
            "submitted_at": ("提交时间", "申请时间"),
        },
    ),
    MessageKind.TASK_ISSUED: TemplateSpec(
        ("待办任务提醒", "任务待办提醒", "新任务提醒"),
        {
            "task": ("任务名称", "待办事项", "任务内容"),
            "village": _VILLAGE,
            "deadline": ("截止时间", "完成时限", *_DEADLINE),
        },
    ),
    MessageKind.DISCLOSURE_PUBLISHED: TemplateSpec(
        ("信息公开提醒", "信息公开通知", "公示提醒"),
        {
            "subject": ("公开事项", "公示事项", "公开内容"),
            "village": _VILLAGE,
            "published_at": ("发布时间", "公开时间", "公示时间"),
        },
    ),
}
SUBSCRIBE: Mapping[MessageKind, TemplateSpec] = {
    kind: OFFICIAL[kind] for kind in (MessageKind.COMPLAINT_PROGRESS, MessageKind.DISCLOSURE_PUBLISHED)
}
SPECS: Mapping[Channel, Mapping[MessageKind, TemplateSpec]] = {
    Channel.TEMPLATE: OFFICIAL,
    Channel.SUBSCRIBE: SUBSCRIBE,
    Channel.BIZSEND: SUBSCRIBE,
}


@dataclass(frozen=True)
class Candidate:
    """A template that the account has, as the platform lists it."""

    template_id: str
    title: str
    content: str

    @classmethod
    def read(cls, entry: Mapping[str, object]) -> Candidate:
        """From `get_all_private_template` or `gettemplate`."""
        key = entry.get("template_id") or entry.get("priTmplId") or ""
        return cls(str(key), str(entry.get("title", "")), str(entry.get("content", "")))


@dataclass(frozen=True)
class Match:
    """How far a template fits: our fields → its keywords, and what speaks against it, in Chinese."""

    mapping: Mapping[str, str]
    problems: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether messages can be sent with it."""
        return bool(self.mapping) and not self.problems


@dataclass(frozen=True)
class Finding:
    """The outcome for one kind on one channel. `problem` is empty when a template is in use."""

    channel: Channel
    kind: MessageKind
    title: str
    problem: str = ""


@dataclass(frozen=True)
class SyncReport:
    """What `sync` found. `bizsend` is an extra way and never missing."""

    findings: tuple[Finding, ...] = ()

    @property
    def usable(self) -> tuple[Finding, ...]:
        """Kinds that have a template."""
        return tuple(finding for finding in self.findings if not finding.problem)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Kinds without one, with the reason."""
        return tuple(finding for finding in self.findings if finding.problem)


def match(spec: TemplateSpec, candidate: Candidate) -> Match:
    """Which keyword of `candidate` each of our fields fills, by the labels in its content."""
    labels = {found["key"]: found["label"].strip() for found in _LINE.finditer(candidate.content)}
    keys = [key for key in _ANY_KEY.findall(candidate.content) if key not in _REMOVED_KEYS]
    mapping: dict[str, str] = {}
    problems = []
    for key in dict.fromkeys(keys):
        label = labels.get(key, "")
        name = next(
            (name for name, known in spec.fields.items() if label in known and name not in mapping), None
        )
        if name is None:
            problems.append(f"关键词「{label or key}」没有对应的内容")
        elif (problem := _misfit(name, key)) is not None:
            problems.append(f"关键词「{label}」的类型不合：{problem}")
        else:
            mapping[name] = key
    if not keys:
        problems.append("模板里没有关键词")
    return Match(mapping, tuple(problems))


def _misfit(name: str, key: str) -> str | None:
    try:
        fit_value(keyword_type(key), SAMPLES[name])
    except ValueRefused as refused:
        return refused.message
    return None


def choose(spec: TemplateSpec, candidates: Iterable[Candidate]) -> tuple[Chosen | None, str]:
    """The usable template that says most, preferring the usual title; else None and why there is none."""
    titled = [one for title in spec.titles for one in candidates if one.title.strip() == title]
    if not titled:
        return None, f"账号里没有标题为「{spec.titles[0]}」的模板，请在公众平台添加"
    matches = [(match(spec, one), one) for one in titled]
    usable = [(found, one) for found, one in matches if found.usable]
    if not usable:
        return None, f"模板「{titled[0].title}」不能用：{'；'.join(matches[0][0].problems)}"

    def merit(pair: tuple[Match, Candidate]) -> tuple[int, int]:
        return len(pair[0].mapping), -spec.titles.index(pair[1].title.strip())

    found, best = max(usable, key=merit)
    return Chosen(best.template_id, best.title.strip(), found.mapping), ""


def sync(database: Database, clients: Clients, *, acting: Actor) -> SyncReport:
    """Fetch the templates of both accounts, then write which is used for what in one transaction.

    Nothing is written when an account does not answer. Raises as the client."""
    listed = [(channel, app_id, _listed(clients, channel)) for channel, app_id in channels(clients)]
    findings: list[Finding] = []
    with database.transaction() as session:
        for channel, app_id, candidates in listed:
            chosen: dict[MessageKind, Chosen] = {}
            for kind, spec in SPECS[channel].items():
                one, problem = choose(spec, candidates)
                if one is not None:
                    chosen[kind] = one
                if one is not None or channel is not Channel.BIZSEND:
                    findings.append(Finding(channel, kind, one.title if one else spec.titles[0], problem))
            templates.replace(session, acting=acting, app_id=app_id, channel=channel, chosen=chosen)
    return SyncReport(tuple(findings))


def check(database: Database, clients: Clients) -> list[Finding]:
    """Kinds without a usable template as of the last sync, for `wechat check`; the platform is not asked."""
    found = []
    problem = "没有可用的模板，请运行 mashang wechat setup"
    with database.reading() as session:
        for channel, app_id in channels(clients):
            if channel is Channel.BIZSEND:
                continue
            lacking = templates.missing(session, app_id=app_id, channel=channel, kinds=SPECS[channel])
            found += [Finding(channel, kind, SPECS[channel][kind].titles[0], problem) for kind in lacking]
    return found


def channels(clients: Clients) -> list[tuple[Channel, str]]:
    """The channels of the configured accounts with their app ids."""
    found = []
    if clients.official is not None:
        app_id = clients.official.account.app_id
        found += [(Channel.TEMPLATE, app_id), (Channel.BIZSEND, app_id)]
    if clients.miniprogram is not None:
        found.append((Channel.SUBSCRIBE, clients.miniprogram.account.app_id))
    return found


def _listed(clients: Clients, channel: Channel) -> list[Candidate]:
    client = clients.miniprogram if channel is Channel.SUBSCRIBE else clients.official
    assert client is not None, "channels() names only configured accounts"
    entries = client.all_private_templates() if channel is Channel.TEMPLATE else client.subscribe_templates()
    return [Candidate.read(entry) for entry in entries]


def fill(mapping: Mapping[str, str], data: Mapping[str, str]) -> dict[str, str]:
    """The keywords of a template with values that fit: cut with an ellipsis, never empty.

    A text that we do not have points to the page. Raises ValueRefused for anything else that does not fit."""
    filled = {}
    for name, key in mapping.items():
        kind = keyword_type(key)
        value = data.get(name, "")
        if not value.strip() and kind in _TEXT_TYPES:
            value = _NOTHING_TO_SAY
        filled[key] = fit_value(kind, value)
    return filled


def named_field(errmsg: str, mapping: Mapping[str, str]) -> str:
    """Our name of the field that the platform complains of (47003), followed by a blank, or nothing."""
    found = re.search(r"data\.(\w+)\.value", errmsg)
    name = next((ours for ours, key in mapping.items() if found and key == found[1]), "")
    return f"{name} " if name else ""

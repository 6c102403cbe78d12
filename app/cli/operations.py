"""Commands for WeChat, codes and rules."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import ACTING, FOUND, AsJson, answer, database, explained, fail, settings
from app.main import build_context
from app.rules import ALL_RULES
from app.services import exports
from app.services.warnings import evaluation
from app.wechat import codes, menus, templates

ISO_DAY = ["%Y-%m-%d"]


def wechat_setup(as_json: AsJson = False) -> None:
    """Sync the accounts' templates with our message kinds, and create the menu."""
    current = settings()
    with explained(), database(current) as opened:
        clients = build_context(current, opened).clients
        report = templates.sync(opened, clients, acting=ACTING)
        if clients.official is not None:
            menus.create_menu(clients.official, current)
    _report(list(report.findings), as_json)


def wechat_check(as_json: AsJson = False) -> None:
    """Name every message kind without a usable template, as of the last setup."""
    current = settings()
    with explained(), database(current) as opened:
        clients = build_context(current, opened).clients
        if clients.official is None:
            fail("没有配置公众号：请设置 MASHANG_WECHAT_APP_ID 等。")
        findings = templates.check(opened, clients)
    _report(findings, as_json)


def _report(findings: list[templates.Finding], as_json: bool) -> None:
    lines = [f"{item.channel} {item.kind}「{item.title}」 {item.problem or '可用'}" for item in findings]
    answer(
        [vars(item) for item in findings],
        as_json=as_json,
        text="\n".join(lines) or "全部消息都有可用的模板。",
    )
    if any(item.problem for item in findings):
        raise typer.Exit(FOUND)


def qr_issue(as_json: AsJson = False) -> None:
    """Get the codes that are still missing from the platform."""
    current = settings()
    with explained(), database(current) as opened:
        context = build_context(current, opened)
        count = codes.issue_missing(opened, context.clients, context.storage, current, acting=ACTING)
    answer({"issued": count}, as_json=as_json, text=f"已办理 {count} 个二维码。")


def qr_zip(target: Path, as_json: AsJson = False) -> None:
    """Write a ZIP with the codes and posters of all villages."""
    current = settings()
    with explained(), database(current) as opened:
        context = build_context(current, opened)
        with opened.transaction() as session:
            export = exports.request(session, acting=ACTING, kind="qr_zip")
            key = export.id
        exports.run_now(opened, context.storage, current, key)
        with opened.reading() as session:
            target.write_bytes(context.storage.read(exports.finished_file(session, key)))
    answer({"file": str(target)}, as_json=as_json, text=f"已写入 {target}。")


def rules_list(as_json: AsJson = False) -> None:
    """List the rules with mode and thresholds."""
    with explained(), database(settings()) as opened, opened.reading() as session:
        rows = []
        for rule in ALL_RULES:
            mode, thresholds = evaluation.setting(session, rule)
            rows.append(
                {"rule": rule.key, "title": rule.title, "mode": mode, "thresholds": thresholds.model_dump()}
            )
    text = "\n".join(f"{row['rule']:24} {row['title']}  {row['mode']}  {row['thresholds']}" for row in rows)
    answer(rows, as_json=as_json, text=text)


def rules_run(
    rule: Annotated[str | None, typer.Argument(help="key of one rule; all when left out")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=ISO_DAY, help="date to evaluate for")] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate the rules as of a date (default today), as the scheduler does."""
    day: date | None = as_of.date() if as_of else None
    rows = []
    with explained(), database(settings()) as opened:
        chosen = [evaluation.find_rule(rule)] if rule else list(ALL_RULES)
        for item in chosen:
            with opened.transaction() as session:
                done = evaluation.run(session, acting=ACTING, rule=item, as_of=day)
                rows.append({"rule": done.rule, "as_of": done.as_of, **done.outcome})
    if not rows:
        fail("没有可以运行的规则。")
    answer(rows, as_json=as_json, text="\n".join(str(row) for row in rows))

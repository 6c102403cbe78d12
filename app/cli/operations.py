"""Commands for WeChat, codes and rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import ACTING, FOUND, USAGE, AsJson, answer, database, explained, fail, settings
from app.main import build_context
from app.models.rules import Verdict
from app.rules import ALL_RULES
from app.services import backtests, exports
from app.services.warnings import evaluation, notices, verdicts
from app.services.warnings import settings as rule_settings
from app.services.warnings.names import MODES
from app.web.context import Context
from app.wechat import codes, menus, templates

ISO_DAY = ["%Y-%m-%d"]
NO_ACCOUNT = "没有配置公众号：请设置 MASHANG_WECHAT_APP_ID、MASHANG_WECHAT_APP_SECRET 等。"


@contextmanager
def _context() -> Iterator[Context]:
    """The database and the clients of the accounts, closed at the end; errors are explained."""
    current = settings()
    with explained(), database(current) as opened:
        context = build_context(current, opened)
        try:
            yield context
        finally:
            context.clients.close()


def wechat_setup(as_json: AsJson = False) -> None:
    """Sync the accounts' templates with our message kinds, and create the menu."""
    with _context() as context:
        if not context.clients.configured():
            fail(NO_ACCOUNT)
        report = templates.sync(context.database, context.clients, acting=ACTING)
        if context.clients.official is not None:
            menus.create_menu(context.clients.official, context.settings)
    _report(list(report.findings), as_json)


def wechat_check(as_json: AsJson = False) -> None:
    """Name every message kind without a usable template, as of the last setup."""
    with _context() as context:
        if context.clients.official is None:
            fail(NO_ACCOUNT)
        findings = templates.check(context.database, context.clients)
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
    with _context() as here:
        count = codes.issue_missing(here.database, here.clients, here.storage, here.settings, acting=ACTING)
    answer({"issued": count}, as_json=as_json, text=f"已办理 {count} 个二维码。")


def qr_zip(
    target: Annotated[Path, typer.Argument(dir_okay=False, help="file to write")], as_json: AsJson = False
) -> None:
    """Write a ZIP with the codes and posters of all villages."""
    if not target.absolute().parent.is_dir():
        fail(f"没有目录 {target.absolute().parent}。", USAGE)
    with _context() as here:
        with here.database.transaction() as session:
            export = exports.request(session, acting=ACTING, kind="qr_zip")
            key = export.id
        exports.run_now(here.database, here.storage, here.settings, key)
        with here.database.reading() as session:
            target.write_bytes(here.storage.read(exports.finished_file(session, key)))
    answer({"file": str(target)}, as_json=as_json, text=f"已写入 {target}。")


def rules_list(as_json: AsJson = False) -> None:
    """List the rules with mode, thresholds, and what they say of how many villages."""
    with explained(), database(settings()) as opened, opened.reading() as session:
        counted = verdicts.counts(session, acting=ACTING, rules=ALL_RULES)
        rows = []
        for rule in ALL_RULES:
            mode, thresholds = rule_settings.setting(session, rule)
            rows.append(
                {
                    "code": rule.code,
                    "rule": rule.key,
                    "title": rule.title,
                    "mode": mode,
                    "thresholds": thresholds.model_dump(mode="json"),
                    "villages": {verdict.value: counted[rule.key][verdict] for verdict in Verdict},
                }
            )
    answer(rows, as_json=as_json, text="\n".join(map(_rule_line, rows)))


def _rule_line(row: dict[str, Any]) -> str:
    villages = "/".join(str(number) for number in row["villages"].values())
    mode = MODES[row["mode"]]
    said = f"村社（预警/正常/数据不足）{villages}"
    return f"{row['code']} {row['rule']:24} {mode} {row['title']}  {said}  {row['thresholds']}"


def rules_run(
    rule: Annotated[str | None, typer.Argument(help="key of one rule; all when left out")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=ISO_DAY, help="date to evaluate for")] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate the rules, as the scheduler does; as of another day than today only to look, which changes
    nothing."""
    day: date | None = as_of.date() if as_of else None
    rows = []
    current = settings()
    with explained(), database(current) as opened:
        chosen = [evaluation.find_rule(rule)] if rule else list(ALL_RULES)
        for item in chosen:
            with opened.transaction() as session:
                done = evaluation.run(session, acting=ACTING, rule=item, as_of=day)
                rows.append({"code": item.code, "rule": done.rule, "as_of": done.as_of, **done.outcome})
        with opened.transaction() as session:
            notices.send(session, manner=notices.Manner.of(current))
    if not rows:
        fail("没有可以运行的规则。")
    answer(rows, as_json=as_json, text="\n".join(str(row) for row in rows))


def rules_backtest(
    rule: Annotated[str, typer.Argument(help="key of the rule")],
    since: Annotated[datetime, typer.Option("--from", formats=ISO_DAY, help="first day")],
    until: Annotated[datetime, typer.Option("--to", formats=ISO_DAY, help="last day")],
    step: Annotated[int, typer.Option(min=1, max=92, help="days between two evaluations")] = 7,
    sets: Annotated[list[str] | None, typer.Option("--set", help="threshold to try, as name=number")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="XLSX of what would have fired")] = None,
    as_json: AsJson = False,
) -> None:
    """Replay a rule over history: what it would have found, how early, and what it could not judge. Changes
    nothing and tells nobody."""
    with explained(), database(settings()) as opened:
        outcome, content = backtests.run(
            opened,
            rule_settings.find_rule(rule),
            since=since.date(),
            until=until.date(),
            step_days=step,
            thresholds=_numbers(sets or []),
        )
    if out is not None:
        out.write_bytes(content)
    lines = [f"{key:15} {value}" for key, value in outcome.items()]
    answer(outcome, as_json=as_json, text="\n".join(lines))
    if outcome["subjects"]:
        raise typer.Exit(FOUND)


def _numbers(pairs: list[str]) -> dict[str, float]:
    numbers = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            numbers[name] = float(value) if "." in value else int(value)
        except ValueError:
            fail(f"看不懂阈值「{pair}」，要写成 名称=数字。", USAGE)
    return numbers

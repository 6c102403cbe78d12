"""The command line: `mashang …` or `python -m app …`."""

from __future__ import annotations

import typer

from app.cli import administration, chain, imports, operations, processes
from app.core import logging

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="码上工程")


@cli.callback()
def _quiet() -> None:
    # Standard output belongs to the answer; commands that run for long say more than warnings.
    logging.configure("WARNING")


cli.command()(processes.web)
cli.command()(processes.scheduler)
cli.command()(processes.worker)
cli.command("all")(processes.run_all)
cli.command()(processes.demo)
cli.command()(administration.migrate)
cli.command()(administration.routes)
cli.command()(administration.check)


def _group(name: str, purpose: str, **commands: object) -> None:
    group = typer.Typer(no_args_is_help=True, help=purpose)
    for command, function in commands.items():
        group.command(command)(function)  # type: ignore[type-var]
    cli.add_typer(group, name=name)


_group("seed", "load data", demo=administration.seed_demo)
_group("admin", "administrators", create=administration.admin_create)
_group("token", "REST tokens", create=administration.token_create)
_group("calendar", "work days", **{"import": administration.calendar_import})
_group("wechat", "templates and menu", setup=operations.wechat_setup, check=operations.wechat_check)
_group("qr", "codes of the villages", issue=operations.qr_issue, zip=operations.qr_zip)
_group("import", "ledgers from workbooks", template=imports.template, run=imports.run)
_group("chain", "hash chains of what was published", verify=chain.verify)
_group(
    "rules",
    "early-warning rules",
    list=operations.rules_list,
    run=operations.rules_run,
    backtest=operations.rules_backtest,
)


def main() -> None:
    """Entry point of the `mashang` command."""
    cli()


if __name__ == "__main__":
    main()

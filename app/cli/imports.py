"""Commands that import ledgers: the empty workbook of each, and reading a filled one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress as Bar
from sqlalchemy.orm import Session

from app.cli.common import ACTING, FOUND, USAGE, AsJson, answer, database, explained, fail, problems, settings
from app.core.errors import NotFound
from app.core.keys import Keys
from app.core.storage import Storage
from app.models import ImportBatch
from app.models.interaction import ImportState
from app.services import ledger_imports as service

SHOWN = 20
Kind = Annotated[str, typer.Argument(help="ledger, 'bank', or 'auto' to tell by the headers")]


def _kinds() -> str:
    return "、".join(f"{one.key}（{one.title}）" for one in service.layouts().values())


def template(
    kind: Annotated[str, typer.Argument(help="ledger or 'bank'")],
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="file to write")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the empty workbook of a ledger."""
    try:
        made = service.empty(service.layout(kind), [])
    except NotFound:
        fail(f"没有台账「{kind}」，可以选：{_kinds()}。", USAGE)
    target = out or Path(made.name)
    if not target.absolute().parent.is_dir():
        fail(f"没有目录 {target.absolute().parent}。", USAGE)
    target.write_bytes(made.content)
    answer({"file": str(target), "kind": kind}, as_json=as_json, text=f"已写入 {target}。")


def run(
    kind: Kind,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="workbook (.xlsx)")
    ],
    village: Annotated[str, typer.Option(help="code of the village of rows that name none")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="only say what would happen")] = False,
    good_rows: Annotated[bool, typer.Option("--good-rows", help="enter the rows without errors")] = False,
    doubles: Annotated[
        bool, typer.Option("--doubles", help="enter also what is probably there from another source")
    ] = False,
    column: Annotated[list[str] | None, typer.Option(help="FIELD=HEADER, as often as needed")] = None,
    errors: Annotated[
        Path | None, typer.Option("--errors", dir_okay=False, help="write the workbook with errors marked")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a workbook into the ledgers: all or nothing, unless --good-rows. Exits 1 when rows are wrong."""
    if kind != service.AUTO and kind not in service.layouts():
        fail(f"没有台账「{kind}」，可以选：auto、{_kinds()}。", USAGE)
    said = _said(kind, column or [])
    if errors is not None and not errors.absolute().parent.is_dir():
        fail(f"没有目录 {errors.absolute().parent}。", USAGE)
    current = settings()
    storage, keys = Storage.in_data_dir(current.data_dir), Keys.of(current.key)
    shared: dict[str, Any] = {"acting": ACTING, "storage": storage, "keys": keys}
    with explained(), database(current) as opened:
        with opened.transaction() as session, _bar(as_json) as told:
            batch = _read(session, kind, file, village, said, shared | {"progress": told})
        if _may_apply(batch, preview=preview, good_rows=good_rows):
            choice = service.Choice.GOOD_ROWS if good_rows else service.Choice.ALL_OR_NOTHING
            with opened.transaction() as session, _bar(as_json) as told:
                asked = {"choice": choice, "doubles": doubles, "queued": False, "progress": told}
                batch = service.apply(session, batch_id=batch.id, **asked, **shared)
        if errors is not None and batch.errors:
            with opened.reading() as session:
                errors.write_bytes(service.faulty(session, batch_id=batch.id, **shared).content)
    _report(batch, as_json)


def _said(kind: str, columns: list[str]) -> Mapping[str, str]:
    if columns and kind == service.AUTO:
        fail("用 --column 时要写明是哪本台账。", USAGE)
    pairs = dict(one.partition("=")[::2] for one in columns)
    for field, header in pairs.items():
        if not header or field not in service.layout(kind).by_key:
            known = "、".join(f"{one.key}（{one.label}）" for one in service.layout(kind).columns)
            fail(f"--column 要写成 栏目=表头，栏目有：{known}。", USAGE)
    return pairs


def _read(
    session: Session, kind: str, file: Path, village: str, said: Mapping[str, str], shared: dict[str, Any]
) -> ImportBatch:
    data = file.read_bytes()
    batch = service.upload(
        session,
        kind=kind,
        data=data,
        file_name=file.name,
        village_code=village,
        queued=False,
        **shared,
    )
    if said:
        found = batch.result["sheets"]
        name = next((sheet["name"] for sheet in found if sheet["ready"]), found[0]["name"])
        one = {name: {"kind": kind, "columns": said}}
        batch = service.say(session, batch_id=batch.id, said=one, queued=False, **shared)
    return batch


@contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
    """A bar for people who look on; programs see nothing of it."""
    if quiet or not problems.is_terminal:
        yield None
        return
    with Bar(console=problems, transient=True) as bar:
        task = bar.add_task("读取", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _may_apply(batch: ImportBatch, *, preview: bool, good_rows: bool) -> bool:
    clean = not batch.result["error_rows"]
    return batch.state is ImportState.PREVIEWED and not preview and (clean or good_rows)


def _report(batch: ImportBatch, as_json: bool) -> None:
    result = batch.result
    lacking = {sheet["name"]: sheet["lacking"] for sheet in result["sheets"] if not sheet["ready"]}
    data = {
        "id": str(batch.id),
        "state": batch.state,
        "rows": batch.rows,
        "skipped": result["skipped"],
        "counts": result["counts"],
        "villages": result["villages"],
        "doubles": result["doubles"],
        "error_count": result["error_count"],
        "error_rows": result["error_rows"],
        "errors": batch.errors,
        "sheets": [{key: sheet[key] for key in ("name", "kind", "columns")} for sheet in result["sheets"]],
        "lacking": lacking,
    }
    answer(data, as_json=as_json, text="\n".join(_lines(batch, lacking)))
    if batch.state is ImportState.MAPPING or data["error_rows"]:
        raise typer.Exit(FOUND)


def _lines(batch: ImportBatch, lacking: Mapping[str, list[str]]) -> Iterator[str]:
    result = batch.result
    states = {ImportState.APPLIED: "已导入", ImportState.PREVIEWED: "预览（没有导入）"}
    if batch.state is ImportState.MAPPING:
        yield "没有认出表头，请用 --column 栏目=表头 写明，或在工作台上对应。缺少："
        for name, keys in lacking.items():
            yield f"  {name}：{'、'.join(keys)}"
        return
    yield f"{states.get(batch.state, '没有导入')}：{batch.rows} 行，合计等 {result['skipped']} 行不读"
    for key, counts in result["counts"].items():
        title = service.layout(key).title
        yield (
            f"  {title}：新增 {counts['created']}，更改 {counts['changed']}，没有变化 {counts['unchanged']}"
        )
    for name in lacking:
        yield f"  工作表「{name}」没有认出来，没有读"
    if result["double_count"]:
        yield f"  像是账上已有的同一笔 {result['double_count']} 笔（凭证号不同），没有重复入账："
    for one in result["doubles"][:SHOWN]:
        yield f"  {one['sheet']} 第 {one['row']} 行 {one['voucher']} 像是 {one['same_as']}"
    if result["error_rows"]:
        yield f"  有错 {result['error_rows']} 行，{result['error_count']} 处："
    for error in batch.errors[:SHOWN]:
        yield f"  {error['sheet']}!{error['cell']} {error['header']}：{error['problem']}，{error['remedy']}"

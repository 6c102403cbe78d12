"""The workbooks of an import: the empty one of a ledger, and the officer's own with what is wrong in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from app.core import sheets
from app.core.errors import Conflict, Forbidden
from app.core.keys import Keys
from app.core.sheets import Book, Page, RowError, Table
from app.core.storage import Storage
from app.services.access_imports import access_import, kept_villages, require_uploader
from app.services.actors import Actor
from app.services.imports.batches import village_names
from app.services.imports.files import Template, opened
from app.services.ledger_imports.batches import LIMITS, MOST_ROWS
from app.services.ledger_imports.following import KIND
from app.services.ledger_imports.layouts import VILLAGE, Layout, layout, layouts
from app.services.ledgers.definitions import LEDGERS

MOST_LISTED = 60  # villages offered in a template's cells
WHOLE = 5_000  # rows up to which a sheet comes back whole, beyond only its wrong ones


def templates(session: Session, *, acting: Actor) -> list[Layout]:
    """The sorts of sheets that the actor may import for some village, in the order of the desk."""
    found = []
    for one in layouts().values():
        try:
            kept_villages(session, acting, *(LEDGERS[key].model for key in one.feeds))
        except Forbidden:
            continue
        found.append(one)
    return found


def template(session: Session, *, acting: Actor, kind: str) -> Template:
    """The empty workbook of a ledger. Raises NotFound, Forbidden."""
    chosen = layout(kind)
    villages = kept_villages(session, acting, *(LEDGERS[key].model for key in chosen.feeds))
    return empty(chosen, village_names(villages) if len(villages) <= MOST_LISTED else [])


def empty(chosen: Layout, villages: list[str]) -> Template:
    """The empty workbook of a layout, with villages to choose from."""
    table = Table(chosen.title, chosen.columns, choices={VILLAGE: villages} if villages else {})
    notes = [
        f"「{chosen.title}」导入模板。带 * 的列必须填；用不到的列可以空着或删掉。",
        "表头可以用自己的叫法和次序，认不出来时上传后再对应一次，以后会记住。日期、金额按平时的写法填。",
        "「村社」列：一个文件可以有几个村；整个文件是一个村的，可以空着，上传时选村。",
        f"一次最多 {MOST_ROWS} 行。先看到预览和每一处错误，确认后才导入；重复导入同一份文件不会重复。",
    ]
    return Template(f"{chosen.title}-导入模板.xlsx", sheets.template(table, notes))


def faulty(session: Session, *, acting: Actor, batch_id: uuid.UUID, storage: Storage, keys: Keys) -> Template:
    """The uploaded sheets with the wrong cells marked and what is wrong behind each row; of a long sheet only
    the rows that are wrong, fit to be mended and uploaded. Raises NotFound, Forbidden, Conflict when nothing
    is wrong or the file is gone."""
    batch = access_import(session, acting, batch_id, KIND)
    require_uploader(acting, batch)
    if not batch.errors:
        raise Conflict("import.no_errors", "这次导入没有错误。")
    book = Book(opened(batch, storage, keys), LIMITS)
    wrong: dict[str, list[RowError]] = {}
    for error in batch.errors:
        wrong.setdefault(error["sheet"], []).append(RowError.of(error))
    headers = {sheet["name"]: sheet["header_row"] for sheet in batch.result["sheets"]}
    pages = [
        Page(name, _rows(book, name, errors, headers[name]), errors, headers[name])
        for name, errors in wrong.items()
    ]
    return Template("导入错误.xlsx", sheets.marked(pages))


def _rows(book: Book, name: str, errors: list[RowError], header: int) -> Iterator[tuple[int, list[Any]]]:
    grid = book.grid(name)
    numbers = {int(error.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for error in errors}
    for number, row in enumerate(grid.rows(), start=1):
        if grid.height <= WHOLE or number <= header or number in numbers:
            yield number, row

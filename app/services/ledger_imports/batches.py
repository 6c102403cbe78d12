"""The life of one uploaded file of ledgers: read, told apart, looked at, entered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock, images
from app.core.errors import BadInput, Conflict, TooLarge
from app.core.keys import Keys
from app.core.sheets import Book, Limits
from app.core.sheets.columns import MEGABYTE
from app.core.storage import Storage
from app.models import ImportBatch, Organisation
from app.models.base import Json
from app.models.interaction import ImportState
from app.services import attachments
from app.services.access_imports import access_import, kept_villages, require_uploader
from app.services.actors import Actor, Officer
from app.services.imports.files import opened, seal
from app.services.ledger_imports import mappings, tasks
from app.services.ledger_imports.following import KIND, record, stalled
from app.services.ledger_imports.layouts import AUTO, SKIP, layout
from app.services.ledger_imports.recognise import Part, parts
from app.services.ledger_imports.running import Choice, Outcome, Progress, Run
from app.services.ledgers.definitions import LEDGERS

MOST_ROWS = 100_000
AT_ONCE = 500
SMALL = 200 * 1024  # bytes of a file that is looked at while its sender waits
LIMITS = Limits(max_bytes=30 * MEGABYTE, max_unpacked=300 * MEGABYTE, max_rows=MOST_ROWS)
S = ImportState
UNREAD: Json = {
    "sheets": [],
    "error_count": 0,
    "error_rows": 0,
    "skipped": 0,
    "counts": {},
    "villages": {},
    "months": [],
    "choice": None,
    "doubles": [],
    "double_count": 0,
    "enter_doubles": False,
    "problem": None,
}  # the result of a file before it is read


def upload(
    session: Session,
    *,
    acting: Actor,
    kind: str,
    data: bytes,
    file_name: str,
    storage: Storage,
    keys: Keys,
    village_code: str = "",
    queued: bool | None = None,
    progress: Progress | None = None,
) -> ImportBatch:
    """Take a file of one ledger, the bank, or several (`auto`): reading → previewed | mapping | refused. A
    small one is read at once, a long one by the worker, unless `queued` says which. The file is kept
    sealed for a few days. `village_code`: whose rows those are that name no village.

    Raises Forbidden for who keeps no ledger, NotFound for an unknown kind or village, BadInput and TooLarge
    for what is no such workbook."""
    if kind != AUTO:
        layout(kind)
    chosen = _chosen(session, acting, kind, village_code)
    if len(data) > LIMITS.max_bytes:
        raise TooLarge("sheet.too_large", f"文件太大，最多 {LIMITS.max_bytes // MEGABYTE} MB，请分几次导入。")
    if images.kind(data) is not images.Kind.XLSX:
        Book(data, LIMITS)  # says what is wrong with it
    key = uuid.uuid4()
    batch = ImportBatch(
        id=key,
        kind=f"{KIND}{kind}",
        file=seal(storage, keys, key, data),
        file_name=attachments.safe_name(file_name),
        officer_id=acting.officer_id if isinstance(acting, Officer) else None,
        requested_by=mappings.owner_of(acting),
        state=S.READING,
        result=dict(UNREAD),
        mapping={"village": chosen.code if chosen else None, "sheets": {}},
    )
    session.add(batch)
    session.flush()
    record(session, acting, "uploaded", batch)
    _begin(session, acting, batch, data, keys, queued, progress)
    return batch


def _chosen(session: Session, acting: Actor, kind: str, code: str) -> Organisation | None:
    feeds = LEDGERS if kind == AUTO else layout(kind).feeds
    villages = kept_villages(session, acting, *(LEDGERS[key].model for key in feeds))
    if not code:
        return None
    found = next((one for one in villages if one.code == code), None)
    if found is None:
        raise BadInput("import.village_refused", "不是您记账的村社，请从列表中选择。", field="village")
    return found


def _begin(
    session: Session,
    acting: Actor,
    batch: ImportBatch,
    data: bytes,
    keys: Keys,
    queued: bool | None,
    progress: Progress | None,
) -> None:
    if queued or (queued is None and len(data) > SMALL):
        tasks.queue(session, acting=acting, batch=batch, step="read")
    else:
        most = AT_ONCE if queued is None else None
        look(session, acting=acting, batch=batch, data=data, keys=keys, progress=progress, most=most)


def say(
    session: Session,
    *,
    acting: Actor,
    batch_id: uuid.UUID,
    said: Mapping[str, Json],
    storage: Storage,
    keys: Keys,
    village_code: str | None = None,
    queued: bool | None = None,
    progress: Progress | None = None,
) -> ImportBatch:
    """Say what sheets hold and which header is which field: {sheet: {kind, columns: {field: header}}}; kind
    `skip` passes a sheet over. It is remembered for the next file with the same headers, and the file is read
    again. An empty header means that no column holds the field.

    Raises NotFound, Forbidden, Conflict when the file was applied or is being read, BadInput for unknown
    sheets, ledgers, fields or headers."""
    batch = _own(session, acting, batch_id)
    if batch.state in (S.READING, S.APPLYING) and not stalled(session, batch):
        raise _not_open()
    _lock(session, batch)
    waiting = batch.state is S.READING and stalled(session, batch)
    if batch.state not in (S.MAPPING, S.PREVIEWED, S.REFUSED) and not waiting:
        raise _not_open()
    data = opened(batch, storage, keys)
    if village_code is not None:
        chosen = _chosen(session, acting, batch.kind.removeprefix(KIND), village_code)
        batch.mapping = {**batch.mapping, "village": chosen.code if chosen else None}
    known = {sheet["name"]: sheet for sheet in batch.result["sheets"]}
    for name, one in said.items():
        if name not in known:
            raise BadInput("import.sheet_unknown", f"文件里没有工作表「{name}」。", field=name)
        _remember(session, acting, known[name], one)
    sheets = {**batch.mapping.get("sheets", {}), **{name: dict(one) for name, one in said.items()}}
    batch.mapping = {**batch.mapping, "sheets": sheets}
    batch.state, batch.export_id = S.READING, None
    batch.result, batch.errors = {**UNREAD, "sheets": batch.result["sheets"]}, []
    session.flush()
    record(session, acting, "mapped", batch, sheets=len(said))
    _begin(session, acting, batch, data, keys, queued, progress)
    return batch


def _remember(session: Session, acting: Actor, sheet: Json, said: Mapping[str, Any]) -> None:
    kind, columns = said.get("kind"), said.get("columns")
    if kind == SKIP or (not kind and not columns):
        return
    chosen = layout(kind or sheet.get("kind") or "")
    headers = {header["name"] for header in sheet["headers"]}
    for key, name in (columns or {}).items():
        if key not in chosen.by_key:
            raise BadInput("import.field_unknown", "这本台账没有这个栏目。", field=key)
        if name and name not in headers:
            raise BadInput("import.header_unknown", f"工作表里没有「{name}」这一列。", field=key)
    if columns:
        mappings.remember(
            session, acting=acting, kind=chosen.key, signature=sheet["signature"], columns=columns
        )


# --- looking --------------------------------------------------------------------------------------


def look(
    session: Session,
    *,
    acting: Actor,
    batch: ImportBatch,
    data: bytes,
    keys: Keys,
    progress: Progress | None = None,
    most: int | None = None,
) -> None:
    """Find out what the file is and what entering it would do: reading → previewed | mapping | refused; more
    than `most` rows are left to the worker. The audit row is that of the upload. Raises BadInput when it is
    no workbook or holds no rows."""
    found = _parts(session, acting, batch, data, batch.mapping.get("sheets", {}))
    if not found:
        raise _empty()
    _describe(batch, found)
    if not any(part.ready for part in found):
        batch.state = S.MAPPING
        session.flush()
        return
    if most is not None and sum(part.grid.height for part in found if part.ready) > most:
        tasks.queue(session, acting=acting, batch=batch, step="read")
        return
    session.flush()
    trial = session.begin_nested()
    try:
        outcome = _run(session, acting, batch, found, keys, progress)
    finally:
        trial.rollback()
    if not outcome.rows:
        raise _empty()
    _note(batch, outcome)
    batch.state = S.PREVIEWED if outcome.good else S.REFUSED
    session.flush()


def _empty() -> BadInput:
    return BadInput("import.empty", "表格里没有内容，请在表头下面填写后再上传。", field="file")


def _parts(
    session: Session, acting: Actor, batch: ImportBatch, data: bytes, said: Mapping[str, Json]
) -> list[Part]:
    kind = batch.kind.removeprefix(KIND)
    return parts(session, acting=acting, book=Book(data, LIMITS), kind=kind, said=said)


def _previewed(batch: ImportBatch) -> dict[str, Json]:
    """The sheets and columns that the preview read, as if said again: what was said of other files since
    changes nothing in this one."""
    return {
        sheet["name"]: {
            "kind": sheet["kind"],
            "columns": dict.fromkeys(layout(sheet["kind"]).by_key, "") | sheet["columns"],
        }
        if sheet["ready"]
        else {"kind": SKIP}
        for sheet in batch.result["sheets"]
    }


def _run(
    session: Session,
    acting: Actor,
    batch: ImportBatch,
    found: list[Part],
    keys: Keys,
    progress: Progress | None,
) -> Outcome:
    keys_ = {key for part in found if part.layout and part.ready for key in part.layout.feeds}
    kept = {key: kept_villages(session, acting, LEDGERS[key].model) for key in keys_}
    code = batch.mapping.get("village")
    chosen = next((one for villages in kept.values() for one in villages if one.code == code), None)
    run = Run(
        session,
        acting=acting,
        batch_id=batch.id,
        keys=keys,
        kept=kept,
        chosen=chosen,
        doubles=batch.result["enter_doubles"],
        progress=progress,
    )
    return run.all(found)


def _describe(batch: ImportBatch, found: list[Part]) -> None:
    batch.result = {**batch.result, "sheets": [part.as_json() for part in found]}


def _note(batch: ImportBatch, outcome: Outcome) -> None:
    batch.rows = outcome.rows
    batch.done = batch.total = outcome.rows + outcome.skipped
    batch.errors = outcome.sorted_errors()
    batch.result = {
        **batch.result,
        "error_count": outcome.error_count,
        "error_rows": outcome.error_rows,
        "skipped": outcome.skipped,
        "counts": {key: dict(counts) for key, counts in outcome.counts.items()},
        "villages": {code: rows for code, rows in sorted(outcome.villages.items()) if rows},
        "months": sorted(outcome.months),
        "doubles": outcome.doubles,
        "double_count": outcome.double_count,
        "problem": None,
    }


# --- entering -------------------------------------------------------------------------------------


def apply(
    session: Session,
    *,
    acting: Actor,
    batch_id: uuid.UUID,
    storage: Storage,
    keys: Keys,
    choice: Choice = Choice.ALL_OR_NOTHING,
    doubles: bool = False,
    queued: bool | None = None,
    progress: Progress | None = None,
) -> ImportBatch:
    """Enter a previewed file: all of it or nothing, or its good rows only; with `doubles` also what is
    probably in the ledger from another source. Few rows at once (→ applied), many by the worker (→ applying →
    applied). One that is applied, or being applied, is answered as it is.

    Raises NotFound, Forbidden, Conflict when there is nothing to enter, when rows are wrong and all are
    wanted, or when what is there has changed since (`import.changed`)."""
    batch = _own(session, acting, batch_id)
    if batch.state is S.APPLYING and not stalled(session, batch):
        return batch  # the worker holds it: nobody waits for a long file
    _lock(session, batch)
    if batch.state is S.APPLIED or (batch.state is S.APPLYING and not stalled(session, batch)):
        return batch
    if batch.state not in (S.PREVIEWED, S.APPLYING):
        raise Conflict(
            "import.refused", "这个文件还不能导入，请先看预览、改好后重新上传。", errors=len(batch.errors)
        )
    if choice is Choice.ALL_OR_NOTHING and batch.result["error_rows"]:
        raise Conflict(
            "import.has_errors",
            "有的行有错，没有导入；请改好后重新上传，或选择「只导入没有错的行」。",
            errors=batch.result["error_count"],
        )
    data = opened(batch, storage, keys)
    batch.result = {**batch.result, "choice": choice.value, "enter_doubles": doubles}
    batch.state = S.APPLYING
    if queued or (queued is None and batch.total > AT_ONCE):
        tasks.queue(session, acting=acting, batch=batch, step="apply")
        record(session, acting, "apply_requested", batch)
        return batch
    enter(session, acting=acting, batch=batch, data=data, keys=keys, progress=progress)
    return batch


def enter(
    session: Session,
    *,
    acting: Actor,
    batch: ImportBatch,
    data: bytes,
    keys: Keys,
    progress: Progress | None = None,
) -> None:
    """Write the rows of a file that is `applying`. Raises Conflict (`import.changed`) when rows are wrong by
    now and all are wanted; the caller rolls back."""
    found = _parts(session, acting, batch, data, _previewed(batch))
    outcome = _run(session, acting, batch, found, keys, progress)
    if outcome.error_rows and batch.result["choice"] == Choice.ALL_OR_NOTHING:
        raise Conflict("import.changed", "上传之后情况有变化，现在不能照预览导入，请重新上传。")
    _note(batch, outcome)
    batch.state, batch.applied_at = S.APPLIED, clock.now()
    session.flush()
    told = {"rows": outcome.good, "errors": outcome.error_rows, "doubles": outcome.double_count}
    record(session, acting, "applied", batch, **told, doubles_entered=batch.result["enter_doubles"])


def _own(session: Session, acting: Actor, batch_id: uuid.UUID) -> ImportBatch:
    batch = access_import(session, acting, batch_id, KIND)
    require_uploader(acting, batch)
    return batch


def _lock(session: Session, batch: ImportBatch) -> None:
    session.refresh(batch, with_for_update=True)


def _not_open() -> Conflict:
    return Conflict("import.not_open", "这次导入正在处理或已经导入，不能再改列的对应。")
